//! OTLP over HTTP: logs and traces of OpenTelemetry, in protobuf and JSON.
//!
//! Source: "OTLP/HTTP" of the OpenTelemetry protocol: 200 with a response of the same encoding, errors as `google.rpc.Status`.
//! Log records go to `AppTraces`, spans of servers and consumers to `AppRequests`, other spans to `AppDependencies`: the tables
//! of Application Insights, by its mapping of the semantic conventions. Metrics are acknowledged and not kept.
//!
//! `message` holds the messages of protobuf, `json` reads the same from JSON, `rows` makes rows of them.

mod json;
mod message;
mod rows;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use azimuth_host::{AppendError, Batch, Record, Scope};
use prost::Message;
use serde_json::json;

use super::super::payload::{self, PayloadError};
use super::super::{Shared, gate};

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/logs", post(logs))
        .route("/v1/traces", post(traces))
        .route("/v1/metrics", post(metrics))
}

/// How a request, and so its answer, is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Protobuf,
    Json,
}

impl Encoding {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?.to_ascii_lowercase();
        match kind.split(';').next().unwrap_or_default().trim() {
            "application/x-protobuf" => Some(Self::Protobuf),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }

    fn success(self) -> Response {
        // An empty message is no bytes at all.
        let body = if self == Self::Json { "{}" } else { "" };
        ([(CONTENT_TYPE, self.content_type())], body).into_response()
    }

    fn failure(self, refusal: &Refusal) -> Response {
        let body = match self {
            Self::Protobuf => {
                message::Status { code: refusal.code, message: refusal.message.clone() }.encode_to_vec()
            }
            Self::Json => json!({"code": refusal.code, "message": refusal.message}).to_string().into_bytes(),
        };
        let mut response = (refusal.status, [(CONTENT_TYPE, self.content_type())], body).into_response();
        if refusal.status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(gate::RETRY_AFTER.as_secs()));
        }
        response
    }
}

/// Why a request was refused: a status of HTTP and one of gRPC.
struct Refusal {
    status: StatusCode,
    code: i32,
    message: String,
}

impl Refusal {
    fn new(status: StatusCode, code: i32, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, 3, message)
    }
}

async fn logs(State(shared): super::super::State, headers: HeaderMap, body: Body) -> Response {
    receive(&shared, &headers, body, |encoding, bytes| {
        Ok(rows::logs(match encoding {
            Encoding::Protobuf => protobuf(bytes)?,
            Encoding::Json => json::logs(bytes).map_err(Refusal::bad)?,
        }))
    })
    .await
}

async fn traces(State(shared): super::super::State, headers: HeaderMap, body: Body) -> Response {
    receive(&shared, &headers, body, |encoding, bytes| {
        Ok(rows::traces(match encoding {
            Encoding::Protobuf => protobuf(bytes)?,
            Encoding::Json => json::traces(bytes).map_err(Refusal::bad)?,
        }))
    })
    .await
}

async fn metrics(State(shared): super::super::State, headers: HeaderMap, body: Body) -> Response {
    receive(&shared, &headers, body, |_, _| Ok(BTreeMap::new())).await
}

fn protobuf<M: Message + Default>(bytes: &[u8]) -> Result<M, Refusal> {
    M::decode(bytes).map_err(|error| Refusal::bad(format!("the body is no message of OTLP: {error}")))
}

/// Rows by their table.
type Tables = BTreeMap<&'static str, Vec<Record>>;

async fn receive(
    shared: &Shared,
    headers: &HeaderMap,
    body: Body,
    read: impl FnOnce(Encoding, &[u8]) -> Result<Tables, Refusal>,
) -> Response {
    let Some(encoding) = Encoding::of(headers) else {
        let message = "the content type has to be application/x-protobuf or application/json";
        return Encoding::Json.failure(&Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, 3, message));
    };
    if let Err(refused) = shared.caller(headers) {
        let mut response = encoding.failure(&Refusal::new(StatusCode::UNAUTHORIZED, 16, gate::why(&refused)));
        response.headers_mut().insert(WWW_AUTHENTICATE, shared.challenge(&refused));
        return response;
    }
    match append(shared, headers, body, |bytes| read(encoding, bytes)).await {
        Ok(()) => encoding.success(),
        Err(refusal) => encoding.failure(&refusal),
    }
}

async fn append(
    shared: &Shared,
    headers: &HeaderMap,
    body: Body,
    read: impl FnOnce(&[u8]) -> Result<Tables, Refusal>,
) -> Result<(), Refusal> {
    let busy = |message: &str| Refusal::new(StatusCode::TOO_MANY_REQUESTS, 8, message);
    let Some(_place) = shared.admit() else { return Err(busy("too many requests are under way")) };
    let limits = shared.services.limits;
    let payload =
        payload::read(headers, body, limits.body, limits.upload).await.map_err(|error| match error {
            PayloadError::TooLarge(_) => Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, 11, error.to_string()),
            PayloadError::Encoding(_) => {
                Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, 3, error.to_string())
            }
            error => Refusal::bad(error.to_string()),
        })?;
    for (table, records) in read(&payload.bytes)? {
        if records.len() > limits.records {
            return Err(Refusal::bad(format!("more than {} records in one request", limits.records)));
        }
        let batch = Batch {
            scope: Scope::Database(String::new()),
            table: table.to_owned(),
            records,
            transform: None,
            identity: None,
            received: shared.services.clock.now(),
        };
        shared.append(batch).await.map_err(|error| match error {
            AppendError::Busy { .. } => busy("too much is under way"),
            AppendError::Unavailable(_) => {
                Refusal::new(StatusCode::SERVICE_UNAVAILABLE, 14, error.to_string())
            }
            error => Refusal::bad(error.to_string()),
        })?;
    }
    Ok(())
}
