//! What `/metrics` tells: counts in the text format of Prometheus.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;

/// Families of routes, by how their paths begin; the first that fits counts.
const PROTOCOLS: [(&str, &str); 13] = [
    ("/dataCollectionRules", "logs-ingestion"),
    ("/api/logs", "data-collector"),
    ("/v1/rest/ingest", "kusto-ingest"),
    ("/v1/rest", "kusto"),
    ("/v2/rest", "kusto"),
    ("/v1/logs", "otlp"),
    ("/v1/traces", "otlp"),
    ("/v1/metrics", "otlp"),
    ("/v2", "application-insights"),
    ("/services/collector", "hec"),
    ("/elasticsearch", "elasticsearch"),
    ("/providers/Microsoft.ResourceGraph", "resource-graph"),
    ("", "log-analytics"),
];

/// Counts since the server began. They only grow.
#[derive(Debug)]
pub struct Meter {
    /// By protocol, then by class of status (2xx, 3xx, 4xx, 5xx)
    requests: [[AtomicU64; 4]; PROTOCOLS.len()],
    rows: AtomicU64,
    duplicates: AtomicU64,
    refused: AtomicU64,
}

impl Default for Meter {
    fn default() -> Self {
        let requests = std::array::from_fn(|_| std::array::from_fn(|_| AtomicU64::new(0)));
        Self { requests, rows: AtomicU64::new(0), duplicates: AtomicU64::new(0), refused: AtomicU64::new(0) }
    }
}

impl Meter {
    /// Rows were appended.
    pub(super) fn appended(&self, rows: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
    }

    /// A batch came again.
    pub(super) fn duplicate(&self) {
        self.duplicates.fetch_add(1, Ordering::Relaxed);
    }

    /// Records were refused.
    pub(super) fn refused(&self, records: u64) {
        self.refused.fetch_add(records, Ordering::Relaxed);
    }

    /// All counts, in the text format of Prometheus.
    pub fn text(&self) -> String {
        let mut out = String::from(
            "# HELP azimuth_requests_total Requests answered, by protocol and class of status.\n# TYPE azimuth_requests_total counter\n",
        );
        let mut protocols: Vec<&str> = PROTOCOLS.iter().map(|(_, name)| *name).collect();
        protocols.sort_unstable();
        protocols.dedup();
        for protocol in protocols {
            for class in 0..4 {
                let of = PROTOCOLS.iter().zip(&self.requests).filter(|((_, name), _)| *name == protocol);
                let count: u64 = of.map(|(_, counts)| counts[class].load(Ordering::Relaxed)).sum();
                if count > 0 {
                    let status = class + 2;
                    let _ = writeln!(
                        out,
                        "azimuth_requests_total{{protocol=\"{protocol}\",status=\"{status}xx\"}} {count}"
                    );
                }
            }
        }
        for (name, help, count) in [
            ("azimuth_rows_appended_total", "Rows appended and durable.", &self.rows),
            ("azimuth_batches_duplicate_total", "Batches that had been appended before.", &self.duplicates),
            ("azimuth_records_refused_total", "Records that were refused.", &self.refused),
        ] {
            let count = count.load(Ordering::Relaxed);
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {count}");
        }
        out
    }
}

/// Counts a request when it is answered.
pub(super) async fn count(State(meter): State<Arc<Meter>>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let response = next.run(request).await;
    if let Some(path) = path {
        let place = PROTOCOLS.iter().position(|(prefix, _)| path.starts_with(prefix)).unwrap_or_default();
        let class = usize::from(response.status().as_u16() / 100).clamp(2, 5) - 2;
        meter.requests[place][class].fetch_add(1, Ordering::Relaxed);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_a_protocol_are_one_line() {
        let meter = Meter::default();
        meter.requests[3][0].fetch_add(2, Ordering::Relaxed);
        meter.requests[4][0].fetch_add(1, Ordering::Relaxed);
        meter.appended(5);
        let text = meter.text();
        assert!(text.contains("azimuth_requests_total{protocol=\"kusto\",status=\"2xx\"} 3\n"), "{text}");
        assert!(text.contains("\nazimuth_rows_appended_total 5\n"), "{text}");
    }
}
