//! Risk: transitions of its state, the catalogue of detections, mails.

use azimuth_identity::risk::{
    Event, LevelChange, License, Risk, RiskDetail, RiskEventType, RiskLevel, RiskState, Scope, Subject,
    Timing, UserFacts, mails, transition,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::protection::{flag, members, number, optional};
use crate::expect;

/// `risk.jsonl`.
pub(super) fn risk(case: &Value) -> Result<(), String> {
    match expect::text(case, "/kind")? {
        "transition" => risk_transition(case),
        "detection" => detection(case),
        "notification" => notification(case),
        kind => Err(format!("a risk case of the unknown kind `{kind}`")),
    }
}

fn risk_transition(case: &Value) -> Result<(), String> {
    let subject = match expect::text(case, "/subject")? {
        "user" => Subject::User,
        "signIn" => Subject::SignIn,
        "detection" => Subject::Detection,
        "servicePrincipal" => Subject::ServicePrincipal,
        other => return Err(format!("the unknown subject `{other}`")),
    };
    let level = |name: &str| optional(case, &format!("/before/{name}")).and_then(RiskLevel::from_name);
    let before = Risk {
        level: level("riskLevel").or(level("riskLevelAggregated")).unwrap_or(RiskLevel::Medium),
        during_sign_in: level("riskLevelDuringSignIn").unwrap_or_default(),
        state: optional(case, "/before/riskState").and_then(RiskState::from_name).unwrap_or_default(),
        detail: optional(case, "/before/riskDetail").and_then(RiskDetail::from_name).unwrap_or_default(),
        is_deleted: flag(case, "/before/isDeleted") || flag(case, "/before/deleted"),
    };
    let change = transition(subject, before, event(case)?);
    let risk = change.risk;
    let spread = json!({"riskState": risk.state.name(), "riskDetail": risk.detail.name()});
    let answer = json!({
        "riskState": risk.state.name(),
        "riskDetail": risk.detail.name(),
        "riskLevel": risk.level.name(),
        "riskLevelAggregated": risk.level.name(),
        "riskLevelDuringSignIn": risk.during_sign_in.name(),
        "userRiskLevel": change.user_level.map(RiskLevel::name),
        "listed": change.is_listed,
        "newDetection": change.detection.map(RiskEventType::name),
        "detection": change.detection.map(RiskEventType::name),
        "learningMode": change.learns_anew,
    });
    let after = expect::value(case, "/after")?.as_object().ok_or("`after` is no object")?;
    for (name, expected) in after {
        if name == "signInsAndDetections" {
            let got = if change.spreads { spread.clone() } else { json!({}) };
            members(&json!({"expect": expected}), &got).map_err(|text| format!("{name}: {text}"))?;
            continue;
        }
        let got = answer.get(name).ok_or_else(|| format!("nothing answers the expected `{name}`"))?;
        expect::equal(name, expected, got)?;
    }
    Ok(())
}

/// The event of a case. The format names no list of them, so those that the sample does not show are known by the words
/// in them.
fn event(case: &Value) -> Result<Event, String> {
    let name = expect::text(case, "/event/type")?;
    let has = |word: &str| name.to_lowercase().contains(word);
    Ok(match name {
        "passwordChange" if flag(case, "/event/remediationFlow") => Event::SecurePasswordChange,
        "passwordChange" => Event::OrdinaryPasswordChange,
        "timePasses" => Event::TimePassed { days: number(case, "/event/days").unwrap_or_default() },
        "onPremisesPasswordChange" => Event::OnPremisesPasswordChange {
            is_allowed: flag(case, "/event/allowOnPremisesReset"),
            has_hash_sync: flag(case, "/event/passwordHashSync"),
        },
        "defenderDismissDetection" => Event::DismissedInDefender,
        "assessedSafe" => Event::AssessedSafe,
        "familiarSignInSucceeded" => Event::FamiliarSignIn,
        _ if has("mfa") || has("multifactor") => Event::MfaPassed,
        _ if has("temporary") => Event::TemporaryPassword,
        _ if has("passwordreset") || has("sspr") => Event::SecurePasswordReset,
        _ if has("passwordchange") => Event::SecurePasswordChange,
        _ if has("dismiss") => Event::Dismissed,
        _ if has("confirm") && has("compromised") => Event::ConfirmedCompromised,
        _ if has("confirm") && has("safe") => Event::ConfirmedSafe,
        _ if has("revoke") => Event::SessionsRevoked,
        _ => return Err(format!("the unknown event `{name}`")),
    })
}

fn detection(case: &Value) -> Result<(), String> {
    let name = expect::text(case, "/detection/riskEventType")?;
    let kind = RiskEventType::from_name(name).ok_or_else(|| format!("the unknown detection `{name}`"))?;
    let license = match optional(case, "/detection/license") {
        Some("Free") => License::Free,
        Some("P1") => License::P1,
        _ => License::P2,
    };
    let facts = UserFacts {
        days_since_first_sign_in: number(case, "/detection/user/daysSinceFirstSignIn").unwrap_or(i64::MAX),
        sign_ins: number(case, "/detection/user/signIns").map_or(u64::MAX, i64::unsigned_abs),
        is_password_valid: case.pointer("/detection/passwordValid").and_then(Value::as_bool).unwrap_or(true),
    };
    let shown = kind.shown_as(license);
    let user_level = kind.user_level(flag(case, "/detection/passwordless"));
    let answer = json!({
        "scope": kind.scopes().first().map(|scope: &Scope| scope.name()),
        "timing": kind.timings().iter().map(|timing: &Timing| timing.name()).collect::<Vec<_>>(),
        "premium": kind.is_premium(),
        "riskLevel": kind.fixed_level().map(RiskLevel::name),
        "userRiskLevel": user_level.map(RiskLevel::name),
        "userRiskLevelUnchanged": user_level.is_none(),
        "shownAs": shown.name(),
        "title": shown.title(),
        "fires": kind.may_fire(&facts),
        "mayFire": kind.may_fire(&facts),
    });
    members(case, &answer)
}

fn notification(case: &Value) -> Result<(), String> {
    let level = |value: &Value, pointer: &str| {
        let name = expect::text(value, pointer)?;
        RiskLevel::from_name(name).ok_or_else(|| format!("the unknown level `{name}`"))
    };
    let events = case.pointer("/events").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut changes = Vec::new();
    for event in events {
        let at = time(event, "/t").ok_or("an event has no time")?;
        // The member that says when the risky activity took place has no name in the sample: any other time is it.
        let activity = event.as_object().into_iter().flatten().filter(|(name, _)| *name != "t");
        let activity = activity.filter_map(|(_, value)| value.as_str()?.parse().ok()).next();
        let user = expect::text(event, "/user")?;
        changes.push(LevelChange {
            at,
            user,
            level: level(event, "/riskLevel")?,
            activity: activity.unwrap_or(at),
        });
    }
    let threshold =
        if case.pointer("/config/level").is_some() { level(case, "/config/level")? } else { RiskLevel::High };
    expect::equal("emails", expect::value(case, "/emails")?, &json!(mails(threshold, &changes)))
}

fn time(value: &Value, pointer: &str) -> Option<Timestamp> {
    optional(value, pointer)?.parse().ok()
}
