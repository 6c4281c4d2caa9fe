//! Authentication methods by their names in Microsoft Graph, and what each is good for.
//!
//! A method has several names: `methodsRegistered` of the registration report, the methods policy and the sign-in log
//! speak of the same thing differently. [`same_method`] brings them together.

/// How well a method stands up to an attacker, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strength {
    /// No second factor: mail and security questions, for password reset alone, and what nobody knows.
    NotMfa,
    /// Codes over the telephone network: may be redirected, and phished.
    Telephone,
    /// Codes of an application or token, and passes handed out: may be phished.
    Code,
    /// Approval in an application, with the number shown.
    Approval,
    /// Bound to the site by cryptography.
    PhishingResistant,
}

/// The names that mean one method, and its strength. The first is that of the methods policy where it has one.
const METHODS: &[(&[&str], Strength, bool)] = &[
    (
        &["fido2", "fido2SecurityKey", "passKey", "passKeyDeviceBound", "passKeySynced"],
        Strength::PhishingResistant,
        true,
    ),
    (&["passKeyDeviceBoundAuthenticator"], Strength::PhishingResistant, true),
    (&["passKeyDeviceBoundWindowsHello"], Strength::PhishingResistant, true),
    (&["windowsHelloForBusiness"], Strength::PhishingResistant, true),
    (&["macOsSecureEnclaveKey", "platformCredential"], Strength::PhishingResistant, true),
    (&["x509Certificate", "x509CertificateMultiFactor", "certificate"], Strength::PhishingResistant, false),
    (&["deviceBasedPush", "microsoftAuthenticatorPasswordless"], Strength::Approval, true),
    (&["microsoftAuthenticatorPush", "microsoftAuthenticator", "appNotification"], Strength::Approval, false),
    (&["softwareOath", "softwareOneTimePasscode", "appCode"], Strength::Code, false),
    (&["hardwareOath", "hardwareOneTimePasscode"], Strength::Code, false),
    (&["externalAuthMethod", "externalMfa"], Strength::Code, false),
    (&["temporaryAccessPass"], Strength::Code, false),
    (&["sms", "mobileSMS", "mobilePhone"], Strength::Telephone, false),
    (&["voice", "voiceMobile", "mobileCall", "mobilePhone"], Strength::Telephone, false),
    (
        &["alternateMobilePhone", "voiceAlternateMobile", "alternateMobileCall", "voice"],
        Strength::Telephone,
        false,
    ),
    (&["officePhone", "voiceOffice", "voice"], Strength::Telephone, false),
];

/// Configurations of the methods policy that allow another method too.
const ALLOWED_BY: &[(&str, &[&str])] = &[
    ("microsoftAuthenticator", &["microsoftAuthenticatorPush", "deviceBasedPush"]),
    ("fido2", &["passKeyDeviceBoundAuthenticator", "passKeyDeviceBoundWindowsHello"]),
];

/// How strong a method is; what is not known counts as no second factor.
pub fn strength(method: &str) -> Strength {
    rows(method).map(|row| row.1).max().unwrap_or(Strength::NotMfa)
}

/// True if the method counts as registered for multifactor authentication.
pub fn is_strong(method: &str) -> bool {
    strength(method) > Strength::NotMfa
}

/// True if nothing that the method sends can be used at another site: passkeys, Windows Hello, platform keys and
/// certificates, the built-in authentication strength of that name.
pub fn is_phishing_resistant(method: &str) -> bool {
    strength(method) == Strength::PhishingResistant
}

/// True if the method signs in without a password: passkeys, Windows Hello for Business, platform keys and phone sign-in.
pub fn is_passwordless(method: &str) -> bool {
    rows(method).any(|row| row.2)
}

/// True if both names mean one method, or the second is allowed by the policy named first; without regard to case.
pub fn same_method(policy: &str, method: &str) -> bool {
    let is = |name: &str, other: &str| name.eq_ignore_ascii_case(other);
    let is_allowed = |(by, allowed): &(&str, &[&str])| {
        is(by, policy) && allowed.iter().any(|name| rows(name).any(|row| row.0.iter().any(|n| is(n, method))))
    };
    is(policy, method)
        || rows(policy).any(|row| row.0.iter().any(|name| is(name, method)))
        || ALLOWED_BY.iter().any(is_allowed)
}

fn rows(method: &str) -> impl Iterator<Item = &'static (&'static [&'static str], Strength, bool)> {
    METHODS.iter().filter(move |row| row.0.iter().any(|name| name.eq_ignore_ascii_case(method)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_method_are_one() {
        assert!(same_method("softwareOath", "softwareOneTimePasscode"));
        assert!(same_method("sms", "mobilePhone"));
        assert!(same_method("voice", "mobilePhone"));
        assert!(same_method("voice", "officePhone"));
        assert!(same_method("fido2", "passKeyDeviceBoundAuthenticator"));
        assert!(same_method("microsoftAuthenticator", "microsoftAuthenticatorPasswordless"));
        assert!(!same_method("sms", "voice"));
        assert!(!same_method("sms", "officePhone"));
        assert!(!same_method("microsoftAuthenticatorPush", "deviceBasedPush"));
    }

    #[test]
    fn strength_follows_the_method() {
        assert!(
            is_phishing_resistant("windowsHelloForBusiness") && is_passwordless("windowsHelloForBusiness")
        );
        assert!(is_phishing_resistant("x509Certificate") && !is_passwordless("x509Certificate"));
        assert!(is_strong("sms") && !is_phishing_resistant("sms"));
        assert!(
            ["email", "securityQuestion", "password", "qrCodePin", "new"].iter().all(|name| !is_strong(name))
        );
    }
}
