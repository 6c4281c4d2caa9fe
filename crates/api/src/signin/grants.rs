//! Authorization codes and refresh tokens: made once, used once, and whoever uses one twice ends what came of it.

use azimuth_host::Precondition;
use azimuth_identity::credentials::Credentials;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::chance;
use super::errors::OAuthError;
use super::issue::SignedIn;
use super::provider::{ACTOR, Provider};
use super::secrets::{equal, fingerprint};
use super::state::{StateError, kind};

/// How long a code may be redeemed, in seconds.
const CODE_SECONDS: i64 = 60;
/// How long a refresh token lives unused, in seconds: 90 days, as Entra's do.
const REFRESH_SECONDS: i64 = 90 * 86_400;
/// Within this time a refresh token that was used is still taken, in seconds: clients that run side by side share one, and an
/// answer may be lost on its way.
const OVERLAP_SECONDS: i64 = 30;

/// A code that waits to be redeemed, and what it is bound to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Code {
    pub(super) signed_in: SignedIn,
    pub(super) redirect: String,
    pub(super) challenge: String,
    pub(super) scope: String,
    pub(super) claims: Option<String>,
    pub(super) expires: i64,
    /// The refresh tokens that came of it
    pub(super) grant: Option<String>,
    pub(super) used: bool,
}

/// A line of refresh tokens: the newest is good, those before it are not.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Grant {
    pub(super) signed_in: SignedIn,
    pub(super) scope: String,
    pub(super) granted: i64,
    pub(super) expires: i64,
    /// Digests of the tokens that are good: one, but for clients that refreshed side by side
    heads: Vec<String>,
    /// Digests of the last tokens that were used up, and when, in seconds since 1970
    spent: Vec<(String, i64)>,
    pub(super) revoked: bool,
}

impl Grant {
    const MOST_HEADS: usize = 8;
    const MOST_SPENT: usize = 16;

    /// Replaces a presented token by the next; false if the token was copied, which ends the line.
    fn rotate(&mut self, presented: &str, next: &str, now: i64) -> bool {
        let place = self.heads.iter().position(|head| equal(head, presented));
        let lately = |spent: &&(String, i64)| now - spent.1 <= OVERLAP_SECONDS && equal(&spent.0, presented);
        if let Some(place) = place {
            let spent = self.heads.remove(place);
            self.spent.insert(0, (spent, now));
            self.spent.truncate(Self::MOST_SPENT);
        } else if !self.spent.iter().any(|spent| lately(&spent)) {
            self.revoked = true;
            return false;
        }
        self.heads.insert(0, fingerprint(next));
        self.heads.truncate(Self::MOST_HEADS);
        self.expires = now + REFRESH_SECONDS;
        true
    }
}

impl Provider {
    /// Makes a code for a sign-in.
    pub(super) fn make_code(&self, code: Code) -> Result<String, StateError> {
        let text = chance::token(self.chance());
        let code = Code { expires: self.now().as_second() + CODE_SECONDS, ..code };
        self.state().write(ACTOR, kind::CODE, &fingerprint(&text), &code, Precondition::Absent)?;
        Ok(text)
    }

    /// Takes a code, once. Taken a second time it ends the refresh tokens that came of the first (RFC 6749, 4.1.2).
    pub(super) fn take_code(&self, text: &str, check: impl Fn(&Code) -> bool) -> Result<Code, OAuthError> {
        let id = fingerprint(text);
        let grant = chance::token(self.chance());
        let taken = self.state().update(ACTOR, kind::CODE, &id, |code: Option<Code>| match code {
            None => (None, Err(None)),
            Some(code) if code.used => (None, Err(code.grant)),
            Some(mut code) => {
                code.used = true;
                code.grant = Some(grant_id(&grant));
                let fits = check(&code);
                // A code that is tried with what it is not bound to is in wrong hands: it is used up as well.
                (Some(code.clone()), if fits { Ok(code) } else { Err(None) })
            }
        })?;
        let code = match taken {
            Ok(code) => code,
            Err(replayed) => {
                if let Some(grant) = replayed {
                    self.revoke(&grant)?;
                }
                return Err(bad_code());
            }
        };
        if code.expires < self.now().as_second() {
            return Err(OAuthError::invalid_grant(70_008, "The provided authorization code is expired."));
        }
        Ok(code)
    }

