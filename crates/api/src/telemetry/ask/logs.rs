//! The query API of Log Analytics: `/v1/workspaces/{id}/query`, the same of resources, `/v1/$batch` and metadata.
//!
//! Source: "Azure Monitor Log Analytics API" (request, response, batch, errors, `Prefer`). Clients of other languages leave the
//! `/v1` out, so the paths are served without it, too.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use azimuth_diag::Diagnostic;
use azimuth_host::{AskError, ColumnType, Question, Scope, Statistics};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::{Shared, gate, payload};
use super::{Bounds, Collected, MAX_QUERY_BODY, collect, is_syntax, timespan};

/// The limits of the service: rows and bytes of an answer.
const BOUNDS: Bounds = Bounds { rows: 500_000, bytes: 100 << 20 };
/// How long a query takes where `Prefer: wait` says nothing, and at most.
const WAIT: Duration = Duration::from_secs(180);
const MAX_WAIT: Duration = Duration::from_secs(600);
/// Queries in a batch.
const MAX_BATCH: usize = 100;

pub(super) fn routes() -> Router<Arc<Shared>> {
    let mut router = Router::new();
    for version in ["/v1", ""] {
        router = router
            .route(
                &format!("{version}/workspaces/{{id}}/query"),
                get(query_of_workspace).post(query_of_workspace),
            )
            .route(&format!("{version}/workspaces/{{id}}/metadata"), get(metadata).post(metadata))
            .route(&format!("{version}/$batch"), post(batch));
    }
    router.route("/v1/subscriptions/{*path}", get(query_of_resource).post(query_of_resource))
}

/// A query as it is sent: in the body, or in the address.
#[derive(Clone, Debug, Default, Deserialize)]
struct Request {
    query: Option<String>,
    timespan: Option<String>,
    workspaces: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
struct Parameters {
    query: Option<String>,
    timespan: Option<String>,
    workspaces: Option<String>,
}

/// What the header `Prefer` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Preferences {
    wait: Duration,
    statistics: bool,
    render: bool,
}

impl Preferences {
    fn of(text: &str) -> Self {
        let mut preferences = Self { wait: WAIT, statistics: false, render: false };
        for preference in text.split([',', ';']) {
            let (name, value) = preference.split_once('=').unwrap_or((preference, "true"));
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().trim_matches('"'));
            let is_set = value.eq_ignore_ascii_case("true");
            match name.as_str() {
                "wait" => {
                    if let Ok(seconds) = value.parse::<u64>() {
                        preferences.wait = Duration::from_secs(seconds.max(1)).min(MAX_WAIT);
                    }
                }
                "include-statistics" => preferences.statistics = is_set,
                "include-render" => preferences.render = is_set,
                _ => {}
            }
        }
        preferences
    }
}

/// An error in the shape of the API: a code, and what lies beneath it.
struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    inner: Option<Value>,
    retry_after: Option<Duration>,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), inner: None, retry_after: None }
    }

    fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadArgumentError", message)
    }

    fn body(&self) -> Value {
        let mut error = json!({
            "message": self.message, "code": self.code, "correlationId": uuid::Uuid::new_v4().to_string()
        });
        if let Some(inner) = &self.inner {
            error["innererror"] = inner.clone();
        }
        json!({ "error": error })
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        if let Some(after) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
        }
        response
    }
}

async fn query_of_workspace(
    State(shared): super::super::State,
    Path(id): Path<String>,
    parameters: Query<Parameters>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    reply(&shared, Scope::Workspace(id), parameters, &headers, body).await
}

/// `…/query` and `…/metadata` of any resource.
async fn query_of_resource(
    State(shared): super::super::State,
    Path(path): Path<String>,
    parameters: Query<Parameters>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let path = path.trim_matches('/');
    let scope = |resource: &str| Scope::Resource(format!("/subscriptions/{resource}"));
    match path.rsplit_once('/') {
        Some((resource, "query")) => reply(&shared, scope(resource), parameters, &headers, body).await,
        Some((resource, "metadata")) => describe(&shared, scope(resource), &headers).await,
        _ => Refusal::new(
            StatusCode::NOT_FOUND,
            "PathNotFoundError",
            "the path ends in neither query nor metadata",
        )
        .into_response(),
    }
}

