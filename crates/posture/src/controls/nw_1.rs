//! NW-1: packets are captured when an alert asks for it.

use super::{GUIDANCE, undecided};
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::Verdict;

pub(super) const CONTROL: Control = Control {
    id: "NW-1",
    title: "Packets are captured when an alert asks for it",
    area: Area::Network,
    severity: Severity::Low,
    why: "A capture made during the incident answers what logs cannot. Started by hand it comes \
        too late.",
    evidence: &[
        EvidenceNeed {
            what: "Capture sessions of each region",
            command: "az network watcher packet-capture list --location {region}",
        },
        EvidenceNeed {
            what: "Action groups and playbooks that start them",
            command: "az monitor action-group list --subscription {s}",
        },
    ],
    decided: "Needs recorded capture runs and the alert that started each, which this version does not \
        read yet. Not applicable when the estate is known to hold no machine.",
    fix: "Let a metric or security alert start a bounded capture through a function or playbook, \
        and try it every quarter.",
    references: &[GUIDANCE],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    undecided(
        context,
        &[
            ("recorded capture runs and the alert that started each", "az network watcher packet-capture list --location {region}"),
        ],
        &[
            ("Microsoft.Compute/virtualMachines", "virtual machines"),
            ("Microsoft.Compute/virtualMachineScaleSets", "scale sets"),
        ],
        "the estate holds no machine to capture from",
    )
}
