//! What the user said, and what ID Protection has recorded.

use super::Context;
use crate::risk::catalogue::RiskEventType;
use crate::risk::detection::{Finding, Source};
use crate::risk::level::RiskLevel;
use crate::risk::sign_in::SignIn;

/// `userReportedSuspiciousActivity`: the user denied a prompt and reported it. Not for sign-ins without a password.
pub(super) fn reported(context: &Context<'_>) -> Option<Finding> {
    let is_reported = context.sign_in.is_reported && !context.sign_in.is_passwordless;
    let kind = RiskEventType::UserReportedSuspiciousActivity;
    is_reported.then(|| Finding::new(kind, RiskLevel::High, "the user reported the prompt as not theirs"))
}

/// Detections that the row brings along.
pub(super) fn recorded(sign_in: &SignIn) -> impl Iterator<Item = Finding> + '_ {
    sign_in.recorded.iter().map(|(kind, level)| Finding {
        source: Source::IdentityProtection,
        ..Finding::new(*kind, *level, "recorded by ID Protection with the sign-in")
    })
}
