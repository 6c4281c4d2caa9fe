//! Browsers that go from tenant to tenant.

use super::Context;
use crate::risk::catalogue::RiskEventType;
use crate::risk::detection::Finding;
use crate::risk::level::RiskLevel;

/// Home tenants and countries of one user agent within a day. A single tenant's log shows those of its guests only.
const TENANTS: usize = 3;
const COUNTRIES: usize = 3;

/// `suspiciousBrowser`: the same browser signs in users of many tenants from many countries.
pub(super) fn suspicious_browser(context: &Context<'_>) -> Option<Finding> {
    if !context.sign_in.outcome.is_password_right() || context.sign_in.user_agent.is_empty() {
        return None;
    }
    let used = context.tenant.browser(&context.sign_in.user_agent)?;
    (used.tenants.len() >= TENANTS && used.countries.len() >= COUNTRIES).then(|| {
        let (tenants, countries) = (used.tenants.len(), used.countries.len());
        let reason = format!(
            "one user agent signed in users of {tenants} tenants from {countries} countries in a day"
        );
        Finding::new(RiskEventType::SuspiciousBrowser, RiskLevel::Low, reason)
    })
}
