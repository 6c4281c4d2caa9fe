//! Sessions of browsers: who signed in there, how and when.

use azimuth_host::Precondition;
use azimuth_identity::credentials::{Credentials, Method};
use serde::{Deserialize, Serialize};

use super::accounts::AccountError;
use super::chance;
use super::errors::OAuthError;
use super::provider::{ACTOR, Origin, Provider};
use super::secrets::fingerprint;
use super::state::{StateError, kind};

/// How long a session lives, in seconds, however much it is used (SP 800-63B, AAL2: a day).
const SECONDS: i64 = 24 * 3600;
/// How long it lives unused, in seconds.
const IDLE_SECONDS: i64 = 8 * 3600;
/// How stale the time of the last use may get, in seconds, so that not every request writes.
const TOUCH_SECONDS: i64 = 300;

/// A browser's session.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Session {
    /// The public id: the claim `sid`
    pub(super) id: String,
    pub(super) object: String,
    pub(super) methods: Vec<Method>,
    /// When the person proved something last, in seconds since 1970
    pub(super) auth_time: i64,
    used: i64,
    pub(super) expires: i64,
}

impl Provider {
    /// Begins a session and returns the value of its cookie. It is always a new one: what a browser brought along before the
    /// sign-in is not carried on.
    pub(super) fn begin_session(
        &self,
        object: &str,
        methods: &[Method],
        auth_time: i64,
    ) -> Result<(String, Session), StateError> {
        let (value, now) = (chance::token(self.chance()), self.now().as_second());
        let session = Session {
            id: chance::uuid(self.chance()),
            object: object.to_owned(),
            methods: methods.to_vec(),
            auth_time,
            used: now,
            expires: now + SECONDS,
        };
        self.state().write(ACTOR, kind::SESSION, &fingerprint(&value), &session, Precondition::Absent)?;
        Ok((value, session))
    }

    /// The session of a cookie and its account, if both are still good.
    pub(super) fn session(&self, cookie: Option<&str>) -> Result<Option<(Session, Credentials)>, OAuthError> {
        let Some(id) = cookie.map(fingerprint) else { return Ok(None) };
        let now = self.now().as_second();
        let Some(kept) = self.state().read::<Session>(kind::SESSION, &id)? else { return Ok(None) };
        let mut session = kept.value;
        if now >= session.expires || now - session.used > IDLE_SECONDS {
            return Ok(None);
        }
        let account = self.account(&session.object)?;
        let good =
            |account: &Credentials| account.enabled && session.auth_time >= account.valid_from.as_second();
        let Some(account) = account.filter(good) else { return Ok(None) };
        if now - session.used > TOUCH_SECONDS {
            session.used = now;
            // Where another request wrote first, the time is fresh enough.
            self.state().write(ACTOR, kind::SESSION, &id, &session, Precondition::Matches(kept.etag))?;
        }
        Ok(Some((session, account)))
    }

    /// Ends the session of a cookie.
    pub(super) fn end_session(&self, cookie: Option<&str>) -> Result<(), StateError> {
        let Some(id) = cookie.map(fingerprint) else { return Ok(()) };
        if let Some(kept) = self.state().read::<Session>(kind::SESSION, &id)? {
            self.state().delete(ACTOR, kind::SESSION, &id, kept.etag)?;
        }
        Ok(())
    }

    /// Ends all sessions and refresh tokens of an account, and with the next request its access tokens here.
    ///
    /// # Errors
    /// [`AccountError`].
    pub fn revoke_sessions(
        &self,
        object: &str,
        by: (&str, &str),
        origin: &Origin,
    ) -> Result<(), AccountError> {
        // Times in tokens are whole seconds: what was signed in within this second is over too.
        let from = jiff::Timestamp::from_second(self.now().as_second() + 1).unwrap_or(self.now());
        let name = self.change_account(object, |account| {
            account.valid_from = from;
            Ok(account.name.clone())
        })?;
        self.log_change("Revoke user sessions", by, ("User", object, &name), None, origin);
        Ok(())
    }
}
