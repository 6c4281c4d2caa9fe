//! NW-4: what the network allows is what was meant.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;
use serde_json::Value;

use super::GUIDANCE;
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Reference, Severity};
use crate::exposure::{Entrance, GUARDED_PORTS, Outcome, Protocol, Way};
use crate::verdict::{Counterexample, Findings, Verdict};

const MACHINES: &str = "Microsoft.Compute/virtualMachines";
const SCALE_SETS: &str = "Microsoft.Compute/virtualMachineScaleSets";
const BALANCERS: &str = "Microsoft.Network/loadBalancers";

/// Ways spelt out in a note; the rest is counted.
const WAYS_IN_NOTE: usize = 5;

pub(super) const CONTROL: Control = Control {
    id: "NW-4",
    title: "No guarded port of a machine can be opened from the internet",
    area: Area::Network,
    severity: Severity::High,
    why: "Management and file-sharing ports that face the internet are found within minutes and tried around \
        the clock. One weak password or one late patch is then enough.",
    evidence: &[
        EvidenceNeed { what: "Virtual machines", command: "az vm list --subscription {s}" },
        EvidenceNeed { what: "Scale sets", command: "az vmss list --subscription {s}" },
        EvidenceNeed { what: "Network interfaces", command: "az network nic list --subscription {s}" },
        EvidenceNeed { what: "Virtual networks", command: "az network vnet list --subscription {s}" },
        EvidenceNeed { what: "Security groups", command: "az network nsg list --subscription {s}" },
        EvidenceNeed { what: "Route tables", command: "az network route-table list --subscription {s}" },
        EvidenceNeed { what: "Public addresses", command: "az network public-ip list --subscription {s}" },
        EvidenceNeed { what: "Load balancers", command: "az network lb list --subscription {s}" },
    ],
    decided: "For each way from a public address to a machine (an address of its interface, a load-balancing \
        rule, a NAT rule or NAT pool) and each guarded port behind it, the internet must be stopped by the \
        subnet's security group, the interface's, a default route to an appliance, gateway or nowhere, or by \
        a Standard address without any group. Rules are tried in order and sets of client addresses are \
        computed, so a deny before an allow, two halves of the address space, application security groups and \
        unknown private addresses are judged rightly. Sources of up to 65,536 addresses and service tags \
        other than Internet and AzureCloud count as approval lists. Listening programs and firewalls inside \
        the machine are not seen; addresses translated by Azure Firewall are not part of this control. Guarded: TCP 20-23, \
        111, 119, 135, 161, 162, 445, 512, 514, 593, 873, 2049, 3389, 5800, 5900, 5985, 5986 and UDP 69, 11211.",
    fix: "Remove the rule or narrow its source to the addresses of the administrators, and use Bastion, a VPN or \
        just-in-time access for management.",
    references: &[
        GUIDANCE,
        Reference {
            title: "How network security groups filter network traffic",
            url: "https://learn.microsoft.com/azure/virtual-network/network-security-group-how-it-works",
        },
    ],
    decide,
};

/// What lets the internet in: the object, path and value of the counterexample.
#[derive(Default)]
struct Cause {
    path: String,
    seen: Value,
    wanted: &'static str,
    fix: String,
    /// Way → ports.
    ways: BTreeMap<String, BTreeSet<(Protocol, u16)>>,
    groups: BTreeSet<String>,
    machines: BTreeSet<String>,
}

fn decide(context: &Context<'_>) -> Verdict {
    let mut findings = Findings::default();
    for (kind, what) in [(MACHINES, "virtual machines"), (SCALE_SETS, "scale sets"), (BALANCERS, "load balancers")] {
        context.needs_list(&mut findings, kind, what);
    }
    let network = context.network();
    findings.check("virtual machines and scale sets", network.machine_count());
    findings.check("network interfaces of machines", network.interfaces().len());
    absent(context, &mut findings);
    let mut causes: BTreeMap<String, Cause> = BTreeMap::new();
    let mut undecided: HashMap<String, BTreeSet<&str>> = HashMap::new();
    let entrances = network.entrances();
    findings.check("ways from a public address to a machine", entrances.len());
    for entrance in &entrances {
        let gate = network.gate(entrance);
        for (protocol, port) in GUARDED_PORTS {
            if !entrance.ports(protocol).is_some_and(|ports| ports.contains(port)) {
                continue;
            }
            match gate.judge(protocol, port) {
                Outcome::Closed { .. } => {}
                Outcome::Open(way) => note(&mut causes, entrance, &way, protocol, port),
                Outcome::Undecided { missing } => {
                    for id in missing {
                        undecided.entry(id).or_default().insert(&entrance.interface.machine);
                    }
                }
            }
        }
    }
    for (id, machines) in undecided {
        let command = format!("az resource show --ids \"{id}\"");
        findings.miss("a network document that decides over an open port", Some(&id), command, machines.len());
    }
    for (object, cause) in causes {
        findings.violate(cause.counterexample(object));
    }
    findings.verdict("the estate holds no machine")
}

