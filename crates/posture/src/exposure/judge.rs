//! Whether an internet client gets through an entrance to a port of the machine.

use super::group::{Rule, SecurityGroup, Target};
use super::interface::Reference;
use super::network::{Entrance, Network, Subnet};
use super::ports::{PortRange, Protocol};
use super::sources::Reach;

/// A security group on the way and the rule that lets clients through.
#[derive(Clone, Debug)]
pub struct Hop<'n> {
    /// Where the group stands: `subnet` or `network interface`.
    pub layer: &'static str,
    /// The group.
    pub group: &'n SecurityGroup,
    /// The rule.
    pub rule: &'n Rule,
}

/// An open way.
#[derive(Clone, Debug)]
pub struct Way<'n> {
    /// The groups passed, in order; empty when there is none.
    pub hops: Vec<Hop<'n>>,
    /// The clients that get through.
    pub reach: Reach,
}

/// What was decided for an entrance and a port.
#[derive(Clone, Debug)]
pub enum Outcome<'n> {
    /// The internet gets through.
    Open(Way<'n>),
    /// It does not.
    Closed {
        /// What closes the way: a rule, a group's default rule, a route table, the address itself.
        by: String,
    },
    /// Documents that could close the way are not in the estate.
    Undecided {
        /// Their ids as written where they are mentioned.
        missing: Vec<String>,
    },
}

impl Entrance<'_> {
    /// The machine ports that the entrance leads to for a protocol.
    pub fn ports(&self, protocol: Protocol) -> Option<PortRange> {
        match self.mapping {
            None => Some(PortRange::ALL),
            Some(mapping) => mapping.carries(protocol).then_some(mapping.backend_ports),
        }
    }
}

/// What stands between the internet and one ip configuration, looked up once for all of its ports.
#[derive(Debug)]
pub struct Gate<'n> {
    network: &'n Network,
    target: Target<'n>,
    /// The clients that replies find back to, or the route table that leaves none.
    returning: Result<&'n Reach, &'n str>,
    /// The groups that are known, in the order in which traffic meets them.
    groups: Vec<(&'static str, &'n SecurityGroup)>,
    /// Whether neither the subnet nor the interface has a group.
    no_group: bool,
    standard: Option<bool>,
    missing: Vec<&'n str>,
}

impl Network {
    /// Decides whether internet clients reach `port` of the machine behind `entrance`, which must lead to it
    /// ([`Entrance::ports`]). For many ports of one entrance ask its [`Gate`].
    pub fn judge<'n>(&'n self, entrance: &Entrance<'n>, protocol: Protocol, port: u16) -> Outcome<'n> {
        self.gate(entrance).judge(protocol, port)
    }

    /// What stands in the way of an entrance.
    pub fn gate<'n>(&'n self, entrance: &Entrance<'n>) -> Gate<'n> {
        let configuration = entrance.configuration;
        let mut missing = Vec::new();
        let subnet = configuration.subnet.as_ref().and_then(|reference| {
            let found = self.subnets.get(&reference.key);
            if found.is_none() {
                missing.push(reference.id.as_str());
            }
            found
        });
        let returning = self.returning(subnet, configuration.v6, &mut missing);
        let layers = [
            ("subnet", subnet.and_then(|subnet| subnet.group.as_ref())),
            ("network interface", entrance.interface.group.as_ref()),
        ];
        let mut groups = Vec::with_capacity(layers.len());
        for (layer, reference) in layers {
            if let Some(reference) = reference
                && let Some(group) = self.group(reference, &mut missing)
            {
                groups.push((layer, group));
            }
        }
        let no_group = layers.iter().all(|(_, group)| group.is_none());
        if no_group && entrance.standard.is_none() {
            missing.extend(entrance.public.map(|public| public.id.as_str()));
        }
        let target = Target {
            address: configuration.private,
            within: subnet.map_or(&[], |subnet| &subnet.ranges),
            application_groups: &configuration.application_groups,
            v6: configuration.v6,
        };
        Gate { network: self, target, returning, groups, no_group, standard: entrance.standard, missing }
    }

    /// The clients that replies find back to; the table's id if it holds none of the internet.
    fn returning<'n>(
        &'n self,
        subnet: Option<&'n Subnet>,
        v6: bool,
        missing: &mut Vec<&'n str>,
    ) -> Result<&'n Reach, &'n str> {
        let Some(table) = subnet.and_then(|subnet| subnet.route_table.as_ref()) else {
            return Ok(&Reach::Everything);
        };
        match self.routes.get(&table.key).map(|reach| &reach[usize::from(v6)]) {
            None => {
                missing.push(&table.id);
                Ok(&Reach::Everything)
            }
            Some(reach) if reach.is_wide() => Ok(reach),
            Some(_) => Err(&table.id),
        }
    }

    fn group<'n>(
        &'n self,
        reference: &'n Reference,
        missing: &mut Vec<&'n str>,
    ) -> Option<&'n SecurityGroup> {
        let group = self.groups.get(&reference.key).filter(|group| group.complete);
        if group.is_none() {
            missing.push(&reference.id);
        }
        group
    }
}

impl<'n> Gate<'n> {
    /// Decides whether internet clients get through to a port.
    pub fn judge(&self, protocol: Protocol, port: u16) -> Outcome<'n> {
        let internet = self.network.internet.family(self.target.v6);
        let mut reach = match self.returning {
            Ok(reach) => reach.clone(),
            Err(table) => return Outcome::Closed { by: table.to_owned() },
        };
        let mut hops = Vec::new();
        for (layer, group) in &self.groups {
            let decision = group.decide(&reach, protocol, port, &self.target, internet);
            if !decision.allowed.is_wide() {
                let by = match decision.deny {
                    Some(rule) => rule.id.clone(),
                    None => format!("{}/defaultSecurityRules/DenyAllInBound", group.id),
                };
                return Outcome::Closed { by };
            }
            if let Some(rule) = decision.allow {
                hops.push(Hop { layer, group, rule });
            }
            reach = decision.allowed;
        }
        if !self.missing.is_empty() {
            return Outcome::Undecided { missing: self.missing.iter().map(|id| (*id).to_owned()).collect() };
        }
        if self.no_group && self.standard == Some(true) {
            return Outcome::Closed { by: "a Standard public address without any security group".to_owned() };
        }
        Outcome::Open(Way { hops, reach })
    }
}
