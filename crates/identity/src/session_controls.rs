//! Session controls: what a policy asks of the session, and what several policies come to.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::json::{flag, text};

/// Session controls of one policy, or the effective ones of several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionControls {
    /// The application enforces restrictions itself.
    pub application_enforced_restrictions: bool,
    /// What Defender for Cloud Apps does.
    pub cloud_app_security: Option<CloudAppSecurity>,
    /// How often to sign in again.
    pub sign_in_frequency: Option<Frequency>,
    /// Whether the browser session persists.
    pub persistent_browser: Option<PersistentBrowser>,
    /// The mode of continuous access evaluation.
    pub continuous_access_evaluation: Option<String>,
    /// Resilience defaults are off.
    pub disable_resilience_defaults: bool,
    /// Tokens of the session are bound to the device (token protection).
    pub secure_sign_in_session: bool,
    /// The filtering profile of Global Secure Access.
    pub filtering_profile: Option<String>,
}

/// What Defender for Cloud Apps does, the mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CloudAppSecurity {
    /// What is configured there.
    Configured,
    /// Watches.
    MonitorOnly,
    /// Blocks downloads.
    BlockDownloads,
}

/// Whether the browser session persists, the milder first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PersistentBrowser {
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How often to sign in again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frequency {
    /// The age at which an authentication no longer counts; zero is every time.
    pub seconds: u64,
    /// True if only multifactor authentication ages, false if the first factor does as well.
    pub only_second_factor: bool,
}

/// How long an authentication counts although the frequency is every time ("Sign-in frequency every time": a clock
/// skew of five minutes).
const EVERY_TIME_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

impl SessionControls {
    /// Reads `sessionControls`. Controls that are not enabled count as absent.
    pub fn from_json(document: &Value) -> SessionControls {
        let enabled = |name: &str| document.get(name).filter(|control| flag(control, "isEnabled"));
        SessionControls {
            application_enforced_restrictions: enabled("applicationEnforcedRestrictions").is_some(),
            cloud_app_security: enabled("cloudAppSecurity").map(|control| {
                match text(control, "cloudAppSecurityType") {
                    Some("blockDownloads") => CloudAppSecurity::BlockDownloads,
                    Some("monitorOnly") => CloudAppSecurity::MonitorOnly,
                    _ => CloudAppSecurity::Configured,
                }
            }),
            sign_in_frequency: enabled("signInFrequency").and_then(Frequency::from_json),
            persistent_browser: enabled("persistentBrowser").map(|control| match text(control, "mode") {
                Some("always") => PersistentBrowser::Always,
                _ => PersistentBrowser::Never,
            }),
            continuous_access_evaluation: document
                .get("continuousAccessEvaluation")
                .and_then(|control| text(control, "mode"))
                .map(str::to_owned),
            disable_resilience_defaults: flag(document, "disableResilienceDefaults"),
            secure_sign_in_session: enabled("secureSignInSession").is_some(),
            filtering_profile: enabled("globalSecureAccessFilteringProfile")
                .and_then(|control| text(control, "profileId"))
                .map(str::to_owned),
        }
    }

    /// True if nothing is asked.
    pub fn is_empty(&self) -> bool {
        *self == SessionControls::default()
    }

    /// Adds those of another policy. The stricter wins: the shortest frequency, never before always.
    pub fn add(&mut self, other: &SessionControls) {
        self.application_enforced_restrictions |= other.application_enforced_restrictions;
        self.cloud_app_security = self.cloud_app_security.max(other.cloud_app_security);
        self.sign_in_frequency = match (self.sign_in_frequency, other.sign_in_frequency) {
            (Some(mine), Some(theirs)) => Some(mine.stricter(theirs)),
            (mine, theirs) => mine.or(theirs),
        };
        self.persistent_browser = self.persistent_browser.max(other.persistent_browser);
        let strictness = |mode: &Option<String>| match mode.as_deref() {
            None => 0,
            Some("disabled") => 1,
            Some("strictEnforcement") => 2,
            Some(_) => 3,
        };
        if strictness(&other.continuous_access_evaluation) > strictness(&self.continuous_access_evaluation) {
            self.continuous_access_evaluation.clone_from(&other.continuous_access_evaluation);
        }
        self.disable_resilience_defaults |= other.disable_resilience_defaults;
        self.secure_sign_in_session |= other.secure_sign_in_session;
        if self.filtering_profile.is_none() {
            self.filtering_profile.clone_from(&other.filtering_profile);
        }
    }

