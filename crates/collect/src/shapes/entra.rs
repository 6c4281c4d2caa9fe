//! Microsoft Entra: sign-ins, audits, risk and provisioning, as Microsoft Graph gives them and as diagnostic settings write
//! them.
//!
//! Source: the resource types `signIn`, `directoryAudit`, `riskDetection`, `riskyUser` and `provisioningObjectSummary` of
//! Microsoft Graph, and the references of the tables. The members of both shapes are the same; a resource log has them within
//! `properties`.

use super::{Context, items, members, rename};
use crate::json;
use crate::record::{Cell, Fault, Record, Row};

/// Tables whose resource logs hold what Graph gives.
pub(super) fn has_table(table: &str) -> bool {
    const TABLES: [&str; 11] = [
        "SigninLogs",
        "AADNonInteractiveUserSignInLogs",
        "AADServicePrincipalSignInLogs",
        "AADManagedIdentitySignInLogs",
        "ADFSSignInLogs",
        "AuditLogs",
        "AADProvisioningLogs",
        "AADUserRiskEvents",
        "AADServicePrincipalRiskEvents",
        "AADRiskyUsers",
        "AADRiskyServicePrincipals",
    ];
    TABLES.contains(&table)
}

/// A row of a resource log.
pub(super) fn of_log<'a>(mut row: Row<'a>, table: &str) -> Row<'a> {
    let properties = row.take("properties");
    rename(
        &mut row,
        &[
            ("time", "TimeGenerated"),
            ("tenantId", "AADTenantId"),
            ("resourceId", "ResourceId"),
            ("location", "Location"),
        ],
    );
    match members(properties) {
        Ok(properties) => {
            let mut shaped = columns(properties, table);
            // The top level names the log's category, an audit its own.
            if table == "AuditLogs" && shaped.has("category") {
                row.take("category");
            }
            for (name, value) in std::mem::take(&mut row) {
                let is_told = shaped
                    .iter()
                    .any(|(known, value)| known.eq_ignore_ascii_case(&name) && !value.is_empty());
                let is_time = name == "TimeGenerated";
                if !is_told || is_time {
                    shaped.set(name, value);
                }
            }
            row = shaped;
        }
        Err(other) => row.set("Properties", other),
    }
    let ip = row.take("callerIpAddress");
    if row.get("ipAddress").is_empty() {
        row.set("IPAddress", ip);
    }
    constants(&mut row, table);
    row
}

/// Columns that hold the same in every row.
fn constants(row: &mut Row<'_>, table: &str) {
    row.set_missing("SourceSystem", "Azure AD");
    if table.ends_with("SigninLogs") || table.ends_with("SignInLogs") || table == "AuditLogs" {
        row.set("Resource", "Microsoft.aadiam");
        row.set("ResourceGroup", "Microsoft.aadiam");
    }
}

/// Members under the names of columns, where they are not the same in any letter case.
fn columns<'a>(mut row: Row<'a>, table: &str) -> Row<'a> {
    if table == "AuditLogs" {
        rename(&mut row, &[("operationType", "AADOperationType")]);
        let who = row.get("initiatedBy").clone();
        let identity = [["user", "displayName"], ["user", "userPrincipalName"], ["app", "displayName"]];
        let identity = identity.iter().map(|path| json::path(&who, path)).find(|cell| !cell.is_empty());
        row.set_missing("Identity", identity.unwrap_or_default().into_owned());
        return row;
    }
    if !table.to_ascii_lowercase().contains("signin") {
        return row;
    }
    let location = row.take("location");
    match location {
        place @ Cell::Json(_) => {
            row.set("Location", json::path(&place, &["countryOrRegion"]).into_owned());
            row.set("LocationDetails", place);
        }
        text => row.set("Location", text),
    }
    rename(
        &mut row,
        &[
            ("appliedConditionalAccessPolicies", "ConditionalAccessPolicies"),
            ("resourceId", "ResourceIdentity"),
        ],
    );
    let status = row.get("status").clone();
    let code = json::path(&status, &["errorCode"]);
    if let Some(code) = code.text() {
        let is_failure = code != "0";
        row.set("ResultType", code.to_owned());
        if is_failure {
            row.set_missing("ResultDescription", json::path(&status, &["failureReason"]).into_owned());
        }
    }
    let name = ["userDisplayName", "servicePrincipalName"]
        .iter()
        .map(|name| row.get(name))
        .find(|cell| !cell.is_empty());
    let name = name.cloned().unwrap_or_default();
    row.set_missing("Identity", name);
    row
}

