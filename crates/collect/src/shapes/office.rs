//! The Office 365 Management Activity API, as `OfficeActivity`.
//!
//! Source: the common schema of the API with its enumerations, and the columns of the table.

use super::{Context, rename};
use crate::record::{Cell, Fault, Record, Row};

pub(super) fn is(row: &Row<'_>) -> bool {
    row.has("CreationTime") && row.has("Operation") && (row.has("Workload") || row.has("RecordType"))
}

/// `AuditLogRecordType`, by number; gaps are empty.
#[rustfmt::skip]
const RECORD_TYPES: [&str; 67] = [
    "", "ExchangeAdmin", "ExchangeItem", "ExchangeItemGroup", "SharePoint", "", "SharePointFileOperation", "OneDrive",
    "AzureActiveDirectory", "AzureActiveDirectoryAccountLogon", "DataCenterSecurityCmdlet", "ComplianceDLPSharePoint", "Sway",
    "ComplianceDLPExchange", "SharePointSharingOperation", "AzureActiveDirectoryStsLogon", "SkypeForBusinessPSTNUsage",
    "SkypeForBusinessUsersBlocked", "SecurityComplianceCenterEOPCmdlet", "ExchangeAggregatedOperation", "PowerBIAudit", "CRM",
    "Yammer", "SkypeForBusinessCmdlets", "Discovery", "MicrosoftTeams", "", "", "ThreatIntelligence", "MailSubmission",
    "MicrosoftFlow", "AeD", "MicrosoftStream", "ComplianceDLPSharePointClassification", "ThreatFinder", "Project",
    "SharePointListOperation", "SharePointCommentOperation", "DataGovernance", "Kaizala", "SecurityComplianceAlerts",
    "ThreatIntelligenceUrl", "SecurityComplianceInsights", "MIPLabel", "WorkplaceAnalytics", "PowerAppsApp", "PowerAppsPlan",
    "ThreatIntelligenceAtpContent", "LabelContentExplorer", "TeamsHealthcare", "ExchangeItemAggregated", "HygieneEvent",
    "DataInsightsRestApiAudit", "InformationBarrierPolicyApplication", "SharePointListItemOperation",
    "SharePointContentTypeOperation", "SharePointFieldOperation", "MicrosoftTeamsAdmin", "HRSignal", "MicrosoftTeamsDevice",
    "MicrosoftTeamsAnalytics", "InformationWorkerProtection", "Campaign", "DLPEndpoint", "AirInvestigation", "Quarantine",
    "MicrosoftForms",
];
/// `UserType`, by number.
const USER_TYPES: [&str; 9] = [
    "Regular",
    "Reserved",
    "Admin",
    "DcAdmin",
    "System",
    "Application",
    "ServicePrincipal",
    "CustomPolicy",
    "SystemPolicy",
];
/// `LogonType` of Exchange, by number.
const LOGON_TYPES: [&str; 7] =
    ["Owner", "Admin", "Delegated", "Transport", "SystemService", "BestAccess", "DelegatedAdmin"];

/// Members whose columns are called otherwise.
const NAMES: [(&str, &str); 15] = [
    ("CreationTime", "TimeGenerated"),
    ("Workload", "OfficeWorkload"),
    ("ObjectId", "OfficeObjectId"),
    ("Id", "OfficeId"),
    ("Site", "Site_"),
    ("SiteUrl", "Site_Url"),
    ("SourceName", "Source_Name"),
    ("LogonType", "Logon_Type"),
    ("ClientIPAddress", "Client_IPAddress"),
    ("EventData", "Event_Data"),
    ("AzureActiveDirectoryEventType", "AzureActiveDirectory_EventType"),
    ("Target", "AADTarget"),
    ("StartTime", "Start_Time"),
    ("AddOnName", "AddonName"),
    ("ExchangeMetaData", "ExtendedProperties"),
];

pub(super) fn records<'a>(mut row: Row<'a>, _: &Context, out: &mut Vec<Record<'a>>) -> Result<(), Fault> {
    rename(&mut row, &NAMES);
    named(&mut row, "RecordType", &RECORD_TYPES);
    named(&mut row, "UserType", &USER_TYPES);
    named(&mut row, "Logon_Type", &LOGON_TYPES);
    // One address in two columns: administrators' work has it in the one, mailboxes in the other.
    let address = row.get("Client_IPAddress").clone();
    row.set_missing("ClientIP", address);
    row.set("SourceRecordId", row.get("OfficeId").clone());
    row.set("OfficeTenantId", row.get("OrganizationId").clone());
    row.set_missing("SourceSystem", "OfficeActivityManager");
    out.push(Record::new("OfficeActivity", row));
    Ok(())
}

/// A number of an enumeration as its name; an unknown number stays.
fn named(row: &mut Row<'_>, column: &'static str, names: &[&'static str]) {
    if let Cell::Number(number) = row.get(column) {
        let name =
            number.parse::<usize>().ok().and_then(|number| names.get(number)).filter(|name| !name.is_empty());
        if let Some(name) = name {
            row.set(column, *name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::shaped;

    #[test]
    fn numbers_become_names() {
        let (table, row) = shaped(
            r#"{"CreationTime":"2024-05-18T09:44:46","Id":"i","Operation":"MailItemsAccessed","OrganizationId":"o","RecordType":50,"UserType":0,
            "Workload":"Exchange","ClientIPAddress":"1.2.3.4","LogonType":1,"UserId":"a@x"}"#,
        )
        .remove(0);
        assert_eq!(table, "OfficeActivity");
        assert_eq!(
            (&row["RecordType"], &row["UserType"], &row["Logon_Type"]),
            (&"ExchangeItemAggregated".into(), &"Regular".into(), &"Admin".into())
        );
        assert_eq!((&row["ClientIP"], &row["OfficeWorkload"]), (&"1.2.3.4".into(), &"Exchange".into()));
        assert_eq!(
            shaped(r#"{"CreationTime":"x","Operation":"o","RecordType":9999}"#)[0].1["RecordType"],
            9999
        );
    }
}
