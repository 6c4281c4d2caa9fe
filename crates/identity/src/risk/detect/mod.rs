//! The detections that sign-ins show, one family a file. Each looks at a [`Context`] and says what it found.
//!
//! Microsoft discloses what a detection is about and how long it learns, not its thresholds. Thresholds and levels here
//! are Azimuth's, one constant each, listed in `docs/identity-protection.md`.

mod address;
mod browser;
mod country;
mod token;
mod travel;
mod unfamiliar;
mod user;
mod workload;

pub(super) use address::{is_spray, spray};

use super::addresses::Lists;
use super::catalogue::UserFacts;
use super::detection::Finding;
use super::habits::{Habits, Properties};
use super::sign_in::SignIn;
use super::tenant::Tenant;

/// What a detection may look at.
pub(super) struct Context<'a> {
    pub(super) sign_in: &'a SignIn,
    pub(super) properties: &'a Properties,
    pub(super) habits: &'a Habits,
    pub(super) tenant: &'a Tenant,
    pub(super) lists: &'a Lists,
    pub(super) facts: UserFacts,
    pub(super) today: u16,
    /// The address is on the user's own list.
    pub(super) is_trusted: bool,
}

/// A detection: looks, and finds something or nothing.
type Look = fn(&Context<'_>) -> Option<Finding>;

const LOOKS: &[Look] = &[
    address::anonymous,
    address::threat_actor,
    unfamiliar::unfamiliar_features,
    token::anomalous_token,
    address::password_spray,
    travel::unlikely_travel,
    travel::impossible_travel,
    country::new_country,
    address::malicious,
    browser::suspicious_browser,
    token::issuer_anomaly,
    user::reported,
];

/// Everything that is found in a sign-in, own findings first; recorded ones of a kind found too are left out.
pub(super) fn look(context: &Context<'_>) -> Vec<Finding> {
    if context.sign_in.is_workload {
        return workload::suspicious_sign_ins(context).into_iter().collect();
    }
    let mut findings: Vec<Finding> = LOOKS.iter().filter_map(|look| look(context)).collect();
    for finding in user::recorded(context.sign_in) {
        if findings.iter().all(|found| found.kind != finding.kind) {
            findings.push(finding);
        }
    }
    findings
}
