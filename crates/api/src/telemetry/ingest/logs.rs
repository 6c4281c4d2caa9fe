//! The Logs Ingestion API of Azure Monitor.
//!
//! Source: "Logs Ingestion API in Azure Monitor": `POST /dataCollectionRules/{immutable id}/streams/{stream}`, a JSON array of
//! at most 1 MB, answered with 204; `Retry-After` with 429.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use azimuth_host::{AppendError, Batch};
use serde::Deserialize;

use super::super::payload::{self, PayloadError};
use super::super::streams::NoStream;
use super::super::{Shared, gate, records};
use super::identity;
use crate::error::ApiError;

/// The limit of the service, packed or not.
const MAX_BODY: usize = 1 << 20;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/dataCollectionRules/{rule}/streams/{stream}", post(upload))
}

#[derive(Deserialize)]
struct Parameters {
    #[serde(rename = "api-version")]
    api_version: Option<String>,
}

async fn upload(
    State(shared): super::super::State,
    Path((rule, stream)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match append(&shared, (&rule, &stream), &parameters, &headers, body).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(response) => response,
    }
}

async fn append(
    shared: &Shared,
    (rule, stream): (&str, &str),
    parameters: &Parameters,
    headers: &HeaderMap,
    body: Body,
) -> Result<(), Response> {
    shared.caller(headers).map_err(|refused| {
        let mut response =
            ApiError::new(StatusCode::UNAUTHORIZED, "AuthenticationFailed", gate::why(&refused))
                .into_response();
        response.headers_mut().insert(WWW_AUTHENTICATE, shared.challenge(&refused));
        response
    })?;
    if parameters.api_version.is_none() {
        let message = "the parameter `api-version` is missing; add `?api-version=2023-01-01`";
        return Err(bad("MissingApiVersionParameter", message));
    }
    let is_json = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.trim().to_ascii_lowercase().starts_with("application/json"));
    if !is_json {
        let message = "the content type has to be `application/json`";
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)
            .into_response());
    }
    let destinations = shared
        .services
        .streams
        .destinations(rule, stream)
        .map_err(|missing| no_stream(missing, rule, stream))?;
    let Some(_place) = shared.admit() else { return Err(busy(gate::RETRY_AFTER)) };
    let limit = MAX_BODY.min(shared.services.limits.body);
    let payload = payload::read(headers, body, limit, shared.services.limits.upload)
        .await
        .map_err(|error| unreadable(&error))?;
    let rows = records::array(&payload.bytes, shared.services.limits.records)
        .map_err(|error| bad("InvalidPayload", error.to_string()))?;
    for destination in destinations {
        let batch = Batch {
            identity: identity(headers, &format!("{rule}/{stream}/{}", destination.table), &payload.bytes),
            scope: destination.scope,
            table: destination.table,
            records: rows.clone(),
            transform: destination.transform,
            received: shared.services.clock.now(),
        };
        shared.append(batch).await.map_err(not_appended)?;
    }
    Ok(())
}

fn bad(code: &str, message: impl Into<String>) -> Response {
    ApiError::new(StatusCode::BAD_REQUEST, code, message).into_response()
}

fn no_stream(missing: NoStream, rule: &str, stream: &str) -> Response {
    match missing {
        NoStream::Rule => {
            let message = format!("there is no data collection rule with the immutable id `{rule}`");
            ApiError::new(StatusCode::NOT_FOUND, "NotFound", message).into_response()
        }
        NoStream::Stream => {
            bad("InvalidStream", format!("the data collection rule `{rule}` has no stream `{stream}`"))
        }
    }
}

fn unreadable(error: &PayloadError) -> Response {
    let (status, code) = match error {
        PayloadError::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "ContentLengthLimitExceeded"),
        PayloadError::Encoding(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedContentEncoding"),
        PayloadError::Damaged | PayloadError::Broken => (StatusCode::BAD_REQUEST, "InvalidPayload"),
        PayloadError::Slow => (StatusCode::REQUEST_TIMEOUT, "RequestTimeout"),
    };
    ApiError::new(status, code, error.to_string()).into_response()
}

fn not_appended(error: AppendError) -> Response {
    match error {
        AppendError::Busy { retry_after } => busy(retry_after),
        AppendError::NoSuchTable(_) | AppendError::NoSuchScope(_) => {
            ApiError::new(StatusCode::NOT_FOUND, "NotFound", error.to_string()).into_response()
        }
        AppendError::Refused(_) => bad("InvalidPayload", error.to_string()),
        error => {
            let message = error.to_string();
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message).into_response()
        }
    }
}

fn busy(retry_after: std::time::Duration) -> Response {
    let message = "too many requests are under way; send again after the time in `Retry-After`";
    let mut response =
        ApiError::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message).into_response();
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after.as_secs().max(1)));
    response
}
