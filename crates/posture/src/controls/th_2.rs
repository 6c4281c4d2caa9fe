//! TH-2: the SIEM keeps up with the estate.

use super::{GUIDANCE, undecided};
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::Verdict;

pub(super) const CONTROL: Control = Control {
    id: "TH-2",
    title: "The SIEM keeps up with the estate",
    area: Area::Threats,
    severity: Severity::Medium,
    why: "A search that takes minutes is not made during an incident, and logs that arrive late \
        hide the attack while it runs.",
    evidence: &[
        EvidenceNeed {
            what: "Ingestion delay and volume of the workspace",
            command: "az monitor log-analytics query -w {workspace} --analytics-query 'Usage | summarize sum(Quantity) by DataType'",
        },
    ],
    decided: "Needs measured ingestion delay and query times at the volume of the estate, which this \
        version does not read yet.",
    fix: "Measure the delay of each table and the time of the standard hunts at least monthly; add \
        capacity or split tables before the agreed time is missed.",
    references: &[GUIDANCE],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    undecided(
        context,
        &[
            ("measured ingestion delay and query times of the SIEM", "az monitor log-analytics query -w {workspace} --analytics-query 'Usage | summarize sum(Quantity) by DataType'"),
        ],
        &[],
        "",
    )
}
