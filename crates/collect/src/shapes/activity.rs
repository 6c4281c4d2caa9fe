//! The Azure activity log: as diagnostic settings write it, and as the REST API of events gives it.
//!
//! Source: the event schema of the activity log and its mapping to the columns of `AzureActivity`.

use super::diagnostics::Resource;
use super::{Context, members};
use crate::json;
use crate::record::{Cell, Fault, Record, Row};

/// Categories of the log; the last three are those of the log's older shape in storage.
const CATEGORIES: [&str; 11] = [
    "Administrative",
    "ServiceHealth",
    "ResourceHealth",
    "Alert",
    "Autoscale",
    "Security",
    "Recommendation",
    "Policy",
    "Write",
    "Delete",
    "Action",
];

/// Whether a resource log is the activity log.
pub(super) fn is_of_log(row: &Row<'_>, category: &str) -> bool {
    let is_category = CATEGORIES.contains(&category);
    let has_claims = matches!(row.get("identity"), Cell::Json(text) if text.contains("\"claims\"") || text.contains("\"authorization\""));
    let operation = row.text("operationName");
    let is_scope =
        row.text("resourceId").get(..15).is_some_and(|start| start.eq_ignore_ascii_case("/subscriptions/"));
    is_category && (has_claims || is_scope && operation.contains('/'))
}

/// The log as a resource log.
pub(super) fn of_log(mut row: Row<'_>) -> Row<'_> {
    let id = row.take("resourceId").plain().unwrap_or_default().into_owned();
    let resource = Resource::of(&id);
    let mut out = Row::with_capacity(28);
    for (name, column) in [
        ("time", "TimeGenerated"),
        ("operationName", "OperationNameValue"),
        ("category", "CategoryValue"),
        ("resultType", "ActivityStatusValue"),
        ("resultSignature", "ActivitySubstatusValue"),
        ("callerIpAddress", "CallerIpAddress"),
        ("correlationId", "CorrelationId"),
        ("level", "Level"),
        ("tenantId", "TenantId"),
        ("durationMs", "DurationMs"),
    ] {
        out.set(column, row.take(name));
    }
    let mut identity = members(row.take("identity")).unwrap_or_default();
    let claims = identity.take("claims");
    out.set("Caller", caller(&claims));
    both(&mut out, "Claims", "Claims_d", claims);
    both(&mut out, "Authorization", "Authorization_d", identity.take("authorization"));
    let properties = row.take("properties");
    for (member, column) in
        [("eventDataId", "EventDataId"), ("operationId", "OperationId"), ("hierarchy", "Hierarchy")]
    {
        out.set(column, json::path(&properties, &[member]).into_owned());
    }
    both(&mut out, "Properties", "Properties_d", properties);
    place(&mut out, &resource, &id);
    out.set("HTTPRequest", Cell::from(row.take("httpRequest").plain()));
    rest_of(&mut out, row);
    out
}

/// Whether a record is an event of the REST API.
pub(super) fn is_rest(row: &Row<'_>) -> bool {
    row.has("eventTimestamp")
        && row.has("operationName")
        && (row.has("eventDataId") || row.has("subscriptionId"))
}

pub(super) fn rest<'a>(mut row: Row<'a>, _: &Context, out: &mut Vec<Record<'a>>) -> Result<(), Fault> {
    let id = row.take("resourceId").plain().unwrap_or_default().into_owned();
    let resource = Resource::of(&id);
    let mut event = Row::with_capacity(36);
    for (name, value_column, label_column) in [
        ("operationName", "OperationNameValue", "OperationName"),
        ("category", "CategoryValue", "Category"),
        ("status", "ActivityStatusValue", "ActivityStatus"),
        ("subStatus", "ActivitySubstatusValue", "ActivitySubstatus"),
        ("resourceProviderName", "ResourceProviderValue", "ResourceProvider"),
    ] {
        // A value and how it is called in the reader's language; events of event hubs have the value alone.
        match members(row.take(name)) {
            Ok(mut pair) => {
                event.set(value_column, pair.take("value"));
                event.set(label_column, pair.take("localizedValue"));
            }
            Err(text) => event.set(value_column, text),
        }
    }
    for (name, column) in [
        ("eventTimestamp", "TimeGenerated"),
        ("submissionTimestamp", "EventSubmissionTimestamp"),
        ("caller", "Caller"),
        ("correlationId", "CorrelationId"),
        ("eventDataId", "EventDataId"),
        ("operationId", "OperationId"),
        ("level", "Level"),
        ("tenantId", "TenantId"),
        ("subscriptionId", "SubscriptionId"),
        ("resourceGroupName", "ResourceGroup"),
    ] {
        event.set(column, row.take(name));
    }
    let request = row.take("httpRequest");
    event.set("CallerIpAddress", json::path(&request, &["clientIpAddress"]).into_owned());
    event.set("HTTPRequest", Cell::from(request.plain()));
    both(&mut event, "Claims", "Claims_d", row.take("claims"));
    both(&mut event, "Authorization", "Authorization_d", row.take("authorization"));
    both(&mut event, "Properties", "Properties_d", row.take("properties"));
    place(&mut event, &resource, &id);
    rest_of(&mut event, row);
    out.push(Record::new("AzureActivity", event));
    Ok(())
}

