//! Security groups: rules in order, the first match decides, and what of the internet they let in.
//!
//! Facts: the vendor's documentation of network security groups (order, augmented rules, default rules,
//! virtual-network and internet tags).

use std::net::IpAddr;

use azimuth_ids::{eq_fold, fold};
use serde::Deserialize;

use super::ports::{PortRange, Protocol};
use super::sources::{Internet, Range, Reach, Sources};
use crate::body::{Arm, Ref, Text, or_default};

/// What a rule does with traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Lets it pass.
    Allow,
    /// Drops it.
    Deny,
}

/// An inbound rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The rule's id as people write it.
    pub id: String,
    /// The rule's name.
    pub name: String,
    /// 100 to 4096, lower first.
    pub priority: u32,
    /// Allow or deny.
    pub access: Access,
    /// The source as written: one prefix, a list, or names of application security groups.
    pub source: Vec<String>,
    tcp: bool,
    udp: bool,
    /// The clients that the source names, by family.
    reach: [Reach; 2],
    destination: Destinations,
    ports: Vec<PortRange>,
    /// Whether every source port matches. A client chooses its port, so only such a deny holds.
    any_source_port: bool,
}

#[derive(Clone, Debug, Default)]
struct Destinations {
    v4: bool,
    v6: bool,
    ranges: Vec<Range>,
    application_groups: Vec<Box<str>>,
}

/// A security group's inbound rules, in order.
#[derive(Clone, Debug)]
pub struct SecurityGroup {
    /// The group's id as people write it.
    pub id: String,
    rules: Vec<Rule>,
    /// Whether the rules were in the document; a group without them cannot be judged.
    pub complete: bool,
}

/// What a group decides for the internet clients that arrive.
#[derive(Clone, Debug)]
pub struct GroupDecision<'a> {
    /// The clients that get through.
    pub allowed: Reach,
    /// The rule that lets most of them through; `None` if none gets through.
    pub allow: Option<&'a Rule>,
    /// The rule that stops the first of them; `None` for the default rule `DenyAllInBound`.
    pub deny: Option<&'a Rule>,
}

/// Where traffic arrives inside the network.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Target<'a> {
    /// The private address, if it is known.
    pub(super) address: Option<IpAddr>,
    /// The ranges of the subnet, for addresses that are not known.
    pub(super) within: &'a [Range],
    /// Folded ids of the application security groups.
    pub(super) application_groups: &'a [String],
    /// Whether the address is IPv6.
    pub(super) v6: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Match {
    Yes,
    No,
    Perhaps,
}

/// The members of a rule.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RuleShape<'a> {
    #[serde(borrow, default)]
    priority: Text<'a>,
    #[serde(borrow, default)]
    direction: Text<'a>,
    #[serde(borrow, default)]
    access: Text<'a>,
    #[serde(borrow, default)]
    protocol: Text<'a>,
    #[serde(borrow, default)]
    source_address_prefix: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    source_address_prefixes: Vec<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    source_application_security_groups: Vec<Ref<'a>>,
    #[serde(borrow, default)]
    destination_address_prefix: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    destination_address_prefixes: Vec<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    destination_application_security_groups: Vec<Ref<'a>>,
    #[serde(borrow, default)]
    source_port_range: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    source_port_ranges: Vec<Text<'a>>,
    #[serde(borrow, default)]
    destination_port_range: Text<'a>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    destination_port_ranges: Vec<Text<'a>>,
}

/// The members of a group, or of a reference that carries the group inline.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroupShape<'a> {
    #[serde(borrow, default)]
    pub(super) security_rules: Option<Vec<Arm<'a, RuleShape<'a>>>>,
}

