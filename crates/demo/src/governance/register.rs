//! What the company declares about policy: its written rules, and the impact runs on record.

use serde_json::{Value, json};

use super::catalogue::Definition;
use super::plant::Governance;
use crate::plan::Plan;

/// A rule of the cloud handbook.
pub(crate) struct Rule {
    /// Its identifier.
    pub(crate) id: &'static str,
    /// What it says.
    pub(crate) title: &'static str,
    /// The path of a counterexample.
    pub(crate) path: &'static str,
    /// The definition that upholds it.
    pub(crate) upheld_by: Definition,
    /// Other definitions that stand for it.
    others: &'static [Definition],
}

/// The rules of the cloud handbook that policies stand for.
pub(crate) const RULES: [Rule; 7] = [
    Rule {
        id: "CH-01",
        title: "Storage accounts accept encrypted connections only",
        path: "rules['CH-01']",
        upheld_by: Definition::SecureTransfer,
        others: &[],
    },
    Rule {
        id: "CH-02",
        title: "Storage accounts are closed to the public network",
        path: "rules['CH-02']",
        upheld_by: Definition::StorageNetworkAccess,
        others: &[],
    },
    Rule {
        id: "CH-03",
        title: "Key vaults cannot be purged",
        path: "rules['CH-03']",
        upheld_by: Definition::VaultDeletionProtection,
        others: &[],
    },
    Rule {
        id: "CH-04",
        title: "Machines use managed disks",
        path: "rules['CH-04']",
        upheld_by: Definition::ManagedDisks,
        others: &[],
    },
    Rule {
        id: "CH-05",
        title: "Resources stay in the region of their group",
        path: "rules['CH-05']",
        upheld_by: Definition::GroupLocation,
        others: &[Definition::AllowedLocations],
    },
    Rule {
        id: "CH-06",
        title: "Machines are not reached through addresses of their own",
        path: "rules['CH-06']",
        upheld_by: Definition::NoPublicAddressOnInterfaces,
        others: &[],
    },
    Rule {
        id: "CH-07",
        title: "Resources name their owner and cost centre",
        path: "rules['CH-07']",
        upheld_by: Definition::OwnerTag,
        others: &[Definition::RequireTag, Definition::InheritTag],
    },
];

/// A rule that no policy stands for, where it holds.
pub(crate) const ORPHAN_PATH: &str = "rules['CH-08']";

/// The rules that a definition stands for.
pub(crate) fn rules_of(definition: Definition) -> impl Iterator<Item = &'static Rule> {
    RULES.iter().filter(move |rule| rule.upheld_by == definition || rule.others.contains(&definition))
}

impl Rule {
    /// A resource that breaks the rule, and the same in line with it; none where only the mapping is looked at.
    fn examples(&self, location: &str) -> Option<(Value, Value)> {
        let tags = json!({"owner": "team-web", "costCentre": "WE101"});
        let account = |https: bool, action: &str, tags: &Value| {
            json!({"type": "Microsoft.Storage/storageAccounts", "location": location, "kind": "StorageV2",
                "sku": {"name": "Standard_ZRS"}, "tags": tags,
                "properties": {"supportsHttpsTrafficOnly": https, "minimumTlsVersion": "TLS1_2",
                    "networkAcls": {"defaultAction": action, "bypass": "AzureServices"}}})
        };
        let vault = |purge: Value| {
            json!({"type": "Microsoft.KeyVault/vaults", "location": location, "tags": tags,
                "properties": {"enableSoftDelete": true, "enableRbacAuthorization": true,
                    "enablePurgeProtection": purge}})
        };
        let interface = |address: Value| {
            let mut part = json!({"privateIPAllocationMethod": "Dynamic"});
            if !address.is_null() {
                part["publicIPAddress"] = json!({"id": address});
            }
            json!({"type": "Microsoft.Network/networkInterfaces", "location": location, "tags": tags,
                "properties": {"ipConfigurations": [{"name": "ipconfig1", "properties": part}]}})
        };
        let good = account(true, "Deny", &tags);
        Some(match self.upheld_by {
            Definition::SecureTransfer => (account(false, "Deny", &tags), good),
            Definition::StorageNetworkAccess => (account(true, "Allow", &tags), good),
            Definition::OwnerTag => (account(true, "Deny", &json!({"costCentre": "WE101"})), good),
            Definition::VaultDeletionProtection => (vault(Value::Null), vault(json!(true))),
            Definition::NoPublicAddressOnInterfaces => {
                (interface(json!("any address")), interface(Value::Null))
            }
            _ => return None,
        })
    }
}

/// The declaration of the written rules.
pub(crate) fn rules(plan: &Plan, governance: &Governance) -> Value {
    let location = plan.connectivity().location();
    let root = plan.root_id();
    let mut rules: Vec<Value> = RULES
        .iter()
        .map(|rule| {
            let stand_for = std::iter::once(&rule.upheld_by).chain(rule.others);
            // Built-in definitions carry no metadata of the company: the register names them.
            let built_in: Vec<String> = stand_for
                .filter(|definition| !definition.is_custom())
                .map(|definition| definition.id(&root))
                .collect();
            let mut value =
                json!({"id": rule.id, "title": rule.title, "wanted": "audit", "definitions": built_in});
            if let Some((example, allowed)) = rule.examples(location) {
                value["example"] = example;
                value["allowed"] = allowed;
            }
            value
        })
        .collect();
    if let Some(scope) = governance.orphan_rule {
        rules.push(json!({"id": "CH-08", "title": "Registries are scanned", "scope": plan.group_id(scope)}));
    }
    document("rules", &json!({"rules": rules}))
}

/// The declaration of the impact runs for changes at the root; `changes` are the assignments with the moments of their
/// last change, in seconds.
pub(crate) fn impact_runs(changes: &[(String, String, i64)]) -> Value {
    let runs: Vec<Value> = changes
        .iter()
        .map(|(assignment, definition, second)| {
            let time =
                jiff::Timestamp::from_second(second - 3 * 86_400).expect("within the calendar").to_string();
            json!({"assignment": assignment, "definition": definition, "time": time,
                "denied": 0, "changed": 0, "ticket": "CHG004711"})
        })
        .collect();
    document("impact-runs", &json!({"impactRuns": runs}))
}

fn document(name: &str, body: &Value) -> Value {
    json!({"azimuth": "document/1", "key": format!("azimuth:/declaration/{name}"), "body": body})
}
