//! Microsoft Defender: tables of advanced hunting as they are streamed, alerts and incidents of Microsoft Graph, alerts of
//! Defender for Cloud.
//!
//! Sources: the streaming API of Microsoft Defender XDR; the resource types `alert` (v2) and `incident` of Microsoft Graph; the
//! alert schema of Defender for Cloud (Resource Manager and continuous export); the columns of `SecurityAlert`,
//! `SecurityIncident`, `AlertInfo` and `AlertEvidence`.

use super::categories::table_named;
use super::{Context, is_custom, items, members, rename, take_members};
use crate::json;
use crate::record::{Cell, Fault, Record, Row};

/// A record of the streaming API: `category` is `AdvancedHunting-` and the table, `properties` its row.
pub(super) fn streamed<'a>(mut row: Row<'a>, table: &str, out: &mut Vec<Record<'a>>) -> Result<(), Fault> {
    let Ok(mut properties) = members(row.take("properties")) else {
        return Err(Fault::new("a row of advanced hunting without `properties`", 0));
    };
    let custom = || format!("{table}_CL");
    let Some(table) =
        table_named(table).map(str::to_owned).or_else(|| Some(custom()).filter(|name| is_custom(name)))
    else {
        return Err(Fault::new("the name of a table of advanced hunting is no name", 0));
    };
    let time = match properties.get("Timestamp") {
        Cell::Null => row.take("time"),
        time => time.clone(),
    };
    properties.set_missing("TimeGenerated", time);
    properties.set_missing("TenantId", row.take("tenantId"));
    out.push(Record::new(table, properties));
    Ok(())
}

pub(super) fn is_alert(row: &Row<'_>) -> bool {
    row.has("detectionSource")
        && row.has("serviceSource")
        && (row.has("evidence") || row.has("providerAlertId"))
}

/// An alert of Graph: a row of `SecurityAlert` and one of `AlertInfo`, and one of `AlertEvidence` for each piece of evidence.
pub(super) fn alert<'a>(mut row: Row<'a>, _: &Context, out: &mut Vec<Record<'a>>) -> Result<(), Fault> {
    let created = row.get("createdDateTime").clone();
    let id = row.get("id").clone();
    let evidence = row.take("evidence");
    for (name, column) in [("severity", "severity"), ("status", "status")] {
        let value = row.take(name).text().map(capitalised);
        row.set(column, value);
    }
    let mut info = Row::with_capacity(10);
    let techniques = row.get("mitreTechniques").clone();
    for (name, column) in [
        ("title", "Title"),
        ("category", "Category"),
        ("severity", "Severity"),
        ("serviceSource", "ServiceSource"),
        ("detectionSource", "DetectionSource"),
        ("tenantId", "TenantId"),
    ] {
        info.set(column, row.get(name).clone());
    }
    info.set("TimeGenerated", created.clone());
    info.set("AlertId", id.clone());
    info.set("AttackTechniques", Cell::from(techniques.clone().plain()));
    let context = info.clone();
    out.push(Record::new("AlertInfo", info));
    for piece in items(evidence.clone()) {
        let ty = json::path(&piece, &["@odata.type"]);
        let ty = ty
            .text()
            .unwrap_or("")
            .trim_start_matches("#microsoft.graph.security.")
            .trim_end_matches("Evidence");
        let mut row = context.clone();
        row.take("AttackTechniques");
        row.rename("Category", "Categories");
        row.set("EntityType", capitalised(ty));
        for (path, column) in [
            (&["remediationStatus"][..], "RemediationStatus"),
            (&["verdict"], "Verdict"),
            (&["ipAddress"], "RemoteIP"),
            (&["url"], "RemoteUrl"),
            (&["deviceDnsName"], "DeviceName"),
            (&["mdeDeviceId"], "DeviceId"),
            (&["fileDetails", "fileName"], "FileName"),
            (&["fileDetails", "filePath"], "FolderPath"),
            (&["fileDetails", "sha1"], "SHA1"),
            (&["fileDetails", "sha256"], "SHA256"),
            (&["imageFile", "fileName"], "FileName"),
            (&["imageFile", "sha1"], "SHA1"),
            (&["imageFile", "sha256"], "SHA256"),
            (&["processCommandLine"], "ProcessCommandLine"),
            (&["userAccount", "accountName"], "AccountName"),
            (&["userAccount", "domainName"], "AccountDomain"),
            (&["userAccount", "userSid"], "AccountSid"),
            (&["userAccount", "azureAdUserId"], "AccountObjectId"),
            (&["userAccount", "userPrincipalName"], "AccountUpn"),
        ] {
            row.set(column, json::path(&piece, path).into_owned());
        }
        row.set("AdditionalFields", piece);
        out.push(Record::new("AlertEvidence", row));
    }
    rename(
        &mut row,
        &[
            ("createdDateTime", "TimeGenerated"),
            ("id", "SystemAlertId"),
            ("providerAlertId", "VendorOriginalId"),
            ("title", "DisplayName"),
            ("severity", "AlertSeverity"),
            ("firstActivityDateTime", "StartTime"),
            ("lastActivityDateTime", "EndTime"),
            ("alertWebUrl", "AlertLink"),
            ("recommendedActions", "RemediationSteps"),
            ("category", "Tactics"),
            ("mitreTechniques", "Techniques"),
            ("productName", "ProductName"),
            ("serviceSource", "ProviderName"),
        ],
    );
    row.set("AlertName", row.get("DisplayName").clone());
    row.set("AlertType", row.get("detectorId").clone());
    row.set("VendorName", "Microsoft");
    row.set("IsIncident", false);
    row.set("Entities", Cell::from(evidence.plain()));
    out.push(Record::new("SecurityAlert", row));
    Ok(())
}

