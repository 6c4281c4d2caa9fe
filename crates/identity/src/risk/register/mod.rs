//! The register of risk: detections, the sign-ins and users they make risky, and what people decided about them.

mod action;
mod aggregate;
mod report;
mod shape;

pub use action::{Action, ActionError, Target};
pub use report::{Filter, Summary};

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::catalogue::{RiskEventType, Timing};
use super::detection::Detection;
use super::level::{RiskLevel, RiskState};
use super::transition::{Event, Risk, Subject, transition};

/// How long risky sign-ins stay in the report.
const SIGN_INS_KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);
/// How long detections stay in the report.
const DETECTIONS_KEPT: SignedDuration = SignedDuration::from_hours(24 * 90);
/// Entries of a user's history; the oldest go first.
const MOST_HISTORY: usize = 200;

/// A user, or a service principal, of whom there is, or was, a risk.
#[derive(Clone, Debug, PartialEq)]
pub struct RiskyUser {
    /// Object id.
    pub id: String,
    /// A user or a service principal.
    pub subject: Subject,
    /// User principal name, or name of the service principal.
    pub name: String,
    /// Display name.
    pub display_name: String,
    /// Level, state and detail.
    pub risk: Risk,
    /// When that last changed.
    pub updated_at: Timestamp,
    /// How it came about, the oldest first.
    pub history: Vec<HistoryEntry>,
    /// Ids of the detections that are still kept.
    detections: Vec<String>,
    /// Request ids of the sign-ins that are still kept.
    sign_ins: Vec<String>,
    /// The highest level among open detections that are no longer kept: medium and high do not age out.
    outlived: RiskLevel,
}

/// One change of a user's risk.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryEntry {
    /// When.
    pub at: Timestamp,
    /// The risk from then on.
    pub risk: Risk,
    /// The detection that brought the change.
    pub detection: Option<RiskEventType>,
    /// Who acted; empty for the system and for what the user did.
    pub by: String,
}

/// A sign-in of which there is, or was, a risk.
#[derive(Clone, Debug, PartialEq)]
pub struct RiskySignIn {
    /// Request id.
    pub id: String,
    /// Correlation id.
    pub correlation_id: String,
    /// When it took place.
    pub at: Timestamp,
    /// Object id of the user.
    pub user_id: String,
    /// User principal name.
    pub user_name: String,
    /// Where it came from.
    pub address: Option<IpAddr>,
    /// Country code.
    pub country: String,
    /// State and city, parted by a slash.
    pub place: String,
    /// Display name of the application.
    pub application_name: String,
    /// Operating system and browser.
    pub client: String,
    /// A user was there.
    pub is_interactive: bool,
    /// A second factor stood behind the sign-in.
    pub has_mfa: bool,
    /// Aggregate level, level during the sign-in, state and detail.
    pub risk: Risk,
    /// What was detected.
    pub kinds: BTreeSet<RiskEventType>,
    detections: Vec<String>,
}

/// Everything that is known of risk. Time and decisions come in; nothing is read or written.
#[derive(Clone, Debug, Default)]
pub struct Register {
    detections: HashMap<String, Detection>,
    sign_ins: HashMap<String, RiskySignIn>,
    users: HashMap<String, RiskyUser>,
}

impl Register {
    /// Takes a detection in and works out the level of its user anew, which is returned; `None` if the detection is known.
    pub fn record(&mut self, detection: Detection) -> Option<RiskLevel> {
        if self.detections.contains_key(&detection.id) {
            return None;
        }
        let (user_id, at, kind) = (detection.user_id.clone(), detection.detected_at, detection.kind);
        if detection.is_of_sign_in() {
            self.record_sign_in(&detection);
        }
        let user = self.users.entry(user_id.clone()).or_insert_with(|| RiskyUser::new(&detection));
        user.detections.push(detection.id.clone());
        if detection.is_of_sign_in() && !user.sign_ins.contains(&detection.sign_in_id) {
            user.sign_ins.push(detection.sign_in_id.clone());
        }
        self.detections.insert(detection.id.clone(), detection);
        let level = self.level_of(&user_id);
        let user = self.users.get_mut(&user_id)?;
        if !user.risk.state.is_active() {
            user.risk.state = RiskState::AtRisk;
            user.risk.detail = super::RiskDetail::None;
        }
        let confirmed = [
            RiskEventType::AdminConfirmedUserCompromised,
            RiskEventType::AdminConfirmedServicePrincipalCompromised,
        ];
        if confirmed.contains(&kind) {
            user.risk = transition(user.subject, user.risk, Event::ConfirmedCompromised).risk;
        }
        user.risk.level =
            if user.risk.state == RiskState::ConfirmedCompromised { RiskLevel::High } else { level };
        user.remember(at, Some(kind), "");
        Some(user.risk.level)
    }

