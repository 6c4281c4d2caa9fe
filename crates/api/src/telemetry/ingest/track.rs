//! Application Insights: `/v2.1/track` and `/v2/track`.
//!
//! Source: the public schema of telemetry envelopes (`name`, `time`, `iKey`, `tags`, `data.baseType`, `data.baseData`), the
//! table reference of Azure Monitor (`AppRequests` and its kin), and the answers that its SDKs read. The instrumentation key in
//! the envelopes is what a sender shows; there is no sign-in.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use azimuth_host::{AppendError, Batch, Record, Scope};
use serde_json::{Map, Value, json};

use super::super::payload::{self, PayloadError};
use super::super::{Shared, gate, records};

pub(super) fn routes() -> Router<Arc<Shared>> {
    // The endpoint of a connection string ends in a slash, and exporters add another.
    let paths = ["/v2.1/track", "/v2/track", "//v2.1/track", "//v2/track"];
    paths.into_iter().fold(Router::new(), |router, path| router.route(path, post(track)))
}

/// An item that was not taken.
struct Fault {
    index: usize,
    status: u16,
    message: String,
}

async fn track(State(shared): super::super::State, headers: HeaderMap, body: Body) -> Response {
    let Some(_place) = shared.admit() else {
        return refused(StatusCode::TOO_MANY_REQUESTS, 0, "too many requests are under way");
    };
    let limits = shared.services.limits;
    let payload = match payload::read(&headers, body, limits.body, limits.upload).await {
        Ok(payload) => payload,
        Err(error) => {
            let status = match error {
                PayloadError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
                PayloadError::Slow => StatusCode::REQUEST_TIMEOUT,
                _ => StatusCode::BAD_REQUEST,
            };
            return refused(status, 0, error.to_string());
        }
    };
    let envelopes = match records::sequence(&payload.bytes, limits.records) {
        Ok(envelopes) => envelopes,
        Err(error) => return refused(StatusCode::BAD_REQUEST, 0, error.to_string()),
    };
    let received = envelopes.len();
    let mut tables: BTreeMap<&'static str, (Vec<Record>, Vec<usize>)> = BTreeMap::new();
    let mut faults = Vec::new();
    for (index, envelope) in envelopes.into_iter().enumerate() {
        let key = envelope.get("iKey").and_then(Value::as_str).unwrap_or_default();
        if shared.services.keys.of(key).is_empty() {
            let message = "the instrumentation key is not known".to_owned();
            faults.push(Fault { index, status: 401, message });
            continue;
        }
        match row(&envelope) {
            Ok((table, row)) => {
                let (rows, places) = tables.entry(table).or_default();
                rows.push(row);
                places.push(index);
            }
            Err(message) => faults.push(Fault { index, status: 400, message }),
        }
    }
    for (table, (rows, places)) in tables {
        let batch = Batch {
            scope: Scope::Database(String::new()),
            table: table.to_owned(),
            records: rows,
            transform: None,
            identity: None,
            received: shared.services.clock.now(),
        };
        if let Err(error) = shared.append(batch).await {
            let status = match error {
                AppendError::Busy { .. } => 429,
                AppendError::Unavailable(_) => 503,
                _ => 400,
            };
            faults.extend(places.into_iter().map(|index| Fault {
                index,
                status,
                message: error.to_string(),
            }));
        }
    }
    answer(received, &faults)
}

fn refused(status: StatusCode, received: usize, message: impl Into<String>) -> Response {
    answer_with(status, received, &[Fault { index: 0, status: status.as_u16(), message: message.into() }], 0)
}

/// 200 when all was taken, 206 when some was, and the status of the first fault when nothing was.
fn answer(received: usize, faults: &[Fault]) -> Response {
    let accepted = received - faults.len();
    let status = match faults.first() {
        None => StatusCode::OK,
        Some(_) if accepted > 0 => StatusCode::PARTIAL_CONTENT,
        Some(first) => StatusCode::from_u16(first.status).unwrap_or(StatusCode::BAD_REQUEST),
    };
    answer_with(status, received, faults, accepted)
}

fn answer_with(status: StatusCode, received: usize, faults: &[Fault], accepted: usize) -> Response {
    let errors: Vec<Value> = faults
        .iter()
        .map(|fault| json!({"index": fault.index, "statusCode": fault.status, "message": fault.message}))
        .collect();
    let body = json!({"itemsReceived": received, "itemsAccepted": accepted, "errors": errors});
    let mut response = (status, Json(body)).into_response();
    if status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(gate::RETRY_AFTER.as_secs()));
    }
    response
}

/// Members of an envelope's data that go to columns of other names, by the kind of the data; others keep theirs, with a capital.
const RENAMED: [(&str, &str, &str); 11] = [
    ("RequestData", "responseCode", "ResultCode"),
    ("RemoteDependencyData", "type", "DependencyType"),
    ("ExceptionData", "problemId", "ProblemId"),
    ("AvailabilityData", "runLocation", "Location"),
    ("", "duration", "DurationMs"),
    ("", "severityLevel", "SeverityLevel"),
    ("", "resultCode", "ResultCode"),
    ("", "properties", "Properties"),
    ("", "measurements", "Measurements"),
    ("", "exceptions", "Details"),
    ("", "source", "Source"),
];

