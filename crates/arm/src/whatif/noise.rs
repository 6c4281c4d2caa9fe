//! Differences that are none: read-only properties and defaults that the platform fills in.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use azimuth_ids::{eq_fold, fold};
use serde_json::Value as Json;

/// Read-only properties of child resources that their parents list: who uses them (public REST reference of
/// `Microsoft.Network`).
const BACK_REFERENCES: &[(&str, &[&str])] = &[
    (
        "Microsoft.Network/virtualNetworks/subnets",
        &[
            "ipConfigurations",
            "ipConfigurationProfiles",
            "privateEndpoints",
            "purpose",
            "resourceNavigationLinks",
            "serviceAssociationLinks",
        ],
    ),
    (
        "Microsoft.Network/loadBalancers/frontendIPConfigurations",
        &["inboundNatRules", "inboundNatPools", "loadBalancingRules", "outboundRules"],
    ),
    (
        "Microsoft.Network/loadBalancers/backendAddressPools",
        &[
            "backendIPConfigurations",
            "inboundNatRules",
            "loadBalancingRules",
            "outboundRule",
            "outboundRules",
        ],
    ),
    ("Microsoft.Network/loadBalancers/probes", &["loadBalancingRules"]),
    ("Microsoft.Network/loadBalancers/inboundNatRules", &["backendIPConfiguration"]),
];

struct Known {
    read_only: HashSet<String>,
    /// By type and path, both folded.
    defaults: HashMap<(String, String), Json>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let data: Json =
        serde_json::from_str(include_str!("../../data/platform-defaults.json")).unwrap_or_default();
    let text = |value: &Json| fold(value.as_str().unwrap_or_default()).into_owned();
    let read_only = data["readOnly"].as_array().into_iter().flatten().map(text).collect();
    let defaults = data["defaults"].as_array().into_iter().flatten();
    let defaults = defaults
        .map(|entry| ((text(&entry["type"]), text(&entry["path"])), entry["value"].clone()))
        .collect();
    Known { read_only, defaults }
});

/// Why read-only properties are no difference.
pub(super) const READ_ONLY: &str = "the platform sets this property; templates cannot";

/// Why a stored property that the template leaves out is no difference, if so.
pub(super) fn reason(resource_type: &str, path: &str, stored: &Json) -> Option<&'static str> {
    let path = fold(path).into_owned();
    if KNOWN.read_only.contains(&path) {
        return Some(READ_ONLY);
    }
    if let Some(name) = path.strip_prefix("properties.") {
        let of_type = BACK_REFERENCES.iter().filter(|(known, _)| eq_fold(known, resource_type));
        if of_type.flat_map(|(_, names)| *names).any(|known| eq_fold(known, name)) {
            return Some(READ_ONLY);
        }
    }
    if is_empty(stored) {
        return Some("the stored value is empty");
    }
    let default = KNOWN.defaults.get(&(fold(resource_type).into_owned(), path))?;
    (default.is_null() || default == stored).then_some("the platform fills in this default")
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        // Resource Graph writes members that a resource does not have as empty strings.
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(members) => members.values().all(is_empty),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_noise() {
        let storage = "microsoft.storage/storageaccounts";
        assert!(reason(storage, "properties.accessTier", &"Hot".into()).is_some());
        assert!(reason(storage, "properties.accessTier", &"Cool".into()).is_none());
        assert!(reason("x/y", "properties.provisioningState", &"Succeeded".into()).is_some());
        assert!(reason("x/y", "createdTime", &"2024-01-01T00:00:00Z".into()).is_some());
        assert!(reason("x/y", "plan", &"".into()).is_some());
        assert!(reason("x/y", "properties.list", &serde_json::json!([])).is_some());
        assert!(reason("x/y", "properties.size", &3.into()).is_none());
    }
}
