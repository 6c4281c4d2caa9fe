//! Countries that nobody of the organisation comes from.

use super::Context;
use crate::risk::catalogue::RiskEventType;
use crate::risk::detection::Finding;
use crate::risk::level::RiskLevel;
use crate::risk::sign_in::Outcome;

/// Days for which the countries of the organisation are learnt (anomaly detection of Defender for Cloud Apps).
const LEARNING_DAYS: i64 = 7;

/// `newCountry`: nobody of the organisation was there recently, or ever.
pub(super) fn new_country(context: &Context<'_>) -> Option<Finding> {
    let country = &context.sign_in.country;
    let is_new = context.sign_in.outcome == Outcome::Success
        && !country.is_empty()
        && !context.is_trusted
        && context.tenant.days_of_learning(context.sign_in.at) >= LEARNING_DAYS
        && !context.tenant.knows_country(country, context.today);
    let reason = || format!("nobody of the organisation has signed in from {country} in the last 90 days");
    is_new.then(|| Finding::new(RiskEventType::NewCountry, RiskLevel::Medium, reason()))
}
