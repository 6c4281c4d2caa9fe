//! The token endpoint: every grant, and how applications prove themselves there.

use std::collections::BTreeMap;

use azimuth_identity::credentials::{Credentials, Method};
use azimuth_identity::tokens::{ClaimsRequest, Scopes};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;

use super::chance;
use super::clients::Client;
use super::decide::{Attempt, Decision, Flow, Verdict};
use super::errors::OAuthError;
use super::issue::{Authority, SignedIn};
use super::logs::SignInKind;
use super::provider::{Entry, Origin, Provider, printable};
use super::secrets::{challenge, equal};

/// The parameters of a request, each at most once.
#[derive(Clone, Debug, Default)]
pub(super) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Parameters as they came; one that comes twice is refused (RFC 6749, 3.1).
    pub(super) fn new(pairs: Vec<(String, String)>) -> Result<Self, OAuthError> {
        const MOST: usize = 64;
        let mut map = BTreeMap::new();
        for (name, value) in pairs.into_iter().take(MOST) {
            if let Some(earlier) = map.insert(name.clone(), value.clone())
                && earlier != value
            {
                return Err(OAuthError::invalid_request(format!(
                    "The request names the parameter '{}' more than once.",
                    printable(&name)
                )));
            }
        }
        Ok(Self(map))
    }

    /// A parameter that is there and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(super) fn want(&self, name: &str) -> Result<&str, OAuthError> {
        self.get(name).ok_or_else(|| {
            OAuthError::invalid_request(format!(
                "The request body must contain the following parameter: '{name}'."
            ))
        })
    }

    pub(super) fn scopes(&self) -> Result<Scopes, OAuthError> {
        scopes(self.get("scope").unwrap_or_default())
    }

    pub(super) fn claims(&self) -> Result<ClaimsRequest, OAuthError> {
        claims(self.get("claims"))
    }
}

pub(super) fn scopes(text: &str) -> Result<Scopes, OAuthError> {
    Scopes::parse(text).map_err(|_| {
        OAuthError::new(
            "invalid_scope",
            28_000,
            "Provided value for the input parameter scope is not valid because it contains more than one resource, or too much.",
        )
    })
}

pub(super) fn claims(text: Option<&str>) -> Result<ClaimsRequest, OAuthError> {
    let Some(text) = text else { return Ok(ClaimsRequest::default()) };
    ClaimsRequest::parse(text)
        .map_err(|_| OAuthError::invalid_request("The claims parameter is not valid JSON."))
}

/// An application that proved itself.
pub(super) struct Proved {
    pub(super) client: Client,
    /// `appidacr`
    pub(super) by: u8,
}

/// A sign-in that may have its tokens, if the decision says so.
struct Asked<'a> {
    scopes: &'a Scopes,
    claims: &'a ClaimsRequest,
    flow: Flow,
    kind: SignInKind,
    protocol: &'static str,
}

impl Provider {
    /// Answers a request to the token endpoint. `authorization` is the header of that name.
    pub(super) fn token(
        &self,
        authority: Authority,
        parameters: &Parameters,
        authorization: Option<&str>,
        origin: &Origin,
    ) -> Result<Value, OAuthError> {
        match parameters.want("grant_type")? {
            "client_credentials" => self.client_credentials(authority, parameters, authorization, origin),
            "authorization_code" => self.authorization_code(authority, parameters, authorization),
            "refresh_token" => self.refresh_token(authority, parameters, authorization, origin),
            "password" => self.password(authority, parameters, authorization, origin),
            "urn:ietf:params:oauth:grant-type:device_code" | "device_code" => {
                self.device_code(authority, parameters, authorization)
            }
            other => Err(OAuthError::new(
                "unsupported_grant_type",
                70_003,
                format!("The app requested an unsupported grant type '{}'.", printable(other)),
            )),
        }
    }

