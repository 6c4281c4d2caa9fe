//! Resource logs as diagnostic settings write them to storage and event hubs.
//!
//! Source: the top-level schema of resource logs (`time`, `resourceId`, `category`, `operationName`, `properties` …) and the two
//! modes of diagnostic settings: a table for each category, or `AzureDiagnostics`, where members are columns with suffixes.

use super::{Context, activity, categories, defender, entra, flows, members, take_members};
use crate::fit;
use crate::record::{Cell, Fault, Record, Row};

pub(super) fn is(row: &Row<'_>) -> bool {
    let has_time = ["time", "timeStamp", "Time"].iter().any(|name| row.has(name));
    let is_known = ["properties", "resourceId", "ResourceId", "operationName", "tenantId"]
        .iter()
        .any(|name| row.has(name));
    row.get("category").text().or(row.get("Category").text()).is_some() && has_time && is_known
}

pub(super) fn records<'a>(
    mut row: Row<'a>,
    context: &Context,
    out: &mut Vec<Record<'a>>,
) -> Result<(), Fault> {
    // Application Insights and Intune write some of the names with a capital letter.
    for (name, usual) in
        [("Category", "category"), ("ResourceId", "resourceId"), ("Properties", "properties")]
    {
        row.rename(name, usual);
    }
    row.rename("timeStamp", "time");
    let category = row.text("category").to_owned();
    if row.get("resourceId").is_empty()
        && let Some(resource_id) = &context.path.resource_id
    {
        row.set("resourceId", resource_id.clone());
    }
    let resource = Resource::of(row.text("resourceId"));
    if let Some(table) = category.strip_prefix("AdvancedHunting-") {
        return defender::streamed(row, table, out);
    }
    if flows::is_category(&category) {
        return flows::network_security_group(row, out);
    }
    if activity::is_of_log(&row, &category) {
        out.push(Record::new("AzureActivity", activity::of_log(row)));
        return Ok(());
    }
    match table_of(&row, &resource, &category, context.azure_diagnostics) {
        Some(table) if entra::has_table(table) => {
            out.push(Record::new(table, entra::of_log(row, table)));
        }
        Some(table) => out.push(Record::new(table, specific(row, &resource, table))),
        None => out.push(Record::new("AzureDiagnostics", diagnostics(row, &resource))),
    }
    Ok(())
}

fn table_of(
    row: &Row<'_>,
    resource: &Resource,
    category: &str,
    azure_diagnostics: bool,
) -> Option<&'static str> {
    // `AuditLogs` is a category of Intune too.
    let is_intune = row.text("resourceId").to_ascii_lowercase().contains("microsoft.intune");
    let ty = if is_intune { "microsoft.intune" } else { &resource.ty };
    categories::table(ty, category, azure_diagnostics)
}

/// What a resource id says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Resource {
    pub(super) subscription: String,
    pub(super) group: String,
    pub(super) provider: String,
    /// Provider and types
    pub(super) ty: String,
    pub(super) name: String,
}

impl Resource {
    pub(super) fn of(id: &str) -> Self {
        let mut resource = Self::default();
        let mut segments = id.trim_matches('/').split('/');
        while let Some(segment) = segments.next() {
            if segment.eq_ignore_ascii_case("subscriptions") {
                segments.next().unwrap_or("").clone_into(&mut resource.subscription);
            } else if segment.eq_ignore_ascii_case("resourceGroups") {
                segments.next().unwrap_or("").clone_into(&mut resource.group);
            } else if segment.eq_ignore_ascii_case("providers") {
                segments.next().unwrap_or("").clone_into(&mut resource.provider);
                resource.ty.clone_from(&resource.provider);
                resource.name.clear();
            } else if !resource.provider.is_empty() {
                resource.ty.extend(["/", segment]);
                segments.next().unwrap_or("").clone_into(&mut resource.name);
            }
        }
        resource
    }

    /// Columns that every row of a resource has.
    pub(super) fn stamp(&self, row: &mut Row<'_>, id: &str) {
        row.set("_ResourceId", id.to_ascii_lowercase());
        row.set("_SubscriptionId", self.subscription.to_ascii_lowercase());
    }
}

