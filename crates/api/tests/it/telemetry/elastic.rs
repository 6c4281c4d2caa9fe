//! The bulk API of Elasticsearch.

use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::support::{Server, TOKEN, gzip};

#[tokio::test]
async fn senders_find_what_they_ask_for() {
    let server = Server::new();
    let basic = format!("Basic {}", STANDARD.encode(format!("elastic:{TOKEN}")));
    let key = format!("ApiKey {}", STANDARD.encode(format!("id:{TOKEN}")));
    for authorization in [&basic, &key] {
        let reply =
            server.bare(Method::GET, "/elasticsearch/", &[("authorization", authorization)], "").await;
        assert_eq!(reply.status, StatusCode::OK);
        assert_eq!(reply.header("x-elastic-product"), "Elasticsearch");
        assert!(reply.json()["version"]["number"].is_string());
    }
    let head = server.send(Method::HEAD, "/elasticsearch", &[], "").await;
    assert_eq!(head.status, StatusCode::OK);
    let unknown = server.send(Method::GET, "/elasticsearch/_search", &[], "").await;
    assert_eq!(
        (unknown.status, &unknown.json()["error"]["type"]),
        (StatusCode::BAD_REQUEST, &json!("illegal_argument_exception"))
    );
}

#[tokio::test]
async fn a_bulk_request_answers_for_every_document() {
    let server = Server::new();
    let body = "{\"create\":{\"_index\":\"web\"}}\n{\"@timestamp\":\"2026-01-01T00:00:00Z\",\"message\":\"a\"}\n\
                {\"index\":{\"_index\":\"web\"}}\nnonsense\n\
                {\"index\":{\"_index\":\"Full\"}}\n{\"message\":\"b\"}\n";
    let reply = server
        .send(Method::POST, "/elasticsearch/_bulk", &[("content-encoding", "gzip")], gzip(body.as_bytes()))
        .await;
    assert_eq!(reply.status, StatusCode::OK);
    let answer = reply.json();
    let statuses: Vec<_> = answer["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item.as_object().unwrap().values().next().unwrap()["status"].clone())
        .collect();
    assert_eq!((answer["errors"].clone(), statuses), (json!(true), vec![json!(201), json!(400), json!(429)]));
    assert_eq!(server.rows("web_CL | project message").await, json!([["a"]]));
}

#[tokio::test]
async fn the_text_of_a_success_is_what_senders_look_for() {
    let server = Server::new();
    let reply =
        server.send(Method::POST, "/elasticsearch/web/_bulk", &[], "{\"index\":{}}\n{\"a\":1}\n").await;
    let text = String::from_utf8(reply.bytes).unwrap();
    assert!(text.contains("\"errors\":false,\"items\":["), "{text}");
    let reply = server.send(Method::POST, "/elasticsearch/_bulk", &[], "{\"index\":{}}").await;
    assert_eq!((reply.status, &reply.json()["status"]), (StatusCode::BAD_REQUEST, &json!(400)));
}