    fn client_credentials(
        &self,
        authority: Authority,
        parameters: &Parameters,
        authorization: Option<&str>,
        origin: &Origin,
    ) -> Result<Value, OAuthError> {
        let scopes = match parameters.get("resource") {
            Some(resource) => scopes(&format!("{resource}/.default"))?,
            None => parameters.scopes()?,
        };
        let id = parameters.get("client_id").unwrap_or_default();
        let result = self.prove_client(authority, parameters, authorization).and_then(|proved| {
            if proved.client.public {
                return Err(secret_wanted());
            }
            if scopes.permissions.iter().any(|permission| permission != ".default") || scopes.resource.is_none() {
                return Err(OAuthError::new(
                    "invalid_scope",
                    1_002_012,
                    "The provided value for scope is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier.",
                ));
            }
            let answer =
                self.application_answer(&proved.client, authority, &scopes, proved.by, &parameters.claims()?)?;
            Ok((proved.client, answer))
        });
        let known = self.client(id).ok().flatten();
        self.log_sign_in(&Entry {
            origin,
            kind: SignInKind::Application,
            protocol: "none",
            client: result.as_ref().ok().map(|(client, _)| client).or(known.as_ref()),
            account: None,
            name: "",
            resource: scopes.resource.as_deref().unwrap_or_default(),
            methods: &[],
            session: "",
            transfer: false,
            verdict: None,
            result: result.as_ref().map(|_| ()),
        });
        result.map(|(_, answer)| answer)
    }

    /// The decision was made, and logged, when the code was made, moments ago.
    fn authorization_code(
        &self,
        authority: Authority,
        parameters: &Parameters,
        authorization: Option<&str>,
    ) -> Result<Value, OAuthError> {
        let Proved { client, .. } = self.prove_client(authority, parameters, authorization)?;
        let (verifier, redirect) = (parameters.want("code_verifier")?, parameters.want("redirect_uri")?);
        let verifier_fits = (43..=128).contains(&verifier.len())
            && verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
        let code = self.take_code(parameters.want("code")?, |code| {
            verifier_fits
                && code.signed_in.client == client.id
                && code.redirect == redirect
                && equal(&code.challenge, &challenge(verifier))
        })?;
        let account = self.still_valid(&code.signed_in)?;
        let asked_scopes = scopes(&code.scope)?;
        let claims = claims(parameters.get("claims").or(code.claims.as_deref()))?;
        let signed_in = SignedIn { authority, ..code.signed_in };
        let refresh = asked_scopes
            .offline()
            .then(|| self.begin_grant(&signed_in, &code.scope, code.grant.as_deref()))
            .transpose()?;
        self.user_answer(&signed_in, &account, &client, &asked_scopes, &claims, refresh)
    }

    fn refresh_token(
        &self,
        authority: Authority,
        parameters: &Parameters,
        authorization: Option<&str>,
        origin: &Origin,
    ) -> Result<Value, OAuthError> {
        let Proved { client, .. } = self.prove_client(authority, parameters, authorization)?;
        let (grant, next) = self.take_refresh(parameters.want("refresh_token")?, &client.id)?;
        let account = self.still_valid(&grant.signed_in)?;
        let text = parameters.get("scope").unwrap_or(&grant.scope);
        let (asked_scopes, claims) = (scopes(text)?, parameters.claims()?);
        let device_code = grant.signed_in.device_code;
        let signed_in = SignedIn { authority, nonce: None, ..grant.signed_in };
        let asked = Asked {
            scopes: &asked_scopes,
            claims: &claims,
            flow: Flow::Refresh { device_code },
            kind: SignInKind::NonInteractive,
            protocol: "none",
        };
        self.decide_and_log(&signed_in, &account, &client, &asked, origin)?;
        self.user_answer(&signed_in, &account, &client, &asked_scopes, &claims, Some(next))
    }