async fn reply(
    shared: &Shared,
    scope: Scope,
    Query(parameters): Query<Parameters>,
    headers: &HeaderMap,
    body: Body,
) -> Response {
    if let Some(response) = refused(shared, headers) {
        return response;
    }
    let request = match request(shared, parameters, headers, body).await {
        Ok(request) => request,
        Err(refusal) => return refusal.into_response(),
    };
    let prefer = headers.get("prefer").and_then(|prefer| prefer.to_str().ok()).unwrap_or_default();
    let mut response = match answer(shared, scope, request, Preferences::of(prefer)).await {
        Ok(body) => Json(body).into_response(),
        Err(refusal) => refusal.into_response(),
    };
    echo(headers, &mut response);
    response
}

/// The client's own id of the request goes back to it.
fn echo(headers: &HeaderMap, response: &mut Response) {
    if let Some(id) = headers.get("x-ms-client-request-id") {
        response.headers_mut().insert("x-ms-client-request-id", id.clone());
    }
}

/// The refusal of a request whose caller is not known.
fn refused(shared: &Shared, headers: &HeaderMap) -> Option<Response> {
    let refused = shared.caller(headers).err()?;
    let refusal = Refusal::new(StatusCode::UNAUTHORIZED, "AuthorizationRequiredError", gate::why(&refused));
    let mut response = refusal.into_response();
    response.headers_mut().insert(WWW_AUTHENTICATE, shared.challenge(&refused));
    Some(response)
}

/// The request: what the body leaves out may stand in the address.
async fn request(
    shared: &Shared,
    parameters: Parameters,
    headers: &HeaderMap,
    body: Body,
) -> Result<Request, Refusal> {
    let payload = payload::read(headers, body, MAX_QUERY_BODY, shared.services.limits.upload)
        .await
        .map_err(|error| Refusal::bad(error.to_string()))?;
    let sent = if payload.bytes.is_empty() {
        Request::default()
    } else {
        serde_json::from_slice(&payload.bytes)
            .map_err(|error| Refusal::bad(format!("the body is no request of a query: {error}")))?
    };
    let named = || parameters.workspaces.map(|names| names.split(',').map(str::to_owned).collect());
    Ok(Request {
        query: sent.query.or(parameters.query),
        timespan: sent.timespan.or(parameters.timespan),
        workspaces: sent.workspaces.or_else(named),
    })
}

async fn answer(
    shared: &Shared,
    scope: Scope,
    request: Request,
    preferences: Preferences,
) -> Result<Value, Refusal> {
    let now = shared.services.clock.now();
    let text = request
        .query
        .filter(|query| !query.trim().is_empty())
        .ok_or_else(|| Refusal::bad("the request has no `query`"))?;
    let window = match request.timespan.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => Some(timespan::window(text, now).ok_or_else(|| {
            Refusal::bad(format!("the timespan `{text}` is no duration and no interval of ISO 8601"))
        })?),
    };
    let further = request
        .workspaces
        .unwrap_or_default()
        .into_iter()
        .map(|name| if name.starts_with('/') { Scope::Resource(name) } else { Scope::Workspace(name) });
    let began = Instant::now();
    let question = Question {
        text,
        scope,
        further: further.collect(),
        window,
        parameters: Vec::new(),
        options: Vec::new(),
        timeout: preferences.wait,
        now,
    };
    let mut turn = shared.ask(question).await.map_err(refusal)?;
    let statistics = std::mem::replace(&mut turn.answer.statistics, Box::new(Statistics::default));
    let (tables, ended) = collect(turn.answer, BOUNDS).await;
    drop(turn.place);
    if let Some(error) = &ended
        && tables.iter().all(|table| table.rows.is_empty())
    {
        return Err(refusal(error.clone()));
    }
    let mut body = Map::new();
    body.insert("tables".to_owned(), tables.iter().enumerate().map(table).collect());
    if preferences.statistics {
        body.insert("statistics".to_owned(), counts(statistics(), &tables, began.elapsed()));
    }
    if preferences.render {
        let render = tables.iter().find_map(|table| table.render.as_ref());
        body.insert("render".to_owned(), render.map_or_else(|| json!({}), drawing));
    }
    if let Some(error) = ended {
        body.insert("error".to_owned(), partial(&error));
    }
    Ok(Value::Object(body))
}

