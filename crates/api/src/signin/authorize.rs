//! The authorization endpoint: what an application asks, checked before a person is asked anything.

use azimuth_identity::tokens::Scopes;
use serde::{Deserialize, Serialize};
use url::Url;

use super::clients::Client;
use super::errors::OAuthError;
use super::issue::Authority;
use super::provider::{Provider, printable};
use super::token::{Parameters, unknown_client};

/// How the answer reaches the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum ResponseMode {
    Query,
    FormPost,
}

/// What was asked, and is fine.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    pub(super) authority: Authority,
    pub(super) client: String,
    pub(super) redirect: String,
    pub(super) mode: ResponseMode,
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) scope: String,
    pub(super) challenge: String,
    pub(super) claims: Option<String>,
    pub(super) login_hint: Option<String>,
    /// The person must prove again who they are
    pub(super) again: bool,
    /// The person must choose the account
    pub(super) choose: bool,
    /// Nothing may be asked
    pub(super) silent: bool,
    /// How old the sign-in may be, in seconds
    pub(super) max_age: Option<i64>,
}

/// Why a request is refused, and whether the application may hear of it.
pub(super) enum Refusal {
    /// Shown to the person: nobody knows whether the address belongs to the application
    Page(OAuthError),
    /// Sent to the application
    Redirect(Box<Answer>),
}

impl From<OAuthError> for Refusal {
    fn from(error: OAuthError) -> Self {
        Self::Page(error)
    }
}

/// An answer that goes to an application through the browser.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) redirect: String,
    pub(super) mode: ResponseMode,
    pub(super) fields: Vec<(&'static str, String)>,
}

impl Answer {
    /// The address with the fields in its query; what was there stays.
    pub(super) fn location(&self) -> String {
        match Url::parse(&self.redirect) {
            Ok(mut url) if !self.fields.is_empty() => {
                url.query_pairs_mut().extend_pairs(&self.fields);
                url.into()
            }
            _ => self.redirect.clone(),
        }
    }
}

impl Request {
    /// The answer with an error. `iss` says who answers, so that no application takes it for another's (RFC 9207).
    pub(super) fn refuse(&self, error: &OAuthError, description: String, issuer: String) -> Answer {
        self.answer(vec![("error", error.error.to_owned()), ("error_description", description)], issuer)
    }

    /// The answer with these fields, the state that came with the request, and the issuer.
    pub(super) fn answer(&self, mut fields: Vec<(&'static str, String)>, issuer: String) -> Answer {
        if let Some(state) = &self.state {
            fields.push(("state", state.clone()));
        }
        fields.push(("iss", issuer));
        Answer { redirect: self.redirect.clone(), mode: self.mode, fields }
    }

    pub(super) fn scopes(&self) -> Scopes {
        Scopes::parse(&self.scope).unwrap_or_default()
    }
}

impl Provider {
    /// Checks a request to the authorization endpoint.
    ///
    /// Application and address come first: until both fit nothing is sent anywhere (RFC 9700, 4.11.2).
    pub(super) fn authorization_request(
        &self,
        authority: Authority,
        parameters: &Parameters,
    ) -> Result<(Request, Client), Refusal> {
        let id = parameters.want("client_id")?;
        let client = self.client(id).map_err(OAuthError::from)?.filter(|client| !client.disabled);
        let client = client.ok_or_else(|| unknown_client(id))?;
        let redirect = parameters.want("redirect_uri")?;
        if !client.may_redirect(redirect) {
            return Err(Refusal::Page(OAuthError::new(
                "invalid_request",
                50_011,
                format!(
                    "The redirect URI '{}' specified in the request does not match the redirect URIs configured for the application '{}'.",
                    printable(redirect),
                    client.id
                ),
            )));
        }
        let prompt: Vec<&str> =
            parameters.get("prompt").unwrap_or_default().split_ascii_whitespace().collect();
        let text = |name: &str| parameters.get(name).filter(|value| value.len() <= 4096).map(str::to_owned);
        let mut request = Request {
            authority,
            client: client.id.clone(),
            redirect: redirect.to_owned(),
            mode: ResponseMode::Query,
            state: text("state"),
            nonce: text("nonce"),
            scope: text("scope").unwrap_or_default(),
            challenge: String::new(),
            claims: text("claims"),
            login_hint: text("login_hint"),
            again: prompt.contains(&"login"),
            choose: prompt.contains(&"select_account"),
            silent: prompt.contains(&"none"),
            max_age: parameters.get("max_age").and_then(|age| age.parse().ok()),
        };
        match self.check_request(&mut request, parameters, &prompt) {
            Ok(()) => Ok((request, client)),
            Err(error) => {
                let description = error.description("", "", self.now());
                let answer = request.refuse(&error, description, self.issuer(authority));
                Err(Refusal::Redirect(Box::new(answer)))
            }
        }
    }

    fn check_request(
        &self,
        request: &mut Request,
        parameters: &Parameters,
        prompt: &[&str],
    ) -> Result<(), OAuthError> {
        request.mode = match parameters.get("response_mode") {
            None | Some("query") => ResponseMode::Query,
            Some("form_post") => ResponseMode::FormPost,
            Some(other) => {
                let message = format!("The response mode '{}' is not supported.", printable(other));
                return Err(OAuthError::invalid_request(message));
            }
        };
        if parameters.want("response_type")? != "code" {
            let message = "The response type is not supported: 'code' is.";
            return Err(OAuthError::new("unsupported_response_type", 70_005, message));
        }
        for name in ["request", "request_uri", "registration"] {
            if parameters.get(name).is_some() {
                return Err(OAuthError::new(
                    "request_not_supported",
                    90_009,
                    format!("'{name}' is not supported."),
                ));
            }
        }
        if request.silent && prompt.len() > 1 {
            return Err(OAuthError::invalid_request("The prompt 'none' stands alone."));
        }
        // No code without proof of who asked for it, and no plain text of the proof (RFC 9700, 2.1.1).
        let challenge = parameters.get("code_challenge").unwrap_or_default();
        if parameters.get("code_challenge_method") != Some("S256") || !is_challenge(challenge) {
            return Err(OAuthError::new(
                "invalid_request",
                501_481,
                "The request must prove itself by 'code_challenge' with 'code_challenge_method' S256 (RFC 7636).",
            ));
        }
        challenge.clone_into(&mut request.challenge);
        let scopes = parameters.scopes()?;
        self.audience(scopes.resource.as_deref())?;
        parameters.claims()?;
        Ok(())
    }
}

/// SHA-256 in base64url has 43 letters.
fn is_challenge(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_keep_what_the_address_had() {
        let answer = Answer {
            redirect: "https://app.example/cb?tenant=1".to_owned(),
            mode: ResponseMode::Query,
            fields: vec![("code", "a b".to_owned()), ("state", "&x=1#".to_owned())],
        };
        assert_eq!(answer.location(), "https://app.example/cb?tenant=1&code=a+b&state=%26x%3D1%23");
    }

    #[test]
    fn challenges_have_the_length_of_a_digest() {
        assert!(is_challenge("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
        assert!(!is_challenge("") && !is_challenge("short") && !is_challenge(&"=".repeat(43)));
    }
}
