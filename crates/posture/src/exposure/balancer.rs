//! Load balancers: which frontend port of which public address leads to which port of which pool.

use azimuth_ids::{eq_fold, fold};
use serde::Deserialize;

use super::interface::Reference;
use super::ports::{PortRange, Protocol};
use crate::body::{Arm, Ref, Text, or_default};

/// A public frontend of a load balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frontend {
    /// The public address, or the prefix that the address is taken from.
    pub public: Reference,
    /// Whether it is a prefix; addresses of prefixes are Standard.
    pub prefix: bool,
}

/// A load-balancing rule, NAT rule or NAT pool at a public frontend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Id of the rule as people write it.
    pub id: String,
    /// The public frontend.
    pub frontend: Frontend,
    /// Whether TCP is mapped.
    pub tcp: bool,
    /// Whether UDP is mapped.
    pub udp: bool,
    /// Ports at the public address.
    pub frontend_ports: PortRange,
    /// Ports at the machine.
    pub backend_ports: PortRange,
}

impl Mapping {
    /// Whether the mapping carries the protocol.
    pub fn carries(&self, protocol: Protocol) -> bool {
        match protocol {
            Protocol::Tcp => self.tcp,
            Protocol::Udp => self.udp,
        }
    }
}

/// A load balancer's public mappings and its own lists of pool members.
#[derive(Debug, Default)]
pub(super) struct Balancer {
    /// Each mapping under the folded id of what it leads to: a backend pool, an ip configuration, or the NAT
    /// rule or NAT pool itself, which ip configurations name.
    pub(super) mappings: Vec<(String, Mapping)>,
    /// `(folded ip configuration, pool)`.
    pub(super) members: Vec<(String, String)>,
    /// `(private address, folded network or empty, pool)`.
    pub(super) addresses: Vec<(std::net::IpAddr, String, String)>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BalancerShape<'a> {
    #[serde(
        borrow,
        default,
        alias = "frontendIPConfigurations",
        alias = "frontendIpConfigurations",
        deserialize_with = "or_default"
    )]
    frontend: Vec<Arm<'a, FrontendShape<'a>>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    load_balancing_rules: Vec<Arm<'a, RuleShape<'a>>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    inbound_nat_rules: Vec<Arm<'a, RuleShape<'a>>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    inbound_nat_pools: Vec<Arm<'a, RuleShape<'a>>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    backend_address_pools: Vec<Arm<'a, PoolShape<'a>>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FrontendShape<'a> {
    #[serde(borrow, default, alias = "publicIPAddress", deserialize_with = "or_default")]
    public_ip_address: Ref<'a>,
    #[serde(borrow, default, alias = "publicIPPrefix", deserialize_with = "or_default")]
    public_ip_prefix: Ref<'a>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RuleShape<'a> {
    #[serde(
        borrow,
        default,
        alias = "frontendIPConfiguration",
        alias = "frontendIpConfiguration",
        deserialize_with = "or_default"
    )]
    frontend: Ref<'a>,
    #[serde(borrow, default)]
    protocol: Text<'a>,
    #[serde(borrow, default)]
    frontend_port: Text<'a>,
    #[serde(borrow, default)]
    frontend_port_range_start: Text<'a>,
    #[serde(borrow, default)]
    frontend_port_range_end: Text<'a>,
    #[serde(borrow, default)]
    backend_port: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    backend_address_pool: Ref<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    backend_address_pools: Vec<Ref<'a>>,
    #[serde(
        borrow,
        default,
        alias = "backendIPConfiguration",
        alias = "backendIpConfiguration",
        deserialize_with = "or_default"
    )]
    backend: Ref<'a>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PoolShape<'a> {
    #[serde(
        borrow,
        default,
        alias = "backendIPConfigurations",
        alias = "backendIpConfigurations",
        deserialize_with = "or_default"
    )]
    members: Vec<Ref<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    load_balancer_backend_addresses: Vec<Arm<'a, AddressShape<'a>>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    virtual_network: Ref<'a>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AddressShape<'a> {
    #[serde(borrow, default)]
    ip_address: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    virtual_network: Ref<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    subnet: Ref<'a>,
    #[serde(borrow, default, alias = "networkInterfaceIPConfiguration", deserialize_with = "or_default")]
    network_interface_ip_configuration: Ref<'a>,
}

