//! Security defaults, and the multifactor authentication that Azure asks for whatever a tenant configures.
//!
//! Sources: "Security defaults in Microsoft Entra ID" and "Planning for mandatory multifactor authentication".

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::json::{flag, items, text};
use crate::roles::{DIRECTORY_SYNCHRONIZATION, is_privileged};
use crate::sign_in::{ClientApp, Risk};

/// The Azure portal, the Microsoft Entra admin center and the Intune admin center.
const PORTALS: &str = "c44b4083-3bb0-49c1-b47d-974e53cbdf3c";

/// Azure Resource Manager and its clients: CLI, PowerShell, mobile app.
const MANAGEMENT: [&str; 4] = [
    "797f4846-ba00-4fd7-ba43-dac1f8f63013",
    "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
    "1950a258-227b-4e31-a9cf-717495945fc2",
    "0c1307d4-29d6-4389-a11c-5cbe7f65d7fa",
];

/// How long registration could be put off, until 29 July 2024.
const GRACE: SignedDuration = SignedDuration::from_hours(14 * 24);

/// How old the last multifactor authentication of an ordinary user may be; the service does not say.
const OLDEST_MFA: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The tenant's settings.
#[derive(Clone, Copy, Debug, Default)]
pub struct DefaultsTenant {
    /// Security defaults are on.
    pub is_enabled: bool,
    /// Registration may be put off for 14 days, as before 29 July 2024.
    pub has_grace_period: bool,
    /// The phase of mandatory multifactor authentication: 0 none, 1 portals, 2 management as well.
    pub mandatory_mfa_phase: u64,
}

/// Who signs in, how and to what.
#[derive(Clone, Debug, Default)]
pub struct DefaultsSignIn {
    /// A service principal or managed identity.
    pub is_workload: bool,
    /// The user has registered for multifactor authentication.
    pub is_mfa_registered: bool,
    /// The first interactive sign-in since security defaults are on.
    pub first_sign_in: Option<Timestamp>,
    /// Template ids of the user's roles.
    pub roles: Vec<String>,
    /// The application.
    pub app_id: String,
    /// The kind of client.
    pub client: ClientApp,
    /// Now.
    pub now: Option<Timestamp>,
    /// Multifactor authentication was done in this sign-in.
    pub mfa_done: bool,
    /// When it was done last.
    pub last_mfa: Option<Timestamp>,
    /// The operation only reads.
    pub only_reads: bool,
    /// The device or the country is new for the user.
    pub is_unfamiliar: bool,
    /// The risk of the sign-in.
    pub risk: Risk,
}

/// What security defaults do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultsDecision {
    /// In.
    Allow,
    /// In; registration is offered and may be skipped.
    AllowAndOfferRegistration,
    /// Multifactor authentication first.
    Challenge,
    /// Registration first.
    Register,
    /// Not in.
    Block,
}

impl DefaultsDecision {
    /// `allow`, `challenge`, `register` or `block`.
    pub fn wire(self) -> &'static str {
        match self {
            DefaultsDecision::Allow | DefaultsDecision::AllowAndOfferRegistration => "allow",
            DefaultsDecision::Challenge => "challenge",
            DefaultsDecision::Register => "register",
            DefaultsDecision::Block => "block",
        }
    }
}

impl DefaultsTenant {
    /// Reads `securityDefaultsEnabled`, `legacyGracePeriod`, `mandatoryMfaPhase`.
    pub fn from_json(document: &Value) -> DefaultsTenant {
        DefaultsTenant {
            is_enabled: flag(document, "securityDefaultsEnabled"),
            has_grace_period: flag(document, "legacyGracePeriod"),
            mandatory_mfa_phase: document.get("mandatoryMfaPhase").and_then(Value::as_u64).unwrap_or(0),
        }
    }
}