fn listed<'s>(one: &'s Text<'_>, many: &'s [Text<'_>]) -> impl Iterator<Item = &'s str> {
    std::iter::once(&**one)
        .chain(many.iter().map(|text| &**text))
        .flat_map(|text| text.split(','))
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

fn port_ranges(one: &Text<'_>, many: &[Text<'_>], unreadable: Option<PortRange>) -> Vec<PortRange> {
    listed(one, many).filter_map(|text| PortRange::parse(text).or(unreadable)).collect()
}

impl Rule {
    /// The inbound rule of a document, or `None` for an outbound one.
    pub(super) fn read(group: &str, shape: &Arm<'_, RuleShape<'_>>, internet: &Internet) -> Option<Self> {
        let rule = &shape.properties;
        if rule.direction.is("Outbound") {
            return None;
        }
        let access = if rule.access.is("Deny") { Access::Deny } else { Access::Allow };
        // A port text that cannot be read must not hide an opening: it opens everything and closes nothing.
        let unreadable = (access == Access::Allow).then_some(PortRange::ALL);
        let ports = port_ranges(&rule.destination_port_range, &rule.destination_port_ranges, unreadable);
        let source_ports = port_ranges(&rule.source_port_range, &rule.source_port_ranges, unreadable);
        let mut source: Vec<String> =
            listed(&rule.source_address_prefix, &rule.source_address_prefixes).map(str::to_owned).collect();
        let reach = internet.each(|v6, family| reach_of(&source, v6, family));
        source.extend(rule.source_application_security_groups.iter().map(|group| group.id.to_string()));
        let (tcp, udp) = protocols(&rule.protocol, access);
        let id = if shape.id.starts_with('/') {
            shape.id.to_string()
        } else {
            format!("{group}/securityRules/{}", &*shape.name)
        };
        Some(Self {
            id,
            name: shape.name.to_string(),
            priority: rule.priority.parse().unwrap_or(u32::MAX),
            access,
            source,
            tcp,
            udp,
            reach,
            destination: Destinations::read(rule),
            ports,
            any_source_port: source_ports.is_empty() || source_ports.contains(&PortRange::ALL),
        })
    }

    fn applies(&self, protocol: Protocol, port: u16, target: &Target<'_>) -> bool {
        let protocol = match protocol {
            Protocol::Tcp => self.tcp,
            Protocol::Udp => self.udp,
        };
        if !protocol || !self.ports.iter().any(|range| range.contains(port)) {
            return false;
        }
        match (self.access, self.destination.matches(target)) {
            (_, Match::No) => false,
            // What may or may not match opens but does not close.
            (Access::Allow, _) => true,
            (Access::Deny, found) => found == Match::Yes && self.any_source_port,
        }
    }
}

/// Whether a rule is about TCP and about UDP. A protocol text that is not known must not hide an opening: it opens
/// both and closes neither.
fn protocols(protocol: &Text<'_>, access: Access) -> (bool, bool) {
    let is = |known: &str| protocol.is(known);
    if is("*") {
        (true, true)
    } else if is("Tcp") || is("Udp") {
        (is("Tcp"), is("Udp"))
    } else if is("Icmp") || is("Esp") || is("Ah") {
        (false, false)
    } else {
        let opens = access == Access::Allow;
        (opens, opens)
    }
}

/// The internet clients of one family that a rule's source names. Tags that name networks inside Azure or on premises, and
/// services, hold no arbitrary client; `AzureCloud` does, for anyone may rent a machine there.
fn reach_of(source: &[String], v6: bool, internet: &Sources) -> Reach {
    for text in source {
        if text == "*" || eq_fold(text, "Internet") || eq_fold(text, "Any") {
            return Reach::Everything;
        }
        let tag = fold(text);
        if tag == "azurecloud" || tag.starts_with("azurecloud.") {
            return Reach::Everything;
        }
    }
    Reach::of(&Sources::of(source.iter().map(String::as_str), v6), internet)
}

impl Destinations {
    fn read(rule: &RuleShape<'_>) -> Self {
        let mut destinations = Self {
            application_groups: rule
                .destination_application_security_groups
                .iter()
                .map(|group| fold(&group.id).into())
                .collect(),
            ..Self::default()
        };
        for text in listed(&rule.destination_address_prefix, &rule.destination_address_prefixes) {
            match text {
                "*" => (destinations.v4, destinations.v6) = (true, true),
                "0.0.0.0/0" => destinations.v4 = true,
                "::/0" => destinations.v6 = true,
                // The machine is inside its network whatever the network's ranges are.
                tag if eq_fold(tag, "VirtualNetwork") || eq_fold(tag, "Any") => {
                    (destinations.v4, destinations.v6) = (true, true);
                }
                range => destinations.ranges.extend(Range::parse(range)),
            }
        }
        destinations
    }

    fn matches(&self, target: &Target<'_>) -> Match {
        if if target.v6 { self.v6 } else { self.v4 } {
            return Match::Yes;
        }
        let in_group = self
            .application_groups
            .iter()
            .any(|group| target.application_groups.iter().any(|member| **member == **group));
        if in_group {
            return Match::Yes;
        }
        let ranges = || self.ranges.iter().filter(|range| range.v6 == target.v6);
        match target.address {
            Some(address) if ranges().any(|range| range.contains(address)) => Match::Yes,
            Some(_) => Match::No,
            None if ranges().next().is_none() => Match::No,
            None => {
                let mut within = target.within.iter().filter(|range| range.v6 == target.v6).peekable();
                if within.peek().is_none() {
                    Match::Perhaps
                } else if within.clone().all(|inner| ranges().any(|outer| outer.holds(*inner))) {
                    Match::Yes
                } else if within.any(|inner| ranges().any(|outer| outer.touches(*inner))) {
                    Match::Perhaps
                } else {
                    Match::No
                }
            }
        }
    }
}

impl SecurityGroup {
    /// A group of inbound rules in any order.
    pub(super) fn new(id: String, mut rules: Vec<Rule>, complete: bool) -> Self {
        rules.sort_by_key(|rule| rule.priority);
        Self { id, rules, complete }
    }

    /// The inbound rules in the order in which they are tried, without the defaults.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What the group lets through of the clients `arriving` at a port of `target`. The default rules end the
    /// list: none of them admits an internet client.
    pub(super) fn decide(
        &self,
        arriving: &Reach,
        protocol: Protocol,
        port: u16,
        target: &Target<'_>,
        internet: &Sources,
    ) -> GroupDecision<'_> {
        let mut rest = arriving.clone();
        let mut decision = GroupDecision { allowed: Reach::Nothing, allow: None, deny: None };
        for rule in &self.rules {
            let reach = &rule.reach[usize::from(target.v6)];
            if reach.is_nothing() || !rule.applies(protocol, port, target) {
                continue;
            }
            let hit = rest.and(reach, internet);
            if hit.is_nothing() {
                continue;
            }
            match rule.access {
                Access::Allow => {
                    if decision.allow.is_none() || hit.is_wide() && !decision.allowed.is_wide() {
                        decision.allow = Some(rule);
                    }
                    decision.allowed = decision.allowed.or(&hit, internet);
                }
                Access::Deny => {
                    decision.deny = decision.deny.or(Some(rule));
                }
            }
            rest = rest.without(reach, internet);
            if rest.is_nothing() {
                break;
            }
        }
        decision
    }
}
