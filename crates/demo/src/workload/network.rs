//! Virtual networks, subnets, interfaces and public addresses.

use serde_json::{Value, json};

use super::draft::{Draft, Resource};
use crate::flaws::Kind;
use crate::plan::{Plan, Purpose};

/// Group that holds the network of a workload subscription.
pub(crate) const NETWORK_GROUP: &str = "rg-network";

/// The virtual network of the draft: written last, when it is known what stands in its subnets.
pub(crate) struct Network {
    pub(crate) id: String,
    /// First two numbers of the addresses and the first third number: `10.4.16`.
    base: (u8, u8, u8),
    /// Whether the network has the company's DDoS protection plan.
    pub(crate) protected: bool,
    pub(crate) subnets: Vec<Subnet>,
}

/// A subnet of 64 addresses.
pub(crate) struct Subnet {
    pub(crate) name: String,
    pub(crate) group: Option<String>,
    pub(crate) routes: Option<String>,
    pub(crate) delegation: Option<&'static str>,
    pub(crate) ip_configurations: Vec<String>,
    pub(crate) private_endpoints: Vec<String>,
    next_host: usize,
}

/// How a public address is protected from floods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protection {
    /// By its own plan.
    Own,
    /// By the plan of its network, said or unsaid.
    Inherited,
}

/// What a public address belongs to.
#[derive(Clone, Debug)]
pub(crate) enum Association {
    /// An IP configuration or a frontend, by id.
    Configuration(String),
    Nothing,
}

