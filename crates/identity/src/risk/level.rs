//! Levels, states and details of a risk, by their names in Microsoft Graph.

/// How confident a detection is that the account or the sign-in is compromised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RiskLevel {
    /// No risk.
    #[default]
    None,
    /// Low confidence.
    Low,
    /// Medium confidence.
    Medium,
    /// High confidence.
    High,
}

/// Where a risk stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RiskState {
    /// There was none.
    #[default]
    None,
    /// An administrator has said that it is safe.
    ConfirmedSafe,
    /// The user has removed it, by multifactor authentication or a secure change of the password.
    Remediated,
    /// An administrator or the system does not count it.
    Dismissed,
    /// It is open.
    AtRisk,
    /// An administrator has said that it is compromised.
    ConfirmedCompromised,
}

/// Why a risk stands where it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are those of Graph and say what happened")]
pub enum RiskDetail {
    #[default]
    None,
    AdminGeneratedTemporaryPassword,
    UserPerformedSecuredPasswordChange,
    UserPerformedSecuredPasswordReset,
    AdminConfirmedSigninSafe,
    AiConfirmedSigninSafe,
    UserPassedMfaDrivenByRiskBasedPolicy,
    AdminDismissedAllRiskForUser,
    AdminConfirmedSigninCompromised,
    Hidden,
    AdminConfirmedUserCompromised,
    M365DAdminDismissedDetection,
    AdminConfirmedServicePrincipalCompromised,
    AdminDismissedAllRiskForServicePrincipal,
    UserChangedPasswordOnPremises,
    AdminDismissedRiskForSignIn,
    AdminConfirmedAccountSafe,
    MicrosoftRevokedSessions,
}

impl RiskLevel {
    const NAMES: [(&'static str, Self); 4] =
        [("none", Self::None), ("low", Self::Low), ("medium", Self::Medium), ("high", Self::High)];

    /// The name in Graph.
    pub fn name(self) -> &'static str {
        name_of(&Self::NAMES, self)
    }

    /// The level of this name; `hidden` and others are `None`.
    pub fn from_name(name: &str) -> Option<Self> {
        named(&Self::NAMES, name)
    }

    /// The next level up.
    pub fn raised(self) -> Self {
        match self {
            Self::None => Self::Low,
            Self::Low => Self::Medium,
            Self::Medium | Self::High => Self::High,
        }
    }
}

impl RiskState {
    const NAMES: [(&'static str, Self); 6] = [
        ("none", Self::None),
        ("confirmedSafe", Self::ConfirmedSafe),
        ("remediated", Self::Remediated),
        ("dismissed", Self::Dismissed),
        ("atRisk", Self::AtRisk),
        ("confirmedCompromised", Self::ConfirmedCompromised),
    ];

    /// The name in Graph.
    pub fn name(self) -> &'static str {
        name_of(&Self::NAMES, self)
    }

    /// The state of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        named(&Self::NAMES, name)
    }

    /// True if the risk counts: it is open or confirmed.
    pub fn is_active(self) -> bool {
        matches!(self, Self::AtRisk | Self::ConfirmedCompromised)
    }
}

impl RiskDetail {
    const NAMES: [(&'static str, Self); 18] = [
        ("none", Self::None),
        ("adminGeneratedTemporaryPassword", Self::AdminGeneratedTemporaryPassword),
        ("userPerformedSecuredPasswordChange", Self::UserPerformedSecuredPasswordChange),
        ("userPerformedSecuredPasswordReset", Self::UserPerformedSecuredPasswordReset),
        ("adminConfirmedSigninSafe", Self::AdminConfirmedSigninSafe),
        ("aiConfirmedSigninSafe", Self::AiConfirmedSigninSafe),
        ("userPassedMFADrivenByRiskBasedPolicy", Self::UserPassedMfaDrivenByRiskBasedPolicy),
        ("adminDismissedAllRiskForUser", Self::AdminDismissedAllRiskForUser),
        ("adminConfirmedSigninCompromised", Self::AdminConfirmedSigninCompromised),
        ("hidden", Self::Hidden),
        ("adminConfirmedUserCompromised", Self::AdminConfirmedUserCompromised),
        ("m365DAdminDismissedDetection", Self::M365DAdminDismissedDetection),
        ("adminConfirmedServicePrincipalCompromised", Self::AdminConfirmedServicePrincipalCompromised),
        ("adminDismissedAllRiskForServicePrincipal", Self::AdminDismissedAllRiskForServicePrincipal),
        ("userChangedPasswordOnPremises", Self::UserChangedPasswordOnPremises),
        ("adminDismissedRiskForSignIn", Self::AdminDismissedRiskForSignIn),
        ("adminConfirmedAccountSafe", Self::AdminConfirmedAccountSafe),
        ("microsoftRevokedSessions", Self::MicrosoftRevokedSessions),
    ];

    /// The name in Graph.
    pub fn name(self) -> &'static str {
        name_of(&Self::NAMES, self)
    }

    /// The detail of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        named(&Self::NAMES, name)
    }
}

pub(super) fn name_of<T: Copy + PartialEq>(names: &[(&'static str, T)], wanted: T) -> &'static str {
    let found = names.iter().find(|(_, value)| *value == wanted);
    found.expect("every value stands in its table of names").0
}

pub(super) fn named<T: Copy>(names: &[(&'static str, T)], wanted: &str) -> Option<T> {
    names.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for (name, level) in RiskLevel::NAMES {
            assert_eq!((level.name(), RiskLevel::from_name(name)), (name, Some(level)));
        }
        for (name, state) in RiskState::NAMES {
            assert_eq!((state.name(), RiskState::from_name(name)), (name, Some(state)));
        }
        for (name, detail) in RiskDetail::NAMES {
            assert_eq!((detail.name(), RiskDetail::from_name(name)), (name, Some(detail)));
        }
        assert_eq!(RiskLevel::from_name("hidden"), None);
    }
}
