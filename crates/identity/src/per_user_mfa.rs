//! Per-user multifactor authentication and its service settings.
//!
//! Sources: "Enable per-user multifactor authentication" (states) and "Configure multifactor authentication settings"
//! (trusted addresses, remembered devices, app passwords, blocked users).

use std::net::IpAddr;

use serde_json::Value;

use crate::json::{flag, present, strings, text};
use crate::network::{Range, Ranges};

/// The state of a user (`perUserMfaState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PerUserState {
    /// Not enrolled.
    #[default]
    Disabled,
    /// Enrolled, asked to register.
    Enabled,
    /// Registered, asked at every sign-in.
    Enforced,
}

/// What happens to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PerUserEvent {
    /// An administrator enrols the user.
    AdminEnables,
    /// An administrator enforces.
    AdminEnforces,
    /// An administrator ends it.
    AdminDisables,
    /// The user completes registration.
    CompletesRegistration,
    /// Anything else, such as a sign-in.
    Other,
}

/// The service settings of multifactor authentication.
#[derive(Clone, Debug, Default)]
pub struct MfaServiceSettings {
    /// Addresses from which nobody is asked.
    pub trusted_ips: Ranges,
    /// Requests of federated users from inside are not asked.
    pub trusts_intranet: bool,
    /// For how many days a browser is remembered; `None` is off.
    pub remember_days: Option<u64>,
    /// App passwords are not allowed.
    pub forbids_app_passwords: bool,
}

/// A sign-in as per-user multifactor authentication sees it.
#[derive(Clone, Debug, Default)]
pub struct PerUserSignIn {
    /// The client knows no modern authentication.
    pub is_legacy: bool,
    /// The client signs in with an app password.
    pub uses_app_password: bool,
    /// The address.
    pub address: Option<IpAddr>,
    /// The request comes from inside the company.
    pub is_inside: bool,
    /// How many days ago this browser did multifactor authentication.
    pub remembered_days: Option<u64>,
    /// Multifactor authentication was done in this sign-in.
    pub mfa_done: bool,
    /// Conditional Access asks for it as well.
    pub conditional_access_asks: bool,
    /// How many days ago the user was blocked after a fraud report.
    pub blocked_days_ago: Option<u64>,
    /// The user is a guest, whose browsers are not remembered.
    pub is_guest: bool,
}

/// What per-user multifactor authentication does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PerUserDecision {
    /// In.
    Allow,
    /// Multifactor authentication first.
    Challenge,
    /// Registration first.
    Register,
    /// Not in.
    Block,
}

/// For how many days a user stays blocked after a fraud report.
const BLOCKED_DAYS: u64 = 90;

impl PerUserState {
    /// Reads `disabled`, `enabled` or `enforced`.
    pub fn from_wire(name: &str) -> Option<PerUserState> {
        match name {
            "disabled" => Some(PerUserState::Disabled),
            "enabled" => Some(PerUserState::Enabled),
            "enforced" => Some(PerUserState::Enforced),
            _ => None,
        }
    }

    /// The name in Microsoft Graph.
    pub fn wire(self) -> &'static str {
        match self {
            PerUserState::Disabled => "disabled",
            PerUserState::Enabled => "enabled",
            PerUserState::Enforced => "enforced",
        }
    }

    /// The state after an event. Registration moves an enabled user to enforced; a user who was registered before stays
    /// enabled until an administrator enforces.
    #[must_use]
    pub fn after(self, event: PerUserEvent) -> PerUserState {
        match (self, event) {
            (_, PerUserEvent::AdminEnables) => PerUserState::Enabled,
            (_, PerUserEvent::AdminEnforces) => PerUserState::Enforced,
            (_, PerUserEvent::AdminDisables) => PerUserState::Disabled,
            (PerUserState::Enabled, PerUserEvent::CompletesRegistration) => PerUserState::Enforced,
            (state, PerUserEvent::CompletesRegistration | PerUserEvent::Other) => state,
        }
    }
}

impl PerUserEvent {
    /// Reads the name of an event; what is not known changes nothing.
    pub fn from_wire(name: &str) -> PerUserEvent {
        match name {
            "adminEnables" => PerUserEvent::AdminEnables,
            "adminEnforces" => PerUserEvent::AdminEnforces,
            "adminDisables" => PerUserEvent::AdminDisables,
            "completesRegistration" => PerUserEvent::CompletesRegistration,
            _ => PerUserEvent::Other,
        }
    }
}

