//! Azure Resource Graph: pages, formats, scopes.

use axum::http::StatusCode;
use azimuth_api::telemetry::Limits;
use serde_json::{Value, json};

use super::memory::MemoryTelemetry;
use super::support::Server;

const PATH: &str = "/providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01";

fn server() -> Server {
    Server::over(MemoryTelemetry::with_resources(5), Limits::default())
}

#[tokio::test]
async fn pages_follow_each_other_by_token() {
    let server = server();
    let mut names = Vec::new();
    let mut token = Value::Null;
    loop {
        let body = json!({"query": "resources | project name", "options": {"$top": 2, "$skipToken": token}});
        let page = server.post(PATH, &body).await.json();
        assert_eq!(page["totalRecords"], 5);
        names.extend(
            page["data"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()),
        );
        token = page["$skipToken"].clone();
        assert_eq!(page["resultTruncated"], token.is_string().to_string());
        if token.is_null() {
            break;
        }
    }
    assert_eq!(names, ["r0", "r1", "r2", "r3", "r4"]);
}

#[tokio::test]
async fn results_as_a_table_and_of_some_subscriptions() {
    let body = json!({"query": "resources | summarize n=count()", "subscriptions": ["sub-1"], "options": {"resultFormat": "table"}});
    let answer = server().post(PATH, &body).await.json();
    assert_eq!(answer["data"], json!({"columns": [{"name": "n", "type": "integer"}], "rows": [[2]]}));
}

#[tokio::test]
async fn wrong_requests_are_told_what_is_wrong() {
    let server = server();
    for (body, code) in [
        (json!({"query": "nothing"}), "InvalidQuery"),
        (json!({"query": 5}), "InvalidRequest"),
        (json!({"query": "resources", "options": {"$top": 0}}), "InvalidOptions"),
        (json!({"query": "resources", "options": {"$top": 1001}}), "InvalidOptions"),
        (json!({"query": "resources", "options": {"resultFormat": "xml"}}), "InvalidOptions"),
        (json!({"query": "resources", "options": {"$skipToken": "x"}}), "InvalidSkipToken"),
    ] {
        let reply = server.post(PATH, &body).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(reply.json()["error"]["details"][0]["code"], code, "{body}");
    }
    let reply =
        server.post("/providers/Microsoft.ResourceGraph/resources", &json!({"query": "resources"})).await;
    assert_eq!(reply.json()["error"]["code"], "MissingApiVersionParameter");
}
