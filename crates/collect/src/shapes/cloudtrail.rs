//! AWS CloudTrail: `{"Records": [...]}` files, or one event on every line, as `AWSCloudTrail`.
//!
//! Source: the record contents of CloudTrail and the columns of the table.

use super::{Context, rename, take_members};
use crate::record::{Cell, Fault, Record, Row};

pub(super) fn is(row: &Row<'_>) -> bool {
    ["eventVersion", "eventSource", "eventName", "awsRegion"].iter().all(|name| row.has(name))
}

pub(super) fn records<'a>(mut row: Row<'a>, _: &Context, out: &mut Vec<Record<'a>>) -> Result<(), Fault> {
    rename(
        &mut row,
        &[
            ("eventTime", "TimeGenerated"),
            ("eventID", "AwsEventId"),
            ("eventType", "EventTypeName"),
            ("requestID", "AwsRequestId_"),
            ("sourceIPAddress", "SourceIpAddress"),
        ],
    );
    let mut identity = take_members(&mut row, "userIdentity");
    let mut session = take_members(&mut identity, "sessionContext");
    let attributes = take_members(&mut session, "attributes");
    let issuer = take_members(&mut session, "sessionIssuer");
    for (from, name, column) in [
        (&identity, "type", "UserIdentityType"),
        (&identity, "principalId", "UserIdentityPrincipalid"),
        (&identity, "arn", "UserIdentityArn"),
        (&identity, "accountId", "UserIdentityAccountId"),
        (&identity, "invokedBy", "UserIdentityInvokedBy"),
        (&identity, "accessKeyId", "UserIdentityAccessKeyId"),
        (&identity, "userName", "UserIdentityUserName"),
        (&identity, "userId", "UserIdentityUserId"),
        (&identity, "identityStoreArn", "UserIdentityStoreArn"),
        (&attributes, "mfaAuthenticated", "SessionMfaAuthenticated"),
        (&attributes, "creationDate", "SessionCreationDate"),
        (&issuer, "type", "SessionIssuerType"),
        (&issuer, "principalId", "SessionIssuerPrincipalId"),
        (&issuer, "arn", "SessionIssuerArn"),
        (&issuer, "accountId", "SessionIssuerAccountId"),
        (&issuer, "userName", "SessionIssuerUserName"),
    ] {
        row.set(column, from.get(name).clone());
    }
    let tls = take_members(&mut row, "tlsDetails");
    for (name, column) in [
        ("tlsVersion", "TlsVersion"),
        ("cipherSuite", "CipherSuite"),
        ("clientProvidedHostHeader", "ClientProvidedHostHeader"),
    ] {
        row.set(column, tls.get(name).clone());
    }
    let management = row.get("managementEvent").clone();
    row.set("OperationName", "CloudTrail");
    if let Cell::Bool(is_management) = management {
        row.set("Category", if is_management { "Management" } else { "Data" });
        row.take("eventCategory");
    }
    out.push(Record::new("AWSCloudTrail", row));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::shaped;

    #[test]
    fn who_acted_has_columns() {
        let (table, row) = shaped(
            r#"{"eventVersion":"1.08","eventTime":"2024-07-01T10:00:00Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"us-east-1",
            "eventID":"e","sourceIPAddress":"1.2.3.4","userIdentity":{"type":"AssumedRole","arn":"arn:x","sessionContext":{"attributes":
            {"mfaAuthenticated":"true"},"sessionIssuer":{"userName":"admin"}}},"requestParameters":{"userName":"eve"},"managementEvent":true}"#,
        )
        .remove(0);
        assert_eq!(table, "AWSCloudTrail");
        assert_eq!(
            (&row["UserIdentityArn"], &row["SessionIssuerUserName"]),
            (&"arn:x".into(), &"admin".into())
        );
        assert_eq!((&row["SessionMfaAuthenticated"], &row["AwsEventId"]), (&"true".into(), &"e".into()));
    }
}
