//! From a request to its answer.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::request::{Ask, GraphError, Reply};
use super::sets::find;
use super::{Credentials, actions, entity, links};
use crate::arm::{ControlPlane, Query, authenticate};
use crate::caller::Refused;

/// Largest body read, in bytes.
const MAX_BODY: usize = 4 * 1024 * 1024;
/// Requests in one batch (the service's own limit).
const MAX_BATCH: usize = 20;

struct Graph {
    plane: Arc<ControlPlane>,
    credentials: Arc<dyn Credentials>,
}

/// Everything of Graph, as a router for the paths that [`handles`] names.
pub fn router(plane: Arc<ControlPlane>, credentials: Arc<dyn Credentials>) -> Router {
    Router::new().fallback(answer).with_state(Arc::new(Graph { plane, credentials }))
}

/// Whether a path belongs to Graph: its first segment is a version.
pub fn handles(path: &str) -> bool {
    let first = path.split('/').find(|segment| !segment.is_empty()).unwrap_or_default();
    first.eq_ignore_ascii_case("v1.0") || first.eq_ignore_ascii_case("beta")
}

async fn answer(State(graph): State<Arc<Graph>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return GraphError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            "The request is too large.",
        )
        .response(graph.plane.now(), "", "");
    };
    if parts.method == Method::GET {
        return respond(&graph, &parts, body);
    }
    let work = tokio::task::spawn_blocking(move || respond(&graph, &parts, body));
    work.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

