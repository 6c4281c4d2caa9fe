//! Network security groups and their rules.

use serde_json::{Value, json};

use super::draft::{Draft, Resource};

/// Where traffic of a rule comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source<'r> {
    /// A prefix or service tag.
    Prefix(&'r str),
    /// An application security group, by id.
    Group(&'r str),
}

/// A rule of a group.
#[derive(Clone, Debug)]
pub(crate) struct Rule<'r> {
    pub(crate) name: &'r str,
    pub(crate) priority: u32,
    /// `Inbound` or `Outbound`.
    pub(crate) direction: &'static str,
    /// `Allow` or `Deny`.
    pub(crate) access: &'static str,
    /// `Tcp`, `Udp` or `*`.
    pub(crate) protocol: &'static str,
    pub(crate) source: Source<'r>,
    pub(crate) ports: &'r [&'r str],
}

impl<'r> Rule<'r> {
    /// A rule that allows TCP from a prefix or service tag.
    pub(crate) fn allow(name: &'r str, priority: u32, source: &'r str, ports: &'r [&'r str]) -> Self {
        Self {
            name,
            priority,
            direction: "Inbound",
            access: "Allow",
            protocol: "Tcp",
            source: Source::Prefix(source),
            ports,
        }
    }

    /// A rule that denies every protocol from anywhere.
    pub(crate) fn deny(name: &'r str, priority: u32, ports: &'r [&'r str]) -> Self {
        Self { access: "Deny", ..Self::allow(name, priority, "*", ports).protocol("*") }
    }

    pub(crate) fn protocol(mut self, protocol: &'static str) -> Self {
        self.protocol = protocol;
        self
    }

    pub(crate) fn outbound(mut self) -> Self {
        self.direction = "Outbound";
        self
    }

    pub(crate) fn only_from(mut self, id: &'r str) -> Self {
        self.source = Source::Group(id);
        self
    }

    fn value(&self, group_id: &str) -> Value {
        let (port, ports): (Value, &[&str]) = match self.ports {
            [port] => (json!(port), &[]),
            ports => (Value::Null, ports),
        };
        let mut properties = json!({
            "provisioningState": "Succeeded",
            "protocol": self.protocol,
            "sourcePortRange": "*",
            "destinationAddressPrefix": "*",
            "access": self.access,
            "priority": self.priority,
            "direction": self.direction,
            "sourcePortRanges": [],
            "destinationPortRanges": ports,
            "sourceAddressPrefixes": [],
            "destinationAddressPrefixes": [],
        });
        if !port.is_null() {
            properties["destinationPortRange"] = port;
        }
        match self.source {
            Source::Prefix(prefix) => properties["sourceAddressPrefix"] = json!(prefix),
            Source::Group(id) => properties["sourceApplicationSecurityGroups"] = json!([{"id": id}]),
        }
        json!({"name": self.name, "id": format!("{group_id}/securityRules/{}", self.name),
            "type": "Microsoft.Network/networkSecurityGroups/securityRules", "properties": properties})
    }
}

/// The six rules that every group has; `(name, priority, direction, access, source, destination)`.
const DEFAULT_RULES: [(&str, u32, &str, &str, &str, &str); 6] = [
    ("AllowVnetInBound", 65_000, "Inbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowAzureLoadBalancerInBound", 65_001, "Inbound", "Allow", "AzureLoadBalancer", "*"),
    ("DenyAllInBound", 65_500, "Inbound", "Deny", "*", "*"),
    ("AllowVnetOutBound", 65_000, "Outbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowInternetOutBound", 65_001, "Outbound", "Allow", "*", "Internet"),
    ("DenyAllOutBound", 65_500, "Outbound", "Deny", "*", "*"),
];

fn default_rules(group_id: &str) -> Value {
    DEFAULT_RULES
        .iter()
        .map(|(name, priority, direction, access, source, destination)| {
            json!({"name": name, "id": format!("{group_id}/defaultSecurityRules/{name}"),
                "type": "Microsoft.Network/networkSecurityGroups/defaultSecurityRules",
                "properties": {"provisioningState": "Succeeded", "protocol": "*", "sourcePortRange": "*",
                    "destinationPortRange": "*", "sourceAddressPrefix": source,
                    "destinationAddressPrefix": destination, "access": access, "priority": priority,
                    "direction": direction, "sourcePortRanges": [], "destinationPortRanges": [],
                    "sourceAddressPrefixes": [], "destinationAddressPrefixes": []}})
        })
        .collect()
}

impl Draft<'_> {
    /// Adds a group that guards `subnets` and `interfaces` (ids), and the setting that belongs to it.
    pub(crate) fn add_security_group(
        &mut self,
        group: &str,
        name: &str,
        rules: &[Rule<'_>],
        (subnets, interfaces): (&[String], &[String]),
    ) -> String {
        let id = self.id("Microsoft.Network/networkSecurityGroups", group, name);
        let ids = |ids: &[String]| -> Value { ids.iter().map(|id| json!({"id": id})).collect() };
        let mut properties = json!({
            "provisioningState": "Succeeded",
            "resourceGuid": self.rng.guid(),
            "flushConnection": false,
            "securityRules": rules.iter().map(|rule| rule.value(&id)).collect::<Value>(),
            "defaultSecurityRules": default_rules(&id),
        });
        if !subnets.is_empty() {
            properties["subnets"] = ids(subnets);
        }
        if !interfaces.is_empty() {
            properties["networkInterfaces"] = ids(interfaces);
        }
        self.add(Resource::new("Microsoft.Network/networkSecurityGroups", group, name, properties));
        self.watch(&id, &["NetworkSecurityGroupEvent", "NetworkSecurityGroupRuleCounter"]);
        id
    }

    /// Opens a subnet guarded by a group of its own.
    pub(crate) fn open_guarded_subnet(&mut self, group: &str, name: &str, rules: &[Rule<'_>]) -> usize {
        let subnet = self.network.open_subnet(format!("snet-{name}"));
        let subnet_id = self.network.subnet_id(subnet);
        let guard = self.add_security_group(group, &format!("nsg-{name}"), rules, (&[subnet_id], &[]));
        self.network.subnets[subnet].group = Some(guard);
        subnet
    }
}
