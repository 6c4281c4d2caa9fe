//! Machines with public addresses of their own: where most of the exposure, open or only apparent, comes from.

use super::draft::Draft;
use super::machine::{Machine, interface_id, ip_configuration_id};
use super::network::Association;
use super::security_group::Rule;
use crate::flaws::Kind;

/// Rows that a pair needs at most.
pub(crate) const ROWS: usize = 13;

/// Openings that are flaws: source, protocol, ports.
const OPENINGS: &[(&str, &str, &[&str])] = &[
    ("*", "Tcp", &["3389"]),
    ("Internet", "Tcp", &["22"]),
    ("0.0.0.0/0", "Tcp", &["3389"]),
    ("Internet", "Tcp", &["3000-4000"]),
    ("*", "*", &["*"]),
    ("Internet", "Tcp", &["443", "5985-5986"]),
    ("*", "Udp", &["69"]),
    ("Internet", "Udp", &["11211"]),
    ("*", "*", &["5900"]),
    ("Internet", "Tcp", &["80", "443", "445"]),
];

/// What guards the machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guard {
    /// The subnet's group lets a guarded port in.
    OpenSubnet,
    /// The subnet has no group, the interfaces' group lets a guarded port in.
    OpenInterface,
    /// No group at all, and addresses that are open by default.
    BasicWithout,
    /// No group at all, and addresses that are closed by default.
    StandardWithout,
    /// Closed, one way or another.
    Closed,
}

/// Adds a pair of machines, or a single one where that is the flaw.
pub(crate) fn add_jump_hosts(draft: &mut Draft<'_>) {
    let stamp = draft.next_stamp();
    let group = format!("rg-{stamp}-jump");
    let guard = choose_guard(draft);
    let single = guard != Guard::BasicWithout && draft.planter.plants(Kind::SingleMachine);
    let names: Vec<String> =
        (1..=if single { 1 } else { 2 }).map(|number| format!("vm-{stamp}-j{number}")).collect();
    let zonal = guard != Guard::BasicWithout && draft.rng.chance(1, 2);
    let availability_set =
        (!single && !zonal).then(|| draft.add_availability_set(&group, &format!("avail-{stamp}"), &names));

    let interfaces: Vec<String> = names.iter().map(|name| interface_id(draft, &group, name)).collect();
    let subnet = draft.network.open_subnet(format!("snet-{stamp}-jump"));
    let interface_group = add_guard(draft, guard, &group, &stamp, subnet, &interfaces);

    for (number, name) in names.iter().enumerate() {
        let association = Association::Configuration(ip_configuration_id(draft, &group, name));
        let address_name = format!("pip-{name}-{}", draft.rng.suffix(4));
        let address = if guard == Guard::BasicWithout {
            draft.add_basic_address(&group, &address_name, &association)
        } else {
            draft.add_public_address(&group, &address_name, &association, true)
        };
        let id = draft.add_machine(&Machine {
            public_address: Some(address),
            security_group: interface_group.clone(),
            availability_set: availability_set.clone(),
            zone: (!single && zonal).then(|| ["1", "2"][number]),
            ..Machine::new(&group, name, subnet)
        });
        if single {
            draft.planter.record("DD-2", id, "$.properties.availabilitySet");
        }
    }
}

fn choose_guard(draft: &mut Draft<'_>) -> Guard {
    let planter = &mut draft.planter;
    if planter.plants(Kind::OpenPort) {
        Guard::OpenSubnet
    } else if planter.plants(Kind::OpenInterfaceGroup) {
        Guard::OpenInterface
    } else if planter.plants(Kind::BasicAddressWithoutGroup) {
        Guard::BasicWithout
    } else if planter.plants(Kind::SubnetWithoutGroup) {
        Guard::StandardWithout
    } else {
        Guard::Closed
    }
}

