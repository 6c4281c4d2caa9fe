//! The HTTP Data Collector API of Azure Monitor, which older agents still send to.
//!
//! Source: "Send log data to Azure Monitor by using the HTTP Data Collector API": `POST /api/logs`, signed with a key of the
//! workspace (HMAC-SHA-256 over method, length, type, date and path); the table is the header `Log-Type` and `_CL`, and every
//! column carries the type of its values in its name.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use azimuth_collect::fit::{column_name, moment, suffix};
use azimuth_host::{AppendError, Batch, Record, Scope};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::gate::credentials;
use super::super::keys::is_signed;
use super::super::payload::{self, PayloadError};
use super::super::streams::is_table_name;
use super::super::{Shared, records};

/// How far `x-ms-date` may be from the time here.
const MAX_SKEW: SignedDuration = SignedDuration::from_mins(15);
/// The limit of the service.
const MAX_BODY: usize = 30 << 20;
/// The only version there is.
const VERSION: &str = "2016-04-01";

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/api/logs", post(send))
}

#[derive(Deserialize)]
struct Parameters {
    #[serde(rename = "api-version")]
    api_version: Option<String>,
}

/// A refusal in the words of the API.
struct Refusal(StatusCode, &'static str, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"Error": self.1, "Message": self.2}))).into_response()
    }
}

fn bad(code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, code, message.into())
}

async fn send(
    State(shared): super::super::State,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match append(&shared, &parameters, &headers, body).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(refusal) if refusal.0 == StatusCode::TOO_MANY_REQUESTS => {
            let mut response = refusal.into_response();
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("2"));
            response
        }
        Err(refusal) => refusal.into_response(),
    }
}

