//! The HTTP Event Collector of Splunk.
//!
//! Source: "HTTP Event Collector REST API endpoints" and "Format events for HTTP Event Collector" of Splunk: events one after
//! the other, each with its metadata; raw lines; numbered answers. Acknowledgement needs no channel here, as a success means
//! that the events are durable: acknowledgements that are asked for are given at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use azimuth_host::{AppendError, Batch, Record, Scope};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::gate::{basic_password, credentials};
use super::super::payload::{self, PayloadError};
use super::super::streams::is_table_name;
use super::super::{Shared, records};
use crate::caller::Refused;

/// The table of events that name no index.
const TABLE: &str = "SplunkEvents_CL";

pub(super) fn routes() -> Router<Arc<Shared>> {
    let mut router = Router::new();
    for path in ["", "/event", "/event/1.0"] {
        router = router.route(&format!("/services/collector{path}"), post(events));
    }
    for path in ["/raw", "/raw/1.0"] {
        router = router.route(&format!("/services/collector{path}"), post(raw));
    }
    for path in ["/health", "/health/1.0"] {
        router = router.route(&format!("/services/collector{path}"), get(health));
    }
    router.route("/services/collector/ack", post(acknowledge))
}

/// What a request may say in its address.
#[derive(Deserialize, Default)]
struct Parameters {
    channel: Option<String>,
    host: Option<String>,
    source: Option<String>,
    sourcetype: Option<String>,
    index: Option<String>,
}

/// An answer: its number, text, and the event at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Refusal {
    status: StatusCode,
    code: u8,
    text: &'static str,
    event: Option<usize>,
}

const fn refusal(status: StatusCode, code: u8, text: &'static str) -> Refusal {
    Refusal { status, code, text, event: None }
}

const TOKEN_REQUIRED: Refusal = refusal(StatusCode::UNAUTHORIZED, 2, "Token is required");
const INVALID_AUTHORIZATION: Refusal = refusal(StatusCode::UNAUTHORIZED, 3, "Invalid authorization");
const INVALID_TOKEN: Refusal = refusal(StatusCode::FORBIDDEN, 4, "Invalid token");
const NO_DATA: Refusal = refusal(StatusCode::BAD_REQUEST, 5, "No data");
const INVALID_DATA: Refusal = refusal(StatusCode::BAD_REQUEST, 6, "Invalid data format");
const INCORRECT_INDEX: Refusal = refusal(StatusCode::BAD_REQUEST, 7, "Incorrect index");
const SERVER_ERROR: Refusal = refusal(StatusCode::INTERNAL_SERVER_ERROR, 8, "Internal server error");
const BUSY: Refusal = refusal(StatusCode::SERVICE_UNAVAILABLE, 9, "Server is busy");
const EVENT_REQUIRED: Refusal = refusal(StatusCode::BAD_REQUEST, 12, "Event field is required");
const EVENT_BLANK: Refusal = refusal(StatusCode::BAD_REQUEST, 13, "Event field cannot be blank");
const BAD_FIELDS: Refusal = refusal(StatusCode::BAD_REQUEST, 15, "Error in handling indexed fields");
const TOO_LARGE: Refusal = refusal(StatusCode::PAYLOAD_TOO_LARGE, 6, "Content-Length too large");

impl Refusal {
    fn at(self, event: usize) -> Self {
        Self { event: Some(event), ..self }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = json!({"text": self.text, "code": self.code});
        if let Some(event) = self.event {
            body["invalid-event-number"] = event.into();
        }
        let retry = [("retry-after", "2")];
        if self.code == BUSY.code {
            return (self.status, retry, Json(body)).into_response();
        }
        (self.status, Json(body)).into_response()
    }
}

async fn health() -> Response {
    Json(json!({"text": "HEC is healthy", "code": 17})).into_response()
}

async fn acknowledge(State(shared): super::super::State, headers: HeaderMap, body: Body) -> Response {
    if let Err(refusal) = admit(&shared, &headers) {
        return refusal.into_response();
    }
    let read = payload::read(&headers, body, 1 << 20, shared.services.limits.upload).await;
    let asked = read.ok().and_then(|payload| serde_json::from_slice::<Value>(&payload.bytes).ok());
    let Some(Value::Array(ids)) = asked.as_ref().and_then(|asked| asked.get("acks")) else {
        return INVALID_DATA.into_response();
    };
    let acks: Map<String, Value> = ids.iter().map(|id| (id.to_string(), Value::Bool(true))).collect();
    Json(json!({"acks": acks})).into_response()
}