fn table((place, table): (usize, &Collected)) -> Value {
    let name = match (&table.name, place) {
        (_, 0) => "PrimaryResult".to_owned(),
        (Some(name), _) => name.clone(),
        (None, place) => format!("Table_{place}"),
    };
    let columns: Vec<Value> =
        table.columns.iter().map(|column| json!({"name": column.name, "type": column.ty.name()})).collect();
    let rows = table.rows.iter().map(|row| {
        table.columns.iter().zip(row).map(|(column, value)| cell(column.ty, value)).collect::<Value>()
    });
    json!({"name": name, "columns": columns, "rows": rows.collect::<Value>()})
}

/// A value as this API writes it: a `dynamic` is JSON text.
fn cell(ty: ColumnType, value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::String(text) if ty == ColumnType::Dynamic => text.clone().into(),
        value if ty == ColumnType::Dynamic => value.to_string().into(),
        value => value.clone(),
    }
}

fn counts(statistics: Statistics, tables: &[Collected], elapsed: Duration) -> Value {
    let datasets: Vec<Value> = tables
        .iter()
        .map(|table| {
            let bytes: usize = table.rows.iter().flatten().map(super::size).sum();
            json!({"tableRowCount": table.rows.len(), "tableSize": bytes})
        })
        .collect();
    json!({"query": {
        "executionTime": elapsed.as_secs_f64(),
        "inputDatasetStatistics": {"rows": {"total": statistics.rows_read, "scanned": statistics.rows_read}},
        "datasetStatistics": datasets
    }})
}

/// How a result asks to be drawn: names begin with a small letter here.
fn drawing(render: &Map<String, Value>) -> Value {
    let lower = render.iter().map(|(name, value)| {
        let mut letters = name.chars();
        let first = letters.next().map(|first| first.to_ascii_lowercase());
        (first.into_iter().chain(letters).collect::<String>(), value.clone())
    });
    Value::Object(lower.collect())
}

/// What went wrong after rows had been given.
fn partial(error: &AskError) -> Value {
    let (code, number) = match error {
        AskError::Limit { code, number, .. } => (code.as_str(), *number),
        _ => ("EngineError", 0x80DA_0000),
    };
    let inner = json!({
        "code": number.cast_signed().to_string(), "message": error.to_string(), "severity": 2, "severityName": "Error"
    });
    let detail = json!({"code": code, "message": error.to_string(), "innererror": inner});
    json!({
        "code": "PartialError", "message": "There were some errors when processing your query.", "details": [detail]
    })
}

fn refusal(error: AskError) -> Refusal {
    let message = error.to_string();
    match error {
        AskError::Invalid(diagnostics) => invalid(&diagnostics),
        AskError::NoSuchScope(_) => Refusal::new(StatusCode::NOT_FOUND, "WorkspaceNotFoundError", message),
        AskError::Busy { retry_after } => Refusal {
            retry_after: Some(retry_after),
            ..Refusal::new(StatusCode::TOO_MANY_REQUESTS, "ThrottledError", message)
        },
        AskError::TimedOut(_) => Refusal::new(StatusCode::GATEWAY_TIMEOUT, "GatewayTimeout", message),
        AskError::Limit { code, number, .. } => Refusal {
            inner: Some(json!({"code": code, "message": message, "number": number})),
            ..Refusal::new(StatusCode::BAD_REQUEST, "BadArgumentError", message.clone())
        },
        AskError::Refused(_) => Refusal::bad(message),
        _ => Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", message),
    }
}

/// What is wrong with the text of a query, in the nesting of the service.
fn invalid(diagnostics: &[Diagnostic]) -> Refusal {
    let first = diagnostics.first();
    let message = first.map_or("the query is not valid", |first| first.message.as_str());
    let is_syntax = first.is_some_and(|first| is_syntax(first.code));
    let (kind, code, sentence) = if is_syntax {
        ("SyntaxError", "SYN0002", "A recognition error occurred in the query.")
    } else {
        ("SemanticError", "SEM0100", "A semantic error occurred.")
    };
    let mut fault = json!({"code": code, "message": message});
    if let Some(place) = first.map(|first| &first.place) {
        if let Some(line) = place.line {
            fault["line"] = line.into();
        }
        if let Some(column) = place.column {
            fault["pos"] = column.into();
        }
    }
    Refusal {
        inner: Some(json!({"code": kind, "message": sentence, "innererror": fault})),
        ..Refusal::bad(format!("The request had some invalid properties: {message}"))
    }
}

/// A query of a batch.
#[derive(Deserialize)]
struct BatchItem {
    id: Value,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    body: Request,
    #[serde(default)]
    workspace: String,
}

