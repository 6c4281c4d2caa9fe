//! Accounts and applications: reading, making, changing; the first administrator.

use azimuth_host::Precondition;
use azimuth_identity::credentials::{Authenticator, Credentials, Password};
use azimuth_identity::passwords::policy::{EntraRules, Operation, Profile, Violation, violations};
use azimuth_identity::passwords::{Names, Place};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::chance::{self, letters};
use super::clients::{self, Client, Secret};
use super::provider::{ACTOR, Origin, Provider};
use super::secrets::fingerprint;
use super::state::{StateError, kind};

/// The template id of the role Global Administrator.
pub(super) const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

/// An account to make.
#[derive(Clone, Debug, Default)]
pub struct NewAccount {
    /// The object id in the directory; made if empty
    pub object: String,
    /// The user principal name
    pub name: String,
    /// What people read
    pub display_name: String,
    /// The password
    pub password: String,
    /// Template ids of directory roles
    pub roles: Vec<String>,
}

/// Why an account or an application is not made or changed.
#[derive(Debug, Error)]
pub enum AccountError {
    /// The state cannot be reached
    #[error(transparent)]
    State(#[from] StateError),
    /// The name is no user principal name
    #[error(
        "`{name}` is no user principal name: `somebody@domain` is wanted, of letters, digits and `.-_'#`"
    )]
    Name {
        /// The name
        name: String,
    },
    /// The name or id is taken
    #[error("`{name}` is taken")]
    Taken {
        /// The name
        name: String,
    },
    /// Nobody has this id
    #[error("there is no account `{object}`")]
    Unknown {
        /// The id
        object: String,
    },
    /// The password is against the rules
    #[error("{message}")]
    Password {
        /// The rule, and what to do
        message: String,
    },
    /// The secret of an application is too short or too long
    #[error("the secret has {length} characters: between {LEAST} and 256 are wanted")]
    Secret {
        /// How many it has
        length: usize,
    },
    /// The account has as many as it may have
    #[error("the account has as many of these as it may have; remove one first")]
    Full,
    /// There is an administrator already
    #[error("the first account was made already; sign in with it to make others")]
    NotFirst,
}

/// The fewest characters of an application's secret.
const LEAST: usize = 12;

#[derive(Serialize, Deserialize)]
struct Named {
    object: String,
}

impl Provider {
    /// The account that has a name, in any letter case.
    pub(super) fn account_by_name(&self, name: &str) -> Result<Option<Credentials>, StateError> {
        let Some(id) = name_id(name) else { return Ok(None) };
        match self.state().read::<Named>(kind::NAME, &id)? {
            Some(named) => self.account(&named.value.object),
            None => Ok(None),
        }
    }