async fn events(
    State(shared): super::super::State,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    receive(&shared, &parameters, &headers, body, event_records).await
}

async fn raw(
    State(shared): super::super::State,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    receive(&shared, &parameters, &headers, body, raw_records).await
}

/// The records of a body, by their table.
type Tables = BTreeMap<String, Vec<Record>>;
type Read = fn(&[u8], &Parameters, Timestamp, usize) -> Result<Tables, Refusal>;

async fn receive(
    shared: &Shared,
    parameters: &Parameters,
    headers: &HeaderMap,
    body: Body,
    read: Read,
) -> Response {
    match append(shared, parameters, headers, body, read).await {
        Ok(()) => {
            let is_acknowledged =
                parameters.channel.is_some() || headers.contains_key("x-splunk-request-channel");
            let mut answer = json!({"text": "Success", "code": 0});
            if is_acknowledged {
                answer["ackId"] = 0.into();
            }
            Json(answer).into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

fn admit(shared: &Shared, headers: &HeaderMap) -> Result<(), Refusal> {
    if !headers.contains_key("authorization") {
        return Err(TOKEN_REQUIRED);
    }
    let token = credentials(headers, "Splunk")
        .or_else(|| credentials(headers, "Bearer"))
        .map(str::to_owned)
        .or_else(|| basic_password(headers))
        .ok_or(INVALID_AUTHORIZATION)?;
    match shared.holder(&token) {
        Ok(_) => Ok(()),
        Err(Refused::Missing) => Err(TOKEN_REQUIRED),
        Err(_) => Err(INVALID_TOKEN),
    }
}

async fn append(
    shared: &Shared,
    parameters: &Parameters,
    headers: &HeaderMap,
    body: Body,
    read: Read,
) -> Result<(), Refusal> {
    admit(shared, headers)?;
    let Some(_place) = shared.admit() else { return Err(BUSY) };
    let limits = shared.services.limits;
    let payload =
        payload::read(headers, body, limits.body, limits.upload).await.map_err(|error| match error {
            PayloadError::TooLarge(_) => TOO_LARGE,
            _ => INVALID_DATA,
        })?;
    let now = shared.services.clock.now();
    let tables = read(&payload.bytes, parameters, now, limits.records)?;
    if tables.is_empty() {
        return Err(NO_DATA);
    }
    for (table, records) in tables {
        let batch = Batch {
            scope: Scope::Database(String::new()),
            table,
            records,
            transform: None,
            identity: None,
            received: now,
        };
        shared.append(batch).await.map_err(|error| match error {
            AppendError::Busy { .. } => BUSY,
            AppendError::NoSuchTable(_) | AppendError::NoSuchScope(_) => INCORRECT_INDEX,
            AppendError::Refused(_) => INVALID_DATA,
            _ => SERVER_ERROR,
        })?;
    }
    Ok(())
}

fn event_records(
    bytes: &[u8],
    parameters: &Parameters,
    now: Timestamp,
    limit: usize,
) -> Result<Tables, Refusal> {
    let events = records::sequence(bytes, limit).map_err(|error| match error.index {
        Some(index) => INVALID_DATA.at(index),
        None => INVALID_DATA,
    })?;
    let mut tables = Tables::new();
    for (index, mut event) in events.into_iter().enumerate() {
        let content = match event.remove("event") {
            None | Some(Value::Null) => return Err(EVENT_REQUIRED.at(index)),
            Some(Value::String(text)) if text.is_empty() => return Err(EVENT_BLANK.at(index)),
            Some(content) => content,
        };
        let fields = match event.remove("fields") {
            None | Some(Value::Null) => Value::Null,
            Some(Value::Object(fields)) if fields.values().all(|value| !value.is_object()) => fields.into(),
            Some(_) => return Err(BAD_FIELDS.at(index)),
        };
        let time = match event.get("time") {
            None | Some(Value::Null) => now,
            Some(time) => moment(time).ok_or(INVALID_DATA.at(index))?,
        };
        let text = |name: &str, other: Option<&String>| {
            event.get(name).and_then(Value::as_str).or(other.map(String::as_str)).map(str::to_owned)
        };
        let table = table(text("index", parameters.index.as_ref()).as_deref()).ok_or(INCORRECT_INDEX)?;
        let metadata = [
            ("Host", text("host", parameters.host.as_ref())),
            ("Source", text("source", parameters.source.as_ref())),
            ("SourceType", text("sourcetype", parameters.sourcetype.as_ref())),
        ];
        tables.entry(table).or_default().push(row(time, metadata, content, fields));
    }
    Ok(tables)
}

fn raw_records(
    bytes: &[u8],
    parameters: &Parameters,
    now: Timestamp,
    limit: usize,
) -> Result<Tables, Refusal> {
    let lines = records::lines(bytes, "Event", limit).map_err(|_| INVALID_DATA)?;
    let table = table(parameters.index.as_deref()).ok_or(INCORRECT_INDEX)?;
    let mut rows = Vec::new();
    for mut line in lines {
        let content = line.remove("Event").unwrap_or_default();
        if content.as_str().is_none_or(str::is_empty) {
            continue;
        }
        let metadata = [
            ("Host", parameters.host.clone()),
            ("Source", parameters.source.clone()),
            ("SourceType", parameters.sourcetype.clone()),
        ];
        rows.push(row(now, metadata, content, Value::Null));
    }
    Ok(if rows.is_empty() { Tables::new() } else { Tables::from([(table, rows)]) })
}

fn row(time: Timestamp, metadata: [(&str, Option<String>); 3], content: Value, fields: Value) -> Record {
    let mut row = Record::new();
    row.insert("TimeGenerated".to_owned(), time.to_string().into());
    for (name, value) in metadata {
        row.insert(name.to_owned(), value.into());
    }
    row.insert("Event".to_owned(), content);
    row.insert("Fields".to_owned(), fields);
    row
}

/// The table of an index: the custom table of its name.
fn table(index: Option<&str>) -> Option<String> {
    let Some(index) = index.filter(|index| !index.is_empty()) else { return Some(TABLE.to_owned()) };
    let name = index.replace('-', "_");
    is_table_name(&name).then(|| if name.ends_with("_CL") { name } else { format!("{name}_CL") })
}

/// A time in seconds since 1970, as a number or as text.
fn moment(time: &Value) -> Option<Timestamp> {
    let seconds = match time {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    #[allow(clippy::cast_possible_truncation)]
    Timestamp::from_microsecond((seconds * 1e6).round() as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Tables, Refusal> {
        event_records(body.as_bytes(), &Parameters::default(), Timestamp::UNIX_EPOCH, 100)
    }

    #[test]
    fn events_are_rows_of_their_index() {
        let tables = read(
            r#"{"time": 1426279439.123, "host": "h", "event": "hello", "fields": {"a": "b"}}
               {"time": "5", "index": "web-logs", "event": {"x": 1}}"#,
        )
        .unwrap();
        let first = &tables[TABLE][0];
        assert_eq!(first["TimeGenerated"], "2015-03-13T20:43:59.123Z");
        assert_eq!((&first["Host"], &first["Event"]), (&json!("h"), &json!("hello")));
        assert_eq!(tables["web_logs_CL"][0]["Event"], json!({"x": 1}));
    }

    #[test]
    fn refusals_have_their_numbers() {
        for (body, code, event) in [
            (r#"{"event": "a"} {"host": "h"}"#, 12, Some(1)),
            (r#"{"event": ""}"#, 13, Some(0)),
            (r#"{"event": "a"} {"event"#, 6, Some(1)),
            (r#"{"event": "a", "fields": {"a": {}}}"#, 15, Some(0)),
            (r#"{"event": "a", "index": "a b"}"#, 7, None),
            (r#"{"event": "a", "time": "noon"}"#, 6, Some(0)),
        ] {
            let refusal = read(body).unwrap_err();
            assert_eq!((refusal.code, refusal.event), (code, event), "{body}");
        }
    }
}
