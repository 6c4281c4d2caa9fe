//! Reports: users at risk, risky sign-ins, risk detections; filters and figures.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::{Register, RiskySignIn, RiskyUser};
use crate::risk::catalogue::RiskEventType;
use crate::risk::detection::Detection;
use crate::risk::level::{RiskDetail, RiskLevel, RiskState};
use crate::risk::transition::{Risk, Subject};

/// What a report shows; an empty list or `None` leaves nothing out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// These levels.
    pub levels: Vec<RiskLevel>,
    /// These states.
    pub states: Vec<RiskState>,
    /// These details.
    pub details: Vec<RiskDetail>,
    /// With a detection of these kinds.
    pub kinds: Vec<RiskEventType>,
    /// Users whose id or principal name has this in it, without regard to case.
    pub user: String,
    /// Changed, detected or signed in at this time or later.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

impl Filter {
    fn fits(&self, risk: &Risk, at: Timestamp, user: [&str; 2], kinds: &[RiskEventType]) -> bool {
        fn any<T: PartialEq>(wanted: &[T], value: &T) -> bool {
            wanted.is_empty() || wanted.contains(value)
        }
        let named = self.user.to_lowercase();
        any(&self.levels, &risk.level)
            && any(&self.states, &risk.state)
            && any(&self.details, &risk.detail)
            && (self.kinds.is_empty() || kinds.iter().any(|kind| self.kinds.contains(kind)))
            && user.iter().any(|text| text.to_lowercase().contains(&named))
            && self.since.is_none_or(|since| at >= since)
            && self.until.is_none_or(|until| at < until)
    }
}

impl Register {
    /// Users, those of the highest level and the latest change first.
    pub fn risky_users(&self, filter: &Filter) -> Vec<&RiskyUser> {
        self.risky(Subject::User, filter)
    }

    /// Service principals, in the same order.
    pub fn risky_service_principals(&self, filter: &Filter) -> Vec<&RiskyUser> {
        self.risky(Subject::ServicePrincipal, filter)
    }

    fn risky(&self, subject: Subject, filter: &Filter) -> Vec<&RiskyUser> {
        let kinds = |user: &RiskyUser| {
            let kept = user.detections.iter().filter_map(|id| self.detections.get(id));
            kept.map(|detection| detection.kind).collect::<Vec<_>>()
        };
        let fits = |user: &&RiskyUser| {
            filter.fits(&user.risk, user.updated_at, [&user.id, &user.name], &kinds(user))
        };
        let of_kind = self.users.values().filter(|user| user.subject == subject);
        let mut users: Vec<_> = of_kind.filter(fits).collect();
        users.sort_by(|a, b| {
            (b.risk.level, b.updated_at).cmp(&(a.risk.level, a.updated_at)).then_with(|| a.name.cmp(&b.name))
        });
        users
    }

    /// Sign-ins, the latest first.
    pub fn risky_sign_ins(&self, filter: &Filter) -> Vec<&RiskySignIn> {
        let fits = |sign_in: &&RiskySignIn| {
            let user = [sign_in.user_id.as_str(), &sign_in.user_name];
            let kinds: Vec<_> = sign_in.kinds.iter().copied().collect();
            filter.fits(&sign_in.risk, sign_in.at, user, &kinds)
        };
        let mut sign_ins: Vec<_> = self.sign_ins.values().filter(fits).collect();
        sign_ins.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.id.cmp(&b.id)));
        sign_ins
    }

    /// Detections, the latest first.
    pub fn risk_detections(&self, filter: &Filter) -> Vec<&Detection> {
        let fits = |detection: &&Detection| {
            let risk = Risk {
                level: detection.level,
                state: detection.state,
                detail: detection.detail,
                ..Risk::default()
            };
            let user = [detection.user_id.as_str(), &detection.user_name];
            filter.fits(&risk, detection.activity_at, user, &[detection.kind])
        };
        let mut detections: Vec<_> = self.detections.values().filter(fits).collect();
        detections.sort_by(|a, b| b.activity_at.cmp(&a.activity_at).then_with(|| a.id.cmp(&b.id)));
        detections
    }

    /// Other detections of the same sign-in.
    pub fn detected_with(&self, detection: &Detection) -> Vec<&Detection> {
        let sign_in = self.sign_ins.get(&detection.sign_in_id);
        let ids = sign_in.into_iter().flat_map(|sign_in| &sign_in.detections);
        ids.filter(|id| **id != detection.id).filter_map(|id| self.detections.get(id)).collect()
    }

    /// The figures above the reports.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for user in self.users.values().filter(|user| user.subject == Subject::User) {
            if user.risk.state.is_active() {
                *summary.users_by_level.entry(user.risk.level.name()).or_default() += 1;
            }
            *summary.users_by_state.entry(user.risk.state.name()).or_default() += 1;
            let first = user.history.iter().find(|entry| entry.risk.state.is_active());
            let last = user.history.last().filter(|entry| entry.risk.state == RiskState::Remediated);
            first.into_iter().for_each(|entry| summary.day(entry.at).0 += 1);
            last.into_iter().for_each(|entry| summary.day(entry.at).1 += 1);
        }
        for detection in self.detections.values() {
            *summary.detections_by_kind.entry(detection.kind.name()).or_default() += 1;
        }
        summary.risky_sign_ins = self.sign_ins.len() as u64;
        summary
    }
}

/// Figures of the register.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Users with an open risk, by level.
    pub users_by_level: BTreeMap<&'static str, u64>,
    /// All users of the report, by state.
    pub users_by_state: BTreeMap<&'static str, u64>,
    /// Detections by kind.
    pub detections_by_kind: BTreeMap<&'static str, u64>,
    /// Sign-ins of the report.
    pub risky_sign_ins: u64,
    /// Per day in UTC: users who became risky, users who were remediated.
    pub days: BTreeMap<Date, (u64, u64)>,
}

impl Summary {
    fn day(&mut self, at: Timestamp) -> &mut (u64, u64) {
        self.days.entry(TimeZone::UTC.to_datetime(at).date()).or_default()
    }

    /// As JSON; shares of the levels are in percent of users with an open risk.
    pub fn to_json(&self) -> Value {
        let map = |counts: &BTreeMap<&'static str, u64>| {
            counts.iter().map(|(name, count)| ((*name).to_owned(), json!(count))).collect::<Map<_, _>>()
        };
        let open: u64 = self.users_by_level.values().sum();
        let share = |count: &u64| json!((*count as f64 * 1_000.0 / open as f64).round() / 10.0);
        let shares: Map<String, Value> =
            self.users_by_level.iter().map(|(name, count)| ((*name).to_owned(), share(count))).collect();
        let day = |(date, (new, remediated)): (&Date, &(u64, u64))| json!({"date": date.to_string(), "newRiskyUsers": new, "remediatedUsers": remediated});
        json!({
            "usersAtRisk": open,
            "usersByLevel": map(&self.users_by_level),
            "usersByLevelPercent": shares,
            "usersByState": map(&self.users_by_state),
            "riskySignIns": self.risky_sign_ins,
            "detectionsByType": map(&self.detections_by_kind),
            "days": self.days.iter().map(day).collect::<Vec<_>>(),
        })
    }
}
