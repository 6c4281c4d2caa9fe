//! TH-3: the most serious vulnerabilities come first.

use super::{GUIDANCE, undecided};
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::Verdict;

pub(super) const CONTROL: Control = Control {
    id: "TH-3",
    title: "The most serious vulnerabilities come first",
    area: Area::Threats,
    severity: Severity::High,
    why: "There is always more to mend than hands to do it. Order by what an attacker could reach \
        decides whether the work counts.",
    evidence: &[
        EvidenceNeed {
            what: "Secure score and its controls",
            command: "az security secure-score-controls list --subscription {s}",
        },
        EvidenceNeed {
            what: "Assessments",
            command: "az security assessment list --subscription {s}",
        },
    ],
    decided: "Needs assessments folded into a score by the published formulas and attack paths over \
        the estate, which this version does not read yet.",
    fix: "Work the recommendations in the order of potential gain on exposed resources, and record \
        why any of them waits.",
    references: &[GUIDANCE],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    undecided(
        context,
        &[
            ("assessments and secure score, read by the score engine", "az security assessment list --subscription {s}"),
        ],
        &[
            ("Microsoft.Resources/subscriptions", "subscriptions"),
        ],
        "the estate holds no subscription",
    )
}
