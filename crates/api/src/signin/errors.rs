//! Refusals in the shape of Microsoft Entra: OAuth's `error`, a number `AADSTS…`, a text, ids to find the sign-in by.

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::keys::KeysError;
use super::state::StateError;

/// Why a request to the provider is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuthError {
    /// The status of the answer
    pub status: StatusCode,
    /// The error of RFC 6749, RFC 8628 or OpenID Connect
    pub error: &'static str,
    /// The number of Entra's list of sign-in error codes
    pub code: u32,
    /// What people read
    pub message: String,
    /// `suberror`, which clients use to tell what helps
    pub suberror: Option<&'static str>,
    /// The claims challenge to send again with the next request
    pub claims: Option<String>,
}

impl OAuthError {
    /// A refusal with status 400.
    pub fn new(error: &'static str, code: u32, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status: StatusCode::BAD_REQUEST, error, code, message, suberror: None, claims: None }
    }

    pub(super) fn unauthorized(mut self) -> Self {
        self.status = StatusCode::UNAUTHORIZED;
        self
    }

    pub(super) fn invalid_request(message: impl Into<String>) -> Self {
        Self::new("invalid_request", 900_144, message)
    }

    pub(super) fn invalid_grant(code: u32, message: impl Into<String>) -> Self {
        Self::new("invalid_grant", code, message)
    }

    /// The same words for a name that nobody has and a password that is wrong.
    pub(super) fn bad_credentials() -> Self {
        Self::invalid_grant(50_126, "Error validating credentials due to invalid username or password.")
    }

    pub(super) fn locked() -> Self {
        Self::invalid_grant(
            50_053,
            "The account is locked: you have tried to sign in too many times with an incorrect user ID or password.",
        )
    }

    pub(super) fn interaction(code: u32, message: impl Into<String>, claims: Option<String>) -> Self {
        Self { suberror: Some("basic_action"), claims, ..Self::new("interaction_required", code, message) }
    }

    pub(super) fn server(message: impl Into<String>) -> Self {
        let mut error = Self::new("server_error", 90_033, message);
        error.status = StatusCode::SERVICE_UNAVAILABLE;
        error
    }

    /// The text with number, ids and time, as clients print it.
    pub fn description(&self, trace: &str, correlation: &str, now: Timestamp) -> String {
        format!(
            "AADSTS{}: {} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {}",
            self.code,
            self.message,
            now.strftime("%Y-%m-%d %H:%M:%SZ")
        )
    }

    /// The body of the answer.
    pub fn body(&self, trace: &str, correlation: &str, now: Timestamp) -> Value {
        let mut body = json!({
            "error": self.error,
            "error_description": self.description(trace, correlation, now),
            "error_codes": [self.code],
            "timestamp": now.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
            "trace_id": trace,
            "correlation_id": correlation,
        });
        if let Some(suberror) = self.suberror {
            body["suberror"] = json!(suberror);
        }
        if let Some(claims) = &self.claims {
            body["claims"] = json!(claims);
        }
        body
    }
}

/// What failed beneath is for the log; a client learns that it may try again.
impl From<StateError> for OAuthError {
    fn from(_: StateError) -> Self {
        Self::server("The sign-in state cannot be reached at the moment. Try again.")
    }
}

impl From<KeysError> for OAuthError {
    fn from(error: KeysError) -> Self {
        match error {
            KeysError::State(error) => error.into(),
            KeysError::Sealed => Self::server("The signing keys cannot be opened."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_carry_what_clients_read() {
        let error = OAuthError::interaction(50_076, "More is needed.", Some("{}".to_owned()));
        let body = error.body("t", "c", Timestamp::UNIX_EPOCH);
        assert_eq!(body["error"], "interaction_required");
        assert_eq!(body["suberror"], "basic_action");
        assert_eq!(body["error_codes"], json!([50_076]));
        let text = body["error_description"].as_str().expect("a text");
        assert!(text.starts_with("AADSTS50076: More is needed. Trace ID: t "), "{text}");
        assert!(OAuthError::bad_credentials().body("t", "c", Timestamp::UNIX_EPOCH).get("claims").is_none());
    }
}
