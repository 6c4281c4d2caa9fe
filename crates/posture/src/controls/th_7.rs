//! TH-7: endpoint detection feeds investigation and hunting.

use super::{GUIDANCE, undecided};
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::Verdict;

pub(super) const CONTROL: Control = Control {
    id: "TH-7",
    title: "Endpoint detection feeds investigation and hunting",
    area: Area::Threats,
    severity: Severity::High,
    why: "What happens inside a machine is visible to a sensor only. A machine without one is \
        where an intruder stays.",
    evidence: &[
        EvidenceNeed {
            what: "Extensions of virtual machines",
            command: "az graph query -q \"resources | where type =~ 'Microsoft.Compute/virtualMachines/extensions'\" --first 1000",
        },
        EvidenceNeed {
            what: "Machines known to the endpoint sensor",
            command: "az rest --method get --url 'https://api.security.microsoft.com/api/machines'",
        },
    ],
    decided: "Needs the sensor's own list of machines with the time of their last report, which this \
        version does not read yet; an installed extension does not prove a reporting sensor. Not \
        applicable when the estate is known to hold no machine.",
    fix: "Turn on the Defender for Servers plan with endpoint integration, or deploy the agreed \
        sensor by policy, and look at machines that have been silent for a day.",
    references: &[GUIDANCE],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    undecided(
        context,
        &[
            ("the endpoint sensor's list of machines with their last report", "az rest --method get --url 'https://api.security.microsoft.com/api/machines'"),
        ],
        &[
            ("Microsoft.Compute/virtualMachines", "virtual machines"),
            ("Microsoft.Compute/virtualMachineScaleSets", "scale sets"),
            ("Microsoft.HybridCompute/machines", "machines connected through Arc"),
        ],
        "the estate holds no machine",
    )
}
