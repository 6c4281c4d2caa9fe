//! The published detections: for each its scope, timing, licence and level, and what it takes to compute it.

mod table;

use super::level::{RiskLevel, name_of, named};
use RiskEventType as T;
use table::{CATALOGUE, Entry, NAMES};

/// A detection, by its `riskEventType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are those of Graph; `title` says what each is")]
pub enum RiskEventType {
    AnonymizedIpAddress,
    UnfamiliarFeatures,
    NationStateIp,
    AnomalousToken,
    PasswordSpray,
    InvestigationsThreatIntelligence,
    UnlikelyTravel,
    McasImpossibleTravel,
    RiskyIpAddress,
    NewCountry,
    McasFinSuspiciousFileAccess,
    SuspiciousInboxForwarding,
    McasSuspiciousInboxManipulationRules,
    MaliciousIpAddress,
    SuspiciousBrowser,
    TokenIssuerAnomaly,
    AdminConfirmedUserCompromised,
    Generic,
    LeakedCredentials,
    AttackerInTheMiddle,
    AttemptedPrtAccess,
    AnomalousUserActivity,
    SuspiciousApiTraffic,
    SuspiciousSendingPatterns,
    UserReportedSuspiciousActivity,
    SuspiciousSignins,
    AdminConfirmedServicePrincipalCompromised,
    MaliciousApplication,
    SuspiciousApplication,
    AnomalousServicePrincipalActivity,
}

/// What a detection is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One sign-in.
    SignIn,
    /// The user, without a sign-in.
    User,
    /// A workload identity.
    ServicePrincipal,
}

/// When a detection is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// While the sign-in runs, so that policies can act on it.
    Realtime,
    /// Afterwards, within two days.
    Offline,
}

/// The licence of a tenant, as far as detections depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum License {
    /// Entra ID Free.
    Free,
    /// Entra ID P1.
    P1,
    /// Entra ID P2.
    P2,
}

