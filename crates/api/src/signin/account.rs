//! The person's own account, signing out, and what a token lets an application know of a person.

use azimuth_identity::credentials::{Credentials, Method};
use serde_json::{Map, Value, json};

use super::authorize::{Answer, ResponseMode};
use super::errors::OAuthError;
use super::flow::{Cookies, Outcome, Reply};
use super::jws::Unverified;
use super::page::{self, Page};
use super::provider::{Origin, Provider};
use super::secrets::{equal, fingerprint};
use super::token::Parameters;
use crate::caller::Refused;

impl Provider {
    /// The page of the signed-in person's account; none where nobody is signed in.
    pub(super) fn account_page(&self, cookies: &Cookies) -> Result<Option<Page>, OAuthError> {
        let Some((_, account)) = self.session(cookies.session.as_deref())? else { return Ok(None) };
        let mut methods: Vec<&str> = account.password.iter().map(|_| Method::Password.label()).collect();
        methods.extend(account.second_factors().iter().map(|method| method.label()));
        let mark = self.out_mark(cookies);
        Ok(Some(page::account(&self.settings.organisation, &account.name, &methods, &mark)))
    }

    fn out_mark(&self, cookies: &Cookies) -> String {
        let session = fingerprint(cookies.session.as_deref().unwrap_or_default());
        self.surroundings.seal.mark(&format!("sign out of {session}"))
    }

    /// A request to sign out (OpenID Connect RP-Initiated Logout 1.0). Only with an id token of the very session it is done at once;
    /// else any page could sign people out, so they are asked.
    pub(super) fn logout(&self, parameters: &Parameters, cookies: &Cookies) -> Result<Reply, OAuthError> {
        let organisation = &self.settings.organisation;
        let hint = parameters.get("id_token_hint").and_then(|hint| self.hinted(hint));
        let Some((session, _)) = self.session(cookies.session.as_deref())? else {
            return self.signed_out(parameters, hint.as_ref());
        };
        if hint.as_ref().and_then(|claims| claims.get("sid")).and_then(Value::as_str) != Some(&session.id) {
            return Ok(Reply::page(page::sign_out(organisation, &self.out_mark(cookies))));
        }
        self.end_session(cookies.session.as_deref())?;
        self.signed_out(parameters, hint.as_ref())
    }

    /// Sends the person on, where application and address are known to belong together.
    fn signed_out(
        &self,
        parameters: &Parameters,
        hint: Option<&Map<String, Value>>,
    ) -> Result<Reply, OAuthError> {
        let application = hint.and_then(|claims| claims.get("aud")).and_then(Value::as_str);
        let application = application.or(parameters.get("client_id")).unwrap_or_default();
        let client = self.client(application)?;
        let target = parameters
            .get("post_logout_redirect_uri")
            .filter(|target| client.is_some_and(|client| client.may_redirect_after_logout(target)));
        let Some(target) = target else {
            return Ok(Reply::page(page::signed_out(&self.settings.organisation)));
        };
        let state = parameters.get("state").map(|state| ("state", state.to_owned()));
        let answer = Answer {
            redirect: target.to_owned(),
            mode: ResponseMode::Query,
            fields: state.into_iter().collect(),
        };
        Ok(Reply { outcome: Outcome::Go(answer.location()), browser: None, session: None })
    }

    /// The claims of an id token that was issued here, over or not.
    fn hinted(&self, token: &str) -> Option<Map<String, Value>> {
        let token = Unverified::parse(token)?;
        let keys = self.keys().ok()?;
        let key = keys.find(token.header("kid")?)?;
        token.verify(&key.public.n, &key.public.e)
    }

    /// The person pressed the button.
    pub(super) fn sign_out(
        &self,
        form: &Parameters,
        cookies: &Cookies,
        origin: &Origin,
    ) -> Result<Reply, OAuthError> {
        if !equal(form.get("mark").unwrap_or_default(), &self.out_mark(cookies)) {
            return Err(OAuthError::invalid_request("This page is too old. Open it again."));
        }
        let session = self.session(cookies.session.as_deref())?;
        self.end_session(cookies.session.as_deref())?;
        if let Some((_, account)) = session
            && form.get("everywhere").is_some()
        {
            let by = (account.object.as_str(), account.name.as_str());
            self.revoke_sessions(&account.object, by, origin)
                .map_err(|error| OAuthError::server(error.to_string()))?;
        }
        Ok(Reply::page(page::signed_out(&self.settings.organisation)))
    }

    /// The claims of a person, for a token that was issued for this (OpenID Connect Core, 5.3).
    pub(super) fn userinfo(&self, bearer: &str) -> Result<Value, Refused> {
        let caller = crate::caller::Authenticate::caller(self, bearer, &[&self.userinfo_audience()])?;
        let account: Option<Credentials> =
            self.account(&caller.object).map_err(|_| Refused::Invalid("the accounts cannot be read"))?;
        let account = account.ok_or(Refused::Invalid("it speaks for no person"))?;
        let scopes = self.claims(bearer)?.get("scp").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut claims = json!({"sub": account.object});
        for scope in scopes.split(' ') {
            match scope {
                "profile" => {
                    claims["name"] = json!(account.display_name);
                    claims["preferred_username"] = json!(account.name);
                }
                "email" => claims["email"] = json!(account.name),
                _ => {}
            }
        }
        Ok(claims)
    }
}
