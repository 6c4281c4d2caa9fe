//! ARM templates: functions, expansion, and the checks that read expanded templates.

use super::{Suite, waiting};

/// The folder `arm`.
pub(super) const SUITE: Suite = Suite {
    name: "arm",
    files: &[
        waiting("function-cases.jsonl", "ARM templates"),
        waiting("templates/templates.jsonl", "ARM templates"),
        waiting("templates/analyzer-cases.jsonl", "the pre-deployment check, with Azure Policy"),
        waiting("templates/scan-cases.jsonl", "the pre-deployment check, with Azure Policy"),
    ],
};
