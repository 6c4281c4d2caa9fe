//! Every route refuses a caller that it does not know, in the shape of its protocol.

use axum::http::{Method, StatusCode};

use super::memory::WORKSPACE;
use super::support::Server;

/// Routes, and where the reason stands in their refusals. `""` where the body is not JSON.
const ROUTES: [(&str, &str, &str); 25] = [
    ("POST", "/dataCollectionRules/dcr-1/streams/Custom-T_CL?api-version=2023-01-01", "/error/code"),
    ("POST", "/v1/rest/ingest/Main/T?streamFormat=csv", "/error/code"),
    ("POST", "/v1/rest/query", "/error/code"),
    ("POST", "/v2/rest/query", "/error/code"),
    ("POST", "/v1/rest/mgmt", "/error/code"),
    ("POST", "/v1/logs", "/code"),
    ("POST", "/v1/traces", "/code"),
    ("POST", "/v1/metrics", "/code"),
    ("POST", "/services/collector", "/code"),
    ("POST", "/services/collector/event", "/code"),
    ("POST", "/services/collector/event/1.0", "/code"),
    ("POST", "/services/collector/raw", "/code"),
    ("POST", "/services/collector/raw/1.0", "/code"),
    ("POST", "/services/collector/ack", "/code"),
    ("GET", "/elasticsearch", "/error/type"),
    ("GET", "/elasticsearch/", "/error/type"),
    ("POST", "/elasticsearch/_bulk", "/error/type"),
    ("POST", "/v1/workspaces/w/query", "/error/code"),
    ("GET", "/workspaces/w/query?query=print+1", "/error/code"),
    ("POST", "/v1/$batch", "/error/code"),
    ("GET", "/v1/workspaces/w/metadata", "/error/code"),
    ("POST", "/v1/subscriptions/s/resourceGroups/g/query", "/error/code"),
    ("GET", "/v1/subscriptions/s/metadata", "/error/code"),
    ("POST", "/$batch", "/error/code"),
    ("POST", "/providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01", "/error/code"),
];

#[tokio::test]
async fn strangers_are_refused_everywhere() {
    let server = Server::new();
    for (method, path, place) in ROUTES {
        let method: Method = method.parse().unwrap();
        for authorization in [None, Some("Bearer wrong")] {
            let mut headers = vec![("content-type", "application/json")];
            headers.extend(authorization.map(|value| ("authorization", value)));
            let reply = server.bare(method.clone(), path, &headers, "{}").await;
            let is_refused = matches!(reply.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
            assert!(is_refused, "{method} {path}: {}", reply.status);
            assert!(reply.json().pointer(place).is_some(), "{method} {path}: {}", reply.json());
        }
    }
}

#[tokio::test]
async fn a_signature_and_an_instrumentation_key_are_needed_where_there_are_no_tokens() {
    let server = Server::new();
    let headers = [
        ("content-type", "application/json"),
        ("log-type", "Old"),
        ("x-ms-date", "Fri, 02 Jan 2026 00:00:00 GMT"),
        ("authorization", &format!("SharedKey {WORKSPACE}:AAAA")),
    ];
    let reply = server.bare(Method::POST, "/api/logs?api-version=2016-04-01", &headers, "[]").await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    assert_eq!(reply.json()["Error"], "InvalidAuthorization");
    let envelope = r#"[{"iKey": "x", "data": {"baseType": "EventData", "baseData": {}}}]"#;
    for path in ["/v2.1/track", "/v2/track"] {
        let reply = server.bare(Method::POST, path, &[], envelope).await;
        assert_eq!((reply.status, &reply.json()["itemsAccepted"]), (StatusCode::UNAUTHORIZED, &0.into()));
    }
}
