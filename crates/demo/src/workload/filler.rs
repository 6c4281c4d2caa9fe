//! Single resources that bring a subscription to its exact number of rows, among them innocent look-alikes.

use serde_json::json;

use super::draft::{Draft, Resource};
use super::machine::disk_properties;
use super::network::{Association, NETWORK_GROUP};
use super::security_group::Rule;

/// Adds one row.
pub(crate) fn add_single(draft: &mut Draft<'_>) {
    let stamp = draft.next_stamp();
    let group = format!("rg-{stamp}-misc");
    match draft.rng.below(8) {
        0 => {
            draft.add_storage_account(&group, &stamp);
        }
        1 => {
            draft.add_vault(&group, &stamp);
        }
        2 => {
            let properties = disk_properties(draft, "", 256, "Unattached");
            draft.add(
                Resource::new("Microsoft.Compute/disks", &group, &format!("disk-{stamp}-spare"), properties)
                    .sku(json!({"name": "StandardSSD_LRS", "tier": "Standard"})),
            );
        }
        3 => draft.add_user_identity(&group, &format!("id-{stamp}")),
        4 => add_unattached_group(draft, &stamp),
        5 => {
            draft.add_public_address(
                NETWORK_GROUP,
                &format!("pip-{stamp}-reserved"),
                &Association::Nothing,
                false,
            );
        }
        6 => add_private_zone(draft, &group, &stamp),
        _ => add_action_group(draft, &group, &stamp),
    }
}

/// A security group that is wide open and guards nothing.
fn add_unattached_group(draft: &mut Draft<'_>, stamp: &str) {
    let rules = [
        Rule::allow("allow-rdp", 100, "*", &["3389"]),
        Rule::allow("allow-any", 200, "Internet", &["*"]).protocol("*"),
    ];
    draft.add_security_group(NETWORK_GROUP, &format!("nsg-{stamp}-retired"), &rules, (&[], &[]));
}

fn add_private_zone(draft: &mut Draft<'_>, group: &str, stamp: &str) {
    let properties = json!({
        "provisioningState": "Succeeded", "internalId": draft.rng.suffix(24), "maxNumberOfRecordSets": 25_000, "numberOfRecordSets": draft.rng.between(1, 90),
        "maxNumberOfVirtualNetworkLinks": 1_000, "numberOfVirtualNetworkLinks": 1, "maxNumberOfVirtualNetworkLinksWithRegistration": 100,
        "numberOfVirtualNetworkLinksWithRegistration": 0,
    });
    let name = format!("{stamp}.contoso.com");
    draft
        .add(Resource::new("Microsoft.Network/privateDnsZones", group, &name, properties).location("global"));
}

fn add_action_group(draft: &mut Draft<'_>, group: &str, stamp: &str) {
    let properties = json!({
        "groupShortName": &stamp[..stamp.len().min(12)], "enabled": true,
        "emailReceivers": [{"name": "on-call", "emailAddress": "oncall@contoso.com", "useCommonAlertSchema": true, "status": "Enabled"}],
        "smsReceivers": [], "webhookReceivers": [], "armRoleReceivers": [{"name": "owners", "roleId": "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "useCommonAlertSchema": true}],
        "azureFunctionReceivers": [], "logicAppReceivers": [], "voiceReceivers": [], "itsmReceivers": [], "automationRunbookReceivers": [], "azureAppPushReceivers": [], "eventHubReceivers": [],
    });
    draft.add(
        Resource::new("Microsoft.Insights/actionGroups", group, &format!("ag-{stamp}"), properties)
            .location("global"),
    );
}

impl Draft<'_> {
    /// Adds a user-assigned identity and its service principal.
    pub(crate) fn add_user_identity(&mut self, group: &str, name: &str) {
        let principal = self.rng.guid();
        let client = self.rng.guid();
        let properties = json!({"tenantId": self.plan.tenant, "principalId": principal, "clientId": client});
        let id = self.add(Resource::new(
            "Microsoft.ManagedIdentity/userAssignedIdentities",
            group,
            name,
            properties,
        ));
        self.identities.push(json!({
            "id": principal, "appId": client, "displayName": name, "accountEnabled": true,
            "servicePrincipalType": "ManagedIdentity", "servicePrincipalNames": [client],
            "alternativeNames": ["isExplicit=True", id], "appOwnerOrganizationId": null, "tags": [],
        }));
    }
}
