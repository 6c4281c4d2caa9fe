//! The policy definitions of the company: built-in ones under their real ids, and its own.

use serde_json::{Value, json};

use super::register::rules_of;

/// A policy definition or initiative that assignments refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Definition {
    SecureTransfer,
    StorageNetworkAccess,
    VaultDeletionProtection,
    ManagedDisks,
    GroupLocation,
    AllowedLocations,
    RequireTag,
    InheritTag,
    NoPublicAddressOnInterfaces,
    OwnerTag,
    /// Made long ago, for a rule that nobody wrote down.
    LegacyNames,
    Baseline,
    Guardrails,
}

use Definition::{
    AllowedLocations, Baseline, GroupLocation, Guardrails, InheritTag, LegacyNames, ManagedDisks,
    NoPublicAddressOnInterfaces, OwnerTag, RequireTag, SecureTransfer, StorageNetworkAccess,
    VaultDeletionProtection,
};

impl Definition {
    pub(crate) const SINGLE: [Self; 11] = [
        SecureTransfer,
        StorageNetworkAccess,
        VaultDeletionProtection,
        ManagedDisks,
        GroupLocation,
        AllowedLocations,
        RequireTag,
        InheritTag,
        NoPublicAddressOnInterfaces,
        OwnerTag,
        LegacyNames,
    ];
    pub(crate) const INITIATIVES: [Self; 2] = [Baseline, Guardrails];