    /// Begins a line of refresh tokens; `id` is that of the code it comes of, if it comes of one.
    pub(super) fn begin_grant(
        &self,
        signed_in: &SignedIn,
        scope: &str,
        id: Option<&str>,
    ) -> Result<String, StateError> {
        let id = id.map_or_else(|| grant_id(&chance::token(self.chance())), str::to_owned);
        let secret = chance::token(self.chance());
        let now = self.now().as_second();
        let grant = Grant {
            signed_in: signed_in.clone(),
            scope: scope.to_owned(),
            granted: now,
            expires: now + REFRESH_SECONDS,
            heads: vec![fingerprint(&secret)],
            spent: Vec::new(),
            revoked: false,
        };
        self.state().write(ACTOR, kind::GRANT, &id, &grant, Precondition::Absent)?;
        Ok(format!("1.{id}.{secret}"))
    }

    /// Takes a refresh token of a client and gives the next one.
    ///
    /// One that was used before, longer than [`OVERLAP_SECONDS`] ago, was copied: the whole line ends.
    pub(super) fn take_refresh(&self, token: &str, client: &str) -> Result<(Grant, String), OAuthError> {
        let parts = token.strip_prefix("1.").and_then(|rest| rest.split_once('.'));
        let Some((id, secret)) = parts.filter(|(id, _)| id.len() == 64 && token.len() < 256) else {
            return Err(bad_refresh());
        };
        let (presented, next) = (fingerprint(secret), chance::token(self.chance()));
        let now = self.now().as_second();
        let taken = self.state().update(ACTOR, kind::GRANT, id, |grant: Option<Grant>| {
            let Some(mut grant) = grant.filter(|grant| !grant.revoked) else {
                return (None, Err(bad_refresh()));
            };
            if grant.signed_in.client != client {
                return (None, Err(bad_refresh()));
            }
            if grant.expires < now {
                let message = "The refresh token has expired due to inactivity.";
                return (None, Err(OAuthError::invalid_grant(700_082, message)));
            }
            let good = grant.rotate(&presented, &next, now);
            (Some(grant.clone()), if good { Ok(grant) } else { Err(bad_refresh()) })
        })?;
        Ok((taken?, format!("1.{id}.{next}")))
    }

    /// Ends a line of refresh tokens.
    pub(super) fn revoke(&self, id: &str) -> Result<(), StateError> {
        self.state().update(ACTOR, kind::GRANT, id, |grant: Option<Grant>| match grant {
            Some(mut grant) if !grant.revoked => {
                grant.revoked = true;
                (Some(grant), ())
            }
            _ => (None, ()),
        })
    }

    /// The account that a sign-in speaks for, if it may still be used: enabled, and signed in after its credentials changed.
    pub(super) fn still_valid(&self, signed_in: &SignedIn) -> Result<Credentials, OAuthError> {
        let account = self.account(&signed_in.object)?.ok_or_else(bad_refresh)?;
        if !account.enabled {
            return Err(OAuthError::invalid_grant(50_057, "The user account is disabled."));
        }
        if Timestamp::from_second(signed_in.auth_time)
            .is_ok_and(|time| time.as_second() < account.valid_from.as_second())
        {
            return Err(OAuthError::invalid_grant(
                50_173,
                "The provided grant has expired due to it being revoked, a fresh auth token is needed.",
            ));
        }
        Ok(account)
    }

    /// Deletes codes, flows, sessions and refresh tokens whose time is over; returns how many.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn sweep(&self) -> Result<usize, StateError> {
        const KEEP: i64 = 86_400;
        let now = self.now().as_second();
        let passing = [kind::CODE, kind::GRANT, kind::DEVICE, kind::USER_CODE, kind::SESSION, kind::FLOW];
        self.state().sweep(ACTOR, |kind, value| {
            passing.contains(&kind)
                && value
                    .get("expires")
                    .and_then(serde_json::Value::as_i64)
                    .is_some_and(|end| end + KEEP < now)
        })
    }
}

fn grant_id(token: &str) -> String {
    fingerprint(token)
}

fn bad_code() -> OAuthError {
    OAuthError::invalid_grant(
        54_005,
        "OAuth2 Authorization code was already redeemed or is not valid for this client.",
    )
}

fn bad_refresh() -> OAuthError {
    OAuthError::invalid_grant(
        70_000,
        "The provided value for the input parameter 'refresh_token' is not valid.",
    )
}
