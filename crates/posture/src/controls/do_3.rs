//! DO-3: releases are approved.

use super::{GUIDANCE, undecided};
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::Verdict;

pub(super) const CONTROL: Control = Control {
    id: "DO-3",
    title: "Releases are approved",
    area: Area::Delivery,
    severity: Severity::Medium,
    why: "A second pair of eyes before production is the cheapest control there is.",
    evidence: &[
        EvidenceNeed {
            what: "Pipeline runs with their approvals",
            command: "az pipelines runs list --organization {organisation} --project {project}",
        },
    ],
    decided: "Needs release records with their approvals and the changes in production that have none, \
        which this version does not read yet.",
    fix: "Require an approval by someone other than the author on every production environment.",
    references: &[GUIDANCE],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    undecided(
        context,
        &[
            ("release records with their approvals", "az pipelines runs list --organization {organisation} --project {project}"),
        ],
        &[],
        "",
    )
}