#[derive(Deserialize)]
struct Batch {
    requests: Vec<BatchItem>,
}

async fn batch(State(shared): super::super::State, headers: HeaderMap, body: Body) -> Response {
    if let Some(response) = refused(&shared, &headers) {
        return response;
    }
    let read = payload::read(&headers, body, MAX_QUERY_BODY, shared.services.limits.upload).await;
    let batch: Batch = match read.map_err(|error| error.to_string()).and_then(|payload| {
        serde_json::from_slice(&payload.bytes).map_err(|error| format!("the body is no batch: {error}"))
    }) {
        Ok(batch) => batch,
        Err(message) => return Refusal::bad(message).into_response(),
    };
    if batch.requests.len() > MAX_BATCH {
        return Refusal::bad(format!("more than {MAX_BATCH} queries in one batch")).into_response();
    }
    let answers = batch.requests.into_iter().map(|item| answer_item(&shared, item));
    let responses = futures_util::future::join_all(answers).await;
    Json(json!({ "responses": responses })).into_response()
}

async fn answer_item(shared: &Shared, item: BatchItem) -> Value {
    let prefer = item.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("prefer"));
    let preferences = Preferences::of(prefer.and_then(|(_, value)| value.as_str()).unwrap_or_default());
    let scope = if item.workspace.starts_with('/') {
        Scope::Resource(item.workspace)
    } else {
        Scope::Workspace(item.workspace)
    };
    let (status, body) = match answer(shared, scope, item.body, preferences).await {
        Ok(body) => (StatusCode::OK, body),
        Err(refusal) => (refusal.status, refusal.body()),
    };
    let headers = json!({"content-type": "application/json; charset=utf-8"});
    json!({"id": item.id, "status": status.as_u16(), "headers": headers, "body": body})
}

async fn metadata(
    State(shared): super::super::State,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    describe(&shared, Scope::Workspace(id), &headers).await
}

/// Tables and columns of a workspace.
async fn describe(shared: &Shared, scope: Scope, headers: &HeaderMap) -> Response {
    if let Some(response) = refused(shared, headers) {
        return response;
    }
    let tables = match shared.services.telemetry.tables(&scope).await {
        Ok(tables) => tables,
        Err(error) => return refusal(error).into_response(),
    };
    let (Scope::Workspace(id) | Scope::Resource(id) | Scope::Database(id)) = &scope else {
        return Refusal::bad("there is no metadata of an estate").into_response();
    };
    let described: Vec<Value> = tables
        .iter()
        .map(|table| {
            let columns: Vec<Value> = table
                .columns
                .iter()
                .map(|column| json!({"name": column.name, "type": column.ty.name()}))
                .collect();
            let mut described =
                json!({"id": format!("t/{}", table.name), "name": table.name, "columns": columns});
            if table.columns.iter().any(|column| column.name == "TimeGenerated") {
                described["timespanColumn"] = "TimeGenerated".into();
            }
            described
        })
        .collect();
    let names: Vec<Value> = tables.iter().map(|table| format!("t/{}", table.name).into()).collect();
    let workspace =
        json!({"id": id, "resourceId": id, "name": id, "region": "local", "related": {"tables": names}});
    let mut response = Json(json!({
        "tables": described, "workspaces": [workspace], "tableGroups": [], "functions": [], "categories": [],
        "resourceTypes": [], "solutions": [], "queries": []
    }))
    .into_response();
    echo(headers, &mut response);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_in_any_spelling() {
        let read = Preferences::of("wait=5, include-statistics=true,include-render=TRUE");
        let wanted = Preferences { wait: Duration::from_secs(5), statistics: true, render: true };
        assert_eq!(read, wanted);
        assert_eq!(Preferences::of("").wait, WAIT);
        assert_eq!(Preferences::of("wait=100000").wait, MAX_WAIT);
        assert!(!Preferences::of("include-statistics=false").statistics);
    }

    #[test]
    fn dynamic_values_are_text() {
        assert_eq!(cell(ColumnType::Dynamic, &json!({"a": 1})), json!("{\"a\":1}"));
        assert_eq!(cell(ColumnType::Dynamic, &json!("x")), json!("x"));
        assert_eq!(cell(ColumnType::Dynamic, &Value::Null), Value::Null);
        assert_eq!(cell(ColumnType::Long, &json!(1)), json!(1));
    }
}
