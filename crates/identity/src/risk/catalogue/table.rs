//! The rows of the catalogue.
//!
//! Scope, timing and licence are those of *What are risk detections?* and *Securing workload identities* in the
//! documentation. Techniques of MITRE ATT&CK are our reading of each detection.

use super::Computable::{self, ByAction, FromSignIns, FromTable, MicrosoftOnly, WithList};
use super::RiskEventType::{self, self as T};
use super::{RiskLevel, Scope, Timing};

/// What is known of one detection.
pub(super) struct Entry {
    pub(super) kind: RiskEventType,
    pub(super) scopes: &'static [Scope],
    pub(super) timings: &'static [Timing],
    pub(super) is_premium: bool,
    pub(super) level: Option<RiskLevel>,
    pub(super) user_level: Option<RiskLevel>,
    pub(super) technique: Option<&'static str>,
    pub(super) computable: Computable,
    pub(super) title: &'static str,
}

const SIGN_IN: &[Scope] = &[Scope::SignIn];
const USER: &[Scope] = &[Scope::User];
const SIGN_IN_AND_USER: &[Scope] = &[Scope::SignIn, Scope::User];
const WORKLOAD: &[Scope] = &[Scope::ServicePrincipal];
const REALTIME: &[Timing] = &[Timing::Realtime];
const OFFLINE: &[Timing] = &[Timing::Offline];
const BOTH: &[Timing] = &[Timing::Realtime, Timing::Offline];
const HIGH: Option<RiskLevel> = Some(RiskLevel::High);
const MEDIUM: Option<RiskLevel> = Some(RiskLevel::Medium);
const ANY: Option<RiskLevel> = None;

/// A row of the catalogue without the levels, which few detections fix.
const fn entry(
    kind: RiskEventType,
    title: &'static str,
    (scopes, timings): (&'static [Scope], &'static [Timing]),
    is_premium: bool,
    technique: Option<&'static str>,
    computable: Computable,
) -> Entry {
    Entry { kind, scopes, timings, is_premium, level: ANY, user_level: ANY, technique, computable, title }
}

impl Entry {
    const fn levels(mut self, level: Option<RiskLevel>, user_level: Option<RiskLevel>) -> Self {
        self.level = level;
        self.user_level = user_level;
        self
    }
}

const VALID_ACCOUNTS: Option<&str> = Some("T1078");
const INTELLIGENCE: Computable = MicrosoftOnly("threat intelligence of Microsoft");
const DEFENDER_APPS: &str = "activities of Defender for Cloud Apps";

