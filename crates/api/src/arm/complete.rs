//! What resource providers add to a document: the members that clients read without looking whether they are there.
//!
//! Sources: the Azure REST reference of each type named here. Providers add far more; these are the members that published clients
//! rely on, and that policies and queries ask for.

use serde_json::{Map, Value, json};

use super::call::Call;

/// Parts of a resource that are resources of their own: type, type of the whole, and the member that lists them.
const EMBEDDED: [(&str, &str, &str); 5] = [
    (
        "microsoft.network/networksecuritygroups/securityrules",
        "Microsoft.Network/networkSecurityGroups",
        "securityRules",
    ),
    ("microsoft.network/virtualnetworks/subnets", "Microsoft.Network/virtualNetworks", "subnets"),
    (
        "microsoft.network/virtualnetworks/virtualnetworkpeerings",
        "Microsoft.Network/virtualNetworks",
        "virtualNetworkPeerings",
    ),
    ("microsoft.network/routetables/routes", "Microsoft.Network/routeTables", "routes"),
    ("microsoft.network/loadbalancers/inboundnatrules", "Microsoft.Network/loadBalancers", "inboundNatRules"),
];

/// The member of the whole that lists the parts of a type; `None` if the type is no part of another.
pub(crate) fn embedded_in(kind: &str) -> Option<&'static str> {
    EMBEDDED.iter().find(|(part, ..)| part.eq_ignore_ascii_case(kind)).map(|(.., member)| *member)
}

/// The types of the parts of a resource, with the members that list them.
fn parts_of(kind: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    EMBEDDED
        .iter()
        .filter(move |(_, whole, _)| whole.eq_ignore_ascii_case(kind))
        .map(|(part, _, member)| (*part, *member))
}

