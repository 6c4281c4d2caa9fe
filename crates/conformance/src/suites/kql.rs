//! The query language.

use super::{Suite, waiting};

const KQL: &str = "KQL";

/// The folder `kql`.
pub(super) const SUITE: Suite = Suite {
    name: "kql",
    files: &[
        waiting("docs-cases.jsonl", KQL),
        waiting("engine-facts.jsonl", KQL),
        waiting("real-queries.jsonl", KQL),
        waiting("sentinel-rules.jsonl", KQL),
    ],
};
