//! Storage analytics, application telemetry and anomaly detection.

use super::{Suite, waiting};

const INSIGHTS: &str = "storage and application telemetry";

/// The folder `storage`.
pub(super) const SUITE: Suite = Suite {
    name: "storage",
    files: &[
        waiting("app_alerts.jsonl", INSIGHTS),
        waiting("app_connection_strings.jsonl", INSIGHTS),
        waiting("app_envelopes.jsonl", INSIGHTS),
        waiting("app_failure_series.jsonl", INSIGHTS),
        waiting("app_otel.jsonl", INSIGHTS),
        waiting("app_sampling.jsonl", INSIGHTS),
        waiting("diagnosis.jsonl", INSIGHTS),
        waiting("log_blobs.jsonl", INSIGHTS),
        waiting("log_lines.jsonl", INSIGHTS),
        waiting("metrics.jsonl", INSIGHTS),
        waiting("nab.jsonl", INSIGHTS),
        waiting("series.jsonl", INSIGHTS),
    ],
};
