//! RR-1: risk reports are read.

use super::{GUIDANCE, undecided};
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::Verdict;

pub(super) const CONTROL: Control = Control {
    id: "RR-1",
    title: "Risk reports are read",
    area: Area::Reports,
    severity: Severity::Medium,
    why: "A report that nobody opens changes nothing. Open risks grow old, and an old risk is one \
        that was accepted without a decision.",
    evidence: &[
        EvidenceNeed {
            what: "Risky users with the time of their last change",
            command: "az rest --method get --url 'https://graph.microsoft.com/v1.0/identityProtection/riskyUsers'",
        },
        EvidenceNeed {
            what: "Who opened the reports",
            command: "az rest --method get --url 'https://graph.microsoft.com/v1.0/auditLogs/directoryAudits'",
        },
    ],
    decided: "Needs the open risks by age and the audit log of who looked at them, which this version \
        does not read yet.",
    fix: "Name a reader for each report, review risky users daily and risky sign-ins weekly, and \
        dismiss or remediate what is found.",
    references: &[GUIDANCE],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    undecided(
        context,
        &[
            ("open risks by age and the audit log of who read the reports", "az rest --method get --url 'https://graph.microsoft.com/v1.0/identityProtection/riskyUsers'"),
        ],
        &[],
        "",
    )
}
