//! A detection: what was seen, of whom, how sure it is.

use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::catalogue::{License, RiskEventType, Scope, Timing};
use super::level::{RiskDetail, RiskLevel, RiskState};
use super::sign_in::SignIn;

/// Who made a detection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// It was computed here.
    Azimuth,
    /// It was recorded with the row, by ID Protection.
    IdentityProtection,
    /// A person said so.
    Administrator,
}

/// One detection.
#[derive(Clone, Debug, PartialEq)]
pub struct Detection {
    /// Made of kind, user and sign-in: the same rows give the same ids.
    pub id: String,
    /// What was detected.
    pub kind: RiskEventType,
    /// How sure.
    pub level: RiskLevel,
    /// During the sign-in or afterwards.
    pub timing: Timing,
    /// Where it stands.
    pub state: RiskState,
    /// Why.
    pub detail: RiskDetail,
    /// When the activity took place.
    pub activity_at: Timestamp,
    /// When it was detected.
    pub detected_at: Timestamp,
    /// When its state last changed.
    pub updated_at: Timestamp,
    /// Request id of the sign-in; empty for detections of the user.
    pub sign_in_id: String,
    /// Correlation id of the sign-in.
    pub correlation_id: String,
    /// Object id of the user.
    pub user_id: String,
    /// User principal name.
    pub user_name: String,
    /// Display name of the user.
    pub user_display_name: String,
    /// Where the activity came from.
    pub address: Option<IpAddr>,
    /// Country code.
    pub country: String,
    /// State and city, parted by a slash.
    pub place: String,
    /// Latitude and longitude.
    pub position: Option<(f64, f64)>,
    /// Display name of the application.
    pub application_name: String,
    /// Operating system and browser.
    pub client: String,
    /// A user was there.
    pub is_interactive: bool,
    /// A second factor stood behind the sign-in.
    pub has_mfa: bool,
    /// Who made it.
    pub source: Source,
    /// What was seen, in a sentence for the analyst.
    pub reason: String,
}

/// What a detection found, before it is put together with the sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) kind: RiskEventType,
    pub(super) level: RiskLevel,
    pub(super) timing: Timing,
    pub(super) source: Source,
    pub(super) reason: String,
}

impl Finding {
    /// A finding of the first timing that the catalogue names.
    pub(super) fn new(kind: RiskEventType, level: RiskLevel, reason: impl Into<String>) -> Self {
        let timing = kind.timings().first().copied().unwrap_or(Timing::Offline);
        Self { kind, level, timing, source: Source::Azimuth, reason: reason.into() }
    }
}

impl Detection {
    /// A detection of the user that no sign-in shows, such as [`RiskEventType::LeakedCredentials`] when a password turned
    /// up in a list of breaches; at the level that the kind fixes, or the one given.
    pub fn of_user(
        kind: RiskEventType,
        user_id: &str,
        user_name: &str,
        at: Timestamp,
        level: RiskLevel,
        reason: &str,
    ) -> Self {
        let user = SignIn {
            at,
            user_id: user_id.to_ascii_lowercase(),
            user_name: user_name.to_owned(),
            ..SignIn::default()
        };
        let finding = Finding {
            source: if kind.computable() == super::Computable::ByAction {
                Source::Administrator
            } else {
                Source::Azimuth
            },
            ..Finding::new(kind, kind.fixed_level().unwrap_or(level), reason)
        };
        Self::new(&user, finding, at)
    }

    pub(super) fn new(sign_in: &SignIn, finding: Finding, detected_at: Timestamp) -> Self {
        Self {
            id: id(finding.kind, sign_in),
            kind: finding.kind,
            level: finding.level,
            timing: finding.timing,
            state: RiskState::AtRisk,
            detail: RiskDetail::None,
            activity_at: sign_in.at,
            detected_at,
            updated_at: detected_at,
            sign_in_id: sign_in.id.clone(),
            correlation_id: sign_in.correlation_id.clone(),
            user_id: sign_in.user_id.clone(),
            user_name: sign_in.user_name.clone(),
            user_display_name: sign_in.user_display_name.clone(),
            address: sign_in.address,
            country: sign_in.country.clone(),
            place: sign_in.place.clone(),
            position: sign_in.position,
            application_name: sign_in.application_name.clone(),
            client: sign_in.client.clone(),
            is_interactive: sign_in.is_interactive,
            has_mfa: sign_in.has_mfa,
            source: finding.source,
            reason: finding.reason,
        }
    }