/// Adds the groups that the guard wants; returns the one for the interfaces, if any.
fn add_guard(
    draft: &mut Draft<'_>,
    guard: Guard,
    group: &str,
    stamp: &str,
    subnet: usize,
    interfaces: &[String],
) -> Option<String> {
    let subnet_id = draft.network.subnet_id(subnet);
    let subnet_group = format!("nsg-{stamp}-jump");
    let interface_group = format!("nsg-{stamp}-nic");
    let at_subnet = (std::slice::from_ref(&subnet_id), &[][..]);
    let at_interfaces = (&[][..], interfaces);
    if matches!(guard, Guard::OpenInterface | Guard::BasicWithout | Guard::StandardWithout) {
        draft.planter.record("DD-3", &subnet_id, "$.properties.networkSecurityGroup");
    }
    let web = Rule::allow("allow-https", 300, "Internet", &["443"]);
    match guard {
        Guard::OpenSubnet | Guard::OpenInterface => {
            let (source, protocol, ports) = *draft.rng.pick(OPENINGS);
            let opening = Rule::allow("allow-temporary", 200, source, ports).protocol(protocol);
            let mut rules = vec![opening, web];
            if ports == ["*"] && draft.rng.chance(1, 2) {
                // A denial of one port does not close the others.
                rules.push(Rule::deny("deny-rdp", 100, &["3389"]));
            }
            let (name, at) = if guard == Guard::OpenSubnet {
                (subnet_group, at_subnet)
            } else {
                (interface_group, at_interfaces)
            };
            let id = draft.add_security_group(group, &name, &rules, at);
            draft.planter.record(
                "NW-4",
                format!("{id}/securityRules/allow-temporary"),
                "$.properties.sourceAddressPrefix",
            );
            if guard == Guard::OpenInterface {
                return Some(id);
            }
            draft.network.subnets[subnet].group = Some(id);
            None
        }
        Guard::BasicWithout => {
            for interface in interfaces {
                draft.planter.record("NW-4", interface, "$.properties.networkSecurityGroup");
            }
            None
        }
        Guard::StandardWithout => None,
        Guard::Closed => {
            let look_alike = draft.rng.below(11);
            let administrators =
                draft.id("Microsoft.Network/applicationSecurityGroups", "rg-network", "asg-administrators");
            let open_rdp = Rule::allow("allow-rdp", 200, "Internet", &["3389"]);
            let rules: Vec<Rule<'_>> = match look_alike {
                1 => vec![web.clone(), Rule::allow("allow-ssh-from-company", 200, "10.0.0.0/8", &["22"])],
                2 => vec![
                    Rule::deny("deny-all-but-https", 100, &["0-442", "444-65535"]),
                    Rule::allow("allow-any", 200, "*", &["*"]).protocol("*"),
                ],
                3 => vec![
                    web.clone(),
                    Rule::allow("allow-rdp-from-administrators", 200, "", &["3389"])
                        .only_from(&administrators),
                ],
                4 | 5 => vec![web.clone(), open_rdp.clone()],
                6 => vec![web.clone(), Rule::allow("allow-rdp-out", 200, "*", &["3389"]).outbound()],
                8 => vec![web.clone(), Rule::allow("allow-winrm", 200, "VirtualNetwork", &["5985-5986"])],
                9 => vec![Rule::allow("allow-web", 200, "Internet", &["443", "8443", "8080-8090"])],
                10 => vec![web.clone(), Rule::deny("deny-rdp", 150, &["22", "3389"])],
                _ => vec![web.clone()],
            };
            let id = draft.add_security_group(group, &subnet_group, &rules, at_subnet);
            draft.network.subnets[subnet].group = Some(id);
            match look_alike {
                // The interface's group closes what the subnet's opens, or opens what the subnet's closes.
                4 => Some(draft.add_security_group(group, &interface_group, &[web], at_interfaces)),
                7 => Some(draft.add_security_group(group, &interface_group, &[web, open_rdp], at_interfaces)),
                5 => {
                    // Answers leave through the firewall, which drops what it did not let in.
                    draft.network.subnets[subnet].routes = Some(draft.routes_id());
                    None
                }
                _ => None,
            }
        }
    }
}
