//! Errors of Kusto: `{"error": {"code", "message", "@type", "@message", "@context", "@permanent"}}`.

use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use azimuth_host::AskError;
use serde_json::{Value, json};

use super::super::super::{Shared, gate};
use super::super::is_syntax;
use crate::caller::Refused;

/// Why a request of Kusto's API has no answer.
#[derive(Debug)]
pub(in super::super::super) enum KustoError {
    /// No valid token
    Unauthorized(Refused),
    /// The query has no answer
    Ask(AskError),
    /// The request itself is wrong
    BadRequest {
        /// Of which kind: a part of the name of the exception
        kind: &'static str,
        /// What is wrong
        message: String,
    },
    /// Something that is named does not exist
    NotFound {
        /// What, as `Table 'T'`
        what: String,
    },
    /// Another status
    Other {
        /// The status
        status: StatusCode,
        /// What happened
        message: String,
    },
}

/// The parts of an error that depend on what happened.
struct Parts {
    status: StatusCode,
    code: &'static str,
    kind: String,
    message: String,
    is_permanent: bool,
}

impl KustoError {
    /// The response.
    pub(in super::super::super) fn response(&self, shared: &Shared, headers: &HeaderMap) -> Response {
        let parts = self.parts();
        let client =
            headers.get("x-ms-client-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
        let context = json!({
            "timestamp": shared.services.clock.now().to_string(), "serviceAlias": "AZIMUTH",
            "clientRequestId": client, "activityId": uuid::Uuid::new_v4().to_string(), "activityType": "GW.Http.CallContext"
        });
        let body = json!({ "error": self.body(&parts, &context) });
        let mut response = (parts.status, Json(body)).into_response();
        match self {
            Self::Unauthorized(refused) => {
                response.headers_mut().insert(WWW_AUTHENTICATE, shared.challenge(refused));
            }
            Self::Ask(AskError::Busy { retry_after }) => {
                let after = HeaderValue::from(retry_after.as_secs().max(1));
                response.headers_mut().insert(RETRY_AFTER, after);
            }
            _ => {}
        }
        response
    }

    /// The error as one of those inside an answer that had begun.
    pub(super) fn within(error: &AskError) -> Value {
        let this = Self::Ask(error.clone());
        json!({ "error": this.body(&this.parts(), &json!({})) })
    }

    fn body(&self, parts: &Parts, context: &Value) -> Value {
        json!({
            "code": parts.code,
            "message": parts.message,
            "@type": format!("Kusto.Data.Exceptions.{}", parts.kind),
            "@message": parts.message,
            "@context": context,
            "@permanent": parts.is_permanent
        })
    }

    fn parts(&self) -> Parts {
        let parts = |status, code, kind: &str, message: String, is_permanent| Parts {
            status,
            code,
            kind: kind.to_owned(),
            message,
            is_permanent,
        };
        match self {
            Self::Unauthorized(refused) => {
                let message = gate::why(refused);
                parts(StatusCode::UNAUTHORIZED, "Unauthorized", "KustoUnauthorizedException", message, true)
            }
            Self::BadRequest { kind, message } => {
                let kind = format!("Kusto{kind}Exception");
                parts(StatusCode::BAD_REQUEST, "General_BadRequest", &kind, message.clone(), true)
            }
            Self::NotFound { what } => {
                let message = format!("Entity not found: {what} was not found");
                parts(
                    StatusCode::BAD_REQUEST,
                    "BadRequest_EntityNotFound",
                    "EntityNotFoundException",
                    message,
                    true,
                )
            }
            Self::Other { status, message } => {
                let is_permanent = status.is_client_error();
                parts(
                    *status,
                    "General_InternalServerError",
                    "KustoServiceException",
                    message.clone(),
                    is_permanent,
                )
            }
            Self::Ask(error) => asked(error),
        }
    }
}

fn asked(error: &AskError) -> Parts {
    let message = error.to_string();
    let (status, code, kind, message, is_permanent) = match error {
        AskError::Invalid(diagnostics) => {
            let first = diagnostics.first();
            let is_syntax = first.is_some_and(|first| is_syntax(first.code));
            let at = first.and_then(|first| Some((first.place.line?, first.place.column?)));
            let at = at.map(|(line, column)| format!(" [line:position={line}:{column}]")).unwrap_or_default();
            let (kind, message) = if is_syntax {
                ("SyntaxException", format!("Syntax error: {message}{at}"))
            } else {
                ("SemanticException", format!("Semantic error: SEM0100: {message}{at}"))
            };
            (StatusCode::BAD_REQUEST, "General_BadRequest", kind, message, true)
        }
        AskError::NoSuchScope(name) => {
            let message = format!("Entity not found: Database '{name}' was not found");
            (StatusCode::BAD_REQUEST, "BadRequest_DatabaseNotExist", "EntityNotFoundException", message, true)
        }
        AskError::Limit { .. } => (
            StatusCode::BAD_REQUEST,
            "LimitsExceeded",
            "KustoServicePartialQueryFailureLimitsExceededException",
            message,
            true,
        ),
        AskError::TimedOut(_) => {
            (StatusCode::GATEWAY_TIMEOUT, "Timeout", "KustoServiceTimeoutException", message, false)
        }
        AskError::Busy { .. } => (
            StatusCode::TOO_MANY_REQUESTS,
            "TooManyRequests",
            "KustoRequestThrottledException",
            message,
            false,
        ),
        AskError::Refused(_) => {
            (StatusCode::BAD_REQUEST, "General_BadRequest", "KustoBadRequestException", message, true)
        }
        _ => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "General_InternalServerError",
            "KustoServiceException",
            message,
            false,
        ),
    };
    Parts { status, code, kind: kind.to_owned(), message, is_permanent }
}
