//! Detection, response and secure score.

use super::{Suite, data, waiting};

const SIEM: &str = "incidents and analytics rules";
const SOAR: &str = "automation and playbooks";
const SCORE: &str = "secure score and Defender for Cloud rules";

/// The folder `soc`.
pub(super) const SUITE: Suite = Suite {
    name: "soc",
    files: &[
        data("connectors.jsonl", "facts: the public data connectors"),
        data("playbook_operations.jsonl", "facts: the connector operations that public playbooks use"),
        waiting("alertdetails.jsonl", SIEM),
        waiting("automation.jsonl", SOAR),
        waiting("entity.jsonl", SIEM),
        waiting("grouping.jsonl", SIEM),
        waiting("logicapps.jsonl", SOAR),
        waiting("mdc.jsonl", SCORE),
        waiting("playbooks.jsonl", SOAR),
        waiting("retry.jsonl", SOAR),
        waiting("rulearm.jsonl", SIEM),
        waiting("scheduling.jsonl", SIEM),
        waiting("securescore.jsonl", SCORE),
        waiting("workflow.jsonl", SOAR),
    ],
};
