//! What a handler answers, and the headers that every answer carries.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::Value;

/// The answer of a handler.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: StatusCode,
    /// The body.
    pub(crate) content: Content,
    headers: Vec<(&'static str, String)>,
}

/// The body of an answer.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// None.
    Empty,
    /// JSON.
    Json(Value),
    /// JSON text, as stored.
    Text(Arc<str>),
}

impl Answer {
    /// 200 with a body.
    pub(crate) fn ok(body: Value) -> Self {
        Self::with(StatusCode::OK, body)
    }

    /// A body under a status.
    pub(crate) fn with(status: StatusCode, body: Value) -> Self {
        Self { status, content: Content::Json(body), headers: Vec::new() }
    }

    /// A stored text, as it is.
    pub(crate) fn text(body: Arc<str>) -> Self {
        Self { status: StatusCode::OK, content: Content::Text(body), headers: Vec::new() }
    }

    /// A status alone.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, content: Content::Empty, headers: Vec::new() }
    }

    /// The same with a header.
    #[must_use]
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The response; without a body if `is_head`.
    pub(crate) fn response(self, is_head: bool) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        let bytes = match self.content {
            Content::Empty => None,
            Content::Json(value) => Some(value.to_string()),
            Content::Text(text) => Some(text.to_string()),
        };
        if let Some(bytes) = bytes
            && self.status != StatusCode::NO_CONTENT
        {
            let json = HeaderValue::from_static("application/json; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
            if !is_head {
                *response.body_mut() = Body::from(bytes);
            }
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}
