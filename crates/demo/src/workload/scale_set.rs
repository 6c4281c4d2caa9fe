//! Scale sets behind load balancers.

use serde_json::json;

use super::draft::{Draft, Resource};
use super::network::Association;
use super::security_group::Rule;
use super::web_farm::{Balancer, Frontend};
use crate::flaws::Kind;

/// Rows that a scale set needs at most.
pub(crate) const ROWS: usize = 5;

/// Adds a scale set behind a public or an internal load balancer.
pub(crate) fn add_scale_set(draft: &mut Draft<'_>) {
    let stamp = draft.next_stamp();
    let group = format!("rg-{stamp}-scale");
    let internal = draft.rng.chance(1, 3);
    let rules = [
        Rule::allow("allow-https", 300, if internal { "VirtualNetwork" } else { "Internet" }, &["443"]),
        Rule::allow("allow-probe", 310, "AzureLoadBalancer", &["443"]),
    ];
    let subnet = draft.open_guarded_subnet(&group, &format!("{stamp}-scale"), &rules);
    let balancer = format!("lb-{stamp}");
    let balancer_id = draft.id("Microsoft.Network/loadBalancers", &group, &balancer);
    let frontend_id = format!("{balancer_id}/frontendIPConfigurations/frontend");
    let frontend = if internal {
        draft.network.subnets[subnet].ip_configurations.push(frontend_id);
        Frontend::Private {
            subnet: draft.network.subnet_id(subnet),
            address: draft.network.next_host(subnet),
        }
    } else {
        let address_name = format!("pip-{stamp}-{}", draft.rng.suffix(4));
        let association = Association::Configuration(frontend_id);
        Frontend::Public(draft.add_public_address(&group, &address_name, &association, false))
    };
    let name = format!("vmss-{stamp}");
    let id = draft.id("Microsoft.Compute/virtualMachineScaleSets", &group, &name);
    // A single instance that only the company reaches is no flaw.
    let capacity = if internal {
        draft.rng.between(1, 3)
    } else if draft.planter.plants(Kind::SingleScaleSet) {
        draft.planter.record("DD-2", &id, "$.sku.capacity");
        1
    } else {
        draft.rng.between(2, 12)
    };
    let member = |number: usize| {
        format!("{id}/virtualMachines/{number}/networkInterfaces/nic/ipConfigurations/ipconfig")
    };
    let members: Vec<String> = (0..capacity).map(member).collect();
    draft.add_load_balancer(&Balancer {
        group: &group,
        name: &balancer,
        frontend,
        members: &members,
        port: 443,
        translated: None,
    });
    draft.network.subnets[subnet].ip_configurations.extend(members);
    let properties = json!({
        "provisioningState": "Succeeded",
        "uniqueId": draft.rng.guid(),
        "timeCreated": draft.plan.calendar.days_ago(200, &mut draft.rng),
        "orchestrationMode": "Uniform",
        "singlePlacementGroup": false,
        "overprovision": false,
        "platformFaultDomainCount": 1,
        "zoneBalance": true,
        "upgradePolicy": {"mode": "Rolling", "rollingUpgradePolicy": {"maxBatchInstancePercent": 20,
            "maxUnhealthyInstancePercent": 20, "maxUnhealthyUpgradedInstancePercent": 20, "pauseTimeBetweenBatches": "PT0S"}},
        "automaticRepairsPolicy": {"enabled": true, "gracePeriod": "PT30M"},
        "virtualMachineProfile": {
            "osProfile": {"computerNamePrefix": &stamp[..stamp.len().min(9)], "adminUsername": "contosoadmin",
                "linuxConfiguration": {"disablePasswordAuthentication": true, "provisionVMAgent": true}, "secrets": [],
                "allowExtensionOperations": true, "requireGuestProvisionSignal": true},
            "storageProfile": {
                "osDisk": {"osType": "Linux", "createOption": "FromImage", "caching": "ReadOnly", "diskSizeGB": 64,
                    "managedDisk": {"storageAccountType": "Premium_LRS"}},
                "imageReference": {"publisher": "Canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts-gen2", "version": "latest"}},
            "securityProfile": {"securityType": "TrustedLaunch", "encryptionAtHost": true,
                "uefiSettings": {"secureBootEnabled": true, "vTpmEnabled": true}},
            "networkProfile": {
                "healthProbe": {"id": format!("{balancer_id}/probes/probe")},
                "networkInterfaceConfigurations": [{"name": "nic", "properties": {"primary": true,
                    "enableAcceleratedNetworking": true, "disableTcpStateTracking": false, "enableIPForwarding": false,
                    "dnsSettings": {"dnsServers": []},
                    "ipConfigurations": [{"name": "ipconfig", "properties": {"primary": true, "privateIPAddressVersion": "IPv4",
                        "subnet": {"id": draft.network.subnet_id(subnet)},
                        "loadBalancerBackendAddressPools": [{"id": format!("{balancer_id}/backendAddressPools/pool")}]}}]}}]},
            "diagnosticsProfile": {"bootDiagnostics": {"enabled": true}},
            "timeCreated": draft.plan.calendar.days_ago(200, &mut draft.rng),
        }
    });
    draft.plans_needed.insert("VirtualMachines");
    draft.add(
        Resource::new("Microsoft.Compute/virtualMachineScaleSets", &group, &name, properties)
            .sku(json!({"name": "Standard_D4s_v5", "tier": "Standard", "capacity": capacity}))
            .zones(&["1", "2", "3"])
            .identity(),
    );
}
