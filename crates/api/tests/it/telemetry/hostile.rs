//! Input that means harm gets an error, and the next request an answer.

use axum::http::{Method, StatusCode};
use azimuth_api::telemetry::Limits;
use serde_json::json;

use super::memory::MemoryTelemetry;
use super::support::{Server, gzip};

/// Every protocol that sends, and a record that it takes.
const SENDERS: [(&str, &str, &str); 6] = [
    ("/dataCollectionRules/dcr-1/streams/Custom-T_CL?api-version=1", "application/json", r#"[{"a":1}]"#),
    ("/v1/rest/ingest/Main/T?streamFormat=json", "", r#"{"a":1}"#),
    ("/v1/logs", "application/json", "{}"),
    ("/v1/logs", "application/x-protobuf", ""),
    ("/services/collector", "", r#"{"event":"a"}"#),
    ("/elasticsearch/t/_bulk", "", "{\"index\":{}}\n{\"a\":1}\n"),
];

async fn server() -> Server {
    let server = Server::over(MemoryTelemetry::default(), Limits { body: 1 << 20, ..Limits::default() });
    server.post("/v1/rest/mgmt", &json!({"csl": ".create table T (a:long)"})).await;
    server
}

#[tokio::test]
async fn damaged_and_oversized_bodies_are_refused_and_the_stream_goes_on() {
    let server = server().await;
    let mut cut = gzip(&vec![b'x'; 10_000]);
    cut.truncate(cut.len() / 2);
    let bodies: [(&str, Vec<u8>, &[u16]); 6] = [
        ("cut gzip", cut, &[400]),
        ("a bomb", gzip(&vec![b' '; 8 << 20]), &[400, 413]),
        ("deep nesting", gzip(&b"[{\"a\":".repeat(50_000)), &[400]),
        ("invalid UTF-8", gzip(b"[{\"a\":\"\xff\xfe\"}]\n"), &[400]),
        ("wrong types", gzip(b"[[1],2]\n"), &[400]),
        ("not gzip", b"{}".to_vec(), &[400]),
    ];
    for (path, kind, good) in SENDERS {
        for (what, body, statuses) in &bodies {
            let headers = [("content-type", kind), ("content-encoding", "gzip")];
            let reply = server.send(Method::POST, path, &headers, body.clone()).await;
            assert!(statuses.contains(&reply.status.as_u16()), "{path} {kind}, {what}: {}", reply.status);
            assert!(!reply.bytes.is_empty(), "{path} {kind}, {what} has no reason");
        }
        let reply = server.send(Method::POST, path, &[("content-type", kind)], good).await;
        assert!(
            reply.status.is_success(),
            "{path} {kind}: {} {}",
            reply.status,
            String::from_utf8_lossy(&reply.bytes)
        );
    }
}

#[tokio::test]
async fn a_body_that_is_longer_than_it_says_is_refused_before_it_is_read() {
    let server = server().await;
    let headers = [("content-type", "application/json"), ("content-length", "99999999999")];
    let reply = server.send(Method::POST, SENDERS[0].0, &headers, "[]").await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(reply.json()["error"]["code"], "ContentLengthLimitExceeded");
}

#[tokio::test]
async fn too_many_at_a_time_are_told_to_come_again() {
    let limits = Limits { sending: 0, asking: 0, patience: std::time::Duration::ZERO, ..Limits::default() };
    let server = Server::over(MemoryTelemetry::default(), limits);
    server.post("/v1/rest/mgmt", &json!({"csl": ".create table T (a:long)"})).await;
    for (path, kind, body) in SENDERS {
        let reply = server.send(Method::POST, path, &[("content-type", kind)], body).await;
        assert!(matches!(reply.status.as_u16(), 429 | 503), "{path}: {}", reply.status);
        assert!(!reply.header("retry-after").is_empty(), "{path}");
    }
    for (path, body) in [
        ("/v1/workspaces/11111111-2222-3333-4444-555555555555/query", json!({"query": "print 1"})),
        ("/v1/rest/query", json!({"csl": "print 1"})),
        ("/v2/rest/query", json!({"csl": "print 1"})),
        ("/providers/Microsoft.ResourceGraph/resources?api-version=1", json!({"query": "print 1"})),
    ] {
        let reply = server.post(path, &body).await;
        assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS, "{path}");
        assert!(!reply.header("retry-after").is_empty(), "{path}");
    }
}