    fn password(
        &self,
        authority: Authority,
        parameters: &Parameters,
        authorization: Option<&str>,
        origin: &Origin,
    ) -> Result<Value, OAuthError> {
        let Proved { client, .. } = self.prove_client(authority, parameters, authorization)?;
        let name = parameters.want("username")?;
        let (asked_scopes, claims) = (parameters.scopes()?, parameters.claims()?);
        let account = match self.prove_password(name, parameters.want("password")?, origin) {
            Ok(account) => account,
            Err(error) => {
                self.log_refused(name, &client, &asked_scopes, "ropc", &error, origin);
                return Err(error);
            }
        };
        let signed_in = SignedIn {
            object: account.object.clone(),
            client: client.id.clone(),
            authority,
            methods: vec![Method::Password],
            auth_time: self.now().as_second(),
            session: chance::uuid(self.chance()),
            device_code: false,
            nonce: None,
        };
        let asked = Asked {
            scopes: &asked_scopes,
            claims: &claims,
            flow: Flow::Password,
            kind: SignInKind::Interactive,
            protocol: "ropc",
        };
        self.decide_and_log(&signed_in, &account, &client, &asked, origin)?;
        let text = parameters.get("scope").unwrap_or_default();
        let refresh = asked_scopes.offline().then(|| self.begin_grant(&signed_in, text, None)).transpose()?;
        self.user_answer(&signed_in, &account, &client, &asked_scopes, &claims, refresh)
    }

    /// The decision was made, and logged, when the person entered the code.
    fn device_code(
        &self,
        authority: Authority,
        parameters: &Parameters,
        authorization: Option<&str>,
    ) -> Result<Value, OAuthError> {
        let Proved { client, .. } = self.prove_client(authority, parameters, authorization)?;
        let code = parameters.get("device_code").or(parameters.get("code"));
        let code =
            code.ok_or_else(|| OAuthError::invalid_request("The request body must contain 'device_code'."))?;
        let (signed_in, scope) = self.take_device(code, &client.id)?;
        let account = self.still_valid(&signed_in)?;
        let asked_scopes = scopes(&scope)?;
        let claims = parameters.claims()?;
        let signed_in = SignedIn { authority, ..signed_in };
        let refresh =
            asked_scopes.offline().then(|| self.begin_grant(&signed_in, &scope, None)).transpose()?;
        self.user_answer(&signed_in, &account, &client, &asked_scopes, &claims, refresh)
    }

    /// Asks the decision about a sign-in in which nothing more can be asked of the person, and logs it.
    fn decide_and_log(
        &self,
        signed_in: &SignedIn,
        account: &Credentials,
        client: &Client,
        asked: &Asked<'_>,
        origin: &Origin,
    ) -> Result<(), OAuthError> {
        let resource = self.audience(asked.scopes.resource.as_deref())?;
        let verdict = self.surroundings.decide.decide(&Attempt {
            account,
            application: &client.id,
            resource: &resource,
            methods: &signed_in.methods,
            flow: asked.flow,
            address: origin.address,
            agent: &origin.agent,
            contexts: &asked.claims.contexts,
            authenticated: Timestamp::from_second(signed_in.auth_time).unwrap_or_default(),
            now: self.now(),
        });
        let result = refusal(&verdict, &asked.claims.contexts);
        self.log_sign_in(&Entry {
            origin,
            kind: asked.kind,
            protocol: asked.protocol,
            client: Some(client),
            account: Some(account),
            name: "",
            resource: &resource,
            methods: &signed_in.methods,
            session: &signed_in.session,
            transfer: signed_in.device_code,
            verdict: Some(&verdict),
            result: result.as_ref().map_or(Ok(()), Err),
        });
        result.map_or(Ok(()), Err)
    }

    /// Logs a sign-in that got no further than its first factor.
    pub(super) fn log_refused(
        &self,
        name: &str,
        client: &Client,
        scopes: &Scopes,
        protocol: &'static str,
        error: &OAuthError,
        origin: &Origin,
    ) {
        let account = self.account_by_name(name).ok().flatten();
        self.log_sign_in(&Entry {
            origin,
            kind: SignInKind::Interactive,
            protocol,
            client: Some(client),
            account: account.as_ref(),
            name: &printable(name),
            resource: scopes.resource.as_deref().unwrap_or_default(),
            methods: &[],
            session: "",
            transfer: false,
            verdict: None,
            result: Err(error),
        });
    }

