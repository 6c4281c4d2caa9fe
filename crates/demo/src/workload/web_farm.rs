//! Machines behind a load balancer.

use serde_json::{Value, json};

use super::draft::{Draft, Resource};
use super::machine::{Machine, ip_configuration_id};
use super::network::Association;
use super::security_group::Rule;
use crate::flaws::Kind;

/// Rows that a farm needs at most.
pub(crate) const ROWS: usize = 16;

/// Where a load balancer listens.
#[derive(Clone, Debug)]
pub(crate) enum Frontend {
    /// At a public address, by id.
    Public(String),
    /// At a private address of a subnet, by id.
    Private { subnet: String, address: String },
}

/// A load balancer with one backend pool.
pub(crate) struct Balancer<'b> {
    pub(crate) group: &'b str,
    pub(crate) name: &'b str,
    pub(crate) frontend: Frontend,
    /// IP configurations in the pool, by id.
    pub(crate) members: &'b [String],
    pub(crate) port: u16,
    /// Ports of the backend that single members are reached at through translation rules.
    pub(crate) translated: Option<u16>,
}

/// Adds two or three machines behind a public load balancer, or machines behind an internal one.
pub(crate) fn add_web_farm(draft: &mut Draft<'_>) {
    let stamp = draft.next_stamp();
    let group = format!("rg-{stamp}-web");
    let internal = draft.rng.chance(1, 4);
    let translates = !internal && draft.planter.plants(Kind::OpenTranslation);
    let count = draft.rng.between(2, 3);
    let names: Vec<String> = (1..=count).map(|number| format!("vm-{stamp}-w{number}")).collect();
    let members: Vec<String> = names.iter().map(|name| ip_configuration_id(draft, &group, name)).collect();

    let mut rules = vec![
        Rule::allow("allow-https", 300, "Internet", &["443"]),
        Rule::allow("allow-probe", 310, "AzureLoadBalancer", &["443"]),
    ];
    // An open port that no load-balancing rule leads to is out of reach; a translation rule makes it a flaw.
    if translates || draft.rng.chance(1, 4) {
        rules.push(Rule::allow("allow-rdp", 320, "Internet", &["3389"]));
    }
    let subnet = draft.open_guarded_subnet(&group, &format!("{stamp}-web"), &rules);
    if translates {
        let guard = draft.network.subnets[subnet].group.clone().unwrap_or_default();
        draft.planter.record(
            "NW-4",
            format!("{guard}/securityRules/allow-rdp"),
            "$.properties.sourceAddressPrefix",
        );
    }

    let name = format!("lb-{stamp}");
    let balancer_id = draft.id("Microsoft.Network/loadBalancers", &group, &name);
    let frontend = if internal {
        Frontend::Private {
            subnet: draft.network.subnet_id(subnet),
            address: draft.network.next_host(subnet),
        }
    } else {
        let association =
            Association::Configuration(format!("{balancer_id}/frontendIPConfigurations/frontend"));
        let address_name = format!("pip-{stamp}-{}", draft.rng.suffix(4));
        Frontend::Public(draft.add_public_address(&group, &address_name, &association, false))
    };
    if internal {
        draft.network.subnets[subnet]
            .ip_configurations
            .push(format!("{balancer_id}/frontendIPConfigurations/frontend"));
    }
    let port = if internal { 1_433 } else { 443 };
    let translated = translates.then_some(3_389);
    draft.add_load_balancer(&Balancer {
        group: &group,
        name: &name,
        frontend,
        members: &members,
        port,
        translated,
    });

    let set = draft.add_availability_set(&group, &format!("avail-{stamp}"), &names);
    for (number, name) in names.iter().enumerate() {
        draft.add_machine(&Machine {
            pools: vec![format!("{balancer_id}/backendAddressPools/pool")],
            translations: translated
                .map(|_| format!("{balancer_id}/inboundNatRules/translate-{number}"))
                .into_iter()
                .collect(),
            availability_set: Some(set.clone()),
            data_disks: 1,
            ..Machine::new(&group, name, subnet)
        });
    }
}

/// Adds one machine without any way in from the internet.
pub(crate) fn add_internal_machine(draft: &mut Draft<'_>) {
    let stamp = draft.next_stamp();
    let group = format!("rg-{stamp}-app");
    let rules = [Rule::allow("allow-app", 300, "VirtualNetwork", &["8443", "22"])];
    let subnet = draft.open_guarded_subnet(&group, &format!("{stamp}-app"), &rules);
    draft.network.subnets[subnet].routes = Some(draft.routes_id());
    let name = format!("vm-{stamp}-app");
    draft.add_machine(&Machine { data_disks: 1, ..Machine::new(&group, &name, subnet) });
}

