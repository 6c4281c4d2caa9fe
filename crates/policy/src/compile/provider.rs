//! Policies of resource-provider modes: which resources of Resource Manager they are about.
//!
//! Their rules speak of components (`Microsoft.KeyVault.Data/vaults/keys`) that only the provider sees. What can be said
//! offline is that such a policy is about a resource and has no verdict. Documented in "Azure Policy applicability logic":
//! in `Microsoft.Kubernetes.Data` the whole condition decides, in `Microsoft.Network.Data` type and name, elsewhere the type.

use super::types::{Types, types_of};
use super::{Policy, PolicyId};
use crate::definition::{Condition, Left, Mode};
use crate::evaluate::constant_template;
use crate::fold::fold;

/// Components of a mode that live in a resource of another namespace or name than their own, folded.
const MOVED: &[(&str, &str)] = &[("microsoft.managedhsm/managedhsms", "microsoft.keyvault/managedhsms")];

/// Types that a mode is about when its rule names none, folded.
const OF_MODE: &[(&str, &[&str])] = &[
    (
        "microsoft.kubernetes.data",
        &["microsoft.containerservice/managedclusters", "microsoft.kubernetes/connectedclusters"],
    ),
    ("microsoft.containerservice.data", &["microsoft.containerservice/managedclusters"]),
    ("microsoft.keyvault.data", &["microsoft.keyvault/vaults"]),
    ("microsoft.managedhsm.data", &["microsoft.keyvault/managedhsms"]),
    ("microsoft.datafactory.data", &["microsoft.datafactory/factories"]),
    ("microsoft.machinelearningservices.data", &["microsoft.machinelearningservices/workspaces"]),
    ("microsoft.machinelearningservices.v2.data", &["microsoft.machinelearningservices/workspaces"]),
    ("microsoft.cognitiveservices.data", &["microsoft.cognitiveservices/accounts"]),
    ("microsoft.loadtestservice.data", &["microsoft.loadtestservice/loadtests"]),
    ("microsoft.network.data", &["microsoft.network/virtualnetworks"]),
];

/// What a policy of a provider mode is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hosts {
    /// Resources of these types (folded); `is_component`: the rule speaks of their components, so that its conditions say
    /// nothing about the resource.
    Types { names: Vec<Box<str>>, is_component: bool },
    /// Every resource of a namespace (folded): nothing is known of the mode, and the rule names no type.
    Namespace(Box<str>),
}

/// What a policy of a provider mode is about; `None` for other modes.
pub(crate) fn hosts(policy: &Policy) -> Option<Hosts> {
    let Mode::Provider(mode) = &policy.definition().mode else { return None };
    let condition = &policy.definition().rule.condition;
    let mut is_component = false;
    let names = match types_of(condition, &|template| constant_template(template, policy)) {
        Types::Only(names) => names,
        Types::Any => component_types(condition),
    };
    let mut hosts: Vec<Box<str>> = names
        .iter()
        .map(|name| {
            let host = host_of(name);
            is_component |= host.is_some();
            host.unwrap_or_else(|| name.clone())
        })
        .collect();
    hosts.sort();
    hosts.dedup();
    if !hosts.is_empty() {
        return Some(Hosts::Types { names: hosts, is_component });
    }
    let mode = fold(mode);
    if let Some((_, types)) = OF_MODE.iter().find(|(known, _)| *known == mode) {
        let names = types.iter().map(|name| (*name).into()).collect();
        return Some(Hosts::Types { names, is_component: true });
    }
    let namespace = mode.strip_suffix(".data").unwrap_or(&mode);
    Some(Hosts::Namespace(namespace.into()))
}

/// The resource that a component (folded) lives in: `microsoft.keyvault.data/vaults/keys` in `microsoft.keyvault/vaults`.
fn host_of(component: &str) -> Option<Box<str>> {
    let (namespace, rest) = component.split_once('/')?;
    let namespace = namespace.strip_suffix(".data")?;
    let namespace = namespace.strip_suffix(".v2").unwrap_or(namespace);
    let own = format!("{namespace}/{}", rest.split('/').next().unwrap_or_default());
    let moved = MOVED.iter().find(|(from, _)| *from == own);
    Some(moved.map_or(own.as_str(), |(_, to)| to).into())
}

/// The component types that aliases of a rule belong to, folded.
fn component_types(condition: &Condition) -> Vec<Box<str>> {
    let mut found = Vec::new();
    condition.for_each_leaf(&mut |leaf| {
        let Left::Field(name) = &leaf.left else { return };
        let name = name.known().and_then(azimuth_arm::Value::as_str).map(fold).unwrap_or_default();
        if name.split('/').next().is_some_and(|namespace| namespace.ends_with(".data")) {
            found.push(name.into());
        }
    });
    found
}

/// Policies about all resources of a namespace.
#[derive(Debug, Default)]
pub(crate) struct OfNamespace(Vec<(Box<str>, Vec<PolicyId>)>);

impl OfNamespace {
    pub(crate) fn add(&mut self, namespace: &str, policy: PolicyId) {
        match self.0.iter_mut().find(|(known, _)| **known == *namespace) {
            Some((_, policies)) => policies.push(policy),
            None => self.0.push((namespace.into(), vec![policy])),
        }
    }

    /// The policies about a resource type in any letter case.
    pub(crate) fn of(&self, resource_type: &str) -> &[PolicyId] {
        let namespace = resource_type.split('/').next().unwrap_or_default();
        let known = self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(namespace));
        known.map_or(&[], |(_, policies)| policies)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_live_in_resources() {
        for (component, host) in [
            ("microsoft.keyvault.data/vaults/keys", Some("microsoft.keyvault/vaults")),
            ("microsoft.managedhsm.data/managedhsms/keys", Some("microsoft.keyvault/managedhsms")),
            (
                "microsoft.machinelearningservices.v2.data/workspaces/deployments/x",
                Some("microsoft.machinelearningservices/workspaces"),
            ),
            ("microsoft.containerservice/managedclusters", None),
            ("aks engine", None),
        ] {
            assert_eq!(host_of(component).as_deref(), host, "{component}");
        }
    }
}
