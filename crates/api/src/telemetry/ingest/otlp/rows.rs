//! Rows of the tables of Application Insights from messages of OTLP.
//!
//! Source: the documentation of the Azure Monitor exporters and the semantic conventions of OpenTelemetry: which attributes
//! make name, target, result code and role.

use std::collections::BTreeMap;

use azimuth_host::Record;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Tables;
use super::message::{AnyValue, KeyValue, Kind, LogRecord, Logs, Resource, Span, Traces};

const SERVER: i32 = 2;
const CONSUMER: i32 = 5;
const FAILED: i32 = 2;

pub(super) fn logs(logs: Logs) -> Tables {
    let mut rows = Vec::new();
    for of in logs.resources {
        let role = role(of.resource.as_ref());
        for record in of.scopes.into_iter().flat_map(|scope| scope.records) {
            rows.push(log(&role, record));
        }
    }
    Tables::from([("AppTraces", rows)])
}

pub(super) fn traces(traces: Traces) -> Tables {
    let mut tables: BTreeMap<&'static str, Vec<Record>> = BTreeMap::new();
    for of in traces.resources {
        let role = role(of.resource.as_ref());
        for span in of.scopes.into_iter().flat_map(|scope| scope.spans) {
            let is_request = matches!(span.kind, SERVER | CONSUMER);
            let table = if is_request { "AppRequests" } else { "AppDependencies" };
            let mut row = trace(&role, span, is_request);
            row.insert("Type".to_owned(), table.into());
            tables.entry(table).or_default().push(row);
        }
    }
    tables
}

/// Columns that say which service speaks.
fn role(resource: Option<&Resource>) -> Record {
    let attributes = bag(resource.map_or(&[], |resource| &resource.attributes));
    let text = |name: &str| attributes.get(name).and_then(Value::as_str).unwrap_or_default();
    let name = match (text("service.namespace"), text("service.name")) {
        ("", name) => name.to_owned(),
        (namespace, name) => format!("{namespace}.{name}"),
    };
    let instance = match text("service.instance.id") {
        "" => text("host.name"),
        id => id,
    };
    Record::from_iter([
        ("AppRoleName".to_owned(), name.into()),
        ("AppRoleInstance".to_owned(), instance.into()),
        ("AppVersion".to_owned(), text("service.version").into()),
    ])
}

fn log(role: &Record, record: LogRecord) -> Record {
    let mut row = role.clone();
    let mut set = |name: &str, value: Value| row.insert(name.to_owned(), value);
    let time = if record.time == 0 { record.observed } else { record.time };
    set("Type", "AppTraces".into());
    set("TimeGenerated", moment(time).into());
    set(
        "Message",
        match record.body.map(value).unwrap_or_default() {
            Value::Null => "".into(),
            Value::String(text) => text.into(),
            other => other.to_string().into(),
        },
    );
    set("SeverityLevel", severity(record.severity).into());
    set("OperationId", hex(&record.trace).into());
    set("ParentId", hex(&record.span).into());
    set("Properties", bag(&record.attributes).into());
    set("ItemCount", 1.into());
    row
}

fn trace(role: &Record, span: Span, is_request: bool) -> Record {
    let attributes = bag(&span.attributes);
    let text =
        |names: &[&str]| names.iter().find_map(|name| attributes.get(*name)).map(plain).unwrap_or_default();
    let status = span.status.unwrap_or_default();
    let http = text(&["http.response.status_code", "http.status_code"]);
    let code = match text(&["http.response.status_code", "http.status_code", "rpc.grpc.status_code"]) {
        code if code.is_empty() => status.code.to_string(),
        code => code,
    };
    let is_http_error = http.parse::<u16>().is_ok_and(|code| code >= 400);
    let mut row = role.clone();
    let mut set = |name: &str, value: Value| row.insert(name.to_owned(), value);
    set("TimeGenerated", moment(span.start).into());
    set("Id", hex(&span.id).into());
    set("OperationId", hex(&span.trace).into());
    set("ParentId", hex(&span.parent).into());
    set("Name", span.name.clone().into());
    #[allow(clippy::cast_precision_loss)]
    set("DurationMs", (span.end.saturating_sub(span.start) as f64 / 1e6).into());
    set("Success", (status.code != FAILED && !(is_request && is_http_error)).into());
    set("ResultCode", code.into());
    set("ItemCount", 1.into());
    let address = text(&["url.full", "http.url"]);
    if is_request {
        set("OperationName", span.name.into());
        set("Url", if address.is_empty() { text(&["url.path", "http.target"]) } else { address }.into());
    } else {
        set(
            "Target",
            text(&["server.address", "net.peer.name", "db.namespace", "messaging.destination.name"]).into(),
        );
        let kind = [
            ("db.system.name", "SQL"),
            ("db.system", "SQL"),
            ("rpc.system", "GRPC"),
            ("messaging.system", "Queue Message"),
        ]
        .into_iter()
        .find(|(attribute, _)| attributes.contains_key(*attribute))
        .map_or(if http.is_empty() { "InProc" } else { "HTTP" }, |(_, kind)| kind);
        set("DependencyType", kind.into());
        set(
            "Data",
            if address.is_empty() { text(&["db.query.text", "db.statement"]) } else { address }.into(),
        );
    }
    set("Properties", attributes.into());
    row
}