/// What no column stands for keeps its name, nested members as JSON.
fn rest_of<'a>(out: &mut Row<'a>, row: Row<'a>) {
    for (name, value) in row {
        out.set(name, value);
    }
}

/// An object both as text and as a dynamic value.
fn both<'a>(out: &mut Row<'a>, text: &'static str, dynamic: &'static str, value: Cell<'a>) {
    out.set(text, Cell::from(value.clone().plain()));
    out.set(dynamic, value);
}

fn place(out: &mut Row<'_>, resource: &Resource, id: &str) {
    out.set("ResourceId", id.to_owned());
    out.set_missing("ResourceGroup", resource.group.clone());
    out.set_missing("SubscriptionId", resource.subscription.clone());
    out.set_missing("ResourceProviderValue", resource.provider.clone());
    out.set("Resource", resource.name.clone());
    resource.stamp(out, id);
}

/// Who acted: a user's name, else the application's id.
fn caller(claims: &Cell<'_>) -> Cell<'static> {
    let names = [
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
        "upn",
        "name",
        "appid",
    ];
    names
        .iter()
        .map(|name| json::path(claims, &[name]))
        .find(|cell| !cell.is_empty())
        .unwrap_or_default()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::shaped;

    #[test]
    fn the_log_in_storage() {
        let (table, row) = shaped(
            r#"{"time":"2024-01-21T22:14:26.9792776Z","resourceId":"/subscriptions/s/resourceGroups/g/providers/microsoft.support/supporttickets/1",
            "operationName":"microsoft.support/supporttickets/write","category":"Write","resultType":"Success","resultSignature":"Succeeded.Created",
            "durationMs":2826,"callerIpAddress":"111.111.111.11","correlationId":"c","level":"Information","location":"global",
            "identity":{"authorization":{"scope":"x"},"claims":{"appid":"a","http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn":"u@x"}},
            "properties":{"statusCode":"Created","hierarchy":"t/s"}}"#,
        )
        .remove(0);
        assert_eq!(table, "AzureActivity");
        assert_eq!(
            (&row["Caller"], &row["ResourceGroup"], &row["Hierarchy"]),
            (&"u@x".into(), &"g".into(), &"t/s".into())
        );
        assert_eq!(
            (&row["Authorization"], &row["Authorization_d"]),
            (&"{\"scope\":\"x\"}".into(), &json!({"scope": "x"}))
        );
        assert_eq!((&row["CategoryValue"], &row["location"]), (&"Write".into(), &"global".into()));
    }

    #[test]
    fn the_log_of_the_rest_api() {
        let (table, row) = shaped(
            r#"{"authorization":{"action":"a"},"caller":"u@x","category":{"value":"Administrative","localizedValue":"Administrative"},
            "eventDataId":"e","eventTimestamp":"2024-01-29T20:42:31.3810679Z","httpRequest":{"clientIpAddress":"192.168.35.115","method":"PUT"},
            "operationName":{"value":"Microsoft.Network/networkSecurityGroups/write","localizedValue":"Create or update"},
            "resourceId":"/subscriptions/s/resourcegroups/g/providers/Microsoft.Network/networkSecurityGroups/n",
            "status":{"value":"Succeeded","localizedValue":"Succeeded"},"subStatus":{"value":null},"subscriptionId":"s","level":"Informational"}"#,
        )
        .remove(0);
        assert_eq!(table, "AzureActivity");
        assert_eq!(row["OperationName"], "Create or update");
        assert_eq!(row["OperationNameValue"], "Microsoft.Network/networkSecurityGroups/write");
        assert_eq!(
            (&row["CallerIpAddress"], &row["ActivityStatusValue"]),
            (&"192.168.35.115".into(), &"Succeeded".into())
        );
        assert_eq!(
            (&row["Resource"], &row["ResourceProviderValue"]),
            (&"n".into(), &"Microsoft.Network".into())
        );
    }
}
