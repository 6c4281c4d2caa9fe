//! DD-1: no small request costs much.

use super::{GUIDANCE, undecided};
use crate::context::Context;
use crate::control::{Area, Control, EvidenceNeed, Severity};
use crate::verdict::Verdict;

pub(super) const CONTROL: Control = Control {
    id: "DD-1",
    title: "No small request costs much",
    area: Area::DenialOfService,
    severity: Severity::Medium,
    why: "An attacker who finds one cheap request that keeps a server busy needs no botnet.",
    evidence: &[
        EvidenceNeed {
            what: "Request telemetry with duration and dependency calls",
            command: "az monitor app-insights query --app {app} --analytics-query 'requests | summarize percentiles(duration, 50, 99) by name'",
        },
    ],
    decided: "Needs the cost of each kind of request from telemetry and load tests, which this version \
        does not read yet.",
    fix: "Measure the cost per request, put limits on the expensive ones, cache their results, and \
        ask for a sign-in before them.",
    references: &[GUIDANCE],
    decide,
};

fn decide(context: &Context<'_>) -> Verdict {
    undecided(
        context,
        &[
            ("cost per kind of request from telemetry and load tests", "az monitor app-insights query --app {app} --analytics-query 'requests | summarize percentiles(duration, 50, 99) by name'"),
        ],
        &[],
        "",
    )
}
