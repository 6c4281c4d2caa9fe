//! The hubs: one network for each region with its firewall, bastion and gateway.

use serde_json::{Value, json};

use super::draft::{Draft, Resource};
use super::security_group::Rule;
use crate::names::REGIONS;
use crate::plan::Purpose;

/// Adds the hub of a region: rows of its own group in the connectivity subscription.
pub(crate) fn add_hub(draft: &mut Draft<'_>, region: usize) {
    let (location, _, short) = REGIONS[region];
    let group = format!("rg-hub-{short}");
    let network = draft.plan.hub_id(region);
    let subnet = |name: &str| format!("{network}/subnets/{name}");
    if region == draft.plan.regions[0] {
        let properties = json!({"provisioningState": "Succeeded", "resourceGuid": draft.rng.guid(), "virtualNetworks": []});
        draft.add(Resource::new("Microsoft.Network/ddosProtectionPlans", &group, "ddos-contoso", properties));
    }
    let guard = draft.add_security_group(
        &group,
        &format!("nsg-hub-{short}-dns"),
        &[Rule::allow("allow-dns", 300, "VirtualNetwork", &["53"]).protocol("*")],
        (&[subnet("snet-dns")], &[]),
    );
    // A bastion's subnet need not have a group; if it has one, these are the rules it works with.
    let bastion_guard = draft.add_security_group(
        &group,
        &format!("nsg-hub-{short}-bastion"),
        &[
            Rule::allow("allow-https", 300, "Internet", &["443"]),
            Rule::allow("allow-gateway-manager", 310, "GatewayManager", &["443"]),
            Rule::allow("allow-load-balancer", 320, "AzureLoadBalancer", &["443"]),
            Rule::allow("allow-between-hosts", 330, "VirtualNetwork", &["8080", "5701"]).protocol("*"),
        ],
        (&[subnet("AzureBastionSubnet")], &[]),
    );
    let firewall = add_firewall(draft, region, &group, &subnet("AzureFirewallSubnet"));
    let bastion = add_bastion(draft, region, &group, &subnet("AzureBastionSubnet"));
    let gateways = add_vpn_gateway(draft, region, &group, &subnet("GatewaySubnet"));

    let base = draft.plan.hub_base(region);
    let part = |name: &str, prefix: String, configurations: &[String], guard: Option<&str>| -> Value {
        let mut properties = json!({"provisioningState": "Succeeded", "addressPrefix": prefix, "serviceEndpoints": [], "delegations": [],
            "privateEndpointNetworkPolicies": "Disabled", "privateLinkServiceNetworkPolicies": "Enabled",
            "ipConfigurations": configurations.iter().map(|id| json!({"id": id})).collect::<Value>()});
        if let Some(guard) = guard {
            properties["networkSecurityGroup"] = json!({"id": guard});
        }
        json!({"name": name, "id": subnet(name), "type": "Microsoft.Network/virtualNetworks/subnets", "properties": properties})
    };
    let subnets = json!([
        part("GatewaySubnet", format!("172.16.{base}.0/26"), &gateways, None),
        part("AzureBastionSubnet", format!("172.16.{base}.64/26"), &[bastion], Some(&bastion_guard)),
        part("AzureFirewallSubnet", format!("172.16.{}.0/26", base + 1), &[firewall], None),
        part("snet-dns", format!("172.16.{}.0/26", base + 2), &[], Some(&guard)),
    ]);
    let properties = json!({
        "provisioningState": "Succeeded",
        "resourceGuid": draft.rng.guid(),
        "addressSpace": {"addressPrefixes": [format!("172.16.{base}.0/22")]},
        "subnets": subnets,
        "virtualNetworkPeerings": peerings(draft, region, &network),
        "enableDdosProtection": true,
        "ddosProtectionPlan": {"id": draft.plan.ddos_plan_id()},
    });
    let name = format!("vnet-hub-{short}");
    let id = draft.add(
        Resource::new("Microsoft.Network/virtualNetworks", &group, &name, properties).location(location),
    );
    draft.watch(&id, &["VMProtectionAlerts"]);
    draft.lock(&id, &group);
    let name = format!("NetworkWatcher_{location}");
    let properties = json!({"provisioningState": "Succeeded", "runningOperationIds": []});
    draft.add(
        Resource::new("Microsoft.Network/networkWatchers", "NetworkWatcherRG", &name, properties)
            .location(location),
    );
    draft.log_flows_of(&id, region);
}

