//! Log Analytics: ingestion, the older collector, queries.

use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};

use super::memory::WORKSPACE;
use super::support::{KEY, Reply, Server, gzip};

const UPLOAD: &str = "/dataCollectionRules/dcr-1/streams/Custom-T_CL?api-version=2023-01-01";
const JSON: (&str, &str) = ("content-type", "application/json");

async fn query(server: &Server, body: Value) -> Reply {
    server.post(&format!("/v1/workspaces/{WORKSPACE}/query"), &body).await
}

#[tokio::test]
async fn what_is_sent_is_found() {
    let server = Server::new();
    let rows = json!([
        {"TimeGenerated": "2026-01-01T23:30:00Z", "N": 1, "Extra": {"a": [1]}},
        {"TimeGenerated": "2026-01-01T12:00:00Z", "N": 2}
    ]);
    let packed = gzip(rows.to_string().as_bytes());
    let reply = server.send(Method::POST, UPLOAD, &[JSON, ("content-encoding", "gzip")], packed).await;
    assert_eq!((reply.status, reply.bytes.len()), (StatusCode::NO_CONTENT, 0));

    let reply = query(&server, json!({"query": "T_CL | order by N asc"})).await;
    let table = &reply.json()["tables"][0];
    assert_eq!(table["name"], "PrimaryResult");
    assert_eq!(table["columns"][0], json!({"name": "TimeGenerated", "type": "datetime"}));
    assert_eq!(table["rows"][0], json!(["2026-01-01T23:30:00.0000000Z", 1, "{\"a\":[1]}"]));

    let hour = json!({"query": "T_CL | count", "timespan": "PT3600.0S"});
    assert_eq!(query(&server, hour).await.json()["tables"][0]["rows"], json!([[1]]));
    let path = format!("/v1/workspaces/{WORKSPACE}/query?query=T_CL%20%7C%20count&timespan=P1D");
    let reply = server.send(Method::GET, &path, &[], "").await;
    assert_eq!(reply.json()["tables"][0]["rows"], json!([[2]]));
    assert!(server.meter.text().contains("azimuth_rows_appended_total 2\n"), "{}", server.meter.text());
}

