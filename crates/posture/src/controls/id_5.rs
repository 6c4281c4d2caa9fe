//! ID-5: high-risk users must change their password by themselves, at once.

use super::{GUIDANCE, undecided};
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::Verdict;

pub(super) const CONTROL: Control = Control {
    id: "ID-5",
    title: "High-risk users must change their password by themselves, at once",
    area: Area::Identity,
    severity: Severity::High,
    why: "A leaked password is worth most in the hours after the leak. Remediation that waits for \
        a person is too late; a user-risk policy asks for a safe change at the next sign-in.",
    evidence: &[
        EvidenceNeed {
            what: "Conditional Access policies",
            command: "az rest --method get --url 'https://graph.microsoft.com/v1.0/identity/conditionalAccess/policies'",
        },
        EvidenceNeed {
            what: "Risky users",
            command: "az rest --method get --url 'https://graph.microsoft.com/v1.0/identityProtection/riskyUsers'",
        },
    ],
    decided: "Needs the proof over all sign-ins that a user of high risk is let in only after a secure \
        password change, which the identity engine will give; the policies alone do not show who \
        is covered.",
    fix: "Create a Conditional Access policy for all users and all resources with user risk high \
        that requires multifactor authentication and a password change; first in report-only.",
    references: &[GUIDANCE],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    undecided(
        context,
        &[
            ("a proof over all sign-ins of users at high risk, given by the identity engine", "az rest --method get --url 'https://graph.microsoft.com/v1.0/identity/conditionalAccess/policies'"),
        ],
        &[],
        "",
    )
}
