//! The bulk API of Elasticsearch, under `/elasticsearch`, as Vector, Fluent Bit, Logstash and Beats send to it.
//!
//! Source: "Bulk API" and "Elasticsearch API conventions" of Elastic. `bulk` reads the lines, `probes` answers what senders ask
//! before they send.

mod bulk;
mod probes;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, Router};
use azimuth_host::{AppendError, Batch, Scope};
use serde_json::{Value, json};

use super::super::gate::{after_colon, basic_password, credentials};
use super::super::payload::{self, PayloadError};
use super::super::{Shared, gate};
use bulk::{Item, Outcome};

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/elasticsearch", any(answer))
        .route("/elasticsearch/", any(answer))
        .route("/elasticsearch/{*path}", any(answer))
}

/// An error in the shape of Elasticsearch.
struct Refusal {
    status: StatusCode,
    kind: &'static str,
    reason: String,
}

impl Refusal {
    fn new(status: StatusCode, kind: &'static str, reason: impl Into<String>) -> Self {
        Self { status, kind, reason: reason.into() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let cause = json!({"type": self.kind, "reason": self.reason});
        let error = json!({"root_cause": [cause], "type": self.kind, "reason": self.reason});
        let body = json!({"error": error, "status": self.status.as_u16()});
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        match self.status {
            StatusCode::UNAUTHORIZED => {
                let challenge = HeaderValue::from_static("Basic realm=\"security\", charset=\"UTF-8\"");
                headers.insert("www-authenticate", challenge);
            }
            StatusCode::TOO_MANY_REQUESTS => {
                headers.insert(RETRY_AFTER, HeaderValue::from(gate::RETRY_AFTER.as_secs()));
            }
            _ => {}
        }
        response
    }
}

async fn answer(State(shared): super::super::State, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().trim_start_matches("/elasticsearch").trim_matches('/').to_owned();
    let mut response = match respond(&shared, &parts.method, &path, &parts.headers, body).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    };
    // Clients of Elastic refuse to talk to whatever does not say so.
    response.headers_mut().insert("x-elastic-product", HeaderValue::from_static("Elasticsearch"));
    response
}

async fn respond(
    shared: &Shared,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    authorized(shared, headers)?;
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    match segments.as_slice() {
        ["_bulk"] if is_write(method) => send(shared, None, headers, body).await,
        [index, "_bulk"] if is_write(method) => send(shared, Some(index), headers, body).await,
        segments => probes::answer(method, segments)
            .map(|(status, body)| (status, Json(body)).into_response())
            .ok_or_else(|| {
                let reason = format!("no handler found for uri [/{path}] and method [{method}]");
                Refusal::new(StatusCode::BAD_REQUEST, "illegal_argument_exception", reason)
            }),
    }
}

fn is_write(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT)
}

fn authorized(shared: &Shared, headers: &HeaderMap) -> Result<(), Refusal> {
    let token = credentials(headers, "ApiKey")
        .map(|key| after_colon(key).unwrap_or_else(|| key.to_owned()))
        .or_else(|| basic_password(headers))
        .or_else(|| credentials(headers, "Bearer").map(str::to_owned));
    let refused = |reason| Refusal::new(StatusCode::UNAUTHORIZED, "security_exception", reason);
    let token = token.ok_or_else(|| refused("missing authentication credentials for REST request"))?;
    shared.holder(&token).map(drop).map_err(|_| refused("unable to authenticate with the given credentials"))
}

async fn send(
    shared: &Shared,
    index: Option<&str>,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let busy = || {
        let reason = "too many bulk requests are under way";
        Refusal::new(StatusCode::TOO_MANY_REQUESTS, "es_rejected_execution_exception", reason)
    };
    let Some(_place) = shared.admit() else { return Err(busy()) };
    let limits = shared.services.limits;
    let payload = payload::read(headers, body, limits.body, limits.upload).await.map_err(|error| {
        let status = match error {
            PayloadError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            PayloadError::Slow => StatusCode::REQUEST_TIMEOUT,
            _ => StatusCode::BAD_REQUEST,
        };
        Refusal::new(status, "illegal_argument_exception", error.to_string())
    })?;
    let now = shared.services.clock.now();
    let read = bulk::read(&payload.bytes, index, now, limits.records)
        .map_err(|reason| Refusal::new(StatusCode::BAD_REQUEST, "illegal_argument_exception", reason))?;
    let mut items = read.items;
    for (table, (records, places)) in read.tables {
        let batch = Batch {
            scope: Scope::Database(String::new()),
            table,
            records,
            transform: None,
            identity: None,
            received: now,
        };
        let outcome = match shared.append(batch).await {
            Ok(_) => continue,
            Err(AppendError::Busy { .. }) => {
                Outcome::refused(429, "es_rejected_execution_exception", "too much is under way")
            }
            Err(error @ (AppendError::NoSuchTable(_) | AppendError::NoSuchScope(_))) => {
                Outcome::refused(404, "index_not_found_exception", error.to_string())
            }
            Err(error @ AppendError::Refused(_)) => {
                Outcome::refused(400, "document_parsing_exception", error.to_string())
            }
            Err(error) => Outcome::refused(503, "unavailable_shards_exception", error.to_string()),
        };
        for place in places {
            items[place].outcome = outcome.clone();
        }
    }
    Ok(Json(report(&items)).into_response())
}

/// The answer to a bulk request. Some senders look for `"errors":false,"items":[` in its text.
fn report(items: &[Item]) -> Value {
    let is_failed = items.iter().any(|item| matches!(item.outcome, Outcome::Refused { .. }));
    json!({"took": 0, "errors": is_failed, "items": items.iter().map(Item::report).collect::<Vec<_>>()})
}
