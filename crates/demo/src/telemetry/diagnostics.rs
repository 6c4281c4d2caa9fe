//! Diagnostic settings of resources, storage services, gateways and subscriptions.

use serde_json::{Value, json};

use crate::flaws::Kind;
use crate::workload::Draft;

/// Types that every list of types with resource logs has; flaws of TH-6 are planted on these only.
const CERTAIN_TYPES: &[&str] = &[
    "Microsoft.KeyVault/vaults",
    "Microsoft.Network/applicationGateways",
    "Microsoft.Network/azureFirewalls",
    "Microsoft.Network/bastionHosts",
    "Microsoft.ContainerRegistry/registries",
    "Microsoft.DocumentDB/databaseAccounts",
    "Microsoft.RecoveryServices/vaults",
    "Microsoft.Sql/servers/databases",
    "Microsoft.Web/sites",
    "Microsoft.ContainerService/managedClusters",
    "Microsoft.EventHub/namespaces",
    "Microsoft.Logic/workflows",
];

/// Categories of the activity log.
const ACTIVITY: &[&str] = &[
    "Administrative",
    "Security",
    "ServiceHealth",
    "Alert",
    "Recommendation",
    "Policy",
    "Autoscale",
    "ResourceHealth",
];

/// Categories that the diagnosis of a VPN gateway needs.
const GATEWAY: &[&str] =
    &["GatewayDiagnosticLog", "TunnelDiagnosticLog", "RouteDiagnosticLog", "IKEDiagnosticLog"];

/// A diagnostic setting about to be added.
struct Setting<'s> {
    resource: &'s str,
    name: &'s str,
    /// `(category, enabled)`.
    logs: Vec<(&'s str, bool)>,
    /// The one group of categories that stands for all logs, instead of single categories.
    all_logs: bool,
    metric: Option<(&'s str, bool)>,
    workspace: bool,
    storage: bool,
}

impl<'s> Setting<'s> {
    fn new(resource: &'s str, logs: &[&'s str], metric: &'s str) -> Self {
        Self {
            resource,
            name: "to-central-workspace",
            logs: logs.iter().map(|&category| (category, true)).collect(),
            all_logs: false,
            metric: Some((metric, true)),
            workspace: true,
            storage: false,
        }
    }
}