pub(super) fn is_incident(row: &Row<'_>) -> bool {
    row.has("incidentWebUrl") || row.has("redirectIncidentId") && row.has("determination")
}

/// An incident of Graph, and its alerts if they are with it.
pub(super) fn incident<'a>(
    mut row: Row<'a>,
    context: &Context,
    out: &mut Vec<Record<'a>>,
) -> Result<(), Fault> {
    let alerts = items(row.take("alerts"));
    let mut ids = Vec::new();
    for mut alert_row in alerts.into_iter().filter_map(|alert| members(alert).ok()) {
        ids.push(serde_json::Value::from(alert_row.text("id")));
        if is_alert(&alert_row) {
            alert(alert_row, context, out)?;
        } else {
            alert_row.set("ProviderName", "Microsoft Defender XDR");
            out.push(Record::new("SecurityAlert", alert_row));
        }
    }
    for name in ["severity", "status", "classification"] {
        let value = row.get(name).text().map(capitalised);
        row.set(name, value);
    }
    rename(
        &mut row,
        &[
            ("createdDateTime", "CreatedTime"),
            ("lastUpdateDateTime", "LastModifiedTime"),
            ("displayName", "Title"),
            ("id", "ProviderIncidentId"),
            ("incidentWebUrl", "IncidentUrl"),
            ("determination", "ClassificationReason"),
            ("resolvingComment", "ClassificationComment"),
            ("customTags", "Labels"),
        ],
    );
    let owner = row.take("assignedTo").text().map(|owner| serde_json::json!({"assignedTo": owner}));
    row.set("Owner", owner);
    row.set("TimeGenerated", row.get("LastModifiedTime").clone());
    row.set_missing("TimeGenerated", row.get("CreatedTime").clone());
    row.set("ProviderName", "Microsoft XDR");
    row.set("AlertIds", (!ids.is_empty()).then(|| serde_json::Value::from(ids)));
    out.push(Record::new("SecurityIncident", row));
    Ok(())
}

pub(super) fn is_cloud_alert(row: &Row<'_>) -> bool {
    let is_resource = row.text("type").to_ascii_lowercase().starts_with("microsoft.security/")
        && row.text("type").ends_with("lerts");
    is_resource && row.has("properties") || row.has("SystemAlertId") && row.has("AlertType")
}

/// An alert of Defender for Cloud, as a resource or as continuous export writes it.
pub(super) fn cloud_alert<'a>(mut row: Row<'a>, _: &Context, out: &mut Vec<Record<'a>>) -> Result<(), Fault> {
    let mut properties = take_members(&mut row, "properties");
    if properties.is_empty() {
        properties = row;
    } else {
        let id = row.take("id").into_owned();
        properties.set("AlertResourceId", id);
    }
    let mut found = Row::with_capacity(properties.len() + 4);
    for (name, value) in properties {
        let column = ALERT_NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name));
        match column {
            Some((_, column)) => found.set(*column, value),
            None => found.set(name, value),
        }
    }
    found.set_missing("AlertName", found.get("DisplayName").clone());
    found.set_missing("TimeGenerated", found.get("EndTime").clone());
    found.set_missing("ProductName", "Microsoft Defender for Cloud");
    out.push(Record::new("SecurityAlert", found));
    Ok(())
}

