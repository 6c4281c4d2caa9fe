//! Issuing tokens: who signed in, for which application, becomes an access token, an id token and a refresh token.

use azimuth_identity::credentials::{Credentials, Method, amr};
use azimuth_identity::tokens::{AccessToken, ClaimsRequest, Scopes, Subject};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::chance;
use super::clients::Client;
use super::errors::OAuthError;
use super::jws;
use super::provider::Provider;

/// How long an access token is valid, in seconds.
pub(super) const ACCESS_SECONDS: i64 = 3600;

/// Under which path a request came: answers name the same issuer again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Authority {
    /// `/{tenant}`, `/common` and `/organizations`
    Tenant,
    /// `/adfs`, the path for which no client asks a central directory
    Adfs,
}

/// A sign-in that was decided: what it takes to make tokens of it, now and at each refresh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SignedIn {
    pub(super) object: String,
    pub(super) client: String,
    pub(super) authority: Authority,
    pub(super) methods: Vec<Method>,
    /// In seconds since 1970
    pub(super) auth_time: i64,
    /// The session's public id
    pub(super) session: String,
    /// Whether it was for a device elsewhere
    pub(super) device_code: bool,
    pub(super) nonce: Option<String>,
}

impl Provider {
    /// The issuer's name under an authority.
    pub(super) fn issuer(&self, authority: Authority) -> String {
        match authority {
            Authority::Tenant => format!("{}/{}/v2.0", self.settings.base, self.settings.tenant),
            Authority::Adfs => format!("{}/adfs", self.settings.base),
        }
    }

    /// The answer for a person: tokens for `scopes`, with `refresh` among them if there is one.
    pub(super) fn user_answer(
        &self,
        signed_in: &SignedIn,
        account: &Credentials,
        client: &Client,
        scopes: &Scopes,
        asked: &ClaimsRequest,
        refresh: Option<String>,
    ) -> Result<Value, OAuthError> {
        let now = self.now().as_second();
        let issuer = self.issuer(signed_in.authority);
        let audience = self.audience(scopes.resource.as_deref())?;
        let methods = amr(&signed_in.methods);
        let access = AccessToken {
            subject: Subject::User {
                object: account.object.clone(),
                name: account.name.clone(),
                display_name: account.display_name.clone(),
                roles: account.roles.clone(),
                amr: methods.iter().map(|&value| value.to_owned()).collect(),
                auth_time: signed_in.auth_time,
            },
            issuer: issuer.clone(),
            tenant: self.settings.tenant.clone(),
            audience,
            application: client.id.clone(),
            application_proof: u8::from(!client.public),
            scopes: scopes.claim(),
            valid: (now, now + ACCESS_SECONDS),
            id: chance::token(self.chance()),
            session: Some(signed_in.session.clone()),
            capabilities: asked.capabilities.clone(),
            contexts: asked.contexts.clone(),
        };
        let access = self.sign(&access.claims())?;
        let mut granted: Vec<String> = scopes.oidc.clone();
        granted.extend(scopes.permissions.iter().map(|permission| match &scopes.resource {
            Some(resource) => format!("{resource}/{permission}"),
            None => permission.clone(),
        }));
        let info = json!({"uid": account.object, "utid": self.settings.tenant}).to_string();
        let mut answer = json!({
            "token_type": "Bearer",
            "scope": granted.join(" "),
            "expires_in": ACCESS_SECONDS - 1,
            "ext_expires_in": ACCESS_SECONDS - 1,
            "access_token": access,
            "client_info": URL_SAFE_NO_PAD.encode(info),
        });
        if scopes.asks("openid") {
            let mut id = json!({
                "aud": client.id,
                "iss": issuer,
                "iat": now,
                "nbf": now,
                "exp": now + ACCESS_SECONDS,
                "sub": account.object,
                "oid": account.object,
                "tid": self.settings.tenant,
                "preferred_username": account.name,
                "upn": account.name,
                "name": account.display_name,
                "amr": methods,
                "auth_time": signed_in.auth_time,
                "sid": signed_in.session,
                "at_hash": at_hash(answer["access_token"].as_str().unwrap_or_default()),
                "ver": "2.0",
            });
            if let Some(nonce) = &signed_in.nonce {
                id["nonce"] = json!(nonce);
            }
            if scopes.asks("email") {
                id["email"] = json!(account.name);
            }
            answer["id_token"] = json!(self.sign(&id)?);
        }
        if let Some(refresh) = refresh {
            answer["refresh_token"] = json!(refresh);
        }
        Ok(answer)
    }

    /// The answer for an application by itself.
    pub(super) fn application_answer(
        &self,
        client: &Client,
        authority: Authority,
        scopes: &Scopes,
        proof: u8,
        asked: &ClaimsRequest,
    ) -> Result<Value, OAuthError> {
        let now = self.now().as_second();
        let access = AccessToken {
            subject: Subject::Application {
                object: client.object.clone(),
                display_name: client.name.clone(),
                roles: client.roles.clone(),
            },
            issuer: self.issuer(authority),
            tenant: self.settings.tenant.clone(),
            audience: self.audience(scopes.resource.as_deref())?,
            application: client.id.clone(),
            application_proof: proof,
            scopes: String::new(),
            valid: (now, now + ACCESS_SECONDS),
            id: chance::token(self.chance()),
            session: None,
            capabilities: asked.capabilities.clone(),
            contexts: Vec::new(),
        };
        Ok(json!({
            "token_type": "Bearer",
            "expires_in": ACCESS_SECONDS - 1,
            "ext_expires_in": ACCESS_SECONDS - 1,
            "access_token": self.sign(&access.claims())?,
        }))
    }

    fn sign(&self, claims: &Value) -> Result<String, OAuthError> {
        let keys = self.keys()?;
        let key = keys.signing(self.now());
        Ok(jws::sign(claims, &key.kid, &key.pair))
    }
}

/// The left half of the access token's digest (OpenID Connect Core, 3.1.3.6): binds the id token to it.
fn at_hash(access: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, access.as_bytes());
    URL_SAFE_NO_PAD.encode(&digest.as_ref()[..16])
}