pub(super) fn is_sign_in(row: &Row<'_>) -> bool {
    row.has("createdDateTime")
        && row.has("status")
        && (row.has("appDisplayName") || row.has("appId"))
        && (row.has("conditionalAccessStatus") || row.has("clientAppUsed") || row.has("signInEventTypes"))
}

/// A sign-in of Graph; its event types, else whether it is interactive, tell the table.
pub(super) fn sign_in<'a>(row: Row<'a>, _: &Context, out: &mut Vec<Record<'a>>) -> Result<(), Fault> {
    let kinds = items(row.get("signInEventTypes").clone());
    let is_kind = |kind: &str| kinds.iter().any(|known| known.text() == Some(kind));
    let is_silent =
        is_kind("nonInteractiveUser") || kinds.is_empty() && row.get("isInteractive") == &Cell::Bool(false);
    let (table, category) = if is_kind("servicePrincipal") {
        ("AADServicePrincipalSignInLogs", "ServicePrincipalSignInLogs")
    } else if is_kind("managedIdentity") {
        ("AADManagedIdentitySignInLogs", "ManagedIdentitySignInLogs")
    } else if is_silent {
        ("AADNonInteractiveUserSignInLogs", "NonInteractiveUserSignInLogs")
    } else {
        ("SigninLogs", "SignInLogs")
    };
    let mut row = columns(row, table);
    row.set("TimeGenerated", row.get("createdDateTime").clone());
    row.set("Category", category);
    row.set("OperationName", "Sign-in activity");
    constants(&mut row, table);
    out.push(Record::new(table, row));
    Ok(())
}

pub(super) fn is_other(row: &Row<'_>) -> bool {
    graph_table(row).is_some()
}

/// The table of an object of Graph that is no sign-in, and the member that tells its time.
fn graph_table(row: &Row<'_>) -> Option<(&'static str, &'static str)> {
    let has = |name: &str| row.has(name);
    let is_workload = has("servicePrincipalId") || has("servicePrincipalDisplayName") || has("appId");
    if has("activityDateTime") && has("activityDisplayName") && (has("initiatedBy") || has("targetResources"))
    {
        Some(("AuditLogs", "activityDateTime"))
    } else if has("riskEventType") && (has("detectedDateTime") || has("detectionTimingType")) {
        let table =
            if is_workload && !has("userId") { "AADServicePrincipalRiskEvents" } else { "AADUserRiskEvents" };
        Some((table, "detectedDateTime"))
    } else if has("riskLastUpdatedDateTime") && has("riskState") {
        let table = if is_workload { "AADRiskyServicePrincipals" } else { "AADRiskyUsers" };
        Some((table, "riskLastUpdatedDateTime"))
    } else if has("activityDateTime") && has("provisioningAction") {
        Some(("AADProvisioningLogs", "activityDateTime"))
    } else {
        None
    }
}

