//! Azure Resource Graph: `POST /providers/Microsoft.ResourceGraph/resources`.
//!
//! Source: "Resources - Resources" of the REST reference of Azure Resource Graph, and "Working with large Azure resource data
//! sets": `$top` up to 1,000, `$skip`, `$skipToken`, results as objects or as a table.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use azimuth_host::{AskError, Cells, Column, ColumnType, Question, Scope};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::super::{Shared, gate, payload};
use super::{Bounds, MAX_QUERY_BODY, collect, is_syntax};
use crate::error::ApiError;

/// The longest page.
const MAX_TOP: usize = 1000;
/// The limits of what a query may find, over all pages.
const BOUNDS: Bounds = Bounds { rows: 1_000_000, bytes: 256 << 20 };
/// How long a query may take.
const TIMEOUT: Duration = Duration::from_secs(60);

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/providers/Microsoft.ResourceGraph/resources", post(resources))
}

#[derive(Deserialize)]
struct Parameters {
    #[serde(rename = "api-version")]
    api_version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    query: String,
    #[serde(default)]
    subscriptions: Option<Vec<String>>,
    #[serde(default)]
    management_groups: Option<Vec<String>>,
    #[serde(default)]
    options: Option<Options>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Options {
    #[serde(rename = "$top")]
    top: Option<i64>,
    #[serde(rename = "$skip")]
    skip: Option<i64>,
    #[serde(rename = "$skipToken")]
    skip_token: Option<String>,
    result_format: Option<String>,
}

async fn resources(
    State(shared): super::super::State,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match answer(&shared, &parameters, &headers, body).await {
        Ok(body) => Json(body).into_response(),
        Err(response) => response,
    }
}

fn bad(code: &str, message: impl Into<String>) -> ApiError {
    let details = vec![json!({"code": code, "message": message.into()})];
    let message = "Please provide below info when asking for support: see the details of this error.";
    ApiError { details, ..ApiError::new(StatusCode::BAD_REQUEST, "BadRequest", message) }
}

async fn answer(
    shared: &Shared,
    parameters: &Parameters,
    headers: &HeaderMap,
    body: Body,
) -> Result<Value, Response> {
    shared.caller(headers).map_err(|refused| {
        let error = ApiError::new(StatusCode::UNAUTHORIZED, "AuthenticationFailed", gate::why(&refused));
        let mut response = error.into_response();
        response.headers_mut().insert(WWW_AUTHENTICATE, shared.challenge(&refused));
        response
    })?;
    if parameters.api_version.is_none() {
        let message = "The api-version query parameter (?api-version=) is required for all requests.";
        let error = ApiError::new(StatusCode::BAD_REQUEST, "MissingApiVersionParameter", message);
        return Err(error.into_response());
    }
    let payload = payload::read(headers, body, MAX_QUERY_BODY, shared.services.limits.upload)
        .await
        .map_err(|error| bad("InvalidRequest", error.to_string()).into_response())?;
    let request: Request = serde_json::from_slice(&payload.bytes).map_err(|error| {
        bad("InvalidRequest", format!("the body is no request of Resource Graph: {error}")).into_response()
    })?;
    page(shared, request).await.map_err(IntoResponse::into_response)
}

/// A page of a query's rows.
async fn page(shared: &Shared, request: Request) -> Result<Value, Response> {
    let options = request.options.unwrap_or_default();
    let invalid = |message: String| bad("InvalidOptions", message).into_response();
    let top = match options.top {
        None => MAX_TOP,
        Some(top) => usize::try_from(top)
            .ok()
            .filter(|top| (1..=MAX_TOP).contains(top))
            .ok_or_else(|| invalid(format!("`$top` is {top}; use 1 to {MAX_TOP}")))?,
    };
    let is_table = match options.result_format.as_deref() {
        None => false,
        Some(format) if format.eq_ignore_ascii_case("objectArray") => false,
        Some(format) if format.eq_ignore_ascii_case("table") => true,
        Some(other) => return Err(invalid(format!("`resultFormat` is `{other}`; use objectArray or table"))),
    };
    let skip = match &options.skip_token {
        Some(token) if !token.is_empty() => read_token(token, &request.query).ok_or_else(|| {
            bad("InvalidSkipToken", "the `$skipToken` is not of this query; ask its first page again")
                .into_response()
        })?,
        _ => usize::try_from(options.skip.unwrap_or_default())
            .map_err(|_| invalid("`$skip` is below 0".to_owned()))?,
    };
    let question = Question {
        text: request.query.clone(),
        scope: Scope::Estate {
            subscriptions: request.subscriptions.unwrap_or_default(),
            management_groups: request.management_groups.unwrap_or_default(),
        },
        further: Vec::new(),
        window: None,
        parameters: Vec::new(),
        options: Vec::new(),
        timeout: TIMEOUT,
        now: shared.services.clock.now(),
    };
    let turn = shared.ask(question).await.map_err(|error| refusal(&error))?;
    let (results, ended) = collect(turn.answer, BOUNDS).await;
    if let Some(error) = ended {
        return Err(refusal(&error));
    }
    let result = results.into_iter().next();
    let (columns, rows) = result.map(|result| (result.columns, result.rows)).unwrap_or_default();
    let total = rows.len();
    let page: Vec<Cells> = rows.into_iter().skip(skip).take(top).collect();
    let next = skip.saturating_add(page.len());
    let is_truncated = next < total && !page.is_empty();
    let mut body = Map::new();
    body.insert("totalRecords".to_owned(), total.into());
    body.insert("count".to_owned(), page.len().into());
    let data = if is_table { table(&columns, &page) } else { objects(&columns, page) };
    body.insert("data".to_owned(), data);
    body.insert("facets".to_owned(), json!([]));
    body.insert("resultTruncated".to_owned(), is_truncated.to_string().into());
    if is_truncated {
        body.insert("$skipToken".to_owned(), token(next, &request.query).into());
    }
    Ok(Value::Object(body))
}

fn objects(columns: &[Column], rows: Vec<Cells>) -> Value {
    let object = |row: Cells| -> Value {
        Value::Object(columns.iter().map(|column| column.name.clone()).zip(row).collect())
    };
    rows.into_iter().map(object).collect()
}

fn table(columns: &[Column], rows: &[Cells]) -> Value {
    let described: Value = columns
        .iter()
        .map(|column| {
            let ty = match column.ty {
                ColumnType::Bool => "boolean",
                ColumnType::Int | ColumnType::Long => "integer",
                ColumnType::Real | ColumnType::Decimal => "number",
                ColumnType::Dynamic => "object",
                ColumnType::Datetime | ColumnType::Timespan | ColumnType::Guid | ColumnType::String => {
                    "string"
                }
            };
            json!({"name": column.name, "type": ty})
        })
        .collect();
    json!({"columns": described, "rows": rows})
}

/// Where the next page begins, and of which query: a token of another query is no token of this.
fn token(skip: usize, query: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{skip}.{}", digest(query)))
}

fn read_token(token: &str, query: &str) -> Option<usize> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (skip, of) = text.split_once('.')?;
    (of == digest(query)).then(|| skip.parse().ok())?
}

