//! PO-3: someone is assigned to each policy's violations.

use super::{GUIDANCE, undecided};
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::Verdict;

pub(super) const CONTROL: Control = Control {
    id: "PO-3",
    title: "Someone is assigned to each policy's violations",
    area: Area::Governance,
    severity: Severity::Medium,
    why: "A violation without an owner stays. A name and a date turn a dashboard into work that \
        gets done.",
    evidence: &[
        EvidenceNeed {
            what: "Policy assignments with owner and review date in their metadata",
            command: "az policy assignment list --disable-scope-strict-match --subscription {s}",
        },
    ],
    decided: "Needs the register of owners and review dates per assignment, which this version does \
        not read yet.",
    fix: "Name an owner and a review date for each assignment and review open violations at fixed \
        times.",
    references: &[GUIDANCE],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    undecided(
        context,
        &[
            ("the register of owners and review dates per assignment", "az policy assignment list --disable-scope-strict-match --subscription {s}"),
        ],
        &[],
        "",
    )
}