    fn name(self) -> &'static str {
        match self {
            SecureTransfer => "404c3081-a854-4457-ae30-26a93ef643f9",
            StorageNetworkAccess => "34c877ad-507e-4c82-993e-3452a6e0ad3c",
            VaultDeletionProtection => "0b60c0b2-2dc2-4e1c-b5c9-abbed971de53",
            ManagedDisks => "06a78e20-9358-41c9-923c-fb736d382a4d",
            GroupLocation => "0a914e76-4921-4c19-b460-a2d36003525a",
            AllowedLocations => "e56962a6-4747-49cd-b67b-bf8b01975c4c",
            RequireTag => "871b6d14-10aa-478d-b590-94f262ecfa99",
            InheritTag => "ea3f2387-9b95-492a-a190-fcdc54f7b070",
            NoPublicAddressOnInterfaces => "contoso-no-public-address",
            OwnerTag => "contoso-owner-tag",
            LegacyNames => "contoso-legacy-names",
            Baseline => "contoso-baseline",
            Guardrails => "contoso-guardrails",
        }
    }

    pub(crate) fn display(self) -> &'static str {
        match self {
            SecureTransfer => "Secure transfer to storage accounts should be enabled",
            StorageNetworkAccess => "Storage accounts should restrict network access",
            VaultDeletionProtection => "Key vaults should have deletion protection enabled",
            ManagedDisks => "Audit VMs that do not use managed disks",
            GroupLocation => "Audit resource location matches resource group location",
            AllowedLocations => "Allowed locations",
            RequireTag => "Require a tag on resources",
            InheritTag => "Inherit a tag from the resource group",
            NoPublicAddressOnInterfaces => "Network interfaces have no public address",
            OwnerTag => "Resources name their owner",
            LegacyNames => "Storage accounts have names of the old scheme",
            Baseline => "Contoso security baseline",
            Guardrails => "Contoso guard rails",
        }
    }

    pub(crate) fn is_custom(self) -> bool {
        matches!(self, NoPublicAddressOnInterfaces | OwnerTag | LegacyNames | Baseline | Guardrails)
    }

    /// The id; custom definitions live at the root group `root_id`.
    pub(crate) fn id(self, root_id: &str) -> String {
        let kind =
            if Self::INITIATIVES.contains(&self) { "policySetDefinitions" } else { "policyDefinitions" };
        let at = if self.is_custom() { root_id } else { "" };
        format!("{at}/providers/Microsoft.Authorization/{kind}/{}", self.name())
    }

    /// The effect, or the default of the `effect` parameter where there is one.
    fn default_effect(self) -> &'static str {
        match self {
            SecureTransfer | StorageNetworkAccess | VaultDeletionProtection | OwnerTag | LegacyNames => {
                "Audit"
            }
            ManagedDisks | GroupLocation => "audit",
            AllowedLocations | RequireTag => "deny",
            InheritTag => "modify",
            NoPublicAddressOnInterfaces => "Deny",
            Baseline | Guardrails => "",
        }
    }

    /// Whether assignments can choose the effect by the parameter `effect`.
    pub(crate) fn has_effect_parameter(self) -> bool {
        !matches!(self, ManagedDisks | GroupLocation | AllowedLocations | RequireTag | InheritTag | Baseline)
    }

    /// Whether an assignment with this value for the parameter `effect` does anything.
    pub(crate) fn is_on(self, effect: Option<&str>) -> bool {
        !self.has_effect_parameter() || !effect.is_some_and(|effect| effect.eq_ignore_ascii_case("Disabled"))
    }

    /// Whether an assignment of this puts the other into place.
    pub(crate) fn holds(self, other: Self) -> bool {
        self == other || self.members().contains(&other)
    }

    pub(crate) fn members(self) -> &'static [Self] {
        match self {
            Baseline => {
                &[SecureTransfer, StorageNetworkAccess, VaultDeletionProtection, ManagedDisks, GroupLocation]
            }
            Guardrails => &[NoPublicAddressOnInterfaces, OwnerTag],
            _ => &[],
        }
    }

    /// Whether an assignment enforces anything, given its value for the parameter `effect`.
    pub(crate) fn enforces(self, effect: Option<&str>) -> bool {
        let enforcing = |effect: &str| {
            ["deny", "denyaction", "modify", "append", "deployifnotexists"]
                .contains(&effect.to_ascii_lowercase().as_str())
        };
        match self {
            Baseline => false,
            // The initiative hands its parameter, `Audit` by default, to its members.
            Guardrails => enforcing(effect.unwrap_or("Audit")),
            _ if self.has_effect_parameter() => enforcing(effect.unwrap_or(self.default_effect())),
            _ => enforcing(self.default_effect()),
        }
    }

    /// Whether an assignment acts by itself and so needs an identity: modify and deployIfNotExists do.
    pub(crate) fn acts(self) -> bool {
        matches!(self.default_effect(), "modify" | "deployIfNotExists")
            || self.members().iter().any(|member| member.acts())
    }

    /// The document in the REST shape.
    pub(crate) fn document(self, root_id: &str, tenant_time: &str) -> Value {
        let policy_type = if self.is_custom() { "Custom" } else { "BuiltIn" };
        let mut metadata = json!({"category": self.category(), "version": "1.1.0", "createdOn": tenant_time});
        if self.members().is_empty() && self.is_custom() {
            let rules: Vec<&str> = rules_of(self).map(|rule| rule.id).collect();
            if !rules.is_empty() {
                metadata["rules"] = json!(rules);
            }
        }
        let mut properties = json!({
            "displayName": self.display(),
            "policyType": policy_type,
            "description": format!("{}; assessed for every subscription of Contoso.", self.display()),
            "metadata": metadata,
            "version": "1.1.0",
            "parameters": self.parameters(),
        });
        if self.members().is_empty() {
            properties["mode"] = json!(self.mode());
            properties["policyRule"] = self.rule();
        } else {
            properties["policyDefinitions"] =
                self.members().iter().map(|member| self.reference(*member, root_id)).collect();
            properties["policyDefinitionGroups"] = self
                .members()
                .iter()
                .flat_map(|member| rules_of(*member))
                .map(|rule| json!({"name": rule.id, "category": "Cloud handbook", "displayName": rule.title}))
                .collect();
        }
        let kind = if self.members().is_empty() { "policyDefinitions" } else { "policySetDefinitions" };
        json!({
            "properties": properties,
            "id": self.id(root_id),
            "type": format!("Microsoft.Authorization/{kind}"),
            "name": self.name(),
        })
    }

    fn reference(self, member: Self, root_id: &str) -> Value {
        let parameters = if self == Guardrails {
            json!({"effect": {"value": "[parameters('effect')]"}})
        } else {
            json!({})
        };
        json!({
            "policyDefinitionReferenceId": member.reference_id(),
            "policyDefinitionId": member.id(root_id),
            "definitionVersion": "1.*.*",
            "parameters": parameters,
            "groupNames": rules_of(member).map(|rule| rule.id).collect::<Vec<_>>()
        })
    }

    /// The name within an initiative: the first part of a GUID, a name of the company's own as it is.
    fn reference_id(self) -> &'static str {
        if self.is_custom() { self.name() } else { &self.name()[..8] }
    }

    fn category(self) -> &'static str {
        match self {
            SecureTransfer | StorageNetworkAccess | LegacyNames => "Storage",
            VaultDeletionProtection => "Key Vault",
            ManagedDisks => "Compute",
            NoPublicAddressOnInterfaces => "Network",
            RequireTag | InheritTag | OwnerTag => "Tags",
            AllowedLocations | GroupLocation => "General",
            Baseline | Guardrails => "Security Center",
        }
    }

    fn mode(self) -> &'static str {
        if matches!(self, RequireTag | InheritTag | AllowedLocations | GroupLocation | OwnerTag) {
            "Indexed"
        } else {
            "All"
        }
    }

    fn parameters(self) -> Value {
        let effect = json!({"type": "String", "allowedValues": ["Audit", "Deny", "Disabled"],
            "defaultValue": if self == Guardrails { "Audit" } else { self.default_effect() },
            "metadata": {"displayName": "Effect", "description": "Whether the policy audits, denies or does nothing"}});
        match self {
            AllowedLocations => json!({"listOfAllowedLocations": {"type": "Array",
                "metadata": {"displayName": "Allowed locations", "strongType": "location"}}}),
            RequireTag | InheritTag => json!({"tagName": {"type": "String",
                "metadata": {"displayName": "Tag name", "description": "Name of the tag, such as costCentre"}}}),
            _ if self.has_effect_parameter() => json!({"effect": effect}),
            _ => json!({}),
        }
    }

    /// The rule, in the shape that the built-in of the same id has.
    fn rule(self) -> Value {
        let type_is = |name: &str| json!({"field": "type", "equals": name});
        let condition = match self {
            SecureTransfer => json!({"allOf": [type_is("Microsoft.Storage/storageAccounts"),
                {"field": "Microsoft.Storage/storageAccounts/supportsHttpsTrafficOnly", "notEquals": "true"}]}),
            StorageNetworkAccess => json!({"allOf": [type_is("Microsoft.Storage/storageAccounts"),
                {"field": "Microsoft.Storage/storageAccounts/networkAcls.defaultAction", "notEquals": "Deny"}]}),
            VaultDeletionProtection => json!({"allOf": [type_is("Microsoft.KeyVault/vaults"),
                {"field": "Microsoft.KeyVault/vaults/enablePurgeProtection", "notEquals": "true"}]}),
            ManagedDisks => json!({"allOf": [type_is("Microsoft.Compute/virtualMachines"),
                {"field": "Microsoft.Compute/virtualMachines/osDisk.uri", "exists": "True"}]}),
            GroupLocation => json!({"field": "location", "notIn": ["[resourcegroup().location]", "global"]}),
            AllowedLocations => json!({"allOf": [
                {"field": "location", "notIn": "[parameters('listOfAllowedLocations')]"},
                {"field": "location", "notEquals": "global"}]}),
            RequireTag | InheritTag => {
                json!({"field": "[concat('tags[', parameters('tagName'), ']')]", "exists": "false"})
            }
            NoPublicAddressOnInterfaces => json!({"allOf": [type_is("Microsoft.Network/networkInterfaces"),
                {"field": "Microsoft.Network/networkInterfaces/ipconfigurations[*].publicIpAddress.id", "like": "*"}]}),
            LegacyNames => json!({"allOf": [type_is("Microsoft.Storage/storageAccounts"),
                {"field": "name", "notLike": "stcontoso*"}]}),
            _ => json!({"field": "tags['owner']", "exists": "false"}),
        };
        let effect =
            if self.has_effect_parameter() { "[parameters('effect')]" } else { self.default_effect() };
        let mut then = json!({"effect": effect});
        if self == InheritTag {
            then["details"] = json!({
                "roleDefinitionIds": ["/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c"],
                "operations": [{"operation": "add", "field": "[concat('tags[', parameters('tagName'), ']')]",
                    "value": "[resourceGroup().tags[parameters('tagName')]]"}]
            });
        }
        json!({"if": condition, "then": then})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_follow_parameters() {
        assert!(NoPublicAddressOnInterfaces.enforces(None));
        assert!(!NoPublicAddressOnInterfaces.enforces(Some("Audit")));
        assert!(SecureTransfer.enforces(Some("Deny")));
        assert!(!Guardrails.enforces(None));
        assert!(Guardrails.enforces(Some("Deny")));
        assert!(InheritTag.enforces(None));
        assert!(!Baseline.enforces(None));
    }

    #[test]
    fn only_what_changes_resources_acts() {
        assert!(InheritTag.acts());
        assert!(!RequireTag.acts() && !Baseline.acts() && !Guardrails.acts());
    }
}