    fn record_sign_in(&mut self, detection: &Detection) {
        let sign_in =
            self.sign_ins.entry(detection.sign_in_id.clone()).or_insert_with(|| RiskySignIn::new(detection));
        sign_in.detections.push(detection.id.clone());
        sign_in.kinds.insert(detection.kind);
        sign_in.risk.level = sign_in.risk.level.max(detection.level);
        if detection.timing == Timing::Realtime {
            sign_in.risk.during_sign_in = sign_in.risk.during_sign_in.max(detection.level);
        }
        if !sign_in.risk.state.is_active() {
            sign_in.risk.state = RiskState::AtRisk;
        }
    }

    /// The user of this id, without regard to case.
    pub fn user(&self, id: &str) -> Option<&RiskyUser> {
        self.users.get(&id.to_ascii_lowercase())
    }

    /// The sign-in of this request id.
    pub fn sign_in(&self, id: &str) -> Option<&RiskySignIn> {
        self.sign_ins.get(id)
    }

    /// The detection of this id.
    pub fn detection(&self, id: &str) -> Option<&Detection> {
        self.detections.get(id)
    }

    /// The user was deleted: still listed, but no longer to be dismissed.
    pub fn mark_deleted(&mut self, user_id: &str) {
        if let Some(user) = self.users.get_mut(&user_id.to_ascii_lowercase()) {
            user.risk.is_deleted = true;
        }
    }

    /// Drops what is no longer reported: sign-ins after 30 days, detections after 90, users of low risk after six months.
    pub fn age(&mut self, now: Timestamp) {
        self.sign_ins.retain(|_, sign_in| now.duration_since(sign_in.at) <= SIGN_INS_KEPT);
        let is_old = |detection: &Detection| now.duration_since(detection.detected_at) > DETECTIONS_KEPT;
        for old in
            self.detections.values().filter(|detection| is_old(detection) && detection.state.is_active())
        {
            if let Some(user) = self.users.get_mut(&old.user_id) {
                user.outlived = user.outlived.max(old.level);
            }
        }
        self.detections.retain(|_, detection| !is_old(detection));
        let (detections, sign_ins) = (&self.detections, &self.sign_ins);
        self.users.retain(|_, user| {
            user.detections.retain(|id| detections.contains_key(id));
            user.sign_ins.retain(|id| sign_ins.contains_key(id));
            let days = now.duration_since(user.updated_at).as_hours().div_euclid(24);
            transition(user.subject, user.risk, Event::TimePassed { days }).is_listed
        });
        for sign_in in self.sign_ins.values_mut() {
            sign_in.detections.retain(|id| detections.contains_key(id));
        }
    }
}

impl RiskyUser {
    fn new(detection: &Detection) -> Self {
        Self {
            id: detection.user_id.clone(),
            subject: if detection.is_of_workload() { Subject::ServicePrincipal } else { Subject::User },
            name: detection.user_name.clone(),
            display_name: detection.user_display_name.clone(),
            risk: Risk::default(),
            updated_at: detection.detected_at,
            history: Vec::new(),
            detections: Vec::new(),
            sign_ins: Vec::new(),
            outlived: RiskLevel::None,
        }
    }

    fn remember(&mut self, at: Timestamp, detection: Option<RiskEventType>, by: &str) {
        if self.history.len() >= MOST_HISTORY {
            self.history.remove(0);
        }
        self.updated_at = at;
        self.history.push(HistoryEntry { at, risk: self.risk, detection, by: by.to_owned() });
    }
}

impl RiskySignIn {
    fn new(detection: &Detection) -> Self {
        Self {
            id: detection.sign_in_id.clone(),
            correlation_id: detection.correlation_id.clone(),
            at: detection.activity_at,
            user_id: detection.user_id.clone(),
            user_name: detection.user_name.clone(),
            address: detection.address,
            country: detection.country.clone(),
            place: detection.place.clone(),
            application_name: detection.application_name.clone(),
            client: detection.client.clone(),
            is_interactive: detection.is_interactive,
            has_mfa: detection.has_mfa,
            risk: Risk::default(),
            kinds: BTreeSet::new(),
            detections: Vec::new(),
        }
    }
}
