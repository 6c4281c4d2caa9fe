//! What is kept of one account that may sign in: its secrets as hashes or sealed, its methods, its failed attempts.
//!
//! A [`Credentials`] record never holds anything that signs in by itself: passwords are argon2id hashes, recovery codes
//! digests of random values, secrets of authenticator apps sealed by a key that is not in the record.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A way to prove who one is, as the session remembers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Method {
    /// A password
    Password,
    /// A code of an authenticator app (RFC 6238)
    SoftwareOath,
    /// One of the codes kept for the day when everything else is lost
    RecoveryCode,
}

impl Method {
    /// The values of the claim `amr` that the method adds (RFC 8176).
    pub fn amr(self) -> &'static [&'static str] {
        match self {
            Self::Password => &["pwd"],
            Self::SoftwareOath => &["otp"],
            Self::RecoveryCode => &["kba"],
        }
    }

    /// The name that combinations of authentication strengths use (`authenticationMethodModes` of Microsoft Graph).
    pub fn mode(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::SoftwareOath => "softwareOath",
            Self::RecoveryCode => "temporaryAccessPassOneTime",
        }
    }

    /// What `AuthenticationDetails` of a sign-in calls it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Password => "Password",
            Self::SoftwareOath => "OATH verification code",
            Self::RecoveryCode => "Recovery code",
        }
    }
}

/// Whether methods make up two factors: something known, and something of another kind.
pub fn multi_factor(methods: &[Method]) -> bool {
    let second = [Method::SoftwareOath, Method::RecoveryCode];
    methods.contains(&Method::Password) && methods.iter().any(|method| second.contains(method))
}

/// The values of `amr` for methods, each once, with `mfa` where they make up two factors.
pub fn amr(methods: &[Method]) -> Vec<&'static str> {
    let mut values = Vec::new();
    for value in methods.iter().flat_map(|method| method.amr()) {
        if !values.contains(value) {
            values.push(*value);
        }
    }
    if multi_factor(methods) {
        values.push("mfa");
    }
    values
}

/// A password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Password {
    /// Its argon2id hash with salt and cost, as a PHC string
    pub hash: String,
    /// When it was set
    pub changed: Timestamp,
    /// Whether the person must choose another at the next sign-in
    #[serde(default)]
    pub must_change: bool,
}

/// An authenticator app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authenticator {
    /// Its secret, sealed
    pub sealed: String,
    /// The last time step whose code was accepted: no step is accepted twice (RFC 6238, 5.2)
    pub last_step: u64,
    /// When it was registered
    pub added: Timestamp,
}

/// A network from which the person signed in before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Network {
    /// The first 24 bits of an IPv4 address or 48 of an IPv6 address, as text
    pub prefix: String,
    /// The last successful sign-in from there
    pub last: Timestamp,
}

/// An account that may sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// The object id in the directory
    pub object: String,
    /// The user principal name, as written
    pub name: String,
    /// What people read
    pub display_name: String,
    /// A disabled account does not sign in
    pub enabled: bool,
    /// Template ids of the directory roles that are active
    #[serde(default)]
    pub roles: Vec<String>,
    /// The password, if there is one
    pub password: Option<Password>,
    /// Authenticator apps, at most [`Credentials::MOST_OF_A_KIND`]
    #[serde(default)]
    pub authenticators: Vec<Authenticator>,
    /// Digests of the recovery codes that are not used yet
    #[serde(default)]
    pub recovery: Vec<String>,
    /// Networks of successful sign-ins, newest first
    #[serde(default)]
    pub networks: Vec<Network>,
    /// Sessions and refresh tokens from before this moment are void
    pub valid_from: Timestamp,
}

/// How long a network stays familiar, in seconds: 30 days.
const FAMILIAR_SECONDS: i64 = 30 * 86_400;

impl Credentials {
    /// The most authenticator apps that one account may have.
    pub const MOST_OF_A_KIND: usize = 5;
    const MOST_NETWORKS: usize = 20;

    /// The methods that the account could use now as its second factor.
    pub fn second_factors(&self) -> Vec<Method> {
        let mut methods = Vec::new();
        if !self.authenticators.is_empty() {
            methods.push(Method::SoftwareOath);
        }
        if !self.recovery.is_empty() {
            methods.push(Method::RecoveryCode);
        }
        methods
    }

    /// Whether the person signed in from this network within the last 30 days.
    pub fn is_familiar(&self, prefix: &str, now: Timestamp) -> bool {
        self.networks.iter().any(|network| {
            network.prefix == prefix && now.as_second() - network.last.as_second() <= FAMILIAR_SECONDS
        })
    }

    /// Remembers a successful sign-in from a network; the longest unused is forgotten when there are too many.
    pub fn remember(&mut self, prefix: &str, now: Timestamp) {
        self.networks.retain(|network| network.prefix != prefix);
        self.networks.insert(0, Network { prefix: prefix.to_owned(), last: now });
        self.networks.truncate(Self::MOST_NETWORKS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> Credentials {
        Credentials {
            object: "o".to_owned(),
            name: "ada@contoso.example".to_owned(),
            display_name: "Ada".to_owned(),
            enabled: true,
            roles: Vec::new(),
            password: None,
            authenticators: Vec::new(),
            recovery: Vec::new(),
            networks: Vec::new(),
            valid_from: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn two_factors_are_of_two_kinds() {
        assert!(!multi_factor(&[Method::Password]));
        assert!(!multi_factor(&[Method::SoftwareOath, Method::RecoveryCode]));
        assert!(multi_factor(&[Method::Password, Method::SoftwareOath]));
        assert_eq!(amr(&[Method::Password, Method::SoftwareOath]), ["pwd", "otp", "mfa"]);
        assert_eq!(amr(&[Method::Password]), ["pwd"]);
    }

    #[test]
    fn networks_are_familiar_for_a_month_and_bounded() {
        let mut account = account();
        let start = Timestamp::UNIX_EPOCH;
        for host in 0..40 {
            account.remember(&format!("10.0.{host}"), start);
        }
        assert_eq!(account.networks.len(), Credentials::MOST_NETWORKS);
        assert!(account.is_familiar("10.0.39", start));
        assert!(!account.is_familiar("10.0.0", start), "the longest unused is forgotten");
        let later = Timestamp::from_second(31 * 86_400).expect("in range");
        assert!(!account.is_familiar("10.0.39", later));
    }

    #[test]
    fn records_of_version_one_are_read() {
        let text = r#"{"object":"o","name":"n","displayName":"N","enabled":true,"password":null,"validFrom":"1970-01-01T00:00:00Z"}"#;
        let read: Credentials = serde_json::from_str(text).expect("members that came later have defaults");
        assert!(read.second_factors().is_empty());
    }
}
