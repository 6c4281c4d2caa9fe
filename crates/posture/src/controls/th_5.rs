//! TH-5: alerts reach the SIEM.

use super::{GUIDANCE, undecided};
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::Verdict;

pub(super) const CONTROL: Control = Control {
    id: "TH-5",
    title: "Alerts reach the SIEM",
    area: Area::Threats,
    severity: Severity::High,
    why: "An alert that stays in its portal is read the next morning. In the SIEM it meets the \
        logs around it and someone on duty.",
    evidence: &[
        EvidenceNeed {
            what: "Continuous export of each subscription",
            command: "az security automation list --subscription {s}",
        },
        EvidenceNeed {
            what: "Alerts",
            command: "az security alert list --subscription {s}",
        },
    ],
    decided: "Needs the alerts of the source compared with those that arrived in the SIEM, which this \
        version does not read yet.",
    fix: "Connect Defender for Cloud to the SIEM or set up continuous export of alerts for each \
        subscription, and compare the counts weekly.",
    references: &[GUIDANCE],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    undecided(
        context,
        &[
            ("alerts at the source and in the SIEM, compared by the SIEM engine", "az security automation list --subscription {s}"),
        ],
        &[
            ("Microsoft.Resources/subscriptions", "subscriptions"),
        ],
        "the estate holds no subscription",
    )
}
