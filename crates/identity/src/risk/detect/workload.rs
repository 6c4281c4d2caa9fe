//! Workloads that sign in unlike themselves.

use super::Context;
use crate::risk::catalogue::RiskEventType;
use crate::risk::detection::Finding;
use crate::risk::level::RiskLevel;

/// `suspiciousSignins`: address, network, country, resource, user agent and credential against what the service principal
/// has used, once a baseline of two days is there.
///
/// Low if half of the properties are new, medium from two thirds, high if all are. Workloads move with their host, so a new
/// address or user agent by itself says nothing.
pub(super) fn suspicious_sign_ins(context: &Context<'_>) -> Option<Finding> {
    let kind = RiskEventType::SuspiciousSignins;
    if !context.sign_in.outcome.is_password_right() || !kind.may_fire(&context.facts) || context.is_trusted {
        return None;
    }
    let familiarity = context.habits.familiarity(context.properties, context.today);
    let asked = familiarity.iter().filter(|(_, known)| known.is_some()).count();
    let new: Vec<&str> =
        familiarity.iter().filter(|(_, known)| *known == Some(false)).map(|(name, _)| named(name)).collect();
    let level = match (new.len(), asked) {
        (new, asked) if new == 0 || 2 * new < asked => return None,
        (new, asked) if new == asked => RiskLevel::High,
        (new, asked) if 3 * new >= 2 * asked => RiskLevel::Medium,
        _ => RiskLevel::Low,
    };
    Some(Finding::new(kind, level, format!("new for the service principal: {}", new.join(", "))))
}

/// What stands in the stead of a user's property.
fn named(property: &'static str) -> &'static str {
    match property {
        "place" => "resource",
        "device" => "credential",
        "client" => "user agent",
        other => other,
    }
}
