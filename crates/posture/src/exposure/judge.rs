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

impl Network {
    /// Decides whether internet clients reach `port` of the machine behind `entrance`, which must lead to it
    /// ([`Entrance::ports`]).
    pub fn judge<'n>(&'n self, entrance: &Entrance<'n>, protocol: Protocol, port: u16) -> Outcome<'n> {
        let configuration = entrance.configuration;
        let mut missing = Vec::new();
        let subnet = configuration.subnet.as_ref().and_then(|reference| {
            let found = self.subnets.get(&reference.key);
            if found.is_none() {
                missing.push(reference.id.clone());
            }
            found
        });
        let target = Target {
            address: configuration.private,
            within: subnet.map_or(&[], |subnet| &subnet.ranges),
            application_groups: &configuration.application_groups,
            v6: configuration.v6,
        };
        let mut reach = match self.returning(subnet, configuration.v6, &mut missing) {
            Ok(reach) => reach,
            Err(by) => return Outcome::Closed { by },
        };
        let layers = [
            ("subnet", subnet.and_then(|subnet| subnet.group.as_ref())),
            ("network interface", entrance.interface.group.as_ref()),
        ];
        let mut hops = Vec::new();
        for (layer, reference) in layers {
            let Some(reference) = reference else { continue };
            let Some(group) = self.group(reference, &mut missing) else { continue };
            let decision =
                group.decide(&reach, protocol, port, &target, self.internet.family(configuration.v6));
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
        let no_group = layers.iter().all(|(_, group)| group.is_none());
        if no_group && missing.is_empty() && entrance.standard == Some(true) {
            return Outcome::Closed { by: "a Standard public address without any security group".to_owned() };
        }
        if no_group && entrance.standard.is_none() {
            missing.extend(entrance.public.map(|public| public.id.clone()));
        }
        if missing.is_empty() { Outcome::Open(Way { hops, reach }) } else { Outcome::Undecided { missing } }
    }

    /// The clients that replies find back to; the table's id if it holds none of the internet.
    fn returning(
        &self,
        subnet: Option<&Subnet>,
        v6: bool,
        missing: &mut Vec<String>,
    ) -> Result<Reach, String> {
        let Some(table) = subnet.and_then(|subnet| subnet.route_table.as_ref()) else {
            return Ok(Reach::Everything);
        };
        match self.routes.get(&table.key).map(|reach| &reach[usize::from(v6)]) {
            None => {
                missing.push(table.id.clone());
                Ok(Reach::Everything)
            }
            Some(reach) if reach.is_wide() => Ok(reach.clone()),
            Some(_) => Err(table.id.clone()),
        }
    }

    fn group(&self, reference: &Reference, missing: &mut Vec<String>) -> Option<&SecurityGroup> {
        let group = self.groups.get(&reference.key).filter(|group| group.complete);
        if group.is_none() {
            missing.push(reference.id.clone());
        }
        group
    }
}