/// Every detection, in the order of the documentation.
pub(super) static CATALOGUE: &[Entry] = &[
    entry(
        T::AnonymizedIpAddress,
        "Anonymous IP address",
        (SIGN_IN, REALTIME),
        false,
        Some("T1090"),
        WithList("addresses of anonymisers"),
    ),
    entry(
        T::UnfamiliarFeatures,
        "Unfamiliar sign-in properties",
        (SIGN_IN, REALTIME),
        true,
        VALID_ACCOUNTS,
        FromSignIns,
    ),
    entry(
        T::NationStateIp,
        "Verified threat actor IP",
        (SIGN_IN, REALTIME),
        true,
        VALID_ACCOUNTS,
        WithList("addresses of threat actors"),
    )
    .levels(HIGH, HIGH),
    entry(T::AnomalousToken, "Anomalous token", (SIGN_IN_AND_USER, BOTH), true, Some("T1539"), FromSignIns),
    entry(T::PasswordSpray, "Password spray", (SIGN_IN, BOTH), true, Some("T1110.003"), FromSignIns),
    entry(
        T::InvestigationsThreatIntelligence,
        "Microsoft Entra threat intelligence",
        (SIGN_IN_AND_USER, BOTH),
        false,
        None,
        INTELLIGENCE,
    ),
    entry(T::UnlikelyTravel, "Atypical travel", (SIGN_IN, OFFLINE), true, VALID_ACCOUNTS, FromSignIns),
    entry(
        T::McasImpossibleTravel,
        "Impossible travel",
        (SIGN_IN, OFFLINE),
        true,
        VALID_ACCOUNTS,
        FromSignIns,
    ),
    entry(
        T::RiskyIpAddress,
        "Activity from anonymous IP address",
        (SIGN_IN, OFFLINE),
        true,
        Some("T1090"),
        WithList("addresses of anonymisers"),
    ),
    entry(T::NewCountry, "New country", (SIGN_IN, OFFLINE), true, VALID_ACCOUNTS, FromSignIns),
    entry(
        T::McasFinSuspiciousFileAccess,
        "Mass access to sensitive files",
        (SIGN_IN, OFFLINE),
        true,
        Some("T1213"),
        MicrosoftOnly(DEFENDER_APPS),
    ),
    entry(
        T::SuspiciousInboxForwarding,
        "Suspicious inbox forwarding",
        (SIGN_IN, OFFLINE),
        true,
        Some("T1114.003"),
        FromTable("OfficeActivity"),
    ),
    entry(
        T::McasSuspiciousInboxManipulationRules,
        "Suspicious inbox manipulation rules",
        (SIGN_IN, OFFLINE),
        true,
        Some("T1564.008"),
        FromTable("OfficeActivity"),
    ),
    entry(
        T::MaliciousIpAddress,
        "Malicious IP address",
        (SIGN_IN, OFFLINE),
        true,
        VALID_ACCOUNTS,
        FromSignIns,
    ),
    entry(T::SuspiciousBrowser, "Suspicious browser", (SIGN_IN, OFFLINE), true, VALID_ACCOUNTS, FromSignIns),
    entry(
        T::TokenIssuerAnomaly,
        "Token issuer anomaly",
        (SIGN_IN, OFFLINE),
        true,
        Some("T1606.002"),
        FromSignIns,
    ),
    entry(
        T::AdminConfirmedUserCompromised,
        "Admin confirmed user compromised",
        (SIGN_IN, OFFLINE),
        false,
        None,
        ByAction,
    )
    .levels(HIGH, HIGH),
    entry(
        T::Generic,
        "Additional risk detected",
        (SIGN_IN_AND_USER, BOTH),
        false,
        None,
        MicrosoftOnly("shown instead of a detection that the licence does not cover"),
    ),
    entry(
        T::LeakedCredentials,
        "Leaked credentials",
        (USER, OFFLINE),
        false,
        Some("T1589.001"),
        WithList("hashes of breached passwords"),
    )
    .levels(HIGH, HIGH),
    entry(
        T::AttackerInTheMiddle,
        "Attacker in the Middle",
        (USER, OFFLINE),
        true,
        Some("T1557"),
        INTELLIGENCE,
    )
    .levels(HIGH, HIGH),
    entry(
        T::AttemptedPrtAccess,
        "Possible attempt to access Primary Refresh Token",
        (USER, OFFLINE),
        true,
        Some("T1528"),
        MicrosoftOnly("signals of Defender for Endpoint"),
    )
    .levels(HIGH, HIGH),
    entry(
        T::AnomalousUserActivity,
        "Anomalous user activity",
        (USER, OFFLINE),
        true,
        Some("T1098"),
        MicrosoftOnly("baselines of directory administration"),
    ),
    entry(
        T::SuspiciousApiTraffic,
        "Suspicious API Traffic",
        (USER, OFFLINE),
        true,
        Some("T1087"),
        MicrosoftOnly("baselines of Graph traffic"),
    ),
    entry(
        T::SuspiciousSendingPatterns,
        "Suspicious sending patterns",
        (USER, OFFLINE),
        true,
        Some("T1534"),
        MicrosoftOnly("signals of Defender for Office"),
    )
    .levels(MEDIUM, MEDIUM),
    entry(
        T::UserReportedSuspiciousActivity,
        "User reported suspicious activity",
        (USER, OFFLINE),
        true,
        Some("T1621"),
        FromSignIns,
    )
    .levels(HIGH, HIGH),
    entry(
        T::SuspiciousSignins,
        "Suspicious sign-ins",
        (WORKLOAD, OFFLINE),
        true,
        VALID_ACCOUNTS,
        FromTable("AADServicePrincipalSignInLogs"),
    ),
    entry(
        T::AdminConfirmedServicePrincipalCompromised,
        "Admin confirmed service principal compromised",
        (WORKLOAD, OFFLINE),
        true,
        None,
        ByAction,
    )
    .levels(HIGH, HIGH),
    entry(
        T::MaliciousApplication,
        "Malicious application",
        (WORKLOAD, OFFLINE),
        true,
        None,
        MicrosoftOnly(DEFENDER_APPS),
    ),
    entry(
        T::SuspiciousApplication,
        "Suspicious application",
        (WORKLOAD, OFFLINE),
        true,
        None,
        MicrosoftOnly(DEFENDER_APPS),
    ),
    entry(
        T::AnomalousServicePrincipalActivity,
        "Anomalous service principal activity",
        (WORKLOAD, OFFLINE),
        true,
        Some("T1098"),
        MicrosoftOnly("baselines of directory administration"),
    ),
];

/// The wire names.
pub(super) const NAMES: [(&str, RiskEventType); 30] = [
    ("anonymizedIPAddress", T::AnonymizedIpAddress),
    ("unfamiliarFeatures", T::UnfamiliarFeatures),
    ("nationStateIP", T::NationStateIp),
    ("anomalousToken", T::AnomalousToken),
    ("passwordSpray", T::PasswordSpray),
    ("investigationsThreatIntelligence", T::InvestigationsThreatIntelligence),
    ("unlikelyTravel", T::UnlikelyTravel),
    ("mcasImpossibleTravel", T::McasImpossibleTravel),
    ("riskyIPAddress", T::RiskyIpAddress),
    ("newCountry", T::NewCountry),
    ("mcasFinSuspiciousFileAccess", T::McasFinSuspiciousFileAccess),
    ("suspiciousInboxForwarding", T::SuspiciousInboxForwarding),
    ("mcasSuspiciousInboxManipulationRules", T::McasSuspiciousInboxManipulationRules),
    ("maliciousIPAddress", T::MaliciousIpAddress),
    ("suspiciousBrowser", T::SuspiciousBrowser),
    ("tokenIssuerAnomaly", T::TokenIssuerAnomaly),
    ("adminConfirmedUserCompromised", T::AdminConfirmedUserCompromised),
    ("generic", T::Generic),
    ("leakedCredentials", T::LeakedCredentials),
    ("attackerinTheMiddle", T::AttackerInTheMiddle),
    ("attemptedPrtAccess", T::AttemptedPrtAccess),
    ("anomalousUserActivity", T::AnomalousUserActivity),
    ("suspiciousAPITraffic", T::SuspiciousApiTraffic),
    ("suspiciousSendingPatterns", T::SuspiciousSendingPatterns),
    ("userReportedSuspiciousActivity", T::UserReportedSuspiciousActivity),
    ("suspiciousSignins", T::SuspiciousSignins),
    ("adminConfirmedServicePrincipalCompromised", T::AdminConfirmedServicePrincipalCompromised),
    ("maliciousApplication", T::MaliciousApplication),
    ("suspiciousApplication", T::SuspiciousApplication),
    ("anomalousServicePrincipalActivity", T::AnomalousServicePrincipalActivity),
];
