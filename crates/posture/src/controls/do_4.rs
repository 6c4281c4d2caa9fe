//! DO-4: performance is tested before launch.

use super::{GUIDANCE, undecided};
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::Verdict;

pub(super) const CONTROL: Control = Control {
    id: "DO-4",
    title: "Performance is tested before launch",
    area: Area::Delivery,
    severity: Severity::Low,
    why: "The first real load should not be the first load. Limits that are known can be planned \
        for.",
    evidence: &[
        EvidenceNeed {
            what: "Load test runs",
            command: "az load test-run list --load-test-resource {resource} --resource-group {group}",
        },
    ],
    decided: "Needs a passed load test on record for each release, which this version does not read \
        yet. Not applicable when the estate is known to hold no application.",
    fix: "Run a load test with pass criteria in the release pipeline and keep its result with the \
        release.",
    references: &[GUIDANCE],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    undecided(
        context,
        &[
            ("load test runs with their results per release", "az load test-run list --load-test-resource {resource} --resource-group {group}"),
        ],
        &[
            ("Microsoft.Web/sites", "web applications"),
            ("Microsoft.App/containerApps", "container applications"),
            ("Microsoft.ContainerService/managedClusters", "Kubernetes clusters"),
            ("Microsoft.Compute/virtualMachines", "virtual machines"),
            ("Microsoft.Compute/virtualMachineScaleSets", "scale sets"),
        ],
        "the estate holds no application to put under load",
    )
}