    /// The account of an object id.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn account(&self, object: &str) -> Result<Option<Credentials>, StateError> {
        Ok(self.state().read(kind::ACCOUNT, object)?.map(|kept| kept.value))
    }

    /// Makes an account and returns its object id.
    ///
    /// # Errors
    /// [`AccountError`].
    pub fn create_account(
        &self,
        new: &NewAccount,
        by: (&str, &str),
        origin: &Origin,
    ) -> Result<String, AccountError> {
        let id = name_id(&new.name).ok_or_else(|| AccountError::Name { name: new.name.clone() })?;
        self.check_password(&new.password, &new.name, &new.display_name)?;
        let object = if new.object.is_empty() { chance::uuid(self.chance()) } else { new.object.clone() };
        let named = Named { object: object.clone() };
        if !self.state().write(ACTOR, kind::NAME, &id, &named, Precondition::Absent)? {
            return Err(AccountError::Taken { name: new.name.clone() });
        }
        let account = Credentials {
            object: object.clone(),
            name: new.name.clone(),
            display_name: new.display_name.clone(),
            enabled: true,
            roles: new.roles.clone(),
            password: Some(Password {
                hash: self.hash(&new.password),
                changed: self.now(),
                must_change: false,
            }),
            authenticators: Vec::new(),
            recovery: Vec::new(),
            networks: Vec::new(),
            valid_from: self.now(),
        };
        if !self.state().write(ACTOR, kind::ACCOUNT, &object, &account, Precondition::Absent)? {
            return Err(AccountError::Taken { name: object });
        }
        self.log_change("Add user", by, ("User", &object, &new.name), None, origin);
        Ok(object)
    }

    /// Makes the first account, an administrator; works once.
    ///
    /// # Errors
    /// [`AccountError::NotFirst`] if it was made before, else [`AccountError`].
    pub fn bootstrap_administrator(
        &self,
        name: &str,
        display_name: &str,
        password: &str,
    ) -> Result<String, AccountError> {
        name_id(name).ok_or_else(|| AccountError::Name { name: name.to_owned() })?;
        self.check_password(password, name, display_name)?;
        let object = chance::uuid(self.chance());
        // The mark is written first and only where there is none: of two that start at once one makes the account.
        let mark = Named { object: object.clone() };
        if !self.state().write(ACTOR, "setup", "first", &mark, Precondition::Absent)? {
            return Err(AccountError::NotFirst);
        }
        let new = NewAccount {
            object,
            name: name.to_owned(),
            display_name: display_name.to_owned(),
            password: password.to_owned(),
            roles: vec![GLOBAL_ADMINISTRATOR.to_owned()],
        };
        self.create_account(&new, ("", ACTOR), &Origin::default())
    }

    /// Whether a password keeps the rules of the directory and is none that everybody uses.
    fn check_password(&self, password: &str, name: &str, display_name: &str) -> Result<(), AccountError> {
        let profile = Profile::Entra(EntraRules::default());
        let violation = violations(password, profile, Operation::Reset).into_iter().next();
        let tenant = name.rsplit_once('@').and_then(|(_, domain)| domain.split('.').next());
        let (given_name, surname) = match display_name.split_once(' ') {
            Some((given_name, surname)) => (Some(given_name), Some(surname)),
            None => (Some(display_name), None),
        };
        let names = Names { given_name, surname, tenant };
        let banned = || self.settings.banned.check(password, &names, Place::Cloud).rejected;
        let message =
            violation.map(Violation::message).or_else(|| banned().map(|reason| reason.message().to_owned()));
        message.map_or(Ok(()), |message| Err(AccountError::Password { message }))
    }

    /// Whether [`Provider::bootstrap_administrator`] is still to be done.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn is_new(&self) -> Result<bool, StateError> {
        Ok(self.state().read::<Named>("setup", "first")?.is_none())
    }

    /// Changes an account; `change` may refuse.
    pub(super) fn change_account<R>(
        &self,
        object: &str,
        mut change: impl FnMut(&mut Credentials) -> Result<R, AccountError>,
    ) -> Result<R, AccountError> {
        self.state().update(ACTOR, kind::ACCOUNT, object, |account: Option<Credentials>| {
            let Some(mut account) = account else {
                return (None, Err(AccountError::Unknown { object: object.to_owned() }));
            };
            match change(&mut account) {
                Ok(answer) => (Some(account), Ok(answer)),
                Err(error) => (None, Err(error)),
            }
        })?
    }

    /// Sets another password. Sessions and refresh tokens from before are void.
    ///
    /// # Errors
    /// [`AccountError`].
    pub fn set_password(
        &self,
        object: &str,
        password: &str,
        by: (&str, &str),
        origin: &Origin,
    ) -> Result<(), AccountError> {
        let account =
            self.account(object)?.ok_or_else(|| AccountError::Unknown { object: object.to_owned() })?;
        self.check_password(password, &account.name, &account.display_name)?;
        let (hash, now) = (self.hash(password), self.now());
        let name = self.change_account(object, |account| {
            account.password = Some(Password { hash: hash.clone(), changed: now, must_change: false });
            account.valid_from = now;
            Ok(account.name.clone())
        })?;
        self.log_change("Change user password", by, ("User", object, &name), None, origin);
        Ok(())
    }

    /// Enables or disables an account. A disabled account's sessions and refresh tokens are void for good.
    ///
    /// # Errors
    /// [`AccountError`].
    pub fn set_enabled(
        &self,
        object: &str,
        enabled: bool,
        by: (&str, &str),
        origin: &Origin,
    ) -> Result<(), AccountError> {
        let now = self.now();
        let name = self.change_account(object, |account| {
            account.enabled = enabled;
            account.valid_from = now;
            Ok(account.name.clone())
        })?;
        let activity = if enabled { "Enable account" } else { "Disable account" };
        self.log_change(activity, by, ("User", object, &name), None, origin);
        Ok(())
    }

    /// Adds an authenticator app and, if it is the first second factor, recovery codes, which are shown once and returned here.
    ///
    /// # Errors
    /// [`AccountError`].
    pub fn add_authenticator(
        &self,
        object: &str,
        secret: &[u8],
        step: u64,
        by: (&str, &str),
        origin: &Origin,
    ) -> Result<Vec<String>, AccountError> {
        let now = self.now();
        let sealed = self.surroundings.seal.close(secret, &authenticator_purpose(object), self.chance());
        let codes = self.recovery_codes();
        let (name, first) = self.change_account(object, |account| {
            if account.authenticators.len() >= Credentials::MOST_OF_A_KIND {
                return Err(AccountError::Full);
            }
            account.authenticators.push(Authenticator {
                sealed: sealed.clone(),
                last_step: step,
                added: now,
            });
            let first = account.recovery.is_empty();
            if first {
                account.recovery = codes.iter().map(|code| fingerprint(code)).collect();
            }
            Ok((account.name.clone(), first))
        })?;
        self.log_change("User registered security info", by, ("User", object, &name), None, origin);
        Ok(if first { codes } else { Vec::new() })
    }

    fn recovery_codes(&self) -> Vec<String> {
        const CODES: usize = 8;
        // 26 letters of an alphabet of 31 are more than 128 bits; without letters that look alike.
        (0..CODES).map(|_| letters(self.chance(), b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ", 26)).collect()
    }

    /// A registered application, or one of Microsoft's command-line clients.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn client(&self, id: &str) -> Result<Option<Client>, StateError> {
        if !is_id(id) {
            return Ok(None);
        }
        let registered = self.state().read::<Client>(kind::CLIENT, id)?.map(|kept| kept.value);
        Ok(registered.or_else(|| clients::well_known(&id.to_ascii_lowercase())))
    }

    /// Registers an application or changes its registration. `secret` is added as a hash to its secrets, unless it is there.
    ///
    /// # Errors
    /// [`AccountError::Name`] if the id is none, [`AccountError::Secret`] if the secret is too short, [`AccountError::State`].
    pub fn register_client(
        &self,
        mut client: Client,
        secret: Option<&str>,
        by: (&str, &str),
        origin: &Origin,
    ) -> Result<(), AccountError> {
        if !is_id(&client.id) {
            return Err(AccountError::Name { name: client.id });
        }
        if client.object.is_empty() {
            // A registration that is changed stays the same principal.
            let known = self.state().read::<Client>(kind::CLIENT, &client.id)?.map(|kept| kept.value.object);
            client.object = known.unwrap_or_else(|| chance::uuid(self.chance()));
        }
        if let Some(secret) = secret {
            check_secret(secret)?;
            if !client.secrets.iter().any(|known| self.verify(secret, &known.hash)) {
                client.secrets.push(Secret { hash: self.hash(secret), expires: None });
            }
        }
        self.state().write(ACTOR, kind::CLIENT, &client.id, &client, Precondition::None)?;
        self.log_change("Update application", by, ("Application", &client.id, &client.name), None, origin);
        Ok(())
    }
}

