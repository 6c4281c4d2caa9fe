//! Kusto: both versions of queries, commands, streaming ingestion.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::support::Server;

async fn manage(server: &Server, command: &str) -> Value {
    server.post("/v1/rest/mgmt", &json!({"db": "Main", "csl": command})).await.json()
}

async fn with_table() -> Server {
    let server = Server::new();
    let made = manage(&server, ".create table T (a:long, b:string, c:datetime, d:dynamic)").await;
    assert_eq!(made["Tables"][0]["Rows"][0][0], "T");
    server
}

#[tokio::test]
async fn frames_of_version_2() {
    let server = Server::new();
    let query = "print l=long(5), ts=1h, d=dynamic({\"a\":[1]}), t=datetime(2026-01-02), n=int(null)";
    let frames = server.post("/v2/rest/query", &json!({"db": "", "csl": query})).await.json();
    let kinds: Vec<_> =
        frames.as_array().unwrap().iter().map(|frame| frame["FrameType"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["DataSetHeader", "DataTable", "DataTable", "DataTable", "DataSetCompletion"]);
    let table = &frames[2];
    assert_eq!(table["Columns"][1], json!({"ColumnName": "ts", "ColumnType": "timespan"}));
    assert_eq!(table["Rows"], json!([[5, "01:00:00", {"a": [1]}, "2026-01-02T00:00:00.0000000Z", null]]));
    assert_eq!(frames[4]["HasErrors"], false);
}

#[tokio::test]
async fn frames_of_a_few_rows_each_where_they_are_asked_for() {
    let server = Server::new();
    let body = json!({"db": "", "csl": "range x from 1 to 4 step 1", "properties": {"Options": {"results_progressive_enabled": true}}});
    let frames = server.post("/v2/rest/query", &body).await.json();
    let frames = frames.as_array().unwrap();
    let fragments: Vec<_> = frames.iter().filter(|frame| frame["FrameType"] == "TableFragment").collect();
    assert_eq!(fragments.len(), 2);
    assert_eq!(fragments[1]["Rows"], json!([[3], [4]]));
    assert!(frames.iter().any(|frame| frame["FrameType"] == "TableCompletion" && frame["RowCount"] == 4));
}

#[tokio::test]
async fn what_fails_late_is_told_in_the_frames() {
    let server = Server::new();
    for progressive in [false, true] {
        let body = json!({"db": "", "csl": "range x from 1 to 4 step 1 // fails later", "properties": {"Options": {"results_progressive_enabled": progressive}}});
        let reply = server.post("/v2/rest/query", &body).await;
        assert_eq!(reply.status, StatusCode::OK);
        let frames = reply.json();
        let last = frames.as_array().unwrap().last().unwrap();
        assert_eq!(last["HasErrors"], true);
        assert!(last["OneApiErrors"][0]["error"]["message"].as_str().unwrap().contains("a file is gone"));
    }
    let reply = server
        .post("/v1/rest/query", &json!({"db": "", "csl": "range x from 1 to 4 step 1 // fails later"}))
        .await;
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn version_1_lists_what_its_tables_are() {
    let server = Server::new();
    let reply = server.post("/v1/rest/query", &json!({"db": "Main", "csl": "print a=1"})).await;
    let body = reply.json();
    let tables = body["Tables"].as_array().unwrap();
    assert_eq!(tables[0]["Columns"], json!([{"ColumnName": "a", "DataType": "Int64", "ColumnType": "long"}]));
    assert_eq!(tables.last().unwrap()["Rows"][0], json!([0, "QueryResult", "PrimaryResult", "0", ""]));
}

#[tokio::test]
async fn errors_in_the_words_of_kusto() {
    let server = Server::new();
    for path in ["/v1/rest/query", "/v2/rest/query"] {
        let reply = server.post(path, &json!({"db": "", "csl": "print x=1 | where nope == 1"})).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST);
        let error = &reply.json()["error"];
        assert_eq!((&error["code"], &error["@permanent"]), (&json!("General_BadRequest"), &json!(true)));
        assert!(error["@message"].as_str().unwrap().contains("nope"), "{error}");
        assert_eq!(error["@type"], "Kusto.Data.Exceptions.SemanticException");
        let reply = server.post(path, &json!({"db": "Other", "csl": "print 1"})).await;
        assert_eq!(reply.json()["error"]["code"], "BadRequest_DatabaseNotExist");
        let reply = server.send(Method::POST, path, &[("x-ms-client-request-id", "me")], "no json").await;
        assert_eq!(reply.json()["error"]["code"], "General_BadRequest");
        assert_eq!(reply.header("x-ms-client-request-id"), "me");
        assert!(!reply.header("x-ms-activity-id").is_empty());
    }
}

#[tokio::test]
async fn commands_tell_what_there_is() {
    let server = with_table().await;
    let rows = |answer: Value| answer["Tables"][0]["Rows"].clone();
    assert_eq!(rows(manage(&server, ".show databases").await)[0][0], "Main");
    assert_eq!(rows(manage(&server, ".show tables").await)[0][0], "T");
    assert_eq!(rows(manage(&server, ".show tables | where TableName == 'x'").await), json!([]));
    assert_eq!(rows(manage(&server, ".show tables | project TableName").await), json!([["T"]]));
    assert_eq!(
        rows(manage(&server, ".show table T cslschema").await)[0][1],
        "a:long, b:string, c:datetime, d:dynamic"
    );
    for command in [
        ".show schema as json",
        ".show databases schema as json",
        ".show database Main schema as json",
        ".show databases (['Main']) schema as json",
    ] {
        let cell = rows(manage(&server, command).await)[0][0].clone();
        let schema: Value = serde_json::from_str(cell.as_str().unwrap()).unwrap();
        assert_eq!(
            schema["Databases"]["Main"]["Tables"]["T"]["OrderedColumns"][0]["CslType"], "long",
            "{command}"
        );
        assert!(schema["Databases"]["Main"]["Functions"].is_object());
    }
    assert_eq!(rows(manage(&server, ".show databases schema").await).as_array().unwrap().len(), 6);
    let found = server.post("/v1/rest/query", &json!({"db": "", "csl": ".show databases schema"})).await;
    assert_eq!(found.status, StatusCode::OK);
    let refused = server.post("/v1/rest/mgmt", &json!({"db": "", "csl": ".drop table T"})).await;
    assert_eq!(
        (refused.status, refused.json()["error"]["@type"].clone()),
        (StatusCode::BAD_REQUEST, json!("Kusto.Data.Exceptions.KustoSyntaxException"))
    );
    let missing = manage(&server, ".show table X cslschema").await;
    assert_eq!(missing["error"]["code"], "BadRequest_EntityNotFound");
}

#[tokio::test]
async fn streaming_ingestion_in_several_formats() {
    let server = with_table().await;
    let path = |format: &str| format!("/v1/rest/ingest/Main/T?streamFormat={format}");
    let sent = "{\"a\":1,\"b\":\"x\",\"c\":\"2026-01-01T00:00:00Z\",\"d\":{\"i\":1},\"z\":5}\n{\"a\":2}";
    let reply = server.send(Method::POST, &path("multijson"), &[], sent).await;
    assert_eq!(reply.json()["Tables"][0]["Rows"][0][0], 2);
    server.send(Method::POST, &path("csv"), &[], "3,y,2026-01-02T00:00:00Z,{}\n").await;
    assert_eq!(server.rows("T | summarize count(), sum(a)").await, json!([[3, 6]]));
    for (path, body) in [
        (path("avro"), ""),
        (path("json"), "{"),
        ("/v1/rest/ingest/Main/T?streamFormat=csv&mappingName=m".to_owned(), ""),
        ("/v1/rest/ingest/Main/T?streamFormat=csv&sourceKind=uri".to_owned(), ""),
        ("/v1/rest/ingest/Main/Missing?streamFormat=csv".to_owned(), ""),
        ("/v1/rest/ingest/Other/T?streamFormat=csv".to_owned(), ""),
    ] {
        let reply = server.send(Method::POST, &path, &[], body).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(reply.json()["error"]["@message"].is_string());
    }
}

#[tokio::test]
async fn sign_in_metadata_need_no_token() {
    let body = Server::new().bare(Method::GET, "/v1/rest/auth/metadata", &[], "").await.json();
    assert_eq!(body["AzureAD"]["LoginEndpoint"], "https://localhost:8443");
    assert!(body["dSTS"].is_object());
}
