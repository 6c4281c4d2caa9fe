//! BP-1: environments are made from one definition.

use super::{GUIDANCE, undecided};
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::Verdict;

pub(super) const CONTROL: Control = Control {
    id: "BP-1",
    title: "Environments are made from one definition",
    area: Area::Governance,
    severity: Severity::Low,
    why: "Environments that are built by hand drift apart. A definition that carries policies, \
        roles and resources together makes the next environment as safe as the first.",
    evidence: &[
        EvidenceNeed {
            what: "Blueprint assignments of each subscription",
            command: "az blueprint assignment list --subscription {s}",
        },
        EvidenceNeed {
            what: "Deployment stacks of each subscription",
            command: "az stack sub list --subscription {s}",
        },
    ],
    decided: "Needs blueprint assignments or deployment stacks compared with what exists, judged by \
        the delivery engine, which this version does not read yet.",
    fix: "Describe the environment once as a deployment stack (blueprints retire in July 2026) and \
        deploy every environment from it.",
    references: &[GUIDANCE],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    undecided(
        context,
        &[
            ("blueprint assignments and deployment stacks compared with the estate by the delivery engine", "az stack sub list --subscription {s}"),
        ],
        &[
            ("Microsoft.Resources/subscriptions", "subscriptions"),
        ],
        "the estate holds no subscription",
    )
}
