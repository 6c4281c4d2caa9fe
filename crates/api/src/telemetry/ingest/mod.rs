//! The protocols that send: one module each.
//!
//! A success means that the records are durable; every refusal says in the protocol's own shape whether to send again.

mod collector;
mod elastic;
mod hec;
mod kusto;
mod logs;
mod otlp;
mod track;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::HeaderMap;
use azimuth_host::{AppendError, Batch, Receipt};
use sha2::{Digest, Sha256};

use super::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .merge(logs::routes())
        .merge(collector::routes())
        .merge(kusto::routes())
        .merge(otlp::routes())
        .merge(track::routes())
        .merge(hec::routes())
        .merge(elastic::routes())
        // Bodies are read by `payload`, under the limit of their protocol.
        .layer(DefaultBodyLimit::disable())
}

impl Shared {
    /// Appends a batch and counts it. Nothing is appended, and nothing asked, for a batch without records.
    async fn append(&self, batch: Batch) -> Result<Receipt, AppendError> {
        if batch.records.is_empty() {
            return Ok(Receipt { rows: 0, is_duplicate: false });
        }
        let sent = batch.records.len() as u64;
        let result = self.services.telemetry.append(batch).await;
        match &result {
            Ok(receipt) if receipt.is_duplicate => self.services.meter.duplicate(),
            Ok(receipt) => self.services.meter.appended(receipt.rows),
            Err(AppendError::Busy { .. }) => {}
            Err(_) => self.services.meter.refused(sent),
        }
        result
    }
}

/// What tells a request that is sent again from a new one: the id that its client gave it, where it did, and the body.
fn identity(headers: &HeaderMap, destination: &str, body: &[u8]) -> Option<String> {
    let id = headers.get("x-ms-client-request-id")?.to_str().ok()?;
    let mut digest = Sha256::new();
    for part in [id.as_bytes(), b"\0", destination.as_bytes(), b"\0", body] {
        digest.update(part);
    }
    Some(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_same_request_has_the_same_identity() {
        let mut headers = HeaderMap::new();
        assert_eq!(identity(&headers, "T", b"[]"), None);
        headers.insert("x-ms-client-request-id", HeaderValue::from_static("one"));
        let first = identity(&headers, "T", b"[]");
        assert_eq!(first, identity(&headers, "T", b"[]"));
        assert_ne!(first, identity(&headers, "T", b"[1]"));
        assert_ne!(first, identity(&headers, "U", b"[]"));
    }
}
