//! Kusto's REST API: queries in versions 1 and 2, commands, sign-in metadata.
//!
//! Source: "Query/management HTTP request" and "response" of Azure Data Explorer. `frames` writes version 2, `tables` version
//! 1, `command` answers what clients send to `/v1/rest/mgmt`.

mod command;
mod error;
mod frames;
mod request;
mod schema;
mod tables;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use azimuth_host::{ColumnType, Question};
use serde_json::{Value, json};

use super::super::{Shared, payload};
use super::{Bounds, MAX_QUERY_BODY, collect};
pub(in super::super) use error::KustoError;
use request::Request;

/// The limits of the service, unless the query lifts them: rows and bytes of an answer in version 1.
const BOUNDS: Bounds = Bounds { rows: 500_000, bytes: 64 << 20 };

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/rest/auth/metadata", get(sign_in))
        .route("/v1/rest/query", post(query_v1))
        .route("/v2/rest/query", post(query_v2))
        .route("/v1/rest/mgmt", post(manage))
}

/// Where clients get their tokens; asked without one.
async fn sign_in(State(shared): super::super::State) -> Response {
    let base = &shared.services.base;
    let tenant = &shared.services.tenant;
    Json(json!({
        "AzureAD": {
            "LoginEndpoint": base, "LoginMfaRequired": false,
            "KustoClientAppId": "db662dc1-0cfe-4e1c-a843-19a68e65be58", "KustoClientRedirectUri": "http://localhost",
            "KustoServiceResourceId": base, "FirstPartyAuthorityUrl": format!("{base}/{tenant}")
        },
        "dSTS": {
            "CloudEndpointSuffix": "localhost", "DstsRealm": "realm://localhost", "DstsInstance": "localhost",
            "KustoDnsHostName": "localhost", "ServiceName": "kusto"
        }
    }))
    .into_response()
}

async fn query_v2(State(shared): super::super::State, headers: HeaderMap, body: Body) -> Response {
    let reply = async {
        let request = receive(&shared, &headers, body).await?;
        let options = request.options();
        if request.is_command() {
            let answer = command::run(&shared, &request).await?;
            return Ok(frames::of_table(&answer).into_response());
        }
        let question = question(&shared, request)?;
        let turn = shared.ask(question).await.map_err(KustoError::Ask)?;
        frames::stream(turn, options).await
    };
    finish(&shared, &headers, reply.await)
}

async fn query_v1(State(shared): super::super::State, headers: HeaderMap, body: Body) -> Response {
    let reply = async {
        let request = receive(&shared, &headers, body).await?;
        if request.is_command() {
            return Ok(Json(tables::of_command(&command::run(&shared, &request).await?)).into_response());
        }
        let bounds = if request.is_unbounded() { Bounds { rows: usize::MAX, ..BOUNDS } } else { BOUNDS };
        let question = question(&shared, request)?;
        let turn = shared.ask(question).await.map_err(KustoError::Ask)?;
        let (results, ended) = collect(turn.answer, bounds).await;
        match ended {
            Some(error) => Err(KustoError::Ask(error)),
            None => Ok(Json(tables::of_query(&results)).into_response()),
        }
    };
    finish(&shared, &headers, reply.await)
}

async fn manage(State(shared): super::super::State, headers: HeaderMap, body: Body) -> Response {
    let reply = async {
        let request = receive(&shared, &headers, body).await?;
        Ok(Json(tables::of_command(&command::run(&shared, &request).await?)).into_response())
    };
    finish(&shared, &headers, reply.await)
}

async fn receive(shared: &Shared, headers: &HeaderMap, body: Body) -> Result<Request, KustoError> {
    shared.caller(headers).map_err(KustoError::Unauthorized)?;
    let bad = |message: String| KustoError::BadRequest { kind: "BadRequest", message };
    let payload = payload::read(headers, body, MAX_QUERY_BODY, shared.services.limits.upload)
        .await
        .map_err(|error| bad(error.to_string()))?;
    Request::read(&payload.bytes).map_err(bad)
}

fn question(shared: &Shared, request: Request) -> Result<Question, KustoError> {
    let now = shared.services.clock.now();
    request.question(now).map_err(|message| KustoError::BadRequest { kind: "BadRequest", message })
}

/// The answer or error, with the ids that clients look for.
fn finish(shared: &Shared, headers: &HeaderMap, reply: Result<Response, KustoError>) -> Response {
    let mut response = reply.unwrap_or_else(|error| error.response(shared, headers));
    if let Some(id) = headers.get("x-ms-client-request-id") {
        response.headers_mut().insert("x-ms-client-request-id", id.clone());
    }
    if let Ok(id) = HeaderValue::try_from(uuid::Uuid::new_v4().to_string()) {
        response.headers_mut().insert("x-ms-activity-id", id);
    }
    response
}

/// The type of .NET that version 1 names beside Kusto's own.
fn data_type(ty: ColumnType) -> &'static str {
    match ty {
        ColumnType::Bool => "SByte",
        ColumnType::Int => "Int32",
        ColumnType::Long => "Int64",
        ColumnType::Real => "Double",
        ColumnType::Decimal => "SqlDecimal",
        ColumnType::Datetime => "DateTime",
        ColumnType::Timespan => "TimeSpan",
        ColumnType::Guid => "Guid",
        ColumnType::String => "String",
        ColumnType::Dynamic => "Object",
    }
}

/// How a result asks to be drawn, as the text that Kusto's tools read.
fn visualization(render: &serde_json::Map<String, Value>) -> String {
    Value::Object(render.clone()).to_string()
}