    /// True if the detection is about a workload identity.
    pub fn is_of_workload(&self) -> bool {
        self.kind.scopes() == [Scope::ServicePrincipal]
    }

    /// True if the detection is about a sign-in rather than the user alone.
    pub fn is_of_sign_in(&self) -> bool {
        !self.sign_in_id.is_empty() && self.kind.scopes().contains(&Scope::SignIn)
    }

    /// The `riskDetection` object of Graph, or `servicePrincipalRiskDetection` of a workload, as a tenant of this licence sees it. Without P2 a premium detection shows as
    /// `generic`, with neither level nor reason.
    pub fn to_json(&self, license: License) -> Value {
        let shown = self.kind.shown_as(license);
        let is_hidden = shown != self.kind;
        let (state, city) = self.place.split_once('/').unwrap_or_default();
        let position =
            self.position.map(|(latitude, longitude)| json!({"latitude": latitude, "longitude": longitude}));
        let additional = json!([
            {"Key": "mitreTechniques", "Value": self.kind.technique()},
            {"Key": "reason", "Value": self.reason},
        ]);
        let mut object = json!({
            "id": self.id,
            "requestId": none_if_empty(&self.sign_in_id),
            "correlationId": none_if_empty(&self.correlation_id),
            "riskEventType": shown.name(),
            "riskState": self.state.name(),
            "riskLevel": if is_hidden { "hidden" } else { self.level.name() },
            "riskDetail": if is_hidden { "hidden" } else { self.detail.name() },
            "source": self.source.name(),
            "detectionTimingType": self.timing.name(),
            "activity": self.activity(),
            "tokenIssuerType": "AzureAD",
            "ipAddress": self.address.map(|address| address.to_string()),
            "activityDateTime": self.activity_at.to_string(),
            "detectedDateTime": self.detected_at.to_string(),
            "lastUpdatedDateTime": self.updated_at.to_string(),
            "additionalInfo": if is_hidden { Value::Null } else { additional.to_string().into() },
            "location": {
                "city": none_if_empty(city),
                "state": none_if_empty(state),
                "countryOrRegion": none_if_empty(&self.country),
                "geoCoordinates": position,
            },
        });
        if self.is_of_workload() {
            object["servicePrincipalId"] = self.user_id.as_str().into();
            object["servicePrincipalDisplayName"] = self.user_name.as_str().into();
        } else {
            object["userId"] = self.user_id.as_str().into();
            object["userDisplayName"] = none_if_empty(&self.user_display_name).into();
            object["userPrincipalName"] = self.user_name.as_str().into();
        }
        object
    }

    fn activity(&self) -> &'static str {
        match (self.is_of_workload(), self.is_of_sign_in()) {
            (true, _) => "servicePrincipal",
            (false, true) => "signin",
            (false, false) => "user",
        }
    }
}

impl Source {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Azimuth => "Azimuth",
            Self::IdentityProtection => "IdentityProtection",
            Self::Administrator => "Administrator",
        }
    }
}

fn none_if_empty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// An id in the shape of Graph's, 64 hex digits.
fn id(kind: RiskEventType, sign_in: &SignIn) -> String {
    let mut digest = Sha256::new();
    for part in [kind.name(), &sign_in.user_id, &sign_in.id] {
        digest.update(part);
        digest.update([0]);
    }
    if sign_in.id.is_empty() {
        digest.update(sign_in.at.as_nanosecond().to_be_bytes());
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