/// Nanoseconds since 1970; 0 and what is beyond all calendars is 1970.
fn moment(nanoseconds: u64) -> String {
    Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// Severities of OpenTelemetry (1 to 24) as those of Application Insights (0 verbose to 4 critical).
fn severity(number: i32) -> i32 {
    match number {
        ..=8 => 0,
        9..=12 => 1,
        13..=16 => 2,
        17..=20 => 3,
        _ => 4,
    }
}

fn bag(attributes: &[KeyValue]) -> Map<String, Value> {
    let pairs = attributes.iter().map(|pair| {
        let value = pair.value.clone().map(value).unwrap_or_default();
        (pair.key.clone(), value)
    });
    pairs.collect()
}

/// The depth is bounded: protobuf and JSON are read to 100 and 128 levels.
fn value(any: AnyValue) -> Value {
    match any.kind {
        None => Value::Null,
        Some(Kind::String(text)) => text.into(),
        Some(Kind::Bool(truth)) => truth.into(),
        Some(Kind::Int(number)) => number.into(),
        Some(Kind::Double(number)) => number.into(),
        Some(Kind::Bytes(bytes)) => STANDARD.encode(bytes).into(),
        Some(Kind::Array(array)) => array.values.into_iter().map(value).collect(),
        Some(Kind::Map(pairs)) => bag(&pairs.values).into(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::json as read;
    use super::*;

    #[test]
    fn spans_of_servers_are_requests_and_others_dependencies() {
        let body = json!({"resourceSpans": [{
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
            "scopeSpans": [{"spans": [
                {"traceId": "aa", "spanId": "01", "name": "GET /", "kind": 2, "startTimeUnixNano": "1000000000", "endTimeUnixNano": "1002500000",
                 "attributes": [{"key": "http.response.status_code", "value": {"intValue": 500}}]},
                {"traceId": "aa", "spanId": "02", "parentSpanId": "01", "name": "SELECT", "kind": 3,
                 "attributes": [{"key": "db.system", "value": {"stringValue": "mssql"}}]}
            ]}]
        }]});
        let tables = traces(read::traces(body.to_string().as_bytes()).unwrap());
        let request = &tables["AppRequests"][0];
        assert_eq!(request["DurationMs"], json!(2.5));
        assert_eq!((&request["Success"], &request["ResultCode"]), (&json!(false), &json!("500")));
        let dependency = &tables["AppDependencies"][0];
        assert_eq!((&dependency["ParentId"], &dependency["DependencyType"]), (&json!("01"), &json!("SQL")));
        assert_eq!(dependency["AppRoleName"], "shop");
    }

    #[test]
    fn records_are_traces() {
        let body = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [
            {"observedTimeUnixNano": 2_000_000_000, "severityNumber": 17, "body": {"stringValue": "boom"}}
        ]}]}]});
        let tables = logs(read::logs(body.to_string().as_bytes()).unwrap());
        let row = &tables["AppTraces"][0];
        assert_eq!((&row["Message"], &row["SeverityLevel"]), (&json!("boom"), &json!(3)));
        assert_eq!(row["TimeGenerated"], "1970-01-01T00:00:02Z");
    }
}