async fn append(
    shared: &Shared,
    parameters: &Parameters,
    headers: &HeaderMap,
    body: Body,
) -> Result<(), Refusal> {
    let version = parameters.api_version.as_deref();
    match version {
        Some(VERSION) => {}
        Some(other) => {
            return Err(bad("InvalidApiVersion", format!("there is no version `{other}`; use `{VERSION}`")));
        }
        None => return Err(bad("MissingApiVersion", format!("add `?api-version={VERSION}`"))),
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let kind = header(CONTENT_TYPE.as_str())
        .ok_or_else(|| bad("MissingContentType", "the content type is missing; use `application/json`"))?;
    if !kind.to_ascii_lowercase().starts_with("application/json") {
        let message = format!("the content type `{kind}` is not supported; use `application/json`");
        return Err(bad("UnsupportedContentType", message));
    }
    let log_type =
        header("log-type").ok_or_else(|| bad("MissingLogType", "the header `Log-Type` is missing"))?;
    if !is_table_name(log_type) {
        let message = format!(
            "`{log_type}` is no log type; use a letter, then letters, digits and `_`, at most 100 of them"
        );
        return Err(bad("InvalidLogType", message));
    }
    let Some(_place) = shared.admit() else {
        let message = "too many requests are under way; send again in 2 s".to_owned();
        return Err(Refusal(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message));
    };
    let limit = MAX_BODY.min(shared.services.limits.body);
    let payload =
        payload::read(headers, body, limit, shared.services.limits.upload).await.map_err(|error| {
            let status = match error {
                PayloadError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
                PayloadError::Slow => StatusCode::REQUEST_TIMEOUT,
                _ => StatusCode::BAD_REQUEST,
            };
            Refusal(status, "InvalidDataFormat", error.to_string())
        })?;
    let now = shared.services.clock.now();
    let workspace = signer(shared, headers, kind, payload.wire, now)?;
    let rows = match payload.bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => records::sequence(&payload.bytes, shared.services.limits.records),
        _ => records::array(&payload.bytes, shared.services.limits.records),
    };
    let rows = rows.map_err(|error| bad("InvalidDataFormat", error.to_string()))?;
    let time_field = header("time-generated-field").filter(|name| !name.is_empty());
    let resource = header("x-ms-azureresourceid");
    let rows = rows.into_iter().map(|row| named(row, time_field, resource, now));
    let batch = Batch {
        scope: Scope::Workspace(workspace),
        table: format!("{log_type}_CL"),
        records: rows.collect(),
        transform: None,
        identity: None,
        received: now,
    };
    shared.append(batch).await.map(drop).map_err(|error| match error {
        AppendError::Busy { .. } => {
            Refusal(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", error.to_string())
        }
        AppendError::NoSuchScope(_) => bad("InvalidCustomerId", error.to_string()),
        AppendError::Refused(_) | AppendError::NoSuchTable(_) => bad("InvalidDataFormat", error.to_string()),
        error => Refusal(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", error.to_string()),
    })
}

/// The workspace whose key the request is signed with.
fn signer(
    shared: &Shared,
    headers: &HeaderMap,
    kind: &str,
    length: usize,
    now: Timestamp,
) -> Result<String, Refusal> {
    let refused = |why: &str| Refusal(StatusCode::FORBIDDEN, "InvalidAuthorization", why.to_owned());
    let (workspace, signature) = credentials(headers, "SharedKey")
        .and_then(|credentials| credentials.split_once(':'))
        .ok_or_else(|| refused("send `Authorization: SharedKey {workspace id}:{signature}`"))?;
    let date = headers
        .get("x-ms-date")
        .and_then(|date| date.to_str().ok())
        .ok_or_else(|| refused("the header `x-ms-date` is missing"))?;
    let sent = rfc2822::parse(date)
        .map_err(|_| refused("the header `x-ms-date` is no date as of RFC 1123"))?
        .timestamp();
    if now.duration_since(sent).abs() > MAX_SKEW {
        return Err(refused("the header `x-ms-date` is more than 15 minutes away from the time here"));
    }
    let signature = STANDARD.decode(signature).map_err(|_| refused("the signature is not in base64"))?;
    let text = format!("POST\n{length}\n{kind}\nx-ms-date:{date}\n/api/logs");
    if !is_signed(text.as_bytes(), &signature, &shared.services.keys.of(workspace)) {
        return Err(refused("the signature is not of a key of this workspace"));
    }
    Ok(workspace.to_owned())
}

/// A record under the names of its columns. Objects and arrays are kept as text, as the API does.
fn named(row: Record, time_field: Option<&str>, resource: Option<&str>, now: Timestamp) -> Record {
    let mut named = Record::new();
    let time = time_field.and_then(|field| row.get(field)).and_then(Value::as_str);
    let time = time.and_then(moment).unwrap_or(now);
    named.insert("TimeGenerated".to_owned(), time.to_string().into());
    if let Some(resource) = resource {
        named.insert("_ResourceId".to_owned(), resource.to_ascii_lowercase().into());
    }
    for (member, value) in row {
        if Some(member.as_str()) == time_field || value.is_null() {
            continue;
        }
        let value = match value {
            Value::Object(_) | Value::Array(_) => value.to_string().into(),
            value => value,
        };
        named.insert(format!("{}{}", column_name(&member), suffix(&value)), value);
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_carry_their_types() {
        let Value::Object(row) = json!({
            "a": "x", "b c": 1, "d": true, "e": {"f": 1}, "n": null, "at": "2024-01-02T03:04:05Z",
            "g": "6f9619ff-8b86-d011-b42d-00c04fc964ff", "t": "2024-01-02T03:04:05Z"
        }) else {
            unreachable!()
        };
        let named = named(row, Some("at"), None, Timestamp::UNIX_EPOCH);
        let wanted = json!({
            "TimeGenerated": "2024-01-02T03:04:05Z", "a_s": "x", "b_c_d": 1, "d_b": true, "e_s": "{\"f\":1}",
            "g_g": "6f9619ff-8b86-d011-b42d-00c04fc964ff", "t_t": "2024-01-02T03:04:05Z"
        });
        assert_eq!(Value::Object(named), wanted);
    }
}
