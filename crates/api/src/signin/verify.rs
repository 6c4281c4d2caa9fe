//! Checking tokens that were issued here: the provider is the [`Authenticate`] of the other routes.

use azimuth_identity::tokens::same_audience;
use serde_json::{Map, Value};

use super::issue::Authority;
use super::jws::Unverified;
use super::provider::Provider;
use crate::caller::{Authenticate, Caller, CallerKind, Refused};

impl Provider {
    /// The claims of a token that was issued here and is valid now, whatever it is for.
    pub(super) fn claims(&self, token: &str) -> Result<Map<String, Value>, Refused> {
        let token = Unverified::parse(token).ok_or(Refused::Invalid("it is no signed token"))?;
        let keys = self.keys().map_err(|_| Refused::Invalid("the keys cannot be read"))?;
        let key = token.header("kid").and_then(|kid| keys.find(kid));
        let key = key.ok_or(Refused::Invalid("its key is none of this issuer's"))?;
        let claims = token
            .verify(&key.public.n, &key.public.e)
            .ok_or(Refused::Invalid("its signature does not fit"))?;
        let issuers = [self.issuer(Authority::Tenant), self.issuer(Authority::Adfs)];
        let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
        if !issuers.iter().any(|issuer| issuer == text("iss")) || text("tid") != self.settings.tenant {
            return Err(Refused::Invalid("its issuer is another"));
        }
        // Id tokens are signed by the same keys and speak to their application alone (RFC 9068 keeps them apart by type;
        // Entra's clients know access tokens by `appid`).
        if text("appid").is_empty() {
            return Err(Refused::Invalid("it is no access token"));
        }
        let now = self.now().as_second();
        let time = |name: &str| claims.get(name).and_then(Value::as_i64);
        if time("exp").is_none_or(|end| end <= now) {
            return Err(Refused::Expired);
        }
        if time("nbf").is_none_or(|begin| begin > now) {
            return Err(Refused::Invalid("it is not valid yet"));
        }
        Ok(claims)
    }
}

impl Authenticate for Provider {
    fn caller(&self, bearer: &str, audiences: &[&str]) -> Result<Caller, Refused> {
        if bearer.is_empty() {
            return Err(Refused::Missing);
        }
        let claims = self.claims(bearer)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let audience = text("aud");
        if !audiences.iter().any(|wanted| same_audience(wanted, &audience)) {
            return Err(Refused::Audience(audience));
        }
        let application = text("idtyp") == "app";
        // A person whose account was disabled, or whose sessions were ended, is out at once, not when the token is over.
        if !application {
            let object = text("oid");
            let account =
                self.account(&object).map_err(|_| Refused::Invalid("the accounts cannot be read"))?;
            let begun = claims.get("auth_time").and_then(Value::as_i64).unwrap_or_default();
            if !account.is_some_and(|account| account.enabled && begun >= account.valid_from.as_second()) {
                return Err(Refused::Invalid("its session was ended"));
            }
        }
        let methods = claims.get("amr").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(Caller {
            tenant: text("tid"),
            object: text("oid"),
            kind: if application { CallerKind::ServicePrincipal } else { CallerKind::User },
            name: if application { text("app_displayname") } else { text("upn") },
            application: text("appid"),
            methods: methods.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }
}
