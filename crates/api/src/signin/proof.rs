//! Proving who one is: a password, a code of an authenticator app, a recovery code.

use std::net::IpAddr;

use azimuth_identity::credentials::Credentials;
use azimuth_identity::lockout::{self, Location, Lockout, PasswordTag};
use totp_rs::Builder;

use super::accounts::{AccountError, authenticator_purpose};
use super::errors::OAuthError;
use super::provider::{ACTOR, Origin, Provider};
use super::secrets::fingerprint;
use super::state::kind;

impl Provider {
    /// The account that name and password fit.
    ///
    /// A name that nobody has costs the same work, is locked after as many attempts, and gets the same answers: nothing here tells
    /// which names there are. The counter moves before the password is looked at, so that attempts side by side are counted too.
    pub(super) fn prove_password(
        &self,
        name: &str,
        password: &str,
        origin: &Origin,
    ) -> Result<Credentials, OAuthError> {
        let account = self.account_by_name(name)?;
        let prefix = network(origin.address);
        let familiar = account.as_ref().is_some_and(|account| account.is_familiar(&prefix, self.now()));
        self.count_attempt(name, password, familiar)?;
        let hash = account
            .as_ref()
            .and_then(|account| account.password.as_ref())
            .map(|password| password.hash.clone());
        // Nobody's hash is of a value that nobody knows: it fits no password.
        let fits = self.verify(password, hash.as_ref().unwrap_or(&self.nobody));
        let Some(account) = account.filter(|_| fits && hash.is_some()) else {
            return Err(OAuthError::bad_credentials());
        };
        self.forget_attempts(name, familiar)?;
        if !account.enabled {
            return Err(OAuthError::invalid_grant(50_057, "The user account is disabled."));
        }
        Ok(account)
    }

    /// Counts an attempt on a name, of a password or of a code.
    pub(super) fn count_attempt(&self, name: &str, secret: &str, familiar: bool) -> Result<(), OAuthError> {
        let now = self.now();
        let mark = self.surroundings.seal.mark(&format!("{}\n{secret}", name.to_lowercase()));
        let attempt = lockout::Attempt::Wrong(PasswordTag::new(b"", &mark));
        let id = self.lockout_id(name);
        let permitted = self.state().update(ACTOR, kind::LOCKOUT, &id, |lockout: Option<Lockout>| {
            let mut lockout = lockout.unwrap_or_default();
            match lockout.attempt(&self.settings.lockout, now, location(familiar), attempt) {
                lockout::Outcome::Failed { .. } | lockout::Outcome::Success => (Some(lockout), true),
                lockout::Outcome::Locked { .. } | lockout::Outcome::BlockedByProtection => (None, false),
            }
        })?;
        if permitted { Ok(()) } else { Err(OAuthError::locked()) }
    }

    /// The right answer was given: earlier attempts from the same kind of place no longer count.
    pub(super) fn forget_attempts(&self, name: &str, familiar: bool) -> Result<(), OAuthError> {
        let id = self.lockout_id(name);
        self.state().update(ACTOR, kind::LOCKOUT, &id, |lockout: Option<Lockout>| {
            let mut lockout = lockout.unwrap_or_default();
            lockout.turned_out_right(location(familiar));
            (Some(lockout), ())
        })?;
        Ok(())
    }

    fn lockout_id(&self, name: &str) -> String {
        self.surroundings.seal.mark(&name.to_lowercase())
    }

    /// Whether a code is of one of the account's authenticator apps now, or a step earlier or later, and its step was not used yet.
    pub(super) fn prove_authenticator(&self, account: &Credentials, code: &str) -> Result<(), OAuthError> {
        let code: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
        self.count_code(account, &code)?;
        let second = u64::try_from(self.now().as_second()).unwrap_or_default();
        let accepted = self.change_account(&account.object, |account| {
            let purpose = authenticator_purpose(&account.object);
            for authenticator in &mut account.authenticators {
                let Some(secret) = self.surroundings.seal.open(&authenticator.sealed, &purpose) else {
                    continue;
                };
                if let Some(step) = step_of(&secret, &code, second)
                    && step > authenticator.last_step
                {
                    authenticator.last_step = step;
                    return Ok(());
                }
            }
            Err(AccountError::Unknown { object: String::new() })
        });
        self.after_code(account, accepted)
    }

    /// Whether a recovery code is one of the account's; it is used up.
    pub(super) fn prove_recovery(&self, account: &Credentials, code: &str) -> Result<(), OAuthError> {
        let code: String =
            code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
        self.count_code(account, &code)?;
        let digest = fingerprint(&code);
        let accepted = self.change_account(&account.object, |account| {
            let before = account.recovery.len();
            account.recovery.retain(|known| *known != digest);
            if account.recovery.len() < before {
                Ok(())
            } else {
                Err(AccountError::Unknown { object: String::new() })
            }
        });
        self.after_code(account, accepted)
    }

    /// Codes count against a counter of their own: who guesses them knows the password already, and a million codes are soon
    /// tried.
    fn count_code(&self, account: &Credentials, code: &str) -> Result<(), OAuthError> {
        self.count_attempt(&code_name(account), code, false)
    }

    fn after_code(
        &self,
        account: &Credentials,
        accepted: Result<(), AccountError>,
    ) -> Result<(), OAuthError> {
        match accepted {
            Ok(()) => self.forget_attempts(&code_name(account), false),
            Err(AccountError::State(error)) => Err(error.into()),
            Err(_) => Err(OAuthError::invalid_grant(
                500_121,
                "Authentication failed during the strong authentication request.",
            )),
        }
    }
}

fn location(familiar: bool) -> Location {
    if familiar { Location::Familiar } else { Location::Unfamiliar }
}

fn code_name(account: &Credentials) -> String {
    format!("code of {}", account.object)
}

/// The time step whose code this is (RFC 6238: SHA-1, six digits, 30 seconds), the one before and after included.
pub(super) fn step_of(secret: &[u8], code: &str, second: u64) -> Option<u64> {
    if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Builder::new().with_secret(secret.to_vec()).build().ok()?.check(code, second)
}

/// The network of an address: the first 24 bits, or 48 of an IPv6 address.
pub(super) fn network(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V4(address)) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}")
        }
        Some(IpAddr::V6(address)) => {
            let [a, b, c, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}")
        }
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_the_standard() {
        // RFC 6238, appendix B: 59 s gives 94287082, of which six digits are asked for here.
        let secret = b"12345678901234567890";
        assert_eq!(step_of(secret, "287082", 59), Some(1));
        assert_eq!(step_of(secret, "287082", 89), Some(1), "one step later");
        assert_eq!(step_of(secret, "287082", 120), None);
        assert_eq!(step_of(secret, "28708", 59), None);
        assert_eq!(step_of(secret, "28708a", 59), None);
    }

    #[test]
    fn networks_of_addresses() {
        let address = |text: &str| text.parse().ok();
        assert_eq!(network(address("203.0.113.7")), "203.0.113");
        assert_eq!(network(address("::ffff:203.0.113.7")), "203.0.113");
        assert_eq!(network(address("2001:db8:1:2::3")), "2001:db8:1");
        assert_eq!(network(None), "");
    }
}