/// Members of an alert of Defender for Cloud whose columns are called otherwise.
const ALERT_NAMES: [(&str, &str); 14] = [
    ("alertDisplayName", "DisplayName"),
    ("severity", "AlertSeverity"),
    ("startTimeUtc", "StartTime"),
    ("endTimeUtc", "EndTime"),
    ("timeGeneratedUtc", "TimeGenerated"),
    ("processingEndTimeUtc", "ProcessingEndTime"),
    ("intent", "Tactics"),
    ("alertUri", "AlertLink"),
    ("productComponentName", "ProductComponentName"),
    ("azureResourceId", "ResourceId"),
    ("isIncident", "IsIncident"),
    ("remediationSteps", "RemediationSteps"),
    ("compromisedEntity", "CompromisedEntity"),
    ("vendorName", "VendorName"),
];

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::shaped;

    #[test]
    fn streamed_rows_are_those_of_their_table() {
        let (table, row) = shaped(
            r#"{"time":"2024-05-01T10:00:00Z","tenantId":"t","operationName":"Publish","category":"AdvancedHunting-DeviceProcessEvents",
            "properties":{"Timestamp":"2024-05-01T09:59:00Z","DeviceName":"d","FileName":"cmd.exe"}}"#,
        )
        .remove(0);
        assert_eq!(table, "DeviceProcessEvents");
        assert_eq!((&row["TimeGenerated"], &row["TenantId"]), (&"2024-05-01T09:59:00Z".into(), &"t".into()));
    }

    #[test]
    fn alerts_of_graph_become_three_tables() {
        let rows = shaped(
            r##"{"id":"da1","providerAlertId":"p","incidentId":"28282","status":"new","severity":"low","serviceSource":"microsoftDefenderForEndpoint",
            "detectionSource":"antivirus","title":"Suspicious","category":"DefenseEvasion","createdDateTime":"2024-04-27T12:19:27.7211305Z",
            "mitreTechniques":["T1564.001"],"evidence":[{"@odata.type":"#microsoft.graph.security.fileEvidence","verdict":"suspicious",
            "fileDetails":{"sha1":"5f","fileName":"x.cmd"}}]}"##,
        );
        let tables: Vec<_> = rows.iter().map(|(table, _)| table.as_str()).collect();
        assert_eq!(tables, ["AlertInfo", "AlertEvidence", "SecurityAlert"]);
        assert_eq!((&rows[1].1["EntityType"], &rows[1].1["FileName"]), (&"File".into(), &"x.cmd".into()));
        assert_eq!(
            (&rows[2].1["AlertSeverity"], &rows[2].1["AlertName"]),
            (&"Low".into(), &"Suspicious".into())
        );
    }

    #[test]
    fn incidents_bring_their_alerts() {
        let rows = shaped(
            r#"{"id":"2972395","incidentWebUrl":"https://x","displayName":"Multi-stage","createdDateTime":"2024-08-13T08:43:35Z",
            "lastUpdateDateTime":"2024-09-30T09:35:45Z","assignedTo":"k@x","status":"active","severity":"medium","alerts":[{"id":"a1"}]}"#,
        );
        assert_eq!(rows.len(), 2);
        let (table, row) = &rows[1];
        assert_eq!(
            (table.as_str(), &row["AlertIds"], &row["Owner"]),
            ("SecurityIncident", &json!(["a1"]), &json!({"assignedTo": "k@x"}))
        );
    }

    #[test]
    fn alerts_of_defender_for_cloud() {
        let (table, row) = shaped(
            r#"{"id":"/x","type":"Microsoft.Security/Locations/alerts","properties":{"systemAlertId":"s","alertDisplayName":"Scan","severity":"High",
            "startTimeUtc":"2024-02-22T00:00:00Z","endTimeUtc":"2024-02-22T01:00:00Z","alertType":"VM_EICAR"}}"#,
        )
        .remove(0);
        assert_eq!(
            (table.as_str(), &row["AlertName"], &row["AlertSeverity"]),
            ("SecurityAlert", &"Scan".into(), &"High".into())
        );
        assert_eq!(row["TimeGenerated"], "2024-02-22T01:00:00Z");
    }
}
