//! The level of a user, made of detections and sign-ins.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::Register;
use crate::risk::level::RiskLevel;

/// Detections of so many kinds within so long raise the level.
const KINDS_THAT_RAISE: usize = 3;
const RAISED_WITHIN: SignedDuration = SignedDuration::from_hours(24 * 7);

impl Register {
    /// The level that the user's open detections and sign-ins come to.
    ///
    /// Microsoft does not publish how it aggregates. Here it is the highest of them, and one step more when three or more
    /// kinds of at least medium level were detected within the seven days before the newest of them.
    pub(super) fn level_of(&self, user_id: &str) -> RiskLevel {
        let Some(user) = self.users.get(user_id) else { return RiskLevel::None };
        let open = || {
            let kept = user.detections.iter().filter_map(|id| self.detections.get(id));
            kept.filter(|detection| detection.state.is_active())
        };
        let sign_ins = user.sign_ins.iter().filter_map(|id| self.sign_ins.get(id));
        let of_sign_ins =
            sign_ins.filter(|sign_in| sign_in.risk.state.is_active()).map(|sign_in| sign_in.risk.level);
        let highest = open().map(|detection| detection.level).chain(of_sign_ins).max().unwrap_or_default();
        let highest = highest.max(user.outlived);
        let weighty = || open().filter(|detection| detection.level >= RiskLevel::Medium);
        let Some(newest) = weighty().map(|detection| detection.activity_at).max() else { return highest };
        let recent =
            weighty().filter(|detection| newest.duration_since(detection.activity_at) <= RAISED_WITHIN);
        let kinds: BTreeSet<_> = recent.map(|detection| detection.kind).collect();
        if kinds.len() >= KINDS_THAT_RAISE { highest.raised() } else { highest }
    }
}
