//! Errors in the shape that Azure's clients read.
//!
//! Source: the Azure REST API guidelines, error condition responses: `{"error":{"code","message","target"?,"details"?}}`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// An error of Azure Resource Manager and of the services that speak like it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The status of the response
    pub status: StatusCode,
    /// The code that programs look at, such as `ResourceNotFound`
    pub code: String,
    /// What people read
    pub message: String,
    /// What it is about, such as the name of a property
    pub target: Option<Box<str>>,
    /// Further errors behind this one
    pub details: Vec<Value>,
    /// `additionalInfo` of Resource Manager, such as the policies that refuse a request
    pub additional: Vec<Value>,
}

impl ApiError {
    /// An error without details.
    pub fn new(status: StatusCode, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            target: None,
            details: Vec::new(),
            additional: Vec::new(),
        }
    }

    /// The body of the response.
    pub fn body(&self) -> Value {
        let mut error = Map::new();
        error.insert("code".to_owned(), json!(self.code));
        error.insert("message".to_owned(), json!(self.message));
        if let Some(target) = &self.target {
            error.insert("target".to_owned(), json!(target));
        }
        if !self.details.is_empty() {
            error.insert("details".to_owned(), json!(self.details));
        }
        if !self.additional.is_empty() {
            error.insert("additionalInfo".to_owned(), json!(self.additional));
        }
        json!({ "error": error })
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(self.body())).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_not_written() {
        let mut error = ApiError::new(StatusCode::NOT_FOUND, "ResourceNotFound", "no such resource");
        assert_eq!(
            error.body(),
            json!({"error": {"code": "ResourceNotFound", "message": "no such resource"}})
        );
        error.target = Some("properties.a".into());
        error.details.push(json!({"code": "B", "message": "b"}));
        assert_eq!(error.body()["error"]["target"], "properties.a");
        assert_eq!(error.body()["error"]["details"][0]["code"], "B");
    }
}