/// The id of a child, from its own `id` or from the parent's and the child's name.
fn child_id<T>(parent: &str, kind: &str, child: &Arm<'_, T>) -> String {
    if child.id.starts_with('/') { child.id.to_string() } else { format!("{parent}/{kind}/{}", &*child.name) }
}

/// A port; 0 stands for all ports (high-availability ports), as does what cannot be read.
fn ports(text: &Text<'_>) -> PortRange {
    match text.parse::<u16>() {
        Ok(0) | Err(_) => PortRange::ALL,
        Ok(port) => PortRange::one(port),
    }
}

pub(super) fn read(id: &str, shape: &BalancerShape<'_>) -> Balancer {
    let mut balancer = Balancer::default();
    let frontends: Vec<(String, Frontend)> = shape
        .frontend
        .iter()
        .filter_map(|frontend| {
            let key = fold(&child_id(id, "frontendIPConfigurations", frontend)).into_owned();
            let address = Reference::new(&frontend.properties.public_ip_address.id);
            let prefix = address.is_none();
            let public = address.or_else(|| Reference::new(&frontend.properties.public_ip_prefix.id))?;
            Some((key, Frontend { public, prefix }))
        })
        .collect();
    let kinds = [
        ("loadBalancingRules", &shape.load_balancing_rules),
        ("inboundNatRules", &shape.inbound_nat_rules),
        ("inboundNatPools", &shape.inbound_nat_pools),
    ];
    for (kind, rules) in kinds {
        for rule in rules {
            let members = &rule.properties;
            let Some((_, frontend)) = frontends.iter().find(|(key, _)| eq_fold(key, &members.frontend.id))
            else {
                continue;
            };
            // `All`, and what is not known: it must not hide a way.
            let any = !(members.protocol.is("Tcp") || members.protocol.is("Udp"));
            let start: Option<u16> = members.frontend_port_range_start.parse().ok().filter(|port| *port != 0);
            let frontend_ports = match start {
                Some(start) => {
                    PortRange { start, end: members.frontend_port_range_end.parse().unwrap_or(start) }
                }
                None => ports(&members.frontend_port),
            };
            let rule_id = child_id(id, kind, rule);
            let mapping = Mapping {
                id: rule_id.clone(),
                frontend: frontend.clone(),
                tcp: any || members.protocol.is("Tcp"),
                udp: any || members.protocol.is("Udp"),
                frontend_ports,
                backend_ports: ports(&members.backend_port),
            };
            for lead in leads(kind, &rule_id, members) {
                balancer.mappings.push((lead, mapping.clone()));
            }
        }
    }
    for pool in &shape.backend_address_pools {
        let key = fold(&child_id(id, "backendAddressPools", pool)).into_owned();
        for member in &pool.properties.members {
            balancer.members.push((fold(&member.id).into_owned(), key.clone()));
        }
        for address in &pool.properties.load_balancer_backend_addresses {
            let members = &address.properties;
            if !members.network_interface_ip_configuration.id.is_empty() {
                let member = fold(&members.network_interface_ip_configuration.id).into_owned();
                balancer.members.push((member, key.clone()));
            } else if let Ok(at) = members.ip_address.parse() {
                let subnet = fold(&members.subnet.id);
                let network = [&members.virtual_network.id, &pool.properties.virtual_network.id]
                    .into_iter()
                    .find(|id| !id.is_empty())
                    .map(|id| fold(id).into_owned())
                    .or_else(|| subnet.split_once("/subnets/").map(|(network, _)| network.to_owned()))
                    .unwrap_or_default();
                balancer.addresses.push((at, network, key.clone()));
            }
        }
    }
    balancer
}

fn leads(kind: &str, rule: &str, members: &RuleShape<'_>) -> Vec<String> {
    let mut leads: Vec<String> = std::iter::once(&members.backend_address_pool)
        .chain(&members.backend_address_pools)
        .filter(|pool| !pool.id.is_empty())
        .map(|pool| fold(&pool.id).into_owned())
        .collect();
    leads.dedup();
    if kind != "loadBalancingRules" {
        leads.push(fold(rule).into_owned());
        if !members.backend.id.is_empty() {
            leads.push(fold(&members.backend.id).into_owned());
        }
    }
    leads
}