#[tokio::test]
async fn a_request_that_is_sent_again_is_taken_once() {
    let server = Server::new();
    let headers = [JSON, ("x-ms-client-request-id", "one")];
    for _ in 0..2 {
        let reply = server.send(Method::POST, UPLOAD, &headers, r#"[{"N": 1}]"#).await;
        assert_eq!(reply.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(server.rows("T_CL | count").await, json!([[1]]));
    server.send(Method::POST, UPLOAD, &headers, r#"[{"N": 2}]"#).await;
    assert_eq!(server.rows("T_CL | count").await, json!([[2]]));
}

#[tokio::test]
async fn refusals_of_the_ingestion() {
    let server = Server::new();
    let upload = |path: &'static str, kind: &'static str, body: &'static str| {
        let server = &server;
        async move {
            let reply = server.send(Method::POST, path, &[("content-type", kind)], body).await;
            (reply.status.as_u16(), reply.json()["error"]["code"].as_str().unwrap().to_owned(), reply)
        }
    };
    let json = "application/json";
    for (path, kind, body, status, code) in [
        (UPLOAD, json, "{}", 400, "InvalidPayload"),
        (UPLOAD, json, "[1]", 400, "InvalidPayload"),
        (UPLOAD, "text/plain", "[]", 415, "UnsupportedMediaType"),
        ("/dataCollectionRules/dcr-1/streams/Custom-T_CL", json, "[]", 400, "MissingApiVersionParameter"),
        ("/dataCollectionRules/dcr-missing/streams/Custom-T_CL?api-version=1", json, "[]", 404, "NotFound"),
        ("/dataCollectionRules/dcr-1/streams/T?api-version=1", json, "[]", 400, "InvalidStream"),
        (
            "/dataCollectionRules/dcr-1/streams/Custom-Broken_CL?api-version=1",
            json,
            "[{}]",
            503,
            "ServiceUnavailable",
        ),
        (
            "/dataCollectionRules/dcr-1/streams/Custom-Full_CL?api-version=1",
            json,
            "[{}]",
            429,
            "TooManyRequests",
        ),
    ] {
        let (found, found_code, reply) = upload(path, kind, body).await;
        assert_eq!((found, found_code.as_str()), (status, code), "{path} {body}");
        if status == 429 {
            assert_eq!(reply.header("retry-after"), "7");
        }
    }
}

#[tokio::test]
async fn the_older_collector_takes_what_is_signed() {
    let server = Server::new();
    let body = r#"[{"Name": "a", "Count": 5}]"#;
    let date = "Thu, 01 Jan 2026 23:59:00 GMT";
    let text = format!("POST\n{}\napplication/json\nx-ms-date:{date}\n/api/logs", body.len());
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(KEY).unwrap();
    mac.update(text.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let authorization = format!("SharedKey {WORKSPACE}:{signature}");
    let send = |date: &'static str, log_type: &'static str| {
        let (server, authorization) = (&server, authorization.as_str());
        async move {
            let headers =
                [JSON, ("log-type", log_type), ("x-ms-date", date), ("authorization", authorization)];
            server.bare(Method::POST, "/api/logs?api-version=2016-04-01", &headers, body).await
        }
    };
    assert_eq!(send(date, "Old").await.status, StatusCode::OK);
    assert_eq!(server.rows("Old_CL | project Name_s, Count_d").await, json!([["a", 5]]));
    assert_eq!(send(date, "no name").await.json()["Error"], "InvalidLogType");
    // The signature is of another date, and this one is too far away besides.
    assert_eq!(send("Thu, 01 Jan 2026 23:00:00 GMT", "Old").await.json()["Error"], "InvalidAuthorization");
    assert_eq!(send("Thu, 01 Jan 2026 23:59:01 GMT", "Old").await.json()["Error"], "InvalidAuthorization");
}

#[tokio::test]
async fn errors_of_queries_say_what_is_wrong_where() {
    let server = Server::new();
    let reply = query(&server, json!({"query": "NoSuchTable | take 1"})).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    let error = &reply.json()["error"];
    assert_eq!(error["code"], "BadArgumentError");
    assert_eq!(error["innererror"]["code"], "SemanticError");
    assert!(error["innererror"]["innererror"]["message"].as_str().unwrap().contains("NoSuchTable"));
    let reply = query(&server, json!({"query": "print ("})).await;
    assert_eq!(reply.json()["error"]["innererror"]["code"], "SyntaxError");
    for wrong in [json!({}), json!({"query": 5}), json!([]), json!({"query": "print 1", "timespan": "soon"})]
    {
        let reply = query(&server, wrong.clone()).await;
        assert_eq!(
            (reply.status, &reply.json()["error"]["code"]),
            (StatusCode::BAD_REQUEST, &json!("BadArgumentError")),
            "{wrong}"
        );
    }
    let reply = server.post("/v1/workspaces/other/query", &json!({"query": "print 1"})).await;
    assert_eq!(
        (reply.status, &reply.json()["error"]["code"]),
        (StatusCode::NOT_FOUND, &json!("WorkspaceNotFoundError"))
    );
}

#[tokio::test]
async fn what_fails_late_is_a_partial_answer() {
    let server = Server::new();
    let reply = query(&server, json!({"query": "range x from 1 to 4 step 1 // fails later"})).await;
    assert_eq!(reply.status, StatusCode::OK);
    let body = reply.json();
    assert_eq!(body["tables"][0]["rows"], json!([[1], [2]]));
    assert_eq!(body["error"]["code"], "PartialError");
}

#[tokio::test]
async fn statistics_and_drawing_come_where_they_are_asked_for() {
    let server = Server::new();
    let path = format!("/v1/workspaces/{WORKSPACE}/query");
    let headers =
        [("prefer", "wait=10,include-statistics=true,include-render=true"), ("x-ms-client-request-id", "me")];
    let reply = server.send(Method::POST, &path, &headers, r#"{"query": "print 1"}"#).await;
    let body = reply.json();
    assert_eq!(body["statistics"]["query"]["datasetStatistics"][0]["tableRowCount"], 1);
    assert!(body["render"].is_object());
    assert_eq!(reply.header("x-ms-client-request-id"), "me");
    assert!(query(&server, json!({"query": "print 1"})).await.json().get("statistics").is_none());
}

#[tokio::test]
async fn batches_answer_every_query_by_itself() {
    let server = Server::new();
    let item = |id: &str, query: &str| json!({"id": id, "headers": {}, "body": {"query": query}, "workspace": WORKSPACE, "path": "/query", "method": "POST"});
    let reply =
        server.post("/v1/$batch", &json!({"requests": [item("1", "print 1"), item("2", "Nope")]})).await;
    let responses = reply.json()["responses"].clone();
    assert_eq!((&responses[0]["id"], &responses[0]["status"]), (&json!("1"), &json!(200)));
    assert_eq!((&responses[1]["id"], &responses[1]["status"]), (&json!("2"), &json!(400)));
    assert_eq!(responses[1]["body"]["error"]["code"], "BadArgumentError");
    assert_eq!(server.post("/v1/$batch", &json!({"requests": 1})).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn metadata_describe_tables() {
    let server = Server::new();
    server
        .send(Method::POST, UPLOAD, &[JSON], r#"[{"TimeGenerated": "2026-01-01T00:00:00Z", "N": 1}]"#)
        .await;
    for path in [
        format!("/v1/workspaces/{WORKSPACE}/metadata"),
        "/v1/subscriptions/s/resourceGroups/g/metadata".to_owned(),
    ] {
        let body = server.send(Method::GET, &path, &[], "").await.json();
        assert_eq!(body["tables"][0]["name"], "T_CL");
        assert_eq!(body["tables"][0]["timespanColumn"], "TimeGenerated");
    }
}