/// Context of an envelope by column.
const TAGS: [(&str, &str); 9] = [
    ("ai.operation.id", "OperationId"),
    ("ai.operation.parentId", "ParentId"),
    ("ai.operation.name", "OperationName"),
    ("ai.cloud.role", "AppRoleName"),
    ("ai.cloud.roleInstance", "AppRoleInstance"),
    ("ai.application.ver", "AppVersion"),
    ("ai.session.id", "SessionId"),
    ("ai.user.id", "UserId"),
    ("ai.internal.sdkVersion", "SDKVersion"),
];

fn row(envelope: &Map<String, Value>) -> Result<(&'static str, Record), String> {
    let data = envelope.get("data").and_then(Value::as_object).ok_or("the envelope has no data")?;
    let kind = data.get("baseType").and_then(Value::as_str).ok_or("the data has no `baseType`")?;
    let table = match kind {
        "RequestData" => "AppRequests",
        "RemoteDependencyData" => "AppDependencies",
        "MessageData" => "AppTraces",
        "ExceptionData" => "AppExceptions",
        "EventData" => "AppEvents",
        "MetricData" => "AppMetrics",
        "PageViewData" => "AppPageViews",
        "AvailabilityData" => "AppAvailabilityResults",
        other => return Err(format!("there is no table for data of the kind `{other}`")),
    };
    let base = data.get("baseData").and_then(Value::as_object).ok_or("the data has no `baseData`")?;
    let mut row = Record::new();
    row.insert("Type".to_owned(), table.into());
    row.insert("TimeGenerated".to_owned(), envelope.get("time").cloned().unwrap_or_default());
    row.insert("IKey".to_owned(), envelope.get("iKey").cloned().unwrap_or_default());
    let tags = envelope.get("tags").and_then(Value::as_object);
    for (tag, column) in TAGS {
        if let Some(value) = tags.and_then(|tags| tags.get(tag)) {
            row.insert(column.to_owned(), value.clone());
        }
    }
    for (member, value) in base {
        if member == "ver" || member == "metrics" {
            continue;
        }
        let renamed = RENAMED.iter().find(|(of, from, _)| (of.is_empty() || of == &kind) && from == member);
        let column = renamed.map_or_else(|| capital(member), |(_, _, to)| (*to).to_owned());
        let value = match column.as_str() {
            "DurationMs" => milliseconds(value).map_or(Value::Null, Value::from),
            "SeverityLevel" => severity(value),
            _ => value.clone(),
        };
        row.insert(column, value);
    }
    if let Some(metric) = base.get("metrics").and_then(|metrics| metrics.get(0)) {
        let of = |member: &str| metric.get(member).cloned();
        row.insert("Name".to_owned(), of("name").unwrap_or_default());
        row.insert("Sum".to_owned(), of("value").unwrap_or_default());
        row.insert("ItemCount".to_owned(), of("count").unwrap_or_else(|| 1.into()));
        for (member, column) in [("min", "Min"), ("max", "Max")] {
            row.insert(column.to_owned(), of(member).or_else(|| of("value")).unwrap_or_default());
        }
    } else {
        row.insert("ItemCount".to_owned(), 1.into());
    }
    Ok((table, row))
}

fn capital(member: &str) -> String {
    let mut letters = member.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A duration such as `0.00:00:01.500`, or a number of milliseconds.
fn milliseconds(value: &Value) -> Option<f64> {
    let Some(text) = value.as_str() else { return value.as_f64() };
    let (days, clock) = match text.split_once('.') {
        Some((days, rest)) if rest.contains(':') => (days.parse::<f64>().ok()?, rest),
        _ => (0.0, text),
    };
    let parts = clock.split(':').map(|part| part.parse::<f64>().ok()).collect::<Option<Vec<_>>>()?;
    let [hours, minutes, seconds] = parts[..] else { return None };
    Some((((days * 24.0 + hours) * 60.0 + minutes) * 60.0 + seconds) * 1000.0)
}

/// A severity by name or number.
fn severity(value: &Value) -> Value {
    let names = ["Verbose", "Information", "Warning", "Error", "Critical"];
    let place = value.as_str().and_then(|text| names.iter().position(|name| name.eq_ignore_ascii_case(text)));
    place.map_or_else(|| value.clone(), Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelopes_are_rows() {
        let envelope = json!({
            "name": "Microsoft.ApplicationInsights.Request", "time": "2026-01-02T03:04:05.000Z", "iKey": "k",
            "tags": {"ai.operation.id": "op", "ai.cloud.role": "web"},
            "data": {"baseType": "RequestData", "baseData": {
                "ver": 2, "id": "1", "name": "GET /", "duration": "1.00:00:01.500", "responseCode": "500", "success": false
            }}
        });
        let (table, row) = row(envelope.as_object().unwrap()).unwrap();
        assert_eq!(table, "AppRequests");
        assert_eq!((&row["ResultCode"], &row["DurationMs"]), (&json!("500"), &json!(86_401_500.0)));
        assert_eq!((&row["OperationId"], &row["AppRoleName"]), (&json!("op"), &json!("web")));
    }

    #[test]
    fn what_is_no_envelope_is_refused_by_itself() {
        for wrong in [
            json!({}),
            json!({"data": {"baseType": "X", "baseData": {}}}),
            json!({"data": {"baseType": "EventData"}}),
        ] {
            assert!(row(wrong.as_object().unwrap()).is_err(), "{wrong}");
        }
        assert_eq!(milliseconds(&json!("00:01:00")), Some(60_000.0));
        assert_eq!(milliseconds(&json!("soon")), None);
    }
}