/// A row of a table of its own: what the top level and `properties` say, side by side.
fn specific<'a>(mut row: Row<'a>, resource: &Resource, table: &str) -> Row<'a> {
    let id = row.take("resourceId").plain().unwrap_or_default().into_owned();
    let properties = row.take("properties");
    if table.starts_with("Storage") {
        storage(&mut row);
    }
    match members(properties) {
        Ok(mut properties) => {
            if table.starts_with("AKS") {
                kubernetes(&mut row, &mut properties);
            }
            for (name, value) in properties {
                let is_taken =
                    row.iter().any(|(known, value)| known.eq_ignore_ascii_case(&name) && !value.is_empty());
                if is_taken {
                    row.set(format!("Properties_{name}"), value);
                } else {
                    row.set(name, value);
                }
            }
        }
        Err(other) => row.set("Properties", other),
    }
    resource.stamp(&mut row, &id);
    row
}

/// Storage tells who asked in `identity`.
fn storage(row: &mut Row<'_>) {
    let mut identity = take_members(row, "identity");
    let requester = take_members(&mut identity, "requester");
    for (name, column) in [
        ("objectId", "RequesterObjectId"),
        ("tenantId", "RequesterTenantId"),
        ("appId", "RequesterAppId"),
        ("audience", "RequesterAudience"),
        ("tokenIssuer", "RequesterTokenIssuer"),
        ("upn", "RequesterUpn"),
    ] {
        row.set(column, requester.get(name).clone().into_owned());
    }
    row.set("AuthenticationType", identity.take("type").into_owned());
    row.set("AuthenticationHash", identity.take("tokenHash").into_owned());
    row.set("AuthorizationDetails", identity.take("authorization").into_owned());
}

/// The audit log of Kubernetes is an object within `log`; lines of the control plane are a text.
fn kubernetes<'a>(row: &mut Row<'a>, properties: &mut Row<'a>) {
    row.rename("category", "Category");
    match members(properties.take("log")) {
        Ok(log) => {
            for (name, value) in log {
                properties.set_missing(name, value);
            }
            properties.rename("requestReceivedTimestamp", "RequestReceivedTime");
            properties.rename("stageTimestamp", "StageReceivedTime");
        }
        Err(text) => properties.set("Message", text),
    }
    properties.rename("pod", "PodName");
}

