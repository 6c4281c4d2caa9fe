//! DO-2: builds and deployments are automated.

use super::{GUIDANCE, undecided};
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::Verdict;

pub(super) const CONTROL: Control = Control {
    id: "DO-2",
    title: "Builds and deployments are automated",
    area: Area::Delivery,
    severity: Severity::Medium,
    why: "People at consoles make mistakes and leave no record of why. A pipeline does the same \
        thing each time and says who asked for it.",
    evidence: &[
        EvidenceNeed {
            what: "Activity log with the caller of each change",
            command: "az monitor activity-log list --offset 90d --subscription {s}",
        },
    ],
    decided: "Needs the activity log split into changes by people and by pipelines, which this version \
        does not read yet.",
    fix: "Give pipelines their own identities, take standing write access from people in \
        production, and watch for changes by users.",
    references: &[GUIDANCE],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    undecided(
        context,
        &[
            ("the activity log with the caller of each change", "az monitor activity-log list --offset 90d --subscription {s}"),
        ],
        &[],
        "",
    )
}