/// Adds to a document what its provider would. `before` is the version that it replaces: what was made once stays.
pub(crate) fn complete(call: &Call<'_>, kind: &str, document: &mut Value, before: Option<&Value>) {
    let folded = kind.to_ascii_lowercase();
    let base = call.plane.settings.base_url.clone();
    let name = document["name"].as_str().unwrap_or_default().to_owned();
    let id = document["id"].as_str().unwrap_or_default().to_owned();
    identity(call, document, before);
    if !document["properties"].is_object() {
        document["properties"] = json!({});
    }
    let kept = |member: &str| {
        before.map(|before| &before["properties"][member]).filter(|value| !value.is_null()).cloned()
    };
    let guid = |member: &str| kept(member).unwrap_or_else(|| uuid::Uuid::new_v4().to_string().into());
    let mut added = Map::new();
    if !folded.starts_with("microsoft.authorization/") {
        added.insert("provisioningState".to_owned(), "Succeeded".into());
    }
    let mut add = |member: &str, value: Value| drop(added.insert(member.to_owned(), value));
    match folded.as_str() {
        "microsoft.storage/storageaccounts" => {
            let address = |service: &str| format!("https://{name}.{service}.core.windows.net/");
            let services = ["blob", "queue", "table", "file", "dfs", "web"];
            let endpoints: Map<String, Value> =
                services.iter().map(|service| ((*service).to_owned(), address(service).into())).collect();
            add("primaryEndpoints", endpoints.into());
            add("primaryLocation", document["location"].clone());
            add("statusOfPrimary", "available".into());
            add("creationTime", kept("creationTime").unwrap_or_else(|| format!("{:.7}", call.now).into()));
            fill(document, "supportsHttpsTrafficOnly", true.into());
            fill(document, "minimumTlsVersion", "TLS1_0".into());
            fill(document, "allowBlobPublicAccess", false.into());
            fill(document, "accessTier", "Hot".into());
            fill(
                document,
                "networkAcls",
                json!({"bypass": "AzureServices", "defaultAction": "Allow", "ipRules": [], "virtualNetworkRules": []}),
            );
            if let Some(sku) = document["sku"]["name"].as_str() {
                let tier = sku.split('_').next().unwrap_or_default().to_owned();
                document["sku"]["tier"] = tier.into();
            }
        }
        "microsoft.network/networksecuritygroups" => {
            add("resourceGuid", guid("resourceGuid"));
            fill(document, "securityRules", json!([]));
            add("defaultSecurityRules", default_rules(&id));
        }
        "microsoft.network/virtualnetworks" => {
            add("resourceGuid", guid("resourceGuid"));
            fill(document, "subnets", json!([]));
            fill(document, "virtualNetworkPeerings", json!([]));
            fill(document, "enableDdosProtection", false.into());
        }
        "microsoft.network/routetables" => {
            fill(document, "routes", json!([]));
            fill(document, "disableBgpRoutePropagation", false.into());
        }
        "microsoft.network/networkinterfaces" => {
            add("resourceGuid", guid("resourceGuid"));
            fill(document, "enableIPForwarding", false.into());
            fill(document, "dnsSettings", json!({"dnsServers": [], "appliedDnsServers": []}));
            name_parts(document, "ipConfigurations", &id, &format!("{kind}/ipConfigurations"));
        }
        "microsoft.network/networkwatchers/flowlogs" => add("targetResourceGuid", guid("targetResourceGuid")),
        "microsoft.compute/virtualmachines" => add("vmId", guid("vmId")),
        "microsoft.operationalinsights/workspaces" => {
            add("customerId", guid("customerId"));
            fill(document, "retentionInDays", 30.into());
            fill(document, "sku", json!({"name": "PerGB2018"}));
            fill(document, "publicNetworkAccessForIngestion", "Enabled".into());
            fill(document, "publicNetworkAccessForQuery", "Enabled".into());
            fill(document, "features", json!({"enableLogAccessUsingOnlyResourcePermissions": true}));
            fill(
                document,
                "workspaceCapping",
                json!({"dailyQuotaGb": -1.0, "dataIngestionStatus": "RespectQuota"}),
            );
            add("createdDate", kept("createdDate").unwrap_or_else(|| format!("{:.7}", call.now).into()));
            add("modifiedDate", format!("{:.7}", call.now).into());
        }
        "microsoft.operationalinsights/workspaces/tables" => {
            fill(document, "totalRetentionInDays", 30.into());
            fill(document, "retentionInDays", 30.into());
            fill(document, "plan", "Analytics".into());
        }
        "microsoft.insights/components" => {
            let key = guid("InstrumentationKey");
            let connection = format!(
                "InstrumentationKey={};IngestionEndpoint={base}/;LiveEndpoint={base}/;ApplicationId={}",
                key.as_str().unwrap_or_default(),
                guid("AppId").as_str().unwrap_or_default()
            );
            add("ConnectionString", kept("ConnectionString").unwrap_or_else(|| connection.into()));
            add("InstrumentationKey", key);
            add("AppId", guid("AppId"));
            add("ApplicationId", name.clone().into());
            add("Name", name.clone().into());
            add("TenantId", call.plane.settings.tenant.clone().into());
            add("CreationDate", kept("CreationDate").unwrap_or_else(|| format!("{:.7}", call.now).into()));
        }
        "microsoft.insights/datacollectionrules" => {
            let immutable = kept("immutableId")
                .unwrap_or_else(|| format!("dcr-{}", uuid::Uuid::new_v4().simple()).into());
            add("immutableId", immutable);
            if document["kind"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("Direct")) {
                add("endpoints", json!({"logsIngestion": base, "metricsIngestion": base}));
            }
        }
        "microsoft.insights/datacollectionendpoints" => {
            add("logsIngestion", json!({"endpoint": base}));
            add(
                "immutableId",
                kept("immutableId")
                    .unwrap_or_else(|| format!("dce-{}", uuid::Uuid::new_v4().simple()).into()),
            );
        }
        "microsoft.insights/actiongroups" => {
            fill(document, "enabled", true.into());
            for member in [
                "emailReceivers",
                "smsReceivers",
                "webhookReceivers",
                "itsmReceivers",
                "azureAppPushReceivers",
                "automationRunbookReceivers",
                "voiceReceivers",
                "logicAppReceivers",
                "azureFunctionReceivers",
                "armRoleReceivers",
                "eventHubReceivers",
            ] {
                fill(document, member, json!([]));
            }
            remove(&mut added, "provisioningState");
        }
        sentinel if sentinel.starts_with("microsoft.securityinsights/") => {
            remove(&mut added, "provisioningState");
            document["etag"] = format!("\"{}\"", uuid::Uuid::new_v4()).into();
            let now = format!("{:.7}", call.now);
            match sentinel {
                "microsoft.securityinsights/incidents" => {
                    let number = before.and_then(|before| before["properties"]["incidentNumber"].as_u64());
                    document["properties"]["incidentNumber"] =
                        number.unwrap_or_else(|| next_incident(call, &id)).into();
                    let made = kept("createdTimeUtc").unwrap_or_else(|| now.clone().into());
                    document["properties"]["createdTimeUtc"] = made;
                    document["properties"]["lastModifiedTimeUtc"] = now.into();
                    document["properties"]["incidentUrl"] = format!("{base}{id}").into();
                    fill(document, "labels", json!([]));
                    fill(document, "relatedAnalyticRuleIds", json!([]));
                    fill(
                        document,
                        "additionalData",
                        json!({"alertsCount": 0, "bookmarksCount": 0, "commentsCount": 0, "alertProductNames": [], "tactics": []}),
                    );
                }
                "microsoft.securityinsights/alertrules" => {
                    document["properties"]["lastModifiedUtc"] = now.into();
                }
                _ => {}
            }
        }
        "microsoft.keyvault/vaults" => add("vaultUri", format!("https://{name}.vault.azure.net/").into()),
        "microsoft.managedidentity/userassignedidentities" => {
            add("principalId", guid("principalId"));
            add("clientId", guid("clientId"));
            add("tenantId", call.plane.settings.tenant.clone().into());
        }
        "microsoft.insights/diagnosticsettings"
        | "microsoft.authorization/locks"
        | "microsoft.security/pricings"
        | "microsoft.security/securitycontacts" => {
            remove(&mut added, "provisioningState");
        }
        _ => {}
    }
    for (member, value) in added {
        document["properties"][member] = value;
    }
    for (part, member) in parts_of(kind) {
        let published = super::provider::published_name(part);
        name_parts(document, member, &id, &published);
    }
}

