//! ID-3: passwords are protected by banned lists and smart lockout.

use super::{GUIDANCE, undecided};
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::Verdict;

pub(super) const CONTROL: Control = Control {
    id: "ID-3",
    title: "Passwords are protected by banned lists and smart lockout",
    area: Area::Identity,
    severity: Severity::Medium,
    why: "Attackers do not guess at random: they try the few passwords that many people choose, \
        slowly, against every account. Banned lists take those passwords away and lockout takes \
        the attempts away.",
    evidence: &[
        EvidenceNeed {
            what: "Password protection and lockout settings of the directory",
            command: "az rest --method get --url 'https://graph.microsoft.com/v1.0/groupSettings'",
        },
    ],
    decided: "Needs the directory settings of password protection (custom banned list, lockout \
        threshold and duration, enforcement on premises) judged by the identity engine, which \
        this version does not read yet.",
    fix: "In Entra ID, Protection, Authentication methods, Password protection: turn on the custom \
        banned list, enter names of the organisation, its products and places, keep a lockout \
        threshold of 10 or less, and enforce the agent on premises.",
    references: &[GUIDANCE],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    undecided(
        context,
        &[
            ("directory settings of password protection, read by the identity engine", "az rest --method get --url 'https://graph.microsoft.com/v1.0/groupSettings'"),
        ],
        &[],
        "",
    )
}