/// Notes what machines refer to and the estate lacks.
fn absent(context: &Context<'_>, findings: &mut Findings) {
    let network = context.network();
    for (_, interface) in network.absent_interfaces() {
        let command = format!("az network nic show --ids \"{interface}\"");
        findings.miss("a network interface of a machine", Some(interface), command, 1);
    }
    for interface in network.interfaces() {
        for balancer in interface.configurations.iter().flat_map(|at| network.absent_balancers(at)) {
            let command = format!("az network lb show --ids \"{balancer}\"");
            findings.miss("a load balancer of a machine", Some(balancer), command, 1);
        }
    }
    for id in network.unreadable() {
        context.unreadable(findings, id);
    }
    for manager in network.admin_rules() {
        let name = manager.rsplit('/').next().unwrap_or_default();
        let command = format!(
            "az network manager list-active-security-admin-rule --network-manager-name {name} --resource-group \
             '<group>' --regions '<region>'"
        );
        findings.miss("the security admin rules in force, which act before the groups", Some(manager), command, 1);
    }
}

fn note(causes: &mut BTreeMap<String, Cause>, entrance: &Entrance<'_>, way: &Way<'_>, protocol: Protocol, port: u16) {
    let interface = entrance.interface;
    // The last group that let the clients pass decides: closing it closes this machine's port.
    let (object, path, seen, wanted, fix) = match way.hops.last() {
        Some(hop) => (
            hop.rule.id.clone(),
            "$.properties.sourceAddressPrefix".to_owned(),
            match hop.rule.source.as_slice() {
                [one] => Value::from(one.as_str()),
                many => Value::from(many.to_vec()),
            },
            "the addresses of the administrators, or no rule",
            format!(
                "az network nsg rule update --ids {} --source-address-prefixes '<administrators>'",
                hop.rule.id
            ),
        ),
        None => (
            interface.id.clone(),
            interface.group_path.clone(),
            Value::Null,
            "a security group that closes the guarded ports",
            format!("az network nic update --ids {} --network-security-group '<group>'", interface.id),
        ),
    };
    let cause = causes.entry(object).or_insert_with(|| Cause { path, seen, wanted, fix, ..Cause::default() });
    let machine = interface.machine.rsplit('/').next().unwrap_or_default();
    let through = match entrance.mapping {
        None => format!("{} → {machine}", entrance.address),
        Some(mapping) => format!(
            "{} port {} through {} → {machine}",
            entrance.address,
            ports(mapping.frontend_ports.start, mapping.frontend_ports.end),
            mapping.id.rsplit('/').next().unwrap_or_default()
        ),
    };
    cause.ways.entry(through).or_default().insert((protocol, port));
    cause.machines.insert(interface.machine.clone());
    for hop in &way.hops {
        cause.groups.insert(format!("{} group: rule `{}` ({})", hop.layer, hop.rule.name, hop.rule.priority));
    }
}

fn ports(start: u16, end: u16) -> String {
    if start == end { start.to_string() } else { format!("{start}-{end}") }
}

impl Cause {
    fn counterexample(self, object: String) -> Counterexample {
        let mut ways: Vec<String> = self
            .ways
            .iter()
            .take(WAYS_IN_NOTE)
            .map(|(way, ports)| {
                let ports: Vec<String> =
                    ports.iter().map(|(protocol, port)| format!("{} {port}", protocol.name())).collect();
                format!("{way}: {}", ports.join(", "))
            })
            .collect();
        if self.ways.len() > WAYS_IN_NOTE {
            ways.push(format!("and {} more ways", self.ways.len() - WAYS_IN_NOTE));
        }
        let mut note = ways.join("; ");
        if !self.groups.is_empty() {
            let groups: Vec<&str> = self.groups.iter().take(WAYS_IN_NOTE).map(String::as_str).collect();
            note = format!("{note}; let in by {}", groups.join(", "));
        }
        if self.machines.len() > 1 {
            note = format!("{} machines: {note}", self.machines.len());
        }
        Counterexample {
            object,
            path: self.path,
            seen: self.seen,
            wanted: self.wanted.to_owned(),
            note: Some(note),
            fix: Some(self.fix),
        }
    }
}