    /// The controls with their values, those that are asked only; a frequency in seconds.
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                object.insert(name.to_owned(), value);
            }
        };
        let yes = |asked: bool| asked.then_some(Value::Bool(true));
        put("applicationEnforcedRestrictions", yes(self.application_enforced_restrictions));
        put("cloudAppSecurity", self.cloud_app_security.map(|control| json!(control.wire())));
        put("signInFrequencySeconds", self.sign_in_frequency.map(|frequency| json!(frequency.seconds)));
        let persistent =
            |mode| if mode == PersistentBrowser::Always { json!("always") } else { json!("never") };
        put("persistentBrowser", self.persistent_browser.map(persistent));
        put("continuousAccessEvaluation", self.continuous_access_evaluation.as_ref().map(|mode| json!(mode)));
        put("disableResilienceDefaults", yes(self.disable_resilience_defaults));
        put("secureSignInSession", yes(self.secure_sign_in_session));
        put(
            "globalSecureAccessFilteringProfile",
            self.filtering_profile.as_ref().map(|profile| json!(profile)),
        );
        Value::Object(object)
    }
}

impl CloudAppSecurity {
    fn wire(self) -> &'static str {
        match self {
            CloudAppSecurity::Configured => "mcasConfigured",
            CloudAppSecurity::MonitorOnly => "monitorOnly",
            CloudAppSecurity::BlockDownloads => "blockDownloads",
        }
    }
}

impl Frequency {
    fn from_json(document: &Value) -> Option<Frequency> {
        let only_second_factor = text(document, "authenticationType") == Some("secondaryAuthentication");
        if text(document, "frequencyInterval") == Some("everyTime") {
            return Some(Frequency { seconds: 0, only_second_factor });
        }
        let value = document.get("value").and_then(Value::as_u64)?;
        let unit = if text(document, "type") == Some("days") { 24 * 60 * 60 } else { 60 * 60 };
        Some(Frequency { seconds: value.saturating_mul(unit), only_second_factor })
    }

    fn stricter(self, other: Frequency) -> Frequency {
        Frequency {
            seconds: self.seconds.min(other.seconds),
            only_second_factor: self.only_second_factor && other.only_second_factor,
        }
    }

    /// True if the person has to authenticate again at `now`, having done so last at `first_factor` and
    /// `second_factor`. An authentication that never took place is too old.
    pub fn is_due(
        self,
        now: Timestamp,
        first_factor: Option<Timestamp>,
        second_factor: Option<Timestamp>,
    ) -> bool {
        let limit = match self.seconds {
            0 => EVERY_TIME_TOLERANCE,
            seconds => SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)),
        };
        let too_old = |at: Option<Timestamp>| at.is_none_or(|at| now.duration_since(at) > limit);
        // The age of multifactor authentication counts in both cases where there was one.
        too_old(if self.only_second_factor { second_factor } else { first_factor })
            || !self.only_second_factor && second_factor.is_some() && too_old(second_factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_tolerates_five_minutes() {
        let at = |text: &str| Some(text.parse().expect("a time"));
        let now = at("2026-01-15T09:00:00Z").expect("a time");
        let every_time = Frequency { seconds: 0, only_second_factor: false };
        assert!(!every_time.is_due(now, at("2026-01-15T08:55:00Z"), None));
        assert!(every_time.is_due(now, at("2026-01-15T08:54:59Z"), None));
        let second = Frequency { seconds: 3600, only_second_factor: true };
        assert!(!second.is_due(now, at("2026-01-01T00:00:00Z"), at("2026-01-15T08:30:00Z")));
        assert!(second.is_due(now, at("2026-01-15T08:59:00Z"), None));
    }

    #[test]
    fn the_stricter_control_wins() {
        let read = |document: Value| SessionControls::from_json(&document);
        let mut controls = read(json!({
            "signInFrequency": {"isEnabled": true, "value": 2, "type": "days"},
            "persistentBrowser": {"isEnabled": true, "mode": "always"},
            "cloudAppSecurity": {"isEnabled": true, "cloudAppSecurityType": "blockDownloads"},
        }));
        controls.add(&read(json!({
            "signInFrequency": {"isEnabled": true, "value": 8, "type": "hours"},
            "persistentBrowser": {"isEnabled": true, "mode": "never"},
            "cloudAppSecurity": {"isEnabled": true, "cloudAppSecurityType": "monitorOnly"},
            "secureSignInSession": {"isEnabled": false},
        })));
        let expected = json!({
            "cloudAppSecurity": "blockDownloads", "signInFrequencySeconds": 28800, "persistentBrowser": "never",
        });
        assert_eq!(controls.to_json(), expected);
    }
}
