//! DO-1: infrastructure is code.

use super::{GUIDANCE, undecided};
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::Verdict;

pub(super) const CONTROL: Control = Control {
    id: "DO-1",
    title: "Infrastructure is code",
    area: Area::Delivery,
    severity: Severity::Medium,
    why: "What is written down can be reviewed, repeated and restored. What was clicked together \
        is known to one person.",
    evidence: &[
        EvidenceNeed {
            what: "Deployments of each resource group",
            command: "az deployment group list --resource-group {group} --subscription {s}",
        },
    ],
    decided: "Needs deployments and templates compared with the resources that exist, which this \
        version does not read yet.",
    fix: "Export what exists as templates, bring them under version control, and deploy from there \
        only.",
    references: &[GUIDANCE],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    undecided(
        context,
        &[
            ("deployments and templates compared with the resources by the delivery engine", "az deployment group list --resource-group {group} --subscription {s}"),
        ],
        &[],
        "",
    )
}