impl Draft<'_> {
    /// Adds a load balancer and the setting that belongs to it.
    pub(crate) fn add_load_balancer(&mut self, balancer: &Balancer<'_>) -> String {
        let id = self.id("Microsoft.Network/loadBalancers", balancer.group, balancer.name);
        let reference = |kind: &str, name: &str| json!({"id": format!("{id}/{kind}/{name}")});
        let port = balancer.port;
        let mut frontend = json!({
            "provisioningState": "Succeeded",
            "privateIPAllocationMethod": "Dynamic",
            "loadBalancingRules": [reference("loadBalancingRules", "rule")],
        });
        match &balancer.frontend {
            Frontend::Public(address) => frontend["publicIPAddress"] = json!({"id": address}),
            Frontend::Private { subnet, address } => {
                frontend["subnet"] = json!({"id": subnet});
                frontend["privateIPAddress"] = json!(address);
                frontend["privateIPAllocationMethod"] = json!("Static");
            }
        }
        let translations: Vec<Value> = balancer.translated.map_or_else(Vec::new, |backend_port| {
            let rule = |(number, member): (usize, &String)| {
                let name = format!("translate-{number}");
                json!({"name": name, "id": format!("{id}/inboundNatRules/{name}"),
                    "type": "Microsoft.Network/loadBalancers/inboundNatRules",
                    "properties": {"provisioningState": "Succeeded", "protocol": "Tcp", "frontendPort": 50_001 + number,
                        "backendPort": backend_port, "enableFloatingIP": false, "enableTcpReset": true,
                        "idleTimeoutInMinutes": 4,
                        "frontendIPConfiguration": reference("frontendIPConfigurations", "frontend"),
                        "backendIPConfiguration": {"id": member}}})
            };
            balancer.members.iter().enumerate().map(rule).collect()
        });
        if !translations.is_empty() {
            frontend["inboundNatRules"] = translations.iter().map(|rule| json!({"id": rule["id"]})).collect();
        }
        let members: Value = balancer.members.iter().map(|member| json!({"id": member})).collect();
        let properties = json!({
            "provisioningState": "Succeeded",
            "resourceGuid": self.rng.guid(),
            "frontendIPConfigurations": [{"name": "frontend", "id": format!("{id}/frontendIPConfigurations/frontend"),
                "type": "Microsoft.Network/loadBalancers/frontendIPConfigurations", "properties": frontend}],
            "backendAddressPools": [{"name": "pool", "id": format!("{id}/backendAddressPools/pool"),
                "type": "Microsoft.Network/loadBalancers/backendAddressPools",
                "properties": {"provisioningState": "Succeeded", "backendIPConfigurations": members,
                    "loadBalancingRules": [reference("loadBalancingRules", "rule")]}}],
            "loadBalancingRules": [{"name": "rule", "id": format!("{id}/loadBalancingRules/rule"),
                "type": "Microsoft.Network/loadBalancers/loadBalancingRules",
                "properties": {"provisioningState": "Succeeded", "protocol": "Tcp", "frontendPort": port,
                    "backendPort": port, "enableFloatingIP": false, "enableTcpReset": true, "idleTimeoutInMinutes": 4,
                    "loadDistribution": "Default", "disableOutboundSnat": true,
                    "frontendIPConfiguration": reference("frontendIPConfigurations", "frontend"),
                    "backendAddressPool": reference("backendAddressPools", "pool"),
                    "probe": reference("probes", "probe")}}],
            "probes": [{"name": "probe", "id": format!("{id}/probes/probe"), "type": "Microsoft.Network/loadBalancers/probes",
                "properties": {"provisioningState": "Succeeded", "protocol": "Tcp", "port": port, "intervalInSeconds": 15,
                    "numberOfProbes": 2, "probeThreshold": 1,
                    "loadBalancingRules": [reference("loadBalancingRules", "rule")]}}],
            "inboundNatRules": translations,
            "inboundNatPools": [],
            "outboundRules": [],
        });
        self.add(
            Resource::new("Microsoft.Network/loadBalancers", balancer.group, balancer.name, properties)
                .sku(json!({"name": "Standard", "tier": "Regional"})),
        );
        self.watch(&id, &["LoadBalancerHealthEvent"]);
        id
    }
}