/// The peerings with the spokes of the region.
fn peerings(draft: &Draft<'_>, region: usize, network: &str) -> Value {
    let plan = draft.plan;
    plan.subscriptions
        .iter()
        .filter(|spoke| spoke.region == region)
        .filter(|spoke| !matches!(spoke.purpose, Purpose::Connectivity | Purpose::Management))
        .map(|spoke| {
            let name = format!("to-{}", spoke.name);
            json!({"name": name, "id": format!("{network}/virtualNetworkPeerings/{name}"),
                "properties": {"provisioningState": "Succeeded", "peeringState": "Connected",
                    "remoteVirtualNetwork": {"id": plan.spoke_id(spoke)}, "allowVirtualNetworkAccess": true,
                    "allowForwardedTraffic": true, "allowGatewayTransit": true, "useRemoteGateways": false}})
        })
        .collect()
}

/// Adds the firewall; returns its IP configuration.
fn add_firewall(draft: &mut Draft<'_>, region: usize, group: &str, subnet: &str) -> String {
    let (location, _, short) = REGIONS[region];
    let name = format!("afw-hub-{short}");
    let id = draft.id("Microsoft.Network/azureFirewalls", group, &name);
    let configuration = format!("{id}/azureFirewallIpConfigurations/ipconfig");
    let address = draft.add_hub_address(group, &format!("pip-{name}"), configuration.clone());
    let policy = json!({"provisioningState": "Succeeded", "sku": {"tier": "Premium"}, "threatIntelMode": "Deny",
        "intrusionDetection": {"mode": "Deny"}, "dnsSettings": {"enableProxy": true, "servers": []}, "firewalls": [{"id": id}], "ruleCollectionGroups": []});
    let policy = draft.add(
        Resource::new("Microsoft.Network/firewallPolicies", group, &format!("afwp-{short}"), policy)
            .location(location),
    );
    let properties = json!({
        "provisioningState": "Succeeded", "sku": {"name": "AZFW_VNet", "tier": "Premium"}, "threatIntelMode": "Deny",
        "firewallPolicy": {"id": policy}, "additionalProperties": {}, "applicationRuleCollections": [], "networkRuleCollections": [], "natRuleCollections": [],
        "ipConfigurations": [{"name": "ipconfig", "id": configuration, "type": "Microsoft.Network/azureFirewalls/azureFirewallIpConfigurations",
            "properties": {"provisioningState": "Succeeded", "privateIPAddress": draft.plan.firewall_address(region), "privateIPAllocationMethod": "Dynamic",
                "publicIPAddress": {"id": address}, "subnet": {"id": subnet}}}],
    });
    draft.add(
        Resource::new("Microsoft.Network/azureFirewalls", group, &name, properties)
            .zones(&["1", "2", "3"])
            .location(location),
    );
    draft.watch(
        &id,
        &[
            "AZFWApplicationRule",
            "AZFWNetworkRule",
            "AZFWNatRule",
            "AZFWThreatIntel",
            "AZFWIdpsSignature",
            "AZFWDnsQuery",
        ],
    );
    configuration
}

/// Adds the bastion; returns its IP configuration.
fn add_bastion(draft: &mut Draft<'_>, region: usize, group: &str, subnet: &str) -> String {
    let (location, _, short) = REGIONS[region];
    let name = format!("bas-hub-{short}");
    let id = draft.id("Microsoft.Network/bastionHosts", group, &name);
    let configuration = format!("{id}/bastionHostIpConfigurations/ipconfig");
    let address = draft.add_hub_address(group, &format!("pip-{name}"), configuration.clone());
    let properties = json!({
        "provisioningState": "Succeeded", "dnsName": format!("bst-{}.bastion.azure.com", draft.rng.guid()), "scaleUnits": 2,
        "enableTunneling": true, "enableIpConnect": true, "enableShareableLink": false, "disableCopyPaste": false,
        "ipConfigurations": [{"name": "ipconfig", "id": configuration, "type": "Microsoft.Network/bastionHosts/bastionHostIpConfigurations",
            "properties": {"provisioningState": "Succeeded", "privateIPAllocationMethod": "Dynamic", "publicIPAddress": {"id": address}, "subnet": {"id": subnet}}}],
    });
    draft.add(
        Resource::new("Microsoft.Network/bastionHosts", group, &name, properties)
            .sku(json!({"name": "Standard"}))
            .location(location),
    );
    draft.watch(&id, &["BastionAuditLogs"]);
    configuration
}