fn respond(graph: &Graph, parts: &Parts, body: Bytes) -> Response {
    let request_id = uuid::Uuid::new_v4().to_string();
    let client = parts
        .headers
        .get("client-request-id")
        .and_then(|value| value.to_str().ok())
        .unwrap_or(&request_id)
        .to_owned();
    let mut response = match process(graph, parts, body) {
        Ok(reply) => shown(reply),
        Err(Refusal::Error(error)) => error.response(graph.plane.now(), &request_id, &client),
        Err(Refusal::Token(refused)) => unauthorised(graph, &refused, &request_id, &client),
    };
    for (name, value) in [("request-id", &request_id), ("client-request-id", &client)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert("odata-version", HeaderValue::from_static("4.0"));
    response
}

enum Refusal {
    Token(Refused),
    Error(GraphError),
}

impl From<GraphError> for Refusal {
    fn from(error: GraphError) -> Self {
        Self::Error(error)
    }
}

fn shown(reply: Reply) -> Response {
    const JSON: &str =
        "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";
    let json = |status: StatusCode, body: &Value| {
        (status, [(header::CONTENT_TYPE, JSON)], body.to_string()).into_response()
    };
    match reply {
        Reply::Body(body) => json(StatusCode::OK, &body),
        Reply::Made(body) => json(StatusCode::CREATED, &body),
        Reply::Nothing => StatusCode::NO_CONTENT.into_response(),
        Reply::Count(count) => count.to_string().into_response(),
    }
}

fn unauthorised(graph: &Graph, refused: &Refused, request: &str, client: &str) -> Response {
    let message = match refused {
        Refused::Missing => "Access token is empty.".to_owned(),
        Refused::Expired => "Lifetime validation failed, the token is expired.".to_owned(),
        Refused::Audience(audience) => {
            format!("Access token validation failure. Invalid audience '{audience}'.")
        }
        Refused::Invalid(why) => format!("Access token validation failure: {why}."),
    };
    let error = GraphError::new(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message);
    let mut response = error.response(graph.plane.now(), request, client);
    let challenge = format!(
        "Bearer realm=\"\", authorization_uri=\"{}/common/oauth2/authorize\"",
        graph.plane.base_url()
    );
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

fn process(graph: &Graph, parts: &Parts, body: Bytes) -> Result<Reply, Refusal> {
    let decoded = percent_encoding::percent_decode_str(parts.uri.path())
        .decode_utf8()
        .map_err(|_| GraphError::bad("The path is not UTF-8."))?;
    let mut segments = decoded.split('/').filter(|segment| !segment.is_empty());
    let version = segments.next().unwrap_or_default().to_owned();
    let path = segments.collect::<Vec<_>>().join("/");
    if path.len() > 2_048 || path.chars().any(char::is_control) {
        return Err(GraphError::bad("The path cannot be read.").into());
    }
    let caller = authenticate(&graph.plane, &parts.headers).map_err(Refusal::Token)?;
    graph.plane.refresh().map_err(|error| {
        GraphError::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceNotAvailable", error.to_string())
    })?;
    let mut ask = Ask {
        plane: &graph.plane,
        credentials: &*graph.credentials,
        caller,
        method: parts.method.clone(),
        version,
        path,
        query: Query::parse(parts.uri.query().unwrap_or_default()),
        headers: parts.headers.clone(),
        body,
        now: graph.plane.now(),
    };
    if ask.path.eq_ignore_ascii_case("$batch") {
        return Ok(batch(&ask)?);
    }
    if ask.method == Method::GET {
        return Ok(dispatch(&ask)?);
    }
    let _writing = graph.plane.writing();
    ask.now = graph.plane.now();
    Ok(dispatch(&ask)?)
}

/// Who answers a path.
fn dispatch(ask: &Ask<'_>) -> Result<Reply, GraphError> {
    let segments: Vec<&str> = ask.path.split('/').filter(|segment| !segment.is_empty()).collect();
    if let Some(reply) = actions::dispatch(ask, &segments)? {
        return Ok(reply);
    }
    let Some((set, rest)) = find(&segments) else {
        let message = format!(
            "Resource not found for the segment '{}'.",
            segments.first().copied().unwrap_or_default()
        );
        return Err(GraphError::new(StatusCode::BAD_REQUEST, "BadRequest", message));
    };
    // `servicePrincipals(appId='…')` is one object too.
    let own = segments[set.path.split('/').count() - 1];
    let by_key = own.split_once('(').map(|(_, key)| key.trim_end_matches(')'));
    match (by_key, rest) {
        (None, []) => entity::of_set(ask, set),
        (None, ["$count"]) => entity::count(ask, set),
        (None, [id]) => entity::of_one(ask, set, id),
        (None, [id, more @ ..]) => links::dispatch(ask, set, id, more),
        (Some(key), []) => entity::of_one(ask, set, &entity::id_by_key(ask, set, key)?),
        (Some(key), more) => links::dispatch(ask, set, &entity::id_by_key(ask, set, key)?, more),
    }
}

/// Several requests in one, answered in their order.
fn batch(ask: &Ask<'_>) -> Result<Reply, GraphError> {
    if ask.method != Method::POST {
        return Err(GraphError::bad("A batch is posted."));
    }
    let body = Value::Object(ask.object()?);
    let requests = body["requests"].as_array().cloned().unwrap_or_default();
    if requests.len() > MAX_BATCH {
        return Err(GraphError::bad(format!("A batch holds at most {MAX_BATCH} requests.")));
    }
    let responses: Vec<Value> = requests.iter().map(|request| one_of_batch(ask, request)).collect();
    Ok(Reply::Body(serde_json::json!({"responses": responses})))
}

fn one_of_batch(ask: &Ask<'_>, request: &Value) -> Value {
    let url = request["url"].as_str().unwrap_or_default();
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let method: Method =
        request["method"].as_str().and_then(|method| method.parse().ok()).unwrap_or(Method::GET);
    let part = Ask {
        plane: ask.plane,
        credentials: ask.credentials,
        caller: ask.caller.clone(),
        method: method.clone(),
        version: ask.version.clone(),
        path: path.trim_start_matches('/').to_owned(),
        query: Query::parse(query),
        headers: ask.headers.clone(),
        body: if request["body"].is_object() {
            Bytes::from(request["body"].to_string())
        } else {
            Bytes::new()
        },
        now: ask.now,
    };
    let reply = if method == Method::GET {
        dispatch(&part)
    } else {
        let _writing = ask.plane.writing();
        dispatch(&part)
    };
    let (status, body) = match reply {
        Ok(Reply::Body(body)) => (200, body),
        Ok(Reply::Made(body)) => (201, body),
        Ok(Reply::Nothing) => (204, Value::Null),
        Ok(Reply::Count(count)) => (200, count.into()),
        Err(error) => (
            error.status.as_u16(),
            serde_json::json!({"error": {"code": error.code, "message": error.message}}),
        ),
    };
    serde_json::json!({"id": request["id"], "status": status, "headers": {"Content-Type": "application/json"}, "body": body})
}
