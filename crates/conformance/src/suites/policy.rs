//! Azure Policy.

use super::{Suite, data, waiting};

const POLICY: &str = "Azure Policy";

/// The folder `policy`.
pub(super) const SUITE: Suite = Suite {
    name: "policy",
    files: &[
        data("landing-zones/", "an estate to import, not cases"),
        data("alias-catalogue.jsonl", "facts: the published aliases"),
        data("definitions.jsonl", "input: the built-in definitions"),
        data("initiatives.jsonl", "input: the built-in initiatives"),
        data("patterns.jsonl", "input: the teaching patterns"),
        data("custom-definitions.jsonl", "input: definitions that people wrote"),
        data("custom-initiatives.jsonl", "input: initiatives that people wrote"),
        waiting("doc-cases.jsonl", POLICY),
        waiting("eval-cases.jsonl", POLICY),
        waiting("function-cases.jsonl", POLICY),
        waiting("normalization-cases.jsonl", POLICY),
        waiting("parse-cases.jsonl", POLICY),
    ],
};