/// Adds the VPN gateway with its connection to the data centre; returns its IP configurations.
fn add_vpn_gateway(draft: &mut Draft<'_>, region: usize, group: &str, subnet: &str) -> Vec<String> {
    let (location, _, short) = REGIONS[region];
    let name = format!("vgw-hub-{short}");
    let id = draft.id("Microsoft.Network/virtualNetworkGateways", group, &name);
    let mut configurations = Vec::new();
    let mut values = Vec::new();
    for number in 1..=2 {
        let configuration = format!("{id}/ipConfigurations/ipconfig{number}");
        let address = draft.add_hub_address(group, &format!("pip-{name}-{number}"), configuration.clone());
        values.push(json!({"name": format!("ipconfig{number}"), "id": configuration,
            "properties": {"provisioningState": "Succeeded", "privateIPAllocationMethod": "Dynamic",
                "publicIPAddress": {"id": address}, "subnet": {"id": subnet}}}));
        configurations.push(configuration);
    }
    let properties = json!({
        "provisioningState": "Succeeded", "resourceGuid": draft.rng.guid(), "gatewayType": "Vpn", "vpnType": "RouteBased", "vpnGatewayGeneration": "Generation2",
        "activeActive": true, "enableBgp": true, "enablePrivateIpAddress": false, "allowRemoteVnetTraffic": true,
        "sku": {"name": "VpnGw2AZ", "tier": "VpnGw2AZ", "capacity": 2}, "bgpSettings": {"asn": 65_515, "peerWeight": 0},
        "ipConfigurations": values, "natRules": [], "virtualNetworkGatewayPolicyGroups": [],
    });
    draft.add(
        Resource::new("Microsoft.Network/virtualNetworkGateways", group, &name, properties)
            .location(location),
    );
    draft.watch_gateway(&id);
    let local = json!({"provisioningState": "Succeeded", "resourceGuid": draft.rng.guid(), "gatewayIpAddress": draft.next_address(),
        "localNetworkAddressSpace": {"addressPrefixes": ["192.168.0.0/16"]}, "bgpSettings": {"asn": 64_700, "bgpPeeringAddress": "192.168.255.1", "peerWeight": 0}});
    let local = draft.add(
        Resource::new(
            "Microsoft.Network/localNetworkGateways",
            group,
            &format!("lgw-datacentre-{short}"),
            local,
        )
        .location(location),
    );
    let connection = json!({"provisioningState": "Succeeded", "resourceGuid": draft.rng.guid(), "connectionType": "IPsec", "connectionProtocol": "IKEv2",
        "connectionStatus": "Connected", "enableBgp": true, "usePolicyBasedTrafficSelectors": false, "routingWeight": 10, "dpdTimeoutSeconds": 45,
        "ipsecPolicies": [{"saLifeTimeSeconds": 27_000, "saDataSizeKilobytes": 102_400_000, "ipsecEncryption": "GCMAES256", "ipsecIntegrity": "GCMAES256",
            "ikeEncryption": "AES256", "ikeIntegrity": "SHA384", "dhGroup": "DHGroup24", "pfsGroup": "PFS24"}],
        "virtualNetworkGateway1": {"id": id}, "localNetworkGateway2": {"id": local}, "ingressBytesTransferred": 0, "egressBytesTransferred": 0});
    draft.add(
        Resource::new("Microsoft.Network/connections", group, &format!("con-datacentre-{short}"), connection)
            .location(location),
    );
    configurations
}
