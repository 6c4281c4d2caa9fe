//! The messages of OTLP read from JSON.
//!
//! Source: "JSON Protobuf Encoding" of the OpenTelemetry protocol: lower camel case, 64-bit numbers as texts or numbers, ids in
//! hexadecimal, enums as numbers, unknown members ignored.

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use serde_json::Value;

use super::message as m;

pub(super) fn logs(bytes: &[u8]) -> Result<m::Logs, String> {
    let read: Logs = parse(bytes)?;
    let resources = read.resource_logs.into_iter().map(|of| m::ResourceLogs {
        resource: of.resource.map(resource),
        scopes: of
            .scope_logs
            .into_iter()
            .map(|scope| m::ScopeLogs { records: scope.log_records.into_iter().map(record).collect() })
            .collect(),
    });
    Ok(m::Logs { resources: resources.collect() })
}

pub(super) fn traces(bytes: &[u8]) -> Result<m::Traces, String> {
    let read: Traces = parse(bytes)?;
    let resources = read.resource_spans.into_iter().map(|of| m::ResourceSpans {
        resource: of.resource.map(resource),
        scopes: of
            .scope_spans
            .into_iter()
            .map(|scope| m::ScopeSpans { spans: scope.spans.into_iter().map(span).collect() })
            .collect(),
    });
    Ok(m::Traces { resources: resources.collect() })
}

fn parse<'b, T: Deserialize<'b>>(bytes: &'b [u8]) -> Result<T, String> {
    // Messages would be read from arrays, too.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err("the body is no message of OTLP: expected an object".to_owned());
    }
    serde_json::from_slice(bytes).map_err(|error| format!("the body is no message of OTLP: {error}"))
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Logs {
    resource_logs: Vec<ResourceLogs>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ResourceLogs {
    resource: Option<Resource>,
    scope_logs: Vec<ScopeLogs>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Resource {
    attributes: Vec<KeyValue>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ScopeLogs {
    log_records: Vec<LogRecord>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct LogRecord {
    #[serde(deserialize_with = "whole")]
    time_unix_nano: u64,
    #[serde(deserialize_with = "whole")]
    observed_time_unix_nano: u64,
    severity_number: i32,
    body: Option<Value>,
    attributes: Vec<KeyValue>,
    #[serde(deserialize_with = "hex")]
    trace_id: Vec<u8>,
    #[serde(deserialize_with = "hex")]
    span_id: Vec<u8>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Traces {
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ResourceSpans {
    resource: Option<Resource>,
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ScopeSpans {
    spans: Vec<Span>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Span {
    #[serde(deserialize_with = "hex")]
    trace_id: Vec<u8>,
    #[serde(deserialize_with = "hex")]
    span_id: Vec<u8>,
    #[serde(deserialize_with = "hex")]
    parent_span_id: Vec<u8>,
    name: String,
    kind: i32,
    #[serde(deserialize_with = "whole")]
    start_time_unix_nano: u64,
    #[serde(deserialize_with = "whole")]
    end_time_unix_nano: u64,
    attributes: Vec<KeyValue>,
    status: Option<Status>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    message: String,
    code: i32,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct KeyValue {
    key: String,
    value: Option<Value>,
}

/// A 64-bit number, which may be written as a text.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    value
        .as_u64()
        .or_else(|| value.as_str()?.parse().ok())
        .ok_or_else(|| D::Error::custom(format!("`{value}` is no whole number")))
}

/// Bytes in hexadecimal.
fn hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    match digits {
        Some(digits) if digits.len() % 2 == 0 =>
        {
            #[allow(clippy::cast_possible_truncation)]
            Ok(digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect())
        }
        _ => Err(D::Error::custom(format!("`{text}` is not hexadecimal"))),
    }
}

fn resource(of: Resource) -> m::Resource {
    m::Resource { attributes: attributes(of.attributes) }
}

fn record(of: LogRecord) -> m::LogRecord {
    m::LogRecord {
        time: of.time_unix_nano,
        severity: of.severity_number,
        body: of.body.as_ref().map(any),
        attributes: attributes(of.attributes),
        trace: of.trace_id,
        span: of.span_id,
        observed: of.observed_time_unix_nano,
    }
}

fn span(of: Span) -> m::Span {
    m::Span {
        trace: of.trace_id,
        id: of.span_id,
        parent: of.parent_span_id,
        name: of.name,
        kind: of.kind,
        start: of.start_time_unix_nano,
        end: of.end_time_unix_nano,
        attributes: attributes(of.attributes),
        status: of.status.map(|status| m::SpanStatus { message: status.message, code: status.code }),
    }
}

fn attributes(of: Vec<KeyValue>) -> Vec<m::KeyValue> {
    of.into_iter().map(|pair| m::KeyValue { key: pair.key, value: pair.value.as_ref().map(any) }).collect()
}

/// A value such as `{"stringValue": "x"}`; the depth is bounded by that of the JSON text.
fn any(value: &Value) -> m::AnyValue {
    let member = value.as_object().and_then(|members| members.iter().next());
    let kind = member.and_then(|(name, value)| {
        let text = || value.as_str().unwrap_or_default().to_owned();
        Some(match name.as_str() {
            "boolValue" => m::Kind::Bool(value.as_bool()?),
            "intValue" => m::Kind::Int(value.as_i64().or_else(|| value.as_str()?.parse().ok())?),
            "doubleValue" => m::Kind::Double(value.as_f64().or_else(|| value.as_str()?.parse().ok())?),
            "arrayValue" => {
                let items = value.get("values").and_then(Value::as_array).into_iter().flatten();
                m::Kind::Array(m::ArrayValue { values: items.map(any).collect() })
            }
            "kvlistValue" => {
                let pairs = value.get("values").and_then(Value::as_array).into_iter().flatten();
                let values = pairs.map(|pair| m::KeyValue {
                    key: pair.get("key").and_then(Value::as_str).unwrap_or_default().to_owned(),
                    value: pair.get("value").map(any),
                });
                m::Kind::Map(m::KeyValues { values: values.collect() })
            }
            // Bytes stay in base64, which is how they are shown anyway.
            "stringValue" | "bytesValue" => m::Kind::String(text()),
            _ => return None,
        })
    });
    m::AnyValue { kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_texts_or_numbers_and_ids_are_hexadecimal() {
        let read = logs(
            br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"5","severityNumber":9,"traceId":"0aff",
            "body":{"kvlistValue":{"values":[{"key":"a","value":{"intValue":"7"}}]}},"unknown":1}]}]}]}"#,
        )
        .unwrap();
        let record = &read.resources[0].scopes[0].records[0];
        assert_eq!((record.time, &record.trace[..]), (5, &[0x0a, 0xff][..]));
        for wrong in
            ["[]", r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"x"}]}]}]}"#, "{"]
        {
            assert!(logs(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
