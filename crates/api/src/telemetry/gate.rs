//! Who may come in, and how many at a time.

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

use super::Shared;
use crate::caller::{Caller, Refused};

/// Audiences that clients cannot be told to change.
const AUDIENCES: [&str; 7] = [
    "https://api.loganalytics.io",
    "https://monitor.azure.com",
    "https://management.azure.com",
    "https://management.core.windows.net",
    "https://kusto.kusto.windows.net",
    "https://api.applicationinsights.io",
    "https://ingest.monitor.azure.com",
];

/// When to come again.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(2);

impl Shared {
    /// The caller of a request with a bearer token.
    pub(super) fn caller(&self, headers: &HeaderMap) -> Result<Caller, Refused> {
        let token = credentials(headers, "Bearer").ok_or(Refused::Missing)?;
        self.holder(token)
    }

    /// The caller that a token speaks for, however it came.
    pub(super) fn holder(&self, token: &str) -> Result<Caller, Refused> {
        let mut audiences = vec![self.services.base.as_str()];
        audiences.extend(AUDIENCES);
        self.services.authenticate.caller(token, &audiences)
    }

    /// A place among the requests that send; `None` when all are taken.
    pub(super) fn admit(&self) -> Option<OwnedSemaphorePermit> {
        self.sending.clone().try_acquire_owned().ok()
    }

    /// A place among the queries under way; `None` when none became free in time.
    pub(super) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        let turn = self.asking.clone().acquire_owned();
        tokio::time::timeout(self.services.limits.patience, turn).await.ok()?.ok()
    }

    /// What a request without a valid token is told in `WWW-Authenticate`.
    pub(super) fn challenge(&self, refused: &Refused) -> HeaderValue {
        let error = match refused {
            Refused::Missing => "",
            Refused::Expired => ", error=\"invalid_token\", error_description=\"the token has expired\"",
            Refused::Audience(_) => {
                ", error=\"invalid_token\", error_description=\"the token is for another service\""
            }
            Refused::Invalid(_) => ", error=\"invalid_token\", error_description=\"the token is not valid\"",
        };
        let Shared { services, .. } = self;
        let text = format!("Bearer authorization_uri=\"{}/{}\"{error}", services.base, services.tenant);
        HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("Bearer"))
    }
}

/// What follows the scheme in `Authorization`.
pub(super) fn credentials<'h>(headers: &'h HeaderMap, scheme: &str) -> Option<&'h str> {
    let (given, credentials) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then(|| credentials.trim())
}

/// The password of `Authorization: Basic`.
pub(super) fn basic_password(headers: &HeaderMap) -> Option<String> {
    after_colon(credentials(headers, "Basic")?)
}

/// What follows the first colon in base64: the password of `Basic`, the secret of an `ApiKey`.
pub(super) fn after_colon(packed: &str) -> Option<String> {
    let text = String::from_utf8(STANDARD.decode(packed).ok()?).ok()?;
    text.split_once(':').map(|(_, secret)| secret.to_owned())
}

/// Why a token was refused, as a sentence for people.
pub(super) fn why(refused: &Refused) -> String {
    match refused {
        Refused::Missing => "the request has no token; send `Authorization: Bearer …`".to_owned(),
        Refused::Expired => "the token has expired; sign in again".to_owned(),
        Refused::Audience(audience) => format!("the token is for `{audience}`, not for this service"),
        Refused::Invalid(why) => format!("the token is not valid: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_follow_their_scheme() {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("bearer abc"));
        assert_eq!(credentials(&headers, "Bearer"), Some("abc"));
        assert_eq!(credentials(&headers, "Splunk"), None);
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Basic dXNlcjpwYTpzcw=="));
        assert_eq!(basic_password(&headers).as_deref(), Some("pa:ss"));
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Basic ???"));
        assert_eq!(basic_password(&headers), None);
    }
}
