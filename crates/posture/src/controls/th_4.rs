//! TH-4: the posture of every kind of resource is watched.

use super::{GUIDANCE, undecided};
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::Verdict;

pub(super) const CONTROL: Control = Control {
    id: "TH-4",
    title: "The posture of every kind of resource is watched",
    area: Area::Threats,
    severity: Severity::Medium,
    why: "A kind of resource that nobody assesses is where the next incident starts.",
    evidence: &[
        EvidenceNeed {
            what: "Assessments of each subscription",
            command: "az security assessment list --subscription {s}",
        },
    ],
    decided: "Needs the assessments of each resource kind compared with the resources that exist, \
        which this version does not read yet.",
    fix: "Turn on the plan for each kind of resource that the subscription holds and review \
        recommendations by priority.",
    references: &[GUIDANCE],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    undecided(
        context,
        &[
            ("assessments of each kind of resource, read by the score engine", "az security assessment list --subscription {s}"),
        ],
        &[
            ("Microsoft.Resources/subscriptions", "subscriptions"),
        ],
        "the estate holds no subscription",
    )
}