impl PerUserDecision {
    /// `allow`, `challenge`, `register` or `block`.
    pub fn wire(self) -> &'static str {
        match self {
            PerUserDecision::Allow => "allow",
            PerUserDecision::Challenge => "challenge",
            PerUserDecision::Register => "register",
            PerUserDecision::Block => "block",
        }
    }
}

impl MfaServiceSettings {
    /// Reads `mfaTrustedIps`, `skipMfaForFederatedIntranet`, `rememberMfaDays`, `appPasswordsAllowed`.
    pub fn from_json(document: &Value) -> MfaServiceSettings {
        let ranges = strings(document, "mfaTrustedIps");
        MfaServiceSettings {
            trusted_ips: Ranges::new(ranges.iter().filter_map(|range| Range::parse(range).ok()).collect()),
            trusts_intranet: flag(document, "skipMfaForFederatedIntranet"),
            remember_days: document.get("rememberMfaDays").and_then(Value::as_u64),
            forbids_app_passwords: ["appPasswordsAllowed", "allowAppPasswords"]
                .iter()
                .any(|member| document.get(member) == Some(&Value::Bool(false))),
        }
    }
}

impl PerUserSignIn {
    /// Reads a sign-in.
    pub fn from_json(document: &Value) -> PerUserSignIn {
        let days = |member: &str| document.get(member).and_then(Value::as_u64);
        PerUserSignIn {
            is_legacy: text(document, "clientKind") == Some("legacy"),
            uses_app_password: flag(document, "appPassword")
                || flag(document, "usesAppPassword")
                || text(document, "credential") == Some("appPassword"),
            address: text(document, "ipAddress").and_then(|address| address.parse().ok()),
            is_inside: flag(document, "insideCorporateNetwork"),
            remembered_days: days("rememberedMfaAgeDays"),
            mfa_done: flag(document, "mfaInThisSignIn"),
            conditional_access_asks: flag(document, "conditionalAccessRequiresMfa"),
            blocked_days_ago: present(document, "mfaBlockedDaysAgo").and_then(Value::as_u64),
            is_guest: text(document, "userType").is_some_and(|kind| kind.eq_ignore_ascii_case("guest")),
        }
    }
}

/// Decides a sign-in by the state of the user. It comes on top of Conditional Access: what either asks for is asked.
pub fn decide_per_user_mfa(
    state: PerUserState,
    is_registered: bool,
    settings: &MfaServiceSettings,
    sign_in: &PerUserSignIn,
) -> PerUserDecision {
    if sign_in.is_legacy {
        // Older clients need app passwords wherever they are, trusted addresses or not.
        let passes = match state {
            PerUserState::Disabled => !sign_in.conditional_access_asks,
            PerUserState::Enabled if !is_registered => true,
            PerUserState::Enabled | PerUserState::Enforced => {
                sign_in.uses_app_password && !settings.forbids_app_passwords
            }
        };
        return if passes { PerUserDecision::Allow } else { PerUserDecision::Block };
    }
    let is_trusted = sign_in.address.is_some_and(|address| settings.trusted_ips.contains(address))
        || settings.trusts_intranet && sign_in.is_inside;
    let is_remembered = !sign_in.is_guest
        && matches!((settings.remember_days, sign_in.remembered_days), (Some(limit), Some(age)) if age <= limit);
    let state_asks = state != PerUserState::Disabled && !is_trusted && !is_remembered;
    if !state_asks && !sign_in.conditional_access_asks {
        return PerUserDecision::Allow;
    }
    match (sign_in.blocked_days_ago, sign_in.mfa_done, is_registered) {
        (Some(days), ..) if days < BLOCKED_DAYS => PerUserDecision::Block,
        (_, true, _) => PerUserDecision::Allow,
        (_, false, true) => PerUserDecision::Challenge,
        (_, false, false) => PerUserDecision::Register,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_clients_need_an_app_password() {
        let settings = MfaServiceSettings::default();
        let legacy = PerUserSignIn { is_legacy: true, ..Default::default() };
        let with = PerUserSignIn { uses_app_password: true, ..legacy.clone() };
        let decide = |state, registered, sign_in| decide_per_user_mfa(state, registered, &settings, sign_in);
        assert_eq!(decide(PerUserState::Enabled, false, &legacy), PerUserDecision::Allow);
        assert_eq!(decide(PerUserState::Enforced, true, &legacy), PerUserDecision::Block);
        assert_eq!(decide(PerUserState::Enforced, true, &with), PerUserDecision::Allow);
    }
}
