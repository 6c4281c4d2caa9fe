//! Names of effects.

use std::fmt;

use serde::Serialize;

/// What a policy does when its condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// Nothing: the policy is switched off.
    Disabled,
    /// Adds fields to the request.
    Append,
    /// Changes the request, or the resource through remediation.
    Modify,
    /// Refuses the request.
    Deny,
    /// Marks the resource.
    Audit,
    /// Waits for an attestation.
    Manual,
    /// Marks the resource when a related one is missing.
    AuditIfNotExists,
    /// Deploys a related resource when it is missing.
    DeployIfNotExists,
    /// Refuses a deletion.
    DenyAction,
    /// Changes a component (provider mode).
    Mutate,
    /// Puts the resource into a network group (mode `Microsoft.Network.Data`).
    AddToNetworkGroup,
    /// Marks an action (provider mode).
    AuditAction,
    /// Enforces a Rego rule on a cluster (superseded provider effect).
    EnforceRegoPolicy,
    /// Enforces a Gatekeeper constraint on a cluster (superseded provider effect).
    EnforceOpaConstraint,
    /// Enforces a setting of a component (provider mode).
    EnforceSetting,
    /// Refuses a component where the policy is in force (provider mode).
    DenyComponent,
    /// Another effect that a resource provider declares; Azure Policy passes it on.
    Provider,
}

/// Effects and their names as documented.
const NAMES: &[(Effect, &str)] = &[
    (Effect::Disabled, "disabled"),
    (Effect::Append, "append"),
    (Effect::Modify, "modify"),
    (Effect::Deny, "deny"),
    (Effect::Audit, "audit"),
    (Effect::Manual, "manual"),
    (Effect::AuditIfNotExists, "auditIfNotExists"),
    (Effect::DeployIfNotExists, "deployIfNotExists"),
    (Effect::DenyAction, "denyAction"),
    (Effect::Mutate, "mutate"),
    (Effect::AddToNetworkGroup, "addToNetworkGroup"),
    (Effect::AuditAction, "auditAction"),
    (Effect::EnforceRegoPolicy, "enforceRegoPolicy"),
    (Effect::EnforceOpaConstraint, "enforceOPAConstraint"),
    (Effect::EnforceSetting, "enforceSetting"),
    (Effect::DenyComponent, "denyComponent"),
    (Effect::Provider, "provider"),
];

impl Effect {
    /// The effect of this name, in any letter case.
    pub fn from_name(name: &str) -> Option<Self> {
        NAMES[..NAMES.len() - 1]
            .iter()
            .find(|(_, known)| known.eq_ignore_ascii_case(name))
            .map(|(effect, _)| *effect)
    }

    /// The name as documented.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(effect, _)| *effect == self).map_or("provider", |(_, name)| name)
    }

    /// All names as documented.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES[..NAMES.len() - 1].iter().map(|(_, name)| *name)
    }

    /// Whether the effect looks at related resources.
    pub fn is_if_not_exists(self) -> bool {
        matches!(self, Self::AuditIfNotExists | Self::DeployIfNotExists)
    }

    /// Whether a remediation task can act for it: only deployIfNotExists and modify.
    pub fn is_remediable(self) -> bool {
        matches!(self, Self::DeployIfNotExists | Self::Modify)
    }

    /// Whether only the owning resource provider can carry it out.
    pub fn is_provider_effect(self) -> bool {
        matches!(
            self,
            Self::Mutate
                | Self::AddToNetworkGroup
                | Self::AuditAction
                | Self::EnforceRegoPolicy
                | Self::EnforceOpaConstraint
                | Self::EnforceSetting
                | Self::DenyComponent
                | Self::Provider
        )
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Order in which the effects of a create or update are processed: position in this list.
/// Documented in "Order of evaluation"; auditIfNotExists and deployIfNotExists come again after the provider succeeded.
pub const REQUEST_ORDER: &[&[Effect]] = &[
    &[Effect::Disabled],
    &[Effect::Append, Effect::Modify],
    &[Effect::Deny],
    &[Effect::Audit],
    &[Effect::Manual],
    &[Effect::AuditIfNotExists],
    &[Effect::DenyAction],
];

/// Effects that run after the resource provider reported success.
pub const AFTER_SUCCESS: &[Effect] = &[Effect::AuditIfNotExists, Effect::DeployIfNotExists];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for name in Effect::names() {
            let effect = Effect::from_name(&name.to_uppercase()).unwrap();
            assert_eq!(effect.to_string(), name);
        }
        assert_eq!(Effect::from_name("provider"), None);
    }
}
