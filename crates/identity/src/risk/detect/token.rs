//! Tokens in other hands.

use jiff::SignedDuration;

use super::Context;
use crate::risk::catalogue::RiskEventType;
use crate::risk::detection::Finding;
use crate::risk::habits::{Properties, key};
use crate::risk::level::RiskLevel;
use crate::risk::sign_in::Outcome;

/// A refresh token that is not used ends after 90 days; a session that goes on for longer is unusual.
const LONGEST_SESSION: SignedDuration = SignedDuration::from_hours(24 * 90);
/// Days for which the issuers of the organisation are learnt.
const ISSUER_LEARNING_DAYS: i64 = 7;

/// `anomalousToken`: one session from another country or network with another client, or for unusually long.
pub(super) fn anomalous_token(context: &Context<'_>) -> Option<Finding> {
    let sign_in = context.sign_in;
    if sign_in.session.is_empty() || sign_in.outcome != Outcome::Success || context.is_trusted {
        return None;
    }
    let session = context.habits.session(key(&sign_in.session))?;
    let (level, reason) = match moved(&session.properties, context.properties) {
        (true, true) => {
            (RiskLevel::High, "the session went on in another country or network with another client")
        }
        // People travel with their sessions: without another client, the place has to be new to the user.
        (true, false) if is_unknown_place(context) => {
            (RiskLevel::Medium, "the session went on in a country where the user has never been")
        }
        _ if sign_in.at.duration_since(session.began) > LONGEST_SESSION => {
            (RiskLevel::Low, "the session has lasted for more than 90 days")
        }
        _ => return None,
    };
    Some(Finding::new(RiskEventType::AnomalousToken, level, reason))
}

/// Whether the network (country, or autonomous system where both are known) and the client differ.
fn moved(from: &Properties, to: &Properties) -> (bool, bool) {
    let differ = |from: Option<u32>, to: Option<u32>| from.zip(to).is_some_and(|(from, to)| from != to);
    let place = differ(from.country, to.country) || differ(from.network, to.network);
    (place, differ(from.client, to.client) || differ(from.device, to.device))
}

fn is_unknown_place(context: &Context<'_>) -> bool {
    context.properties.country.is_some_and(|country| !context.habits.countries.knows(country, context.today))
}

/// `tokenIssuerAnomaly`: a federated issuer that the organisation has not had.
pub(super) fn issuer_anomaly(context: &Context<'_>) -> Option<Finding> {
    let issuer = &context.sign_in.issuer;
    let is_new = !issuer.is_empty()
        && context.sign_in.outcome == Outcome::Success
        && context.tenant.days_of_learning(context.sign_in.at) >= ISSUER_LEARNING_DAYS
        && !context.tenant.knows_issuer(issuer, context.today);
    let reason =
        || "the token comes from a federated issuer that has not issued one in the last 90 days".to_owned();
    is_new.then(|| Finding::new(RiskEventType::TokenIssuerAnomaly, RiskLevel::Medium, reason()))
}