fn digest(query: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(query.as_bytes()))
}

fn refusal(error: &AskError) -> Response {
    let message = error.to_string();
    let error = match error {
        AskError::Invalid(diagnostics) => {
            let first = diagnostics.first();
            let code = if first.is_some_and(|first| is_syntax(first.code)) {
                "ParserFailure"
            } else {
                "InvalidQuery"
            };
            let mut error = bad(
                "InvalidQuery",
                "Query is invalid. Please refer to the documentation for the Azure Resource Graph service and fix the error before retrying.",
            );
            let mut detail = json!({"code": code, "message": message});
            if let Some(place) = first.map(|first| &first.place) {
                detail["line"] = json!(place.line);
                detail["characterPositionInLine"] = json!(place.column);
            }
            error.details.push(detail);
            error
        }
        AskError::Busy { retry_after } => {
            let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "RateLimiting", message);
            let mut response = error.into_response();
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after.as_secs().max(1)));
            return response;
        }
        AskError::TimedOut(_) => ApiError::new(StatusCode::GATEWAY_TIMEOUT, "GatewayTimeout", message),
        AskError::Limit { .. } | AskError::Refused(_) => bad("InvalidQuery", message),
        AskError::NoSuchScope(_) => ApiError::new(StatusCode::NOT_FOUND, "SubscriptionNotFound", message),
        _ => ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", message),
    };
    error.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_belong_to_their_query() {
        let token = token(1000, "resources");
        assert_eq!(read_token(&token, "resources"), Some(1000));
        assert_eq!(read_token(&token, "resources | take 5"), None);
        assert_eq!(read_token("nonsense", "resources"), None);
    }
}
