//! The HTTP Event Collector of Splunk.

use axum::http::{Method, StatusCode};
use serde_json::json;

use super::support::{Server, TOKEN};

#[tokio::test]
async fn events_and_raw_lines_are_rows() {
    let server = Server::new();
    let splunk = format!("Splunk {TOKEN}");
    let headers = [("authorization", splunk.as_str())];
    let events = "{\"event\": \"one\", \"host\": \"h\", \"time\": 1767312000}{\"event\": {\"a\": 2}}";
    for path in ["/services/collector", "/services/collector/event", "/services/collector/event/1.0"] {
        let reply = server.bare(Method::POST, path, &headers, events).await;
        assert_eq!((reply.status, reply.json()), (StatusCode::OK, json!({"text": "Success", "code": 0})));
    }
    for path in ["/services/collector/raw?host=r&channel=c", "/services/collector/raw/1.0?host=r&channel=c"] {
        let reply = server.bare(Method::POST, path, &headers, "line one\n\nline two\n").await;
        assert_eq!(reply.json()["ackId"], 0);
    }
    let rows =
        server.rows("SplunkEvents_CL | summarize count(), countif(Host == 'h'), countif(Host == 'r')").await;
    assert_eq!(rows, json!([[10, 3, 4]]));
    let acks =
        server.bare(Method::POST, "/services/collector/ack?channel=c", &headers, r#"{"acks": [0]}"#).await;
    assert_eq!(acks.json(), json!({"acks": {"0": true}}));
}

#[tokio::test]
async fn health_needs_no_token() {
    let server = Server::new();
    for path in ["/services/collector/health", "/services/collector/health/1.0"] {
        let reply = server.bare(Method::GET, path, &[], "").await;
        assert_eq!((reply.status, &reply.json()["code"]), (StatusCode::OK, &json!(17)));
    }
}

#[tokio::test]
async fn refusals_by_number() {
    let server = Server::new();
    for (authorization, body, status, code) in [
        (format!("Splunk {TOKEN}"), "", 400, 5),
        (format!("Splunk {TOKEN}"), "{", 400, 6),
        (format!("Splunk {TOKEN}"), r#"{"event": "x", "index": "Full"}"#, 503, 9),
        (format!("Splunk {TOKEN}"), r#"{"event": "x", "index": "Broken"}"#, 500, 8),
        ("Splunk wrong".to_owned(), "", 403, 4),
        ("Digest x".to_owned(), "", 401, 3),
    ] {
        let reply = server
            .bare(Method::POST, "/services/collector", &[("authorization", &authorization)], body)
            .await;
        assert_eq!((reply.status.as_u16(), &reply.json()["code"]), (status, &json!(code)), "{body}");
    }
}
