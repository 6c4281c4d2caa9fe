//! Two places, and too little time between them.

use super::Context;
use crate::risk::catalogue::RiskEventType;
use crate::risk::detection::Finding;
use crate::risk::level::RiskLevel;

/// Nearer than this, positions of addresses are too coarse to speak of a journey.
const SHORTEST_KILOMETRES: f64 = 500.0;
/// Faster than an airliner.
const FASTEST_KILOMETRES_PER_HOUR: f64 = 900.0;
/// Minutes added to every journey, for clocks and short hops.
const SLACK_HOURS: f64 = 0.25;
/// Days for which travel is learnt before a journey counts as impossible (Defender for Cloud Apps).
const IMPOSSIBLE_LEARNING_DAYS: i64 = 7;
/// Mean radius of the earth.
const EARTH_KILOMETRES: f64 = 6_371.0;

/// `unlikelyTravel`: too fast, and the new place is none of the user's.
pub(super) fn unlikely_travel(context: &Context<'_>) -> Option<Finding> {
    let journey = journey(context)?;
    let kind = RiskEventType::UnlikelyTravel;
    let is_atypical =
        context.properties.place.is_none_or(|place| !context.habits.places.knows(place, context.today));
    (is_atypical && kind.may_fire(&context.facts)).then(|| {
        let is_new_country = context
            .properties
            .country
            .is_some_and(|country| !context.habits.countries.knows(country, context.today));
        let level = if is_new_country { RiskLevel::Medium } else { RiskLevel::Low };
        Finding::new(kind, level, journey.reason())
    })
}

/// `mcasImpossibleTravel`: too fast for anybody, whether the places are the user's or not.
pub(super) fn impossible_travel(context: &Context<'_>) -> Option<Finding> {
    let journey = journey(context)?;
    (context.facts.days_since_first_sign_in >= IMPOSSIBLE_LEARNING_DAYS)
        .then(|| Finding::new(RiskEventType::McasImpossibleTravel, RiskLevel::Medium, journey.reason()))
}

struct Journey {
    kilometres: f64,
    hours: f64,
    from: [u8; 2],
    to: String,
}

impl Journey {
    fn reason(&self) -> String {
        let from = String::from_utf8_lossy(&self.from);
        format!("{:.0} km from {from} to {} in {:.1} hours", self.kilometres, self.to, self.hours)
    }
}

/// The journey since the last sign-in, if it was too fast. Places that several colleagues use and the organisation's own
/// exits are no journeys, nor are two positions of one address.
fn journey(context: &Context<'_>) -> Option<Journey> {
    let (sign_in, last) = (context.sign_in, context.habits.whereabouts?);
    let is_shared = context.properties.place.is_some_and(|place| context.tenant.is_shared_place(place));
    if !sign_in.outcome.is_password_right() || context.is_trusted || is_shared {
        return None;
    }
    if context.properties.address == Some(last.address) {
        return None;
    }
    let kilometres = kilometres(last.position, sign_in.position?);
    let hours = sign_in.at.duration_since(last.at).as_secs_f64().abs() / 3_600.0;
    let is_too_fast = kilometres > FASTEST_KILOMETRES_PER_HOUR * (hours + SLACK_HOURS);
    (kilometres >= SHORTEST_KILOMETRES && is_too_fast).then(|| Journey {
        kilometres,
        hours,
        from: last.country,
        to: sign_in.country.clone(),
    })
}

/// The distance of two positions on the sphere, by the haversine formula.
fn kilometres(from: (f64, f64), to: (f64, f64)) -> f64 {
    let (from, to) = ((from.0.to_radians(), from.1.to_radians()), (to.0.to_radians(), to.1.to_radians()));
    let half = |angle: f64| (angle / 2.0).sin().powi(2);
    let chord = half(to.0 - from.0) + from.0.cos() * to.0.cos() * half(to.1 - from.1);
    2.0 * EARTH_KILOMETRES * chord.sqrt().min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_globe() {
        let (oslo, sydney) = ((59.91, 10.75), (-33.87, 151.21));
        assert!((kilometres(oslo, sydney) - 15_960.0).abs() < 60.0, "{}", kilometres(oslo, sydney));
        assert!(kilometres(oslo, oslo).abs() < 1e-6);
        assert!((kilometres((0.0, 0.0), (0.0, 180.0)) - 20_015.0).abs() < 1.0);
    }
}