pub(super) fn other<'a>(row: Row<'a>, _: &Context, out: &mut Vec<Record<'a>>) -> Result<(), Fault> {
    let Some((table, time)) = graph_table(&row) else { return Ok(()) };
    let happened = row.get(time).clone();
    let mut row = columns(row, table);
    row.set_missing(
        "OperationName",
        match table {
            "AuditLogs" => row.get("activityDisplayName").clone(),
            "AADUserRiskEvents" | "AADServicePrincipalRiskEvents" => "Risk detection".into(),
            _ => Cell::Null,
        },
    );
    row.set("TimeGenerated", happened);
    constants(&mut row, table);
    out.push(Record::new(table, row));
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::shaped;

    #[test]
    fn sign_ins_of_graph() {
        let text = |more: &str| {
            format!(
                r#"{{"id":"1","createdDateTime":"2024-03-13T19:15:41Z","userDisplayName":"Ann","appDisplayName":"Portal","appId":"a",
                "conditionalAccessStatus":"notApplied","status":{{"errorCode":50126,"failureReason":"bad password"}},"ipAddress":"1.2.3.4",
                "location":{{"city":"Bern","countryOrRegion":"CH"}},"appliedConditionalAccessPolicies":[],"resourceId":"r"{more}}}"#
            )
        };
        let (table, row) = shaped(&text("")).remove(0);
        assert_eq!(table, "SigninLogs");
        assert_eq!(
            (&row["Location"], &row["LocationDetails"]),
            (&"CH".into(), &json!({"city":"Bern","countryOrRegion":"CH"}))
        );
        assert_eq!(
            (&row["ResultType"], &row["ResultDescription"]),
            (&"50126".into(), &"bad password".into())
        );
        assert_eq!((&row["Identity"], &row["ResourceIdentity"]), (&"Ann".into(), &"r".into()));
        let kind = |more: &str| shaped(&text(more)).remove(0).0;
        assert_eq!(kind(r#","isInteractive":false"#), "AADNonInteractiveUserSignInLogs");
        assert_eq!(kind(r#","signInEventTypes":["managedIdentity"]"#), "AADManagedIdentitySignInLogs");
    }

    #[test]
    fn sign_ins_of_diagnostic_settings() {
        let (table, row) = shaped(
            r#"{"time":"2024-03-13T19:16:00Z","resourceId":"/tenants/t/providers/Microsoft.aadiam","operationName":"Sign-in activity",
            "category":"NonInteractiveUserSignInLogs","tenantId":"t","resultType":"0","callerIpAddress":"1.2.3.4","location":"CH","Level":4,
            "properties":{"id":"1","createdDateTime":"2024-03-13T19:15:41Z","userPrincipalName":"a@x","location":{"countryOrRegion":"CH"},
            "status":{"errorCode":0},"deviceDetail":{"deviceId":""}}}"#,
        )
        .remove(0);
        assert_eq!(table, "AADNonInteractiveUserSignInLogs");
        assert_eq!(row["TimeGenerated"], "2024-03-13T19:16:00Z");
        assert_eq!(
            (&row["AADTenantId"], &row["Location"], &row["IPAddress"]),
            (&"t".into(), &"CH".into(), &"1.2.3.4".into())
        );
        assert_eq!(row["LocationDetails"], json!({"countryOrRegion": "CH"}));
        assert_eq!(row["category"], "NonInteractiveUserSignInLogs");
    }

    #[test]
    fn audits_and_risk() {
        let (table, row) = shaped(
            r#"{"category":"UserManagement","activityDisplayName":"Add user","activityDateTime":"2024-01-09T21:20:30Z","operationType":"Add",
            "initiatedBy":{"user":{"displayName":null,"userPrincipalName":"a@x"}},"targetResources":[{"id":"1"}],"result":"success"}"#,
        )
        .remove(0);
        assert_eq!((table.as_str(), &row["OperationName"]), ("AuditLogs", &"Add user".into()));
        assert_eq!((&row["AADOperationType"], &row["Identity"]), (&"Add".into(), &"a@x".into()));
        let of = |text: &str| shaped(text).remove(0).0;
        assert_eq!(
            of(r#"{"riskEventType":"x","detectedDateTime":"2024-01-01T00:00:00Z","userId":"u"}"#),
            "AADUserRiskEvents"
        );
        let workload = r#"{"riskEventType":"x","detectionTimingType":"offline","servicePrincipalId":"s"}"#;
        assert_eq!(of(workload), "AADServicePrincipalRiskEvents");
        assert_eq!(
            of(r#"{"id":"u","riskState":"atRisk","riskLastUpdatedDateTime":"2024-01-01T00:00:00Z"}"#),
            "AADRiskyUsers"
        );
    }
}