impl Draft<'_> {
    /// Adds the setting of a resource, or plants its absence.
    pub(crate) fn watch(&mut self, resource: &str, categories: &[&str]) {
        let mut setting = Setting::new(resource, categories, "AllMetrics");
        setting.all_logs = self.rng.chance(1, 4);
        setting.storage = self.rng.chance(1, 8);
        if CERTAIN_TYPES.iter().any(|kind| is_of_type(resource, kind)) {
            let planted = if self.planter.plants_rarely(Kind::SettingMissing) {
                self.planter.record("TH-6", resource, "diagnosticSettings");
                return;
            } else if self.planter.plants_rarely(Kind::SettingWithoutWorkspace) {
                setting.workspace = false;
                setting.storage = true;
                true
            } else if self.planter.plants_rarely(Kind::SettingLogsOff) {
                setting.all_logs = false;
                setting.logs.iter_mut().for_each(|log| log.1 = false);
                true
            } else {
                false
            };
            if planted {
                self.planter.record("TH-6", resource, "diagnosticSettings");
            }
        }
        self.add_setting(&setting);
    }

    /// Adds the setting of one service of a storage account.
    pub(crate) fn watch_storage_service(&mut self, account: &str, service: &str) {
        let resource = format!("{account}/{service}Services/default");
        let mut setting =
            Setting::new(&resource, &["StorageRead", "StorageWrite", "StorageDelete"], "Transaction");
        if self.planter.plants_rarely(Kind::StorageWithoutSetting) {
            self.planter.record("ST-1", &resource, "diagnosticSettings");
            return;
        }
        if self.planter.plants_rarely(Kind::StorageLogOff) {
            let log = self.rng.below(3);
            if self.rng.chance(1, 2) {
                setting.logs[log].1 = false;
            } else {
                setting.logs.remove(log);
            }
            self.planter.record("ST-1", &resource, "diagnosticSettings");
        } else if self.planter.plants_rarely(Kind::StorageMetricOff) {
            setting.metric = self.rng.chance(1, 2).then_some(("Transaction", false));
            self.planter.record("ST-1", &resource, "diagnosticSettings");
        } else {
            setting.all_logs = self.rng.chance(1, 4);
            if self.rng.chance(1, 8) {
                setting.workspace = false;
                setting.storage = true;
            }
        }
        self.add_setting(&setting);
    }

    /// Adds the setting of a VPN gateway.
    pub(crate) fn watch_gateway(&mut self, resource: &str) {
        let mut setting = Setting::new(resource, GATEWAY, "AllMetrics");
        if self.planter.plants(Kind::VpnLogOff) {
            let log = self.rng.below(GATEWAY.len());
            if self.rng.chance(1, 2) {
                setting.logs[log].1 = false;
            } else {
                setting.logs.remove(log);
            }
            self.planter.record("NW-3", resource, "diagnosticSettings");
        } else {
            setting.all_logs = self.rng.chance(1, 4);
        }
        self.add_setting(&setting);
    }

    /// Adds the setting of the subscription's activity log.
    pub(crate) fn watch_subscription(&mut self) {
        let scope = self.subscription.scope();
        if self.planter.plants(Kind::ActivityLogMissing) {
            self.planter.record("TH-6", scope, "diagnosticSettings");
            return;
        }
        let mut setting = Setting::new(&scope, ACTIVITY, "");
        setting.metric = None;
        self.add_setting(&setting);
    }

    fn add_setting(&mut self, setting: &Setting<'_>) {
        let retention = || json!({"enabled": false, "days": 0});
        let logs: Vec<Value> = if setting.all_logs {
            vec![
                json!({"category": null, "categoryGroup": "allLogs", "enabled": true, "retentionPolicy": retention()}),
            ]
        } else {
            let log = |&(category, enabled): &(&str, bool)| json!({"category": category, "categoryGroup": null, "enabled": enabled, "retentionPolicy": retention()});
            setting.logs.iter().map(log).collect()
        };
        let metrics: Vec<Value> = setting
            .metric
            .iter()
            .map(|(category, enabled)| json!({"category": category, "enabled": enabled, "retentionPolicy": retention()}))
            .collect();
        // The interface answers with most of the id in lower case.
        let resource = setting.resource.to_ascii_lowercase();
        let store = setting.storage.then(|| self.plan.flow_log_store_id(self.subscription.region));
        self.diagnostic_settings.push(json!({
            "id": format!("{resource}/providers/microsoft.insights/diagnosticSettings/{}", setting.name),
            "type": "Microsoft.Insights/diagnosticSettings",
            "name": setting.name,
            "location": null,
            "kind": null,
            "tags": null,
            "identity": null,
            "properties": {
                "storageAccountId": store,
                "serviceBusRuleId": null,
                "workspaceId": setting.workspace.then(|| self.plan.workspace_id()),
                "eventHubAuthorizationRuleId": null,
                "eventHubName": null,
                "marketplacePartnerId": null,
                "logAnalyticsDestinationType": null,
                "metrics": metrics,
                "logs": logs,
            }
        }));
    }
}

/// Whether an id that this generator made is of a type.
fn is_of_type(id: &str, kind: &str) -> bool {
    let (namespace, types) = kind.split_once('/').unwrap_or((kind, ""));
    let Some((_, rest)) = id.split_once(&format!("/providers/{namespace}/")) else { return false };
    rest.split('/').step_by(2).eq(types.split('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_compared_whole() {
        let database = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/a/databases/b";
        assert!(is_of_type(database, "Microsoft.Sql/servers/databases"));
        assert!(!is_of_type(database, "Microsoft.Sql/servers"));
        assert!(!is_of_type("/subscriptions/s", "Microsoft.Sql/servers"));
    }
}
