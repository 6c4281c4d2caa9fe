//! Facts for controls and scores; this folder holds no cases.

use super::{Suite, data};

/// The folder `posture`.
pub(super) const SUITE: Suite = Suite {
    name: "posture",
    files: &[
        data("alerts.jsonl", "facts: the alert reference"),
        data("alerts_deprecated.jsonl", "facts: alerts that are no longer raised"),
        data("attack_paths.jsonl", "facts: published attack paths"),
        data("cis13_to_asb.jsonl", "facts: a mapping of standards"),
        data("controls.jsonl", "facts: secure-score controls and their members"),
        data("graph_connections.jsonl", "facts: security-graph connections"),
        data("graph_insights.jsonl", "facts: security-graph insights"),
        data("incident_types.jsonl", "facts: kinds of incidents"),
        data("mcsb_controls.jsonl", "facts: the cloud security benchmark"),
        data("policy_assessments.jsonl", "facts: policies and their assessments"),
        data("recommendations.jsonl", "facts: recommendations and severities"),
        data("standard_policies.jsonl", "facts: standards and their policies"),
        data("standards.jsonl", "facts: standards and their initiatives"),
    ],
};
