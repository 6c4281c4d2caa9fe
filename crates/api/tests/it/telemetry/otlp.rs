//! OTLP and Application Insights.

use axum::http::{Method, StatusCode};
use serde_json::json;

use super::memory::WORKSPACE;
use super::support::Server;

const JSON: (&str, &str) = ("content-type", "application/json");
const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");

#[tokio::test]
async fn logs_in_json_are_traces() {
    let server = Server::new();
    let body = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [{"timeUnixNano": "1767312000000000000", "body": {"stringValue": "hi"}}]}]}]});
    let reply = server.post("/v1/logs", &body).await;
    assert_eq!((reply.status, reply.json()), (StatusCode::OK, json!({})));
    assert_eq!(server.rows("AppTraces | project Message").await, json!([["hi"]]));
}

#[tokio::test]
async fn logs_in_protobuf_are_traces() {
    let server = Server::new();
    // resource_logs { scope_logs { log_records { severity_number: 17 body { string_value: "hi" } } } }
    let record = [0x10, 17, 0x2a, 4, 0x0a, 2, b'h', b'i'];
    let message = [&[0x0a, 12, 0x12, 10, 0x12, 8][..], &record].concat();
    let reply = server.send(Method::POST, "/v1/logs", &[PROTOBUF], message).await;
    assert_eq!((reply.status, reply.bytes.len()), (StatusCode::OK, 0));
    assert_eq!(reply.header("content-type"), "application/x-protobuf");
    assert_eq!(server.rows("AppTraces | project Message, SeverityLevel").await, json!([["hi", 3]]));
}

#[tokio::test]
async fn errors_have_the_encoding_of_the_request() {
    let server = Server::new();
    let reply = server.send(Method::POST, "/v1/logs", &[JSON], "{").await;
    assert_eq!((reply.status, &reply.json()["code"]), (StatusCode::BAD_REQUEST, &json!(3)));
    let reply = server.send(Method::POST, "/v1/traces", &[PROTOBUF], vec![0xff; 9]).await;
    assert_eq!((reply.status, reply.bytes[..2].to_vec()), (StatusCode::BAD_REQUEST, vec![0x08, 3]));
    let reply = server.send(Method::POST, "/v1/traces", &[("content-type", "text/plain")], "").await;
    assert_eq!(reply.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let reply = server.send(Method::POST, "/v1/metrics", &[PROTOBUF], "").await;
    assert_eq!(reply.status, StatusCode::OK);
}

#[tokio::test]
async fn envelopes_of_application_insights_are_rows() {
    let server = Server::new();
    let item = |kind: &str| json!({"time": "2026-01-01T00:00:00Z", "iKey": WORKSPACE, "data": {"baseType": kind, "baseData": {"name": "n", "duration": "00:00:01"}}});
    for path in ["/v2.1/track", "//v2/track"] {
        let reply = server
            .bare(Method::POST, path, &[], json!([item("RequestData"), item("Nothing")]).to_string())
            .await;
        assert_eq!((reply.status, &reply.json()["itemsAccepted"]), (StatusCode::PARTIAL_CONTENT, &json!(1)));
    }
    assert_eq!(
        server.rows("AppRequests | project Name, DurationMs").await,
        json!([["n", 1000.0], ["n", 1000.0]])
    );
}
