//! DO-5: applications are monitored.

use super::{GUIDANCE, undecided};
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::Verdict;

pub(super) const CONTROL: Control = Control {
    id: "DO-5",
    title: "Applications are monitored",
    area: Area::Delivery,
    severity: Severity::Medium,
    why: "Users notice an outage after the fact; a test from outside and telemetry from within \
        notice it before them.",
    evidence: &[
        EvidenceNeed {
            what: "Application Insights components",
            command: "az monitor app-insights component show --subscription {s}",
        },
        EvidenceNeed {
            what: "Availability tests",
            command: "az monitor app-insights web-test list --subscription {s}",
        },
    ],
    decided: "Needs telemetry that shows each application to be instrumented, tested and alerted on, \
        which this version does not read yet. Not applicable when the estate is known to hold no \
        application.",
    fix: "Instrument each application, add an availability test for each public endpoint, and an \
        alert on failures and response time.",
    references: &[GUIDANCE],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    undecided(
        context,
        &[
            ("telemetry of each application, read by the telemetry engine", "az monitor app-insights component show --subscription {s}"),
        ],
        &[
            ("Microsoft.Web/sites", "web applications"),
            ("Microsoft.App/containerApps", "container applications"),
            ("Microsoft.ContainerService/managedClusters", "Kubernetes clusters"),
            ("Microsoft.Compute/virtualMachines", "virtual machines"),
            ("Microsoft.Compute/virtualMachineScaleSets", "scale sets"),
        ],
        "the estate holds no application to monitor",
    )
}