/// What an authenticator app's secret is sealed for: the account's own alone.
pub(super) fn authenticator_purpose(object: &str) -> String {
    format!("authenticator of {object}")
}

fn check_secret(secret: &str) -> Result<(), AccountError> {
    let length = secret.chars().count();
    if (LEAST..=256).contains(&length) { Ok(()) } else { Err(AccountError::Secret { length }) }
}

/// The id under which a name is kept; none for what is no user principal name.
pub(super) fn name_id(name: &str) -> Option<String> {
    let plain = |letter: char| letter.is_alphanumeric() || ".-_'#@+!".contains(letter);
    let (user, domain) = name.rsplit_once('@')?;
    let fits = !user.is_empty() && domain.len() > 2 && name.len() <= 256 && name.chars().all(plain);
    fits.then(|| name.to_lowercase())
}

fn is_id(id: &str) -> bool {
    (8..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ids() {
        assert_eq!(name_id("Ada@Contoso.example").as_deref(), Some("ada@contoso.example"));
        for bad in [
            "",
            "ada",
            "@contoso.example",
            "a/b@contoso.example",
            "a\n@contoso.example",
            "a b@contoso.example",
        ] {
            assert_eq!(name_id(bad), None, "{bad:?}");
        }
        assert!(is_id("04b07795-8ddb-461a-bbee-02f9e1bf7b46"));
        assert!(!is_id("../keys/ring") && !is_id("") && !is_id(&"a".repeat(65)));
    }

    #[test]
    fn secrets_have_a_length() {
        assert!(check_secret("short").is_err());
        assert!(check_secret("long enough to pass").is_ok());
        assert!(check_secret(&"ä".repeat(257)).is_err());
    }
}