/// A row of `AzureDiagnostics`.
fn diagnostics<'a>(mut row: Row<'a>, resource: &Resource) -> Row<'a> {
    let id = row.take("resourceId").plain().unwrap_or_default().into_owned();
    let mut out = Row::with_capacity(row.len() + 24);
    for (name, column) in [
        ("time", "TimeGenerated"),
        ("category", "Category"),
        ("operationName", "OperationName"),
        ("operationVersion", "OperationVersion"),
        ("resultType", "ResultType"),
        ("resultSignature", "ResultSignature"),
        ("resultDescription", "ResultDescription"),
        ("durationMs", "DurationMs"),
        ("callerIpAddress", "CallerIPAddress"),
        ("correlationId", "CorrelationId"),
        ("level", "Level"),
    ] {
        out.set(column, row.take(name));
    }
    out.set("ResourceId", id.to_ascii_uppercase());
    out.set("Resource", resource.name.to_ascii_uppercase());
    out.set("ResourceGroup", resource.group.to_ascii_uppercase());
    out.set("ResourceProvider", resource.provider.to_ascii_uppercase());
    let types = resource.ty.strip_prefix(resource.provider.as_str()).unwrap_or("").trim_start_matches('/');
    out.set("ResourceType", types.to_ascii_uppercase());
    out.set("SubscriptionId", resource.subscription.to_ascii_lowercase());
    resource.stamp(&mut out, &id);
    match members(row.take("properties")) {
        Ok(properties) => fit::flatten(&mut out, "", properties),
        Err(Cell::Null) => {}
        Err(other) => out.set("properties_s", Cell::from(other.plain())),
    }
    fit::flatten(&mut out, "", row);
    out
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{shaped, shaped_in};
    use super::*;

    const VAULT: &str = r#"{"time":"2024-01-05T01:32:01.2691226Z","resourceId":"/SUBSCRIPTIONS/S1/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/V",
        "operationName":"VaultGet","operationVersion":"2015-06-01","category":"AuditEvent","resultType":"Success","resultSignature":"OK",
        "durationMs":"78","callerIpAddress":"104.40.82.76","correlationId":"c","identity":{"claim":{"appid":"6f9619ff-8b86-d011-b42d-00c04fc964ff"}},
        "properties":{"clientInfo":"curl","requestUri":"https://v/","id":"https://v","httpStatusCode":200}}"#;

    #[test]
    fn a_vault_has_both_modes() {
        let (table, row) = shaped(VAULT).remove(0);
        assert_eq!(table, "AZKVAuditLogs");
        assert_eq!(row["requestUri"], "https://v/");
        assert_eq!(
            row["_ResourceId"],
            "/subscriptions/s1/resourcegroups/g/providers/microsoft.keyvault/vaults/v"
        );
        let context = Context { azure_diagnostics: true, ..Context::default() };
        let (table, row) = shaped_in(VAULT, &context).remove(0);
        assert_eq!(table, "AzureDiagnostics");
        let wanted = json!({
            "TimeGenerated": "2024-01-05T01:32:01.2691226Z", "Category": "AuditEvent", "OperationName": "VaultGet",
            "OperationVersion": "2015-06-01", "ResultType": "Success", "ResultSignature": "OK", "DurationMs": "78",
            "CallerIPAddress": "104.40.82.76", "CorrelationId": "c",
            "ResourceId": "/SUBSCRIPTIONS/S1/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/V", "Resource": "V",
            "ResourceGroup": "G", "ResourceProvider": "MICROSOFT.KEYVAULT", "ResourceType": "VAULTS", "SubscriptionId": "s1",
            "_ResourceId": "/subscriptions/s1/resourcegroups/g/providers/microsoft.keyvault/vaults/v", "_SubscriptionId": "s1",
            "clientInfo_s": "curl", "requestUri_s": "https://v/", "id_s": "https://v", "httpStatusCode_d": 200,
            "identity_claim_appid_g": "6f9619ff-8b86-d011-b42d-00c04fc964ff"
        });
        assert_eq!(row, wanted);
    }

    #[test]
    fn storage_tells_who_asked() {
        let (table, row) = shaped(
            r#"{"time":"2024-01-05T01:32:01Z","resourceId":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a/blobServices/default",
            "category":"StorageRead","operationName":"GetBlob","statusCode":200,"uri":"https://a/b","identity":{"type":"OAuth","requester":{"objectId":"o","upn":"u@x"}},
            "properties":{"accountName":"a","tlsVersion":"TLS 1.2","serverLatencyMs":5}}"#,
        )
        .remove(0);
        assert_eq!(table, "StorageBlobLogs");
        assert_eq!((&row["RequesterUpn"], &row["AuthenticationType"]), (&"u@x".into(), &"OAuth".into()));
        assert_eq!((&row["statusCode"], &row["tlsVersion"]), (&200.into(), &"TLS 1.2".into()));
    }

    #[test]
    fn what_has_no_table_of_its_own_keeps_its_members_with_suffixes() {
        let (table, row) = shaped(
            r#"{"time":"2024-01-05T01:32:01Z","resourceId":"/subscriptions/s/resourcegroups/g/providers/microsoft.cdn/profiles/p",
            "category":"FrontDoorWebApplicationFirewallLog","operationName":"Microsoft.Cdn/Profiles/WebApplicationFirewallLog/Write",
            "properties":{"clientIP":"1.2.3.4","action":"Block","details":{"matches":[{"a":1}]}}}"#,
        )
        .remove(0);
        assert_eq!((table.as_str(), &row["clientIP_s"]), ("AzureDiagnostics", &Value::from("1.2.3.4")));
        assert_eq!(row["details_matches_s"], "[{\"a\":1}]");
    }

    #[test]
    fn kubernetes_audits_lie_within_a_text() {
        let (table, row) = shaped(
            r#"{"time":"2024-01-05T01:32:01Z","category":"kube-audit","resourceId":"/subscriptions/s/resourcegroups/g/providers/microsoft.containerservice/managedclusters/k",
            "operationName":"Microsoft.ContainerService/managedClusters/diagnosticLogs/Read","properties":{"log":"{\"auditID\":\"1\",\"verb\":\"get\"}","pod":"kube-apiserver-1"}}"#,
        )
        .remove(0);
        assert_eq!(table, "AKSAudit");
        assert_eq!((&row["verb"], &row["PodName"]), (&"get".into(), &"kube-apiserver-1".into()));
    }

    #[test]
    fn resource_ids_of_every_scope() {
        let of = |id: &str| {
            let Resource { subscription, group, ty, name, .. } = Resource::of(id);
            [subscription, group, ty, name].join("|")
        };
        assert_eq!(of("/subscriptions/s/resourceGroups/g/providers/P/a/n/b/m"), "s|g|P/a/b|m");
        assert_eq!(of("/tenants/t/providers/Microsoft.aadiam"), "||Microsoft.aadiam|");
        assert_eq!(of("/subscriptions/s/providers/X/y/z/providers/P/a/n"), "s||P/a|n");
        assert_eq!(of("///"), "|||");
    }
}