impl Network {
    pub(crate) fn new(plan: &Plan, index: usize, protected: bool) -> Self {
        let subscription = &plan.subscriptions[index];
        let slot = index % 4_096;
        Self {
            id: plan.spoke_id(subscription),
            base: (10, (slot / 16) as u8, (slot % 16 * 16) as u8),
            protected: protected && subscription.purpose != Purpose::Sandbox,
            subnets: Vec::new(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.id.rsplit('/').next().unwrap_or(&self.id)
    }

    pub(crate) fn subnet_id(&self, subnet: usize) -> String {
        format!("{}/subnets/{}", self.id, self.subnets[subnet].name)
    }

    pub(crate) fn prefix(&self, subnet: usize) -> String {
        let (a, b, c) = self.base;
        format!("{a}.{b}.{}.{}/26", usize::from(c) + subnet / 4, subnet % 4 * 64)
    }

    /// How many more subnets fit.
    pub(crate) fn free_subnets(&self) -> usize {
        64 - self.subnets.len()
    }

    /// Opens a subnet; its group and routes are set by whoever opens it.
    pub(crate) fn open_subnet(&mut self, name: impl Into<String>) -> usize {
        self.subnets.push(Subnet {
            name: name.into(),
            group: None,
            routes: None,
            delegation: None,
            ip_configurations: Vec::new(),
            private_endpoints: Vec::new(),
            next_host: 4,
        });
        self.subnets.len() - 1
    }

    /// The next free address of a subnet.
    pub(crate) fn next_host(&mut self, subnet: usize) -> String {
        let (a, b, c) = self.base;
        let host = self.subnets[subnet].next_host;
        self.subnets[subnet].next_host = (host + 1).min(62);
        format!("{a}.{b}.{}.{}", usize::from(c) + subnet / 4, subnet % 4 * 64 + host)
    }
}

impl Draft<'_> {
    /// Adds the virtual network with its subnets, the flow log and the setting that belong to it.
    pub(crate) fn add_network(&mut self) {
        let plan = self.plan;
        let subnets: Vec<Value> = (0..self.network.subnets.len()).map(|subnet| self.subnet(subnet)).collect();
        let (a, b, c) = self.network.base;
        let hub = plan.hub_id(self.subscription.region);
        let hub_base = plan.hub_base(self.subscription.region);
        let peering = format!("{}/virtualNetworkPeerings/to-hub", self.network.id);
        let mut properties = json!({
            "provisioningState": "Succeeded",
            "resourceGuid": self.rng.guid(),
            "addressSpace": {"addressPrefixes": [format!("{a}.{b}.{c}.0/20")]},
            "dhcpOptions": {"dnsServers": [format!("172.16.{}.4", hub_base + 2)]},
            "subnets": subnets,
            "virtualNetworkPeerings": [{
                "name": "to-hub",
                "id": peering,
                "type": "Microsoft.Network/virtualNetworks/virtualNetworkPeerings",
                "properties": {
                    "provisioningState": "Succeeded",
                    "peeringState": "Connected",
                    "peeringSyncLevel": "FullyInSync",
                    "remoteVirtualNetwork": {"id": hub},
                    "allowVirtualNetworkAccess": true,
                    "allowForwardedTraffic": true,
                    "allowGatewayTransit": false,
                    "useRemoteGateways": true,
                    "remoteAddressSpace": {"addressPrefixes": [format!("172.16.{hub_base}.0/22")]}
                }
            }],
            "enableDdosProtection": self.network.protected,
        });
        if self.network.protected {
            properties["ddosProtectionPlan"] = json!({"id": plan.ddos_plan_id()});
        }
        let name = self.network.name().to_owned();
        let id =
            self.add(Resource::new("Microsoft.Network/virtualNetworks", NETWORK_GROUP, &name, properties));
        self.watch(&id, &["VMProtectionAlerts"]);
        self.log_flows_of_network(&id);
    }

    fn subnet(&self, index: usize) -> Value {
        let subnet = &self.network.subnets[index];
        let mut properties = json!({
            "provisioningState": "Succeeded",
            "addressPrefix": self.network.prefix(index),
            "serviceEndpoints": [],
            "delegations": [],
            "privateEndpointNetworkPolicies": "Disabled",
            "privateLinkServiceNetworkPolicies": "Enabled",
        });
        if let Some(group) = &subnet.group {
            properties["networkSecurityGroup"] = json!({"id": group});
        }
        if let Some(routes) = &subnet.routes {
            properties["routeTable"] = json!({"id": routes});
        }
        if let Some(service) = subnet.delegation {
            properties["delegations"] = json!([{"name": "delegation", "type": "Microsoft.Network/virtualNetworks/subnets/delegations",
                "properties": {"provisioningState": "Succeeded", "serviceName": service,
                    "actions": ["Microsoft.Network/virtualNetworks/subnets/action"]}}]);
        }
        if !subnet.ip_configurations.is_empty() {
            properties["ipConfigurations"] =
                subnet.ip_configurations.iter().map(|id| json!({"id": id})).collect();
        }
        if !subnet.private_endpoints.is_empty() {
            properties["privateEndpoints"] =
                subnet.private_endpoints.iter().map(|id| json!({"id": id})).collect();
            properties["serviceEndpoints"] = json!([{"provisioningState": "Succeeded", "service": "Microsoft.Storage", "locations": ["*"]}]);
        }
        json!({"name": subnet.name, "id": self.network.subnet_id(index),
            "type": "Microsoft.Network/virtualNetworks/subnets", "properties": properties})
    }

    /// Adds a standard public address. `inherits` says whether its network can be found from its association, so
    /// that it may rely on the network's plan.
    pub(crate) fn add_public_address(
        &mut self,
        group: &str,
        name: &str,
        association: &Association,
        inherits: bool,
    ) -> String {
        let id = self.id("Microsoft.Network/publicIPAddresses", group, name);
        let associated = !matches!(association, Association::Nothing);
        let mode = if associated && self.planter.plants(Kind::AddressUnprotected) {
            self.planter.record("DD-4", &id, "$.properties.ddosSettings.protectionMode");
            Some("Disabled")
        } else if associated
            && inherits
            && !self.network.protected
            && self.planter.plants(Kind::AddressInheritsNothing)
        {
            self.planter.record("DD-4", &id, "$.properties.ddosSettings.protectionMode");
            Some("VirtualNetworkInherited")
        } else if !associated {
            Some("Disabled")
        } else if inherits && self.network.protected {
            *self.rng.pick(&[Some("VirtualNetworkInherited"), None, Some("Enabled")])
        } else {
            Some("Enabled")
        };
        self.address_row(group, name, association, mode, "Standard")
    }

    /// Adds a public address of the retired basic kind, which knows no protection of its own.
    pub(crate) fn add_basic_address(&mut self, group: &str, name: &str, association: &Association) -> String {
        let id = self.address_row(group, name, association, Some("VirtualNetworkInherited"), "Basic");
        if !self.network.protected {
            self.planter.record("DD-4", &id, "$.properties.ddosSettings.protectionMode");
        }
        id
    }

    /// Adds a public address of a hub, where the network always has a plan.
    pub(crate) fn add_hub_address(&mut self, group: &str, name: &str, configuration: String) -> String {
        let protection = *self.rng.pick(&[Protection::Own, Protection::Inherited]);
        let mode = if protection == Protection::Own { "Enabled" } else { "VirtualNetworkInherited" };
        self.address_row(group, name, &Association::Configuration(configuration), Some(mode), "Standard")
    }

    fn address_row(
        &mut self,
        group: &str,
        name: &str,
        association: &Association,
        mode: Option<&str>,
        sku: &str,
    ) -> String {
        let address = self.next_address();
        let allocation = if sku == "Basic" { "Dynamic" } else { "Static" };
        let mut properties = json!({
            "provisioningState": "Succeeded",
            "resourceGuid": self.rng.guid(),
            "ipAddress": address,
            "publicIPAddressVersion": "IPv4",
            "publicIPAllocationMethod": allocation,
            "idleTimeoutInMinutes": 4,
            "ipTags": [],
            "dnsSettings": {"domainNameLabel": name, "fqdn": format!("{name}.{}.cloudapp.azure.com", self.subscription.location())},
        });
        if let Some(mode) = mode {
            properties["ddosSettings"] = json!({"protectionMode": mode});
        }
        if let Association::Configuration(id) = association {
            properties["ipConfiguration"] = json!({"id": id});
        }
        let zones: &[&str] = if sku == "Standard" { &["1", "2", "3"] } else { &[] };
        let id = self.add(
            Resource::new("Microsoft.Network/publicIPAddresses", group, name, properties)
                .sku(json!({"name": sku, "tier": "Regional"}))
                .zones(zones),
        );
        self.watch(&id, &["DDoSProtectionNotifications", "DDoSMitigationFlowLogs", "DDoSMitigationReports"]);
        id
    }

    /// The routes of a workload: everything through the firewall of the hub. Added once.
    pub(crate) fn add_routes(&mut self) -> String {
        let name = format!("rt-{}", self.subscription.name);
        let id = self.id("Microsoft.Network/routeTables", NETWORK_GROUP, &name);
        let firewall = self.plan.firewall_address(self.subscription.region);
        let route = |name: &str, prefix: &str, hop: &str| {
            let mut properties = json!({"provisioningState": "Succeeded", "addressPrefix": prefix, "nextHopType": hop, "hasBgpOverride": false});
            if hop == "VirtualAppliance" {
                properties["nextHopIpAddress"] = json!(firewall);
            }
            json!({"name": name, "id": format!("{id}/routes/{name}"), "type": "Microsoft.Network/routeTables/routes", "properties": properties})
        };
        let subnets: Vec<Value> = (0..self.network.subnets.len())
            .filter(|&subnet| self.network.subnets[subnet].routes.as_deref() == Some(&id))
            .map(|subnet| json!({"id": self.network.subnet_id(subnet)}))
            .collect();
        let properties = json!({
            "provisioningState": "Succeeded",
            "resourceGuid": self.rng.guid(),
            "disableBgpRoutePropagation": true,
            "routes": [
                route("default-through-firewall", "0.0.0.0/0", "VirtualAppliance"),
                route("company-through-firewall", "10.0.0.0/8", "VirtualAppliance"),
                route("own-network", &self.network.prefix(0), "VnetLocal"),
            ],
            "subnets": subnets,
        });
        self.add(Resource::new("Microsoft.Network/routeTables", NETWORK_GROUP, &name, properties))
    }

    /// The id that [`Self::add_routes`] will have.
    pub(crate) fn routes_id(&self) -> String {
        self.id("Microsoft.Network/routeTables", NETWORK_GROUP, &format!("rt-{}", self.subscription.name))
    }
}