    /// The application of a request, proved by what it has: nothing (public), a secret, or an assertion signed by its certificate.
    pub(super) fn prove_client(
        &self,
        authority: Authority,
        parameters: &Parameters,
        authorization: Option<&str>,
    ) -> Result<Proved, OAuthError> {
        let basic = authorization.and_then(basic);
        let id = match (&basic, parameters.get("client_id")) {
            (Some((id, _)), Some(also)) if id != also => {
                return Err(OAuthError::invalid_request("The request names two different clients."));
            }
            (Some((id, _)), _) => id.clone(),
            (None, Some(id)) => id.to_owned(),
            (None, None) => parameters.want("client_id")?.to_owned(),
        };
        let client =
            self.client(&id)?.filter(|client| !client.disabled).ok_or_else(|| unknown_client(&id))?;
        if client.public {
            return Ok(Proved { client, by: 0 });
        }
        let secret = basic.as_ref().map(|(_, secret)| secret.as_str()).or(parameters.get("client_secret"));
        match (parameters.get("client_assertion"), secret) {
            (Some(_), Some(_)) => {
                Err(OAuthError::invalid_request("A secret and an assertion exclude each other."))
            }
            (Some(assertion), None) => {
                let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                if parameters.get("client_assertion_type") != Some(kind) {
                    return Err(OAuthError::invalid_request("The client assertion's type is not known."));
                }
                self.prove_assertion(authority, &client, assertion)?;
                Ok(Proved { client, by: 2 })
            }
            (None, Some(secret)) => {
                let now = self.now().as_second();
                let fits = client
                    .secrets
                    .iter()
                    .filter(|known| known.expires.is_none_or(|end| now < end))
                    .any(|known| self.verify(secret, &known.hash));
                if fits { Ok(Proved { client, by: 1 }) } else { Err(wrong_secret(&client.id)) }
            }
            (None, None) => Err(secret_wanted()),
        }
    }
}

/// What a client is told where the decision wants more than can be asked here.
pub(super) fn refusal(verdict: &Verdict, contexts: &[String]) -> Option<OAuthError> {
    let challenge = contexts.first().map(|context| {
        serde_json::json!({"access_token": {"acrs": {"essential": true, "value": context}}}).to_string()
    });
    let error = match &verdict.decision {
        Decision::Allow => return None,
        Decision::SecondFactor => OAuthError::interaction(
            50_076,
            "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access this resource.",
            challenge,
        ),
        Decision::Register => OAuthError::interaction(
            50_079,
            "Due to a configuration change made by your administrator, you must enroll in multi-factor authentication to access this resource.",
            challenge,
        ),
        Decision::Again => OAuthError::interaction(
            50_078,
            "Presented multi-factor authentication has expired due to policies configured by your administrator, you must refresh your multi-factor authentication to access this resource.",
            challenge,
        ),
        Decision::Block { code, reason } => OAuthError::new("access_denied", *code, reason.clone()),
    };
    Some(error)
}

fn basic(header: &str) -> Option<(String, String)> {
    let encoded = header.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))?.1;
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    // Both are form-encoded before they are joined (RFC 6749, 2.3.1).
    let decode = |part: &str| {
        url::form_urlencoded::parse(format!("v={part}").as_bytes())
            .next()
            .map(|(_, value)| value.into_owned())
    };
    Some((decode(id)?, decode(secret)?))
}

pub(super) fn unknown_client(id: &str) -> OAuthError {
    OAuthError::new(
        "unauthorized_client",
        700_016,
        format!("Application with identifier '{}' was not found in the directory.", printable(id)),
    )
}

fn secret_wanted() -> OAuthError {
    let message =
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
    OAuthError::new("invalid_client", 7_000_218, message).unauthorized()
}

fn wrong_secret(id: &str) -> OAuthError {
    OAuthError::new(
        "invalid_client",
        7_000_215,
        format!("Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{id}'."),
    )
    .unauthorized()
}
