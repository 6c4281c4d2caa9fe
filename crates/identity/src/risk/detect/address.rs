//! Where a sign-in comes from: the user's lists, spraying and failing addresses.

use super::Context;
use crate::risk::catalogue::{RiskEventType, Timing};
use crate::risk::detection::Finding;
use crate::risk::level::RiskLevel;
use crate::risk::sign_in::Outcome;
use crate::risk::tenant::AddressUse;

/// Accounts with wrong credentials from one address within a day that make a spray.
const SPRAYED_ACCOUNTS: usize = 10;
/// Wrong attempts per account beyond which it is guessing at accounts, not spraying.
const MOST_ATTEMPTS_PER_ACCOUNT: u32 = 10;
/// So many times more accounts fail than pass; the exit of an office is the other way round.
const FAILED_PER_PASSED: usize = 2;
/// Wrong attempts within a day that give an address a bad name, if nine in ten fail.
const FAILING: u32 = 50;

/// `anonymizedIPAddress`: the address is on the list of anonymisers.
pub(super) fn anonymous(context: &Context<'_>) -> Option<Finding> {
    let address = context.sign_in.address.filter(|_| context.sign_in.outcome.is_password_right())?;
    let reason = || format!("{address} is on the list of anonymous addresses");
    let is_listed = context.lists.anonymous.contains(address) && !context.is_trusted;
    is_listed.then(|| Finding::new(RiskEventType::AnonymizedIpAddress, RiskLevel::Medium, reason()))
}

/// `nationStateIP`: the address is on the list of threat actors; always high.
pub(super) fn threat_actor(context: &Context<'_>) -> Option<Finding> {
    let address = context.sign_in.address?;
    let reason = || format!("{address} is on the list of threat actors");
    let is_listed = context.lists.threat_actors.contains(address);
    is_listed.then(|| Finding::new(RiskEventType::NationStateIp, RiskLevel::High, reason()))
}

/// `maliciousIPAddress`: of bad reputation by the list, or by failing nearly always.
pub(super) fn malicious(context: &Context<'_>) -> Option<Finding> {
    let address = context.sign_in.address.filter(|_| context.sign_in.outcome.is_password_right())?;
    if context.is_trusted {
        return None;
    }
    let kind = RiskEventType::MaliciousIpAddress;
    if context.lists.malicious.contains(address) {
        return Some(Finding::new(
            kind,
            RiskLevel::High,
            format!("{address} is on the list of malicious addresses"),
        ));
    }
    let used = context.tenant.address(address)?;
    let is_failing = used.failures >= FAILING && used.failures / 9 >= used.successes;
    (is_failing && !is_spray(used)).then(|| {
        let reason =
            format!("{} of {} attempts from {address} failed", used.failures, used.failures + used.successes);
        Finding::new(kind, RiskLevel::Medium, reason)
    })
}

/// Whether an address sprays: many accounts, few attempts each, few that pass.
pub(in crate::risk) fn is_spray(used: &AddressUse) -> bool {
    let accounts = used.failed.len();
    accounts >= SPRAYED_ACCOUNTS
        && accounts >= FAILED_PER_PASSED * used.passed.len()
        && used.failures <= MOST_ATTEMPTS_PER_ACCOUNT * u32::try_from(accounts).unwrap_or(u32::MAX)
}

/// `passwordSpray`, while the sign-in runs: its address is known to spray, and the password was right.
pub(super) fn password_spray(context: &Context<'_>) -> Option<Finding> {
    let used = context.tenant.address(context.sign_in.address?)?;
    let fires = is_spray(used) && RiskEventType::PasswordSpray.may_fire(&context.facts);
    fires.then(|| spray(used, context.sign_in.outcome, Timing::Realtime))
}

/// The finding of a spray: high if the sign-in succeeded, medium if something after the password stopped it.
pub(in crate::risk) fn spray(used: &AddressUse, outcome: Outcome, timing: Timing) -> Finding {
    let level = if outcome == Outcome::Success { RiskLevel::High } else { RiskLevel::Medium };
    let reason =
        format!("the address tried wrong passwords on {} or more accounts within a day", used.failed.len());
    Finding { timing, ..Finding::new(RiskEventType::PasswordSpray, level, reason) }
}
