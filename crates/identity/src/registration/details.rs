//! The flags of `userRegistrationDetails`.

use serde_json::{Value, json};

use super::method::{is_passwordless, is_strong, same_method};

/// Roles of the directory that make nobody an administrator: those of plain members and guests.
const NO_ADMINISTRATORS: [&str; 3] = [
    "a0b1b346-4d3e-4e8b-98f8-753987be4970",
    "10dae51f-b6af-4016-8d66-8c2a99b929b3",
    "2af84b1e-32c8-42b7-82bc-daa82404023b",
];
/// Administrators need two methods for a reset, whatever the tenant asks of others.
const ADMINISTRATOR_RESET_METHODS: usize = 2;
const SECURITY_QUESTION: &str = "securityQuestion";

/// What is known of a user.
#[derive(Clone, Copy, Debug)]
pub struct Registration<'a> {
    /// Methods that the user has registered.
    pub registered: &'a [&'a str],
    /// Methods that the methods policy enables for the user.
    pub enabled: &'a [&'a str],
    /// Template ids of the user's directory roles.
    pub roles: &'a [&'a str],
    /// How the user may reset the password.
    pub reset: ResetPolicy<'a>,
}

/// Self-service password reset, as it holds for the user.
#[derive(Clone, Copy, Debug, Default)]
pub struct ResetPolicy<'a> {
    /// The user is among those whom the tenant lets reset.
    pub is_enabled: bool,
    /// Methods asked for, one or two.
    pub required_methods: usize,
    /// Methods that may be used.
    pub allowed: &'a [&'a str],
}

/// The flags that Graph reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegistrationDetails {
    /// Holds a role of an administrator.
    pub is_admin: bool,
    /// At least one strong method is registered, allowed or not.
    pub is_mfa_registered: bool,
    /// At least one registered strong method is enabled.
    pub is_mfa_capable: bool,
    /// At least one registered method without password is enabled.
    pub is_passwordless_capable: bool,
    /// Enough methods are registered for a reset.
    pub is_sspr_registered: bool,
    /// Policy lets the user reset.
    pub is_sspr_enabled: bool,
    /// Both.
    pub is_sspr_capable: bool,
}

/// Works out the flags.
///
/// Administrators may always reset, with two methods and without security questions: the reset policy of the tenant is
/// for its other users (documentation of self-service password reset, administrator policy).
pub fn registration_details(user: &Registration<'_>) -> RegistrationDetails {
    let is_enabled = |method: &str| user.enabled.iter().any(|enabled| same_method(enabled, method));
    let usable = || user.registered.iter().filter(|method| is_enabled(method));
    let is_admin =
        user.roles.iter().any(|role| !NO_ADMINISTRATORS.contains(&role.to_ascii_lowercase().as_str()));
    let is_sspr_registered = has_enough_for_reset(user, is_admin);
    let is_sspr_enabled = user.reset.is_enabled || is_admin;
    RegistrationDetails {
        is_admin,
        is_mfa_registered: user.registered.iter().any(|method| is_strong(method)),
        is_mfa_capable: usable().any(|method| is_strong(method)),
        is_passwordless_capable: usable().any(|method| is_passwordless(method)),
        is_sspr_registered,
        is_sspr_enabled,
        is_sspr_capable: is_sspr_registered && is_sspr_enabled,
    }
}

/// Counts the allowed methods that the user has, each once even if it is registered under several names.
fn has_enough_for_reset(user: &Registration<'_>, is_admin: bool) -> bool {
    let required = if is_admin { ADMINISTRATOR_RESET_METHODS } else { user.reset.required_methods.max(1) };
    let counts = |allowed: &&&str| {
        !(is_admin && allowed.eq_ignore_ascii_case(SECURITY_QUESTION))
            && user.registered.iter().any(|method| same_method(allowed, method))
    };
    user.reset.allowed.iter().filter(counts).count() >= required
}

impl RegistrationDetails {
    /// The members of the Graph object that are flags.
    pub fn to_json(&self) -> Value {
        json!({
            "isAdmin": self.is_admin,
            "isMfaRegistered": self.is_mfa_registered,
            "isMfaCapable": self.is_mfa_capable,
            "isPasswordlessCapable": self.is_passwordless_capable,
            "isSsprRegistered": self.is_sspr_registered,
            "isSsprEnabled": self.is_sspr_enabled,
            "isSsprCapable": self.is_sspr_capable,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Registration<'_> = Registration {
        registered: &["sms", "softwareOath"],
        enabled: &["softwareOath"],
        roles: &[],
        reset: ResetPolicy { is_enabled: true, required_methods: 1, allowed: &["sms", "email"] },
    };

    #[test]
    fn capable_is_registered_and_enabled() {
        let details = registration_details(&PLAIN);
        assert!(details.is_mfa_registered && details.is_mfa_capable && !details.is_passwordless_capable);
        let none = registration_details(&Registration { enabled: &["fido2"], ..PLAIN });
        assert!(none.is_mfa_registered && !none.is_mfa_capable);
    }

    #[test]
    fn administrators_need_two_methods_and_no_question() {
        assert!(registration_details(&PLAIN).is_sspr_capable);
        let admin = Registration { roles: &["fe930be7-5e62-47db-91af-98c3a49a38b1"], ..PLAIN };
        assert!(!registration_details(&admin).is_sspr_registered);
        let allowed = &["sms", "securityQuestion"];
        let question = Registration {
            registered: &["sms", "securityQuestion"],
            reset: ResetPolicy { is_enabled: false, required_methods: 1, allowed },
            ..admin
        };
        let details = registration_details(&question);
        assert!(details.is_sspr_enabled && !details.is_sspr_registered && details.is_admin);
        let guest = Registration { roles: &["10DAE51F-b6af-4016-8d66-8c2a99b929b3"], ..PLAIN };
        assert!(!registration_details(&guest).is_admin);
    }
}