impl DefaultsSignIn {
    /// Reads a user and a sign-in.
    pub fn from_json(user: &Value, sign_in: &Value) -> DefaultsSignIn {
        let time = |object: &Value, member| text(object, member).and_then(|text| text.parse().ok());
        let role =
            |entry: &Value| entry.as_str().or_else(|| text(entry, "roleTemplateId")).map(str::to_lowercase);
        DefaultsSignIn {
            is_workload: matches!(text(user, "kind"), Some("servicePrincipal" | "managedIdentity")),
            is_mfa_registered: flag(user, "mfaRegistered"),
            first_sign_in: time(user, "firstInteractiveSignInAfterEnable"),
            roles: items(user, "roles").iter().filter_map(role).collect(),
            app_id: text(sign_in, "appId").unwrap_or_default().to_lowercase(),
            client: text(sign_in, "clientAppType").and_then(ClientApp::from_wire).unwrap_or_default(),
            now: time(sign_in, "now"),
            mfa_done: flag(sign_in, "mfaInThisSignIn"),
            last_mfa: time(sign_in, "lastMfa"),
            only_reads: text(sign_in, "operation") == Some("read"),
            is_unfamiliar: ["isNewDevice", "isNewCountry", "newDevice", "newCountry"]
                .iter()
                .any(|member| flag(sign_in, member)),
            risk: text(sign_in, "signInRiskLevel").and_then(Risk::from_wire).unwrap_or_default(),
        }
    }
}

/// Decides a sign-in by security defaults and mandatory multifactor authentication.
///
/// What is not published – when ordinary users are asked – is Azimuth's definition: at medium or high sign-in risk, from
/// a device or country that is new for the user, or when the last multifactor authentication is older than 90 days.
pub fn decide_security_defaults(tenant: DefaultsTenant, sign_in: &DefaultsSignIn) -> DefaultsDecision {
    let holds = |wanted: &str| sign_in.roles.iter().any(|role| role.eq_ignore_ascii_case(wanted));
    if sign_in.is_workload || holds(DIRECTORY_SYNCHRONIZATION) {
        return DefaultsDecision::Allow;
    }
    let is_portal = sign_in.app_id == PORTALS;
    let is_management = MANAGEMENT.contains(&sign_in.app_id.as_str());
    let is_mandatory = tenant.mandatory_mfa_phase >= 1 && is_portal
        || tenant.mandatory_mfa_phase >= 2 && is_management && !sign_in.only_reads;
    if !tenant.is_enabled {
        return if is_mandatory { asked(sign_in) } else { DefaultsDecision::Allow };
    }
    if sign_in.client.is_legacy() {
        return DefaultsDecision::Block;
    }
    let is_privileged_action = is_portal || is_management;
    if !sign_in.is_mfa_registered {
        let in_grace =
            tenant.has_grace_period && !is_privileged_action && !is_mandatory && is_in_grace(sign_in);
        return if in_grace {
            DefaultsDecision::AllowAndOfferRegistration
        } else {
            DefaultsDecision::Register
        };
    }
    let is_old = |last: Timestamp| sign_in.now.is_some_and(|now| now.duration_since(last) > OLDEST_MFA);
    let is_necessary =
        sign_in.risk >= Risk::Medium || sign_in.is_unfamiliar || sign_in.last_mfa.is_some_and(is_old);
    let is_administrator = sign_in.roles.iter().any(|role| is_privileged(role));
    if is_mandatory || is_privileged_action || is_administrator || is_necessary {
        return asked(sign_in);
    }
    DefaultsDecision::Allow
}

fn asked(sign_in: &DefaultsSignIn) -> DefaultsDecision {
    match (sign_in.mfa_done, sign_in.is_mfa_registered) {
        (true, _) => DefaultsDecision::Allow,
        (false, true) => DefaultsDecision::Challenge,
        (false, false) => DefaultsDecision::Register,
    }
}

fn is_in_grace(sign_in: &DefaultsSignIn) -> bool {
    match (sign_in.now, sign_in.first_sign_in) {
        (Some(now), Some(first)) => now.duration_since(first) <= GRACE,
        // This is the first sign-in.
        (_, None) => true,
        (None, Some(_)) => false,
    }
}

/// True if a method can be registered under security defaults: a notification of Microsoft Authenticator, or any
/// application with time-based one-time passwords.
pub fn allows_registration(method: &str) -> bool {
    ["microsoftAuthenticatorPush", "softwareOath"].iter().any(|allowed| allowed.eq_ignore_ascii_case(method))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_users_are_asked_when_necessary() {
        let on = DefaultsTenant { is_enabled: true, ..Default::default() };
        let plain = DefaultsSignIn { is_mfa_registered: true, ..Default::default() };
        assert_eq!(decide_security_defaults(on, &plain), DefaultsDecision::Allow);
        let risky = DefaultsSignIn { risk: Risk::Medium, ..plain.clone() };
        assert_eq!(decide_security_defaults(on, &risky), DefaultsDecision::Challenge);
        let unfamiliar = DefaultsSignIn { is_unfamiliar: true, mfa_done: true, ..plain };
        assert_eq!(decide_security_defaults(on, &unfamiliar), DefaultsDecision::Allow);
    }
}
