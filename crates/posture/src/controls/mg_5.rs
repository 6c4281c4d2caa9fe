//! MG-5: changes at the root are planned and tested first.

use super::{GUIDANCE, undecided};
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::Verdict;

pub(super) const CONTROL: Control = Control {
    id: "MG-5",
    title: "Changes at the root are planned and tested first",
    area: Area::Governance,
    severity: Severity::Medium,
    why: "What is assigned at the root reaches every resource within minutes. A trial on a copy of \
        the estate shows what would break before it does.",
    evidence: &[
        EvidenceNeed {
            what: "Recorded impact runs for changes at the root",
            command: "azimuth assess --explain MG-5",
        },
        EvidenceNeed {
            what: "Activity log of the root management group",
            command: "az monitor activity-log list --offset 90d --resource-provider Microsoft.Management",
        },
    ],
    decided: "Needs an impact run on record for each change at the root, made by the policy engine, \
        which this version does not read yet.",
    fix: "Try each root change on a management group of a few test subscriptions, with policies in \
        DoNotEnforce, and keep the result beside the change request.",
    references: &[GUIDANCE],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    undecided(
        context,
        &[
            ("recorded impact runs for changes at the root, made by the policy engine", "az monitor activity-log list --offset 90d --resource-provider Microsoft.Management"),
        ],
        &[],
        "",
    )
}