/// The number of a new incident of a workspace: one more than the highest.
fn next_incident(call: &Call<'_>, id: &str) -> u64 {
    let end = id.rfind('/').unwrap_or(id.len());
    let prefix = azimuth_ids::fold(&id[..=end.min(id.len() - 1)]).into_owned();
    let known = call.plane.of_kind("microsoft.securityinsights/incidents", &prefix);
    let numbers = known.iter().filter_map(|(_, held)| held.value()["properties"]["incidentNumber"].as_u64());
    numbers.max().unwrap_or_default() + 1
}

fn remove(members: &mut Map<String, Value>, name: &str) {
    members.remove(name);
}

/// Sets a property that is not there.
fn fill(document: &mut Value, member: &str, value: Value) {
    if document["properties"][member].is_null() {
        document["properties"][member] = value;
    }
}

/// Gives the parts that a member lists their ids, types and states.
fn name_parts(document: &mut Value, member: &str, id: &str, kind: &str) {
    let folder = kind.rsplit('/').next().unwrap_or_default();
    let Some(parts) = document["properties"][member].as_array_mut() else { return };
    for part in parts {
        let Some(name) = part["name"].as_str().map(str::to_owned) else { continue };
        part["id"] = format!("{id}/{folder}/{name}").into();
        part["type"] = kind.into();
        if part["properties"].is_object() {
            part["properties"]["provisioningState"] = "Succeeded".into();
        }
    }
}

/// The principal of a managed identity, made once.
pub(crate) fn identity(call: &Call<'_>, document: &mut Value, before: Option<&Value>) {
    let wanted = document["identity"]["type"].as_str().unwrap_or_default().to_ascii_lowercase();
    if !wanted.contains("systemassigned") {
        return;
    }
    let known = before.map(|before| before["identity"]["principalId"].clone()).filter(Value::is_string);
    document["identity"]["principalId"] = known.unwrap_or_else(|| uuid::Uuid::new_v4().to_string().into());
    document["identity"]["tenantId"] = call.plane.settings.tenant.clone().into();
}

/// The rules that every network security group ends with.
fn default_rules(id: &str) -> Value {
    let rule = |name: &str,
                priority: u32,
                direction: &str,
                access: &str,
                source: &str,
                destination: &str,
                why: &str| {
        json!({
            "id": format!("{id}/defaultSecurityRules/{name}"),
            "name": name,
            "type": "Microsoft.Network/networkSecurityGroups/defaultSecurityRules",
            "properties": {
                "description": why, "protocol": "*", "sourcePortRange": "*", "destinationPortRange": "*",
                "sourceAddressPrefix": source, "destinationAddressPrefix": destination, "access": access,
                "priority": priority, "direction": direction, "sourcePortRanges": [], "destinationPortRanges": [],
                "sourceAddressPrefixes": [], "destinationAddressPrefixes": [], "provisioningState": "Succeeded",
            },
        })
    };
    json!([
        rule(
            "AllowVnetInBound",
            65000,
            "Inbound",
            "Allow",
            "VirtualNetwork",
            "VirtualNetwork",
            "Allow inbound traffic from all VMs in VNET"
        ),
        rule(
            "AllowAzureLoadBalancerInBound",
            65001,
            "Inbound",
            "Allow",
            "AzureLoadBalancer",
            "*",
            "Allow inbound traffic from azure load balancer"
        ),
        rule("DenyAllInBound", 65500, "Inbound", "Deny", "*", "*", "Deny all inbound traffic"),
        rule(
            "AllowVnetOutBound",
            65000,
            "Outbound",
            "Allow",
            "VirtualNetwork",
            "VirtualNetwork",
            "Allow outbound traffic from all VMs to all VMs in VNET"
        ),
        rule(
            "AllowInternetOutBound",
            65001,
            "Outbound",
            "Allow",
            "*",
            "Internet",
            "Allow outbound traffic from all VMs to Internet"
        ),
        rule("DenyAllOutBound", 65500, "Outbound", "Deny", "*", "*", "Deny all outbound traffic"),
    ])
}
