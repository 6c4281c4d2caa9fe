//! One object as one row.

use serde_json::{Map, Value};

use super::table::Table;

/// The row of an object; `None` if the source is no object.
///
/// Members of which nothing is known become columns by the general rule, so that what Graph adds is not lost. Annotations
/// (`@odata.type`) and null members make no column.
pub fn row(table: Table, source: &Value) -> Option<Map<String, Value>> {
    let source = source.as_object()?;
    let mut row = Map::new();
    let mut put = |column: &str, value: Value| {
        if !value.is_null() {
            row.insert(column.to_owned(), value);
        }
    };
    let member = |name: &str| source.get(name).cloned().unwrap_or_default();
    let time = table.time_members().iter().find_map(|name| source.get(*name).filter(|time| time.is_string()));
    put("TimeGenerated", time.cloned().unwrap_or_default());
    for (name, value) in source.iter().filter(|(name, _)| !name.contains('@')) {
        let column = table.column(name).map_or_else(|| capitalised(name), str::to_owned);
        let is_text = table.is_text(&column) && (value.is_object() || value.is_array());
        put(&column, if is_text { Value::from(value.to_string()) } else { value.clone() });
    }
    if let Some(operation) = table.operation() {
        put("OperationName", operation.into());
    }
    if let Some(category) = table.category() {
        put("Category", category.into());
    }
    if table.is_sign_in() {
        let status = source.get("status");
        let part = |name: &str| status.and_then(|status| status.get(name)).cloned().unwrap_or_default();
        put("ResultType", part("errorCode").as_i64().map_or(Value::Null, |code| code.to_string().into()));
        put("ResultDescription", part("failureReason"));
        put(
            "Identity",
            [member("userDisplayName"), member("servicePrincipalName")]
                .into_iter()
                .find(|name| !name.is_null())
                .unwrap_or_default(),
        );
        put(
            "Location",
            source
                .get("location")
                .and_then(|place| place.get("countryOrRegion"))
                .cloned()
                .unwrap_or_default(),
        );
    }
    if table == Table::AuditLogs {
        put("OperationName", member("activityDisplayName"));
        put("Identity", initiator(source).unwrap_or_default());
        put("ResultDescription", member("resultReason"));
    }
    put("Type", table.name().into());
    Some(row)
}

/// Who made the change, for the column `Identity`: the user or application by name.
fn initiator(source: &Map<String, Value>) -> Option<Value> {
    let by = source.get("initiatedBy")?;
    let name = |who: &str, member: &str| by.get(who)?.get(member).filter(|name| name.is_string()).cloned();
    name("user", "displayName")
        .or_else(|| name("user", "userPrincipalName"))
        .or_else(|| name("app", "displayName"))
}

fn capitalised(member: &str) -> String {
    let mut characters = member.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_sign_in_has_its_result_location_and_texts() {
        let source = json!({
            "createdDateTime": "2026-01-15T09:12:13Z", "userDisplayName": "Alice", "ipAddress": "192.0.2.10",
            "status": {"errorCode": 50126, "failureReason": "Invalid"},
            "location": {"countryOrRegion": "NO"}, "riskEventTypes_v2": ["unfamiliarFeatures"],
            "deviceDetail": {"browser": "Edge"}, "newMember": 1, "nothing": null, "@odata.type": "x",
        });
        let interactive = Value::from(row(Table::SigninLogs, &source).unwrap());
        assert_eq!(
            interactive,
            json!({
                "TimeGenerated": "2026-01-15T09:12:13Z", "CreatedDateTime": "2026-01-15T09:12:13Z",
                "UserDisplayName": "Alice", "IPAddress": "192.0.2.10",
                "Status": {"errorCode": 50126, "failureReason": "Invalid"},
                "LocationDetails": {"countryOrRegion": "NO"}, "RiskEventTypes_V2": "[\"unfamiliarFeatures\"]",
                "DeviceDetail": {"browser": "Edge"}, "NewMember": 1, "OperationName": "Sign-in activity",
                "Category": "SignInLogs", "ResultType": "50126", "ResultDescription": "Invalid", "Identity": "Alice",
                "Location": "NO", "Type": "SigninLogs",
            })
        );
        let other = row(Table::NonInteractiveUserSignInLogs, &source).unwrap();
        assert_eq!(other["DeviceDetail"], json!("{\"browser\":\"Edge\"}"));
    }

    #[test]
    fn risk_events_spell_the_address_their_own_way() {
        let source = json!({"ipAddress": "192.0.2.1", "detectedDateTime": "2026-01-15T09:12:13Z", "location": {"city": "Oslo"}});
        let event = row(Table::UserRiskEvents, &source).unwrap();
        assert_eq!(
            (&event["IpAddress"], &event["Location"]),
            (&json!("192.0.2.1"), &json!({"city": "Oslo"}))
        );
        assert_eq!(event["TimeGenerated"], json!("2026-01-15T09:12:13Z"));
        assert_eq!(row(Table::UserRiskEvents, &json!([])), None);
    }
}