/// Whether the detection can be computed from the tenant's own logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Computable {
    /// Yes, from sign-ins alone.
    FromSignIns,
    /// Yes, with a list or file that the user supplies; the text says which.
    WithList(&'static str),
    /// Yes, from the table named.
    FromTable(&'static str),
    /// By the action of a person.
    ByAction,
    /// No: it takes signals that only Microsoft has; the text says which. A recorded detection is taken over.
    MicrosoftOnly(&'static str),
}

/// What is known of a user when a detection is about to be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UserFacts {
    /// Whole days since the first sign-in that was seen.
    pub days_since_first_sign_in: i64,
    /// Sign-ins that were seen, successful ones.
    pub sign_ins: u64,
    /// The password of this sign-in was right.
    pub is_password_valid: bool,
}

/// Days for which unfamiliar properties are learnt at least.
pub(super) const UNFAMILIAR_LEARNING_DAYS: i64 = 5;
/// Days for which the baseline of a workload is learnt at least; it may take sixty.
pub(super) const WORKLOAD_LEARNING_DAYS: i64 = 2;
/// Atypical travel is learnt for so many days or sign-ins, whichever comes first.
pub(super) const TRAVEL_LEARNING_DAYS: i64 = 14;
pub(super) const TRAVEL_LEARNING_SIGN_INS: u64 = 10;

impl RiskEventType {
    /// Every published detection, in the order of the documentation.
    pub fn all() -> impl Iterator<Item = Self> {
        CATALOGUE.iter().map(|entry| entry.kind)
    }

    /// The wire name, such as `unlikelyTravel`.
    pub fn name(self) -> &'static str {
        name_of(&NAMES, self)
    }

    /// The detection of a wire name, without regard to case. `impossibleTravel` is an older name.
    pub fn from_name(name: &str) -> Option<Self> {
        named(&NAMES, name)
            .or_else(|| name.eq_ignore_ascii_case("impossibleTravel").then_some(T::McasImpossibleTravel))
    }

    /// The name in the portal, such as `Atypical travel`.
    pub fn title(self) -> &'static str {
        self.entry().title
    }

    /// What it is about, the usual first.
    pub fn scopes(self) -> &'static [Scope] {
        self.entry().scopes
    }

    /// When it is made.
    pub fn timings(self) -> &'static [Timing] {
        self.entry().timings
    }

    /// Needs Entra ID P2; without it the detection shows as [`RiskEventType::Generic`].
    pub fn is_premium(self) -> bool {
        self.entry().is_premium
    }

    /// The level it always has; `None` if it depends on the case.
    pub fn fixed_level(self) -> Option<RiskLevel> {
        self.entry().level
    }

    /// The level to which it takes the user; `None` if that depends on the case. A report by a user who signs in without
    /// password changes nothing.
    pub fn user_level(self, is_passwordless: bool) -> Option<RiskLevel> {
        let is_ignored = is_passwordless && self == T::UserReportedSuspiciousActivity;
        if is_ignored { None } else { self.entry().user_level }
    }

    /// The technique of MITRE ATT&CK that it points to.
    pub fn technique(self) -> Option<&'static str> {
        self.entry().technique
    }

    /// Whether it can be computed here.
    pub fn computable(self) -> Computable {
        self.entry().computable
    }

    /// What a tenant of this licence sees instead of it.
    pub fn shown_as(self, license: License) -> Self {
        if self.is_premium() && license != License::P2 { T::Generic } else { self }
    }

    /// Whether learning is over and the conditions are met under which it is made at all.
    pub fn may_fire(self, facts: &UserFacts) -> bool {
        match self {
            T::UnfamiliarFeatures => facts.days_since_first_sign_in >= UNFAMILIAR_LEARNING_DAYS,
            T::UnlikelyTravel => {
                facts.days_since_first_sign_in >= TRAVEL_LEARNING_DAYS
                    || facts.sign_ins >= TRAVEL_LEARNING_SIGN_INS
            }
            T::SuspiciousSignins => facts.days_since_first_sign_in >= WORKLOAD_LEARNING_DAYS,
            T::PasswordSpray => facts.is_password_valid,
            _ => true,
        }
    }

    fn entry(self) -> &'static Entry {
        let found = CATALOGUE.iter().find(|entry| entry.kind == self);
        found.expect("every detection stands in the catalogue")
    }
}

impl Scope {
    /// The word for reports: `signIn`, `user` or `servicePrincipal`.
    pub fn name(self) -> &'static str {
        match self {
            Self::SignIn => "signIn",
            Self::User => "user",
            Self::ServicePrincipal => "servicePrincipal",
        }
    }
}

impl Timing {
    /// The name in Graph, `realtime` or `offline`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Realtime => "realtime",
            Self::Offline => "offline",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_detection_stands_in_both_tables_once() {
        assert_eq!(CATALOGUE.len(), NAMES.len());
        for (name, kind) in NAMES {
            assert_eq!((kind.name(), RiskEventType::from_name(name)), (name, Some(kind)));
            assert_eq!(RiskEventType::all().filter(|other| *other == kind).count(), 1, "{name}");
        }
        assert_eq!(RiskEventType::from_name("impossibleTravel"), Some(T::McasImpossibleTravel));
    }

    #[test]
    fn learning_periods_are_those_of_the_documentation() {
        let facts =
            |days, sign_ins| UserFacts { days_since_first_sign_in: days, sign_ins, is_password_valid: false };
        assert!(
            !T::UnfamiliarFeatures.may_fire(&facts(4, 500)) && T::UnfamiliarFeatures.may_fire(&facts(5, 1))
        );
        assert!(!T::UnlikelyTravel.may_fire(&facts(13, 9)));
        assert!(T::UnlikelyTravel.may_fire(&facts(1, 10)) && T::UnlikelyTravel.may_fire(&facts(14, 1)));
        assert!(!T::PasswordSpray.may_fire(&facts(100, 100)) && T::NewCountry.may_fire(&facts(0, 0)));
    }
}
