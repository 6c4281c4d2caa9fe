//! Properties that the user is not known for.

use super::Context;
use crate::risk::catalogue::RiskEventType;
use crate::risk::detection::Finding;
use crate::risk::level::RiskLevel;

/// A sign-in with fewer properties than this is not judged.
const FEWEST_PROPERTIES: usize = 3;

/// `unfamiliarFeatures`: address, subnet, network, country, place, device and client against what the user has used.
///
/// Low if half of the properties are new, medium from two thirds, high if all are. An address alone changes daily and says
/// nothing; a known device that the log names settles it.
pub(super) fn unfamiliar_features(context: &Context<'_>) -> Option<Finding> {
    let kind = RiskEventType::UnfamiliarFeatures;
    let may_look = context.sign_in.outcome.is_password_right() && kind.may_fire(&context.facts);
    if !may_look || context.is_trusted {
        return None;
    }
    let familiarity = context.habits.familiarity(context.properties, context.today);
    let is_known_device = familiarity.iter().any(|(name, known)| *name == "device" && *known == Some(true));
    let asked = familiarity.iter().filter(|(_, known)| known.is_some()).count();
    let new: Vec<&str> =
        familiarity.iter().filter(|(_, known)| *known == Some(false)).map(|(name, _)| *name).collect();
    if is_known_device || asked < FEWEST_PROPERTIES || 2 * new.len() < asked {
        return None;
    }
    let level = if new.len() == asked {
        RiskLevel::High
    } else if 3 * new.len() >= 2 * asked {
        RiskLevel::Medium
    } else {
        RiskLevel::Low
    };
    Some(Finding::new(kind, level, format!("new for the user: {}", new.join(", "))))
}
