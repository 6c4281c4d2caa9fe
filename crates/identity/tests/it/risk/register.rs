//! What becomes of detections: levels, decisions, reports.

use azimuth_identity::risk::{
    Action, ActionError, Detection, Event, Filter, License, Lists, Register, RiskDetail,
    RiskEventType as Kind, RiskLevel, RiskState, Target,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{from_sydney, used_to};

/// A register with what Anna's sign-in from Sydney brought: four detections, and now.
fn register() -> (Register, Timestamp) {
    let sign_in = from_sydney(19 * 24 + 2);
    let detections = used_to(20, Lists::default()).observe(&sign_in);
    let mut register = Register::default();
    assert_eq!(detections.len(), 4);
    for detection in &detections {
        assert!(register.record(detection.clone()).is_some());
        assert_eq!(register.record(detection.clone()), None, "known already");
    }
    (register, sign_in.at)
}

fn only_sign_in(register: &Register) -> (RiskState, RiskLevel, RiskLevel) {
    let sign_ins = register.risky_sign_ins(&Filter::default());
    assert_eq!(sign_ins.len(), 1);
    (sign_ins[0].risk.state, sign_ins[0].risk.level, sign_ins[0].risk.during_sign_in)
}

#[test]
fn three_kinds_of_medium_raise_the_level_by_a_step() {
    let mut register = Register::default();
    let at = Timestamp::UNIX_EPOCH;
    let mut record = |kind, level, hours| {
        let at = at + SignedDuration::from_hours(hours);
        register.record(Detection::of_user(kind, "Anna", "anna@contoso.com", at, level, "")).unwrap()
    };
    assert_eq!(record(Kind::AnomalousUserActivity, RiskLevel::Low, 0), RiskLevel::Low);
    assert_eq!(record(Kind::AnomalousToken, RiskLevel::Medium, 1), RiskLevel::Medium);
    assert_eq!(record(Kind::SuspiciousApiTraffic, RiskLevel::Medium, 2), RiskLevel::Medium);
    assert_eq!(
        record(Kind::SuspiciousSendingPatterns, RiskLevel::Medium, 24 * 10),
        RiskLevel::Medium,
        "too late"
    );
    assert_eq!(
        record(Kind::AnomalousUserActivity, RiskLevel::Medium, 24 * 7),
        RiskLevel::Medium,
        "two within a week"
    );
    assert_eq!(record(Kind::AnomalousToken, RiskLevel::Medium, 24 * 8), RiskLevel::High);
}

#[test]
fn dismissing_the_user_dismisses_everything() {
    let (mut register, now) = register();
    assert_eq!(register.user("anna").unwrap().risk.level, RiskLevel::High);
    assert_eq!(only_sign_in(&register), (RiskState::AtRisk, RiskLevel::High, RiskLevel::High));
    register.act(Target::User("ANNA"), Action::Dismiss, now, "operator").unwrap();
    let user = register.user("anna").unwrap();
    assert_eq!((user.risk.state, user.risk.level), (RiskState::Dismissed, RiskLevel::None));
    assert_eq!(only_sign_in(&register), (RiskState::Dismissed, RiskLevel::None, RiskLevel::High));
    let open = Filter { states: vec![RiskState::AtRisk], ..Filter::default() };
    assert_eq!(register.risk_detections(&open).len(), 0);
    assert_eq!(user.history.last().map(|entry| entry.by.as_str()), Some("operator"));
}

#[test]
fn confirming_a_sign_in_compromised_takes_the_user_to_high() {
    let (mut register, now) = register();
    let id = register.risky_sign_ins(&Filter::default())[0].id.clone();
    register.act(Target::SignIn(&id), Action::ConfirmCompromised, now, "operator").unwrap();
    assert_eq!(only_sign_in(&register), (RiskState::ConfirmedCompromised, RiskLevel::High, RiskLevel::High));
    assert_eq!(register.user("anna").unwrap().risk.level, RiskLevel::High);
}

#[test]
fn confirming_the_only_sign_in_safe_leaves_the_user_without_risk() {
    let (mut register, now) = register();
    let id = register.risky_sign_ins(&Filter::default())[0].id.clone();
    register.act(Target::SignIn(&id), Action::ConfirmSafe, now, "operator").unwrap();
    let user = register.user("anna").unwrap();
    assert_eq!((user.risk.state, user.risk.level), (RiskState::ConfirmedSafe, RiskLevel::None));
    assert_eq!(user.risk.detail, RiskDetail::AdminConfirmedSigninSafe);
}

#[test]
fn confirming_the_user_compromised_adds_a_detection() {
    let (mut register, now) = register();
    register.act(Target::User("anna"), Action::ConfirmCompromised, now, "operator").unwrap();
    let added = Filter { kinds: vec![Kind::AdminConfirmedUserCompromised], ..Filter::default() };
    assert_eq!(register.risk_detections(&added).len(), 1);
    assert_eq!(register.risky_users(&added).len(), 1);
    register.remediate(Target::User("anna"), Event::SecurePasswordReset, now).unwrap();
    let user = register.user("anna").unwrap();
    assert_eq!((user.risk.state, user.risk.level), (RiskState::Remediated, RiskLevel::None));
}

#[test]
fn a_new_detection_opens_the_risk_again() {
    let (mut register, now) = register();
    register.act(Target::User("anna"), Action::Dismiss, now, "operator").unwrap();
    let leaked =
        Detection::of_user(Kind::LeakedCredentials, "anna", "anna@contoso.com", now, RiskLevel::Low, "");
    assert_eq!(register.record(leaked), Some(RiskLevel::High), "always high");
    assert_eq!(register.user("anna").unwrap().risk.state, RiskState::AtRisk);
}

#[test]
fn unknown_and_deleted_targets_are_refused() {
    let (mut register, now) = register();
    let unknown = register.act(Target::User("ben"), Action::Dismiss, now, "");
    assert_eq!(unknown, Err(ActionError::UnknownUser("ben".to_owned())));
    let unknown = register.act(Target::SignIn("r"), Action::Dismiss, now, "");
    assert_eq!(unknown, Err(ActionError::UnknownSignIn("r".to_owned())));
    register.mark_deleted("anna");
    let deleted = register.act(Target::User("anna"), Action::Dismiss, now, "");
    assert_eq!(deleted, Err(ActionError::Deleted("anna".to_owned())));
    assert_eq!(register.risky_users(&Filter::default()).len(), 1, "deleted users stay in the report");
}

#[test]
fn reports_end_after_thirty_and_ninety_days_and_medium_risk_does_not() {
    let (mut register, now) = register();
    let after = |days: i64| now + SignedDuration::from_hours(24 * days);
    register.age(after(31));
    assert_eq!(register.risky_sign_ins(&Filter::default()).len(), 0);
    assert_eq!(register.risk_detections(&Filter::default()).len(), 4);
    register.age(after(91));
    assert_eq!(register.risk_detections(&Filter::default()).len(), 0);
    assert_eq!(register.user("anna").unwrap().risk.level, RiskLevel::High);
    let low = Detection::of_user(Kind::SuspiciousApiTraffic, "anna", "", after(92), RiskLevel::Low, "");
    assert_eq!(register.record(low), Some(RiskLevel::High), "what is no longer kept still counts");
    let low = Detection::of_user(Kind::SuspiciousApiTraffic, "ben", "", after(92), RiskLevel::Low, "");
    register.record(low);
    register.age(after(92 + 182));
    assert!(register.user("ben").is_none() && register.user("anna").is_some());
}

#[test]
fn objects_have_the_shape_of_graph() {
    let (register, _) = register();
    let filter = Filter { kinds: vec![Kind::UnlikelyTravel], user: "ANNA@".to_owned(), ..Filter::default() };
    let detections = register.risk_detections(&filter);
    let object = detections[0].to_json(License::P2);
    assert_eq!(object["riskEventType"], "unlikelyTravel");
    assert_eq!((&object["riskLevel"], &object["detectionTimingType"]), (&json!("medium"), &json!("offline")));
    assert_eq!(object["location"]["city"], "Sydney");
    assert_eq!(register.detected_with(detections[0]).len(), 3);
    let hidden = detections[0].to_json(License::P1);
    assert_eq!((&hidden["riskEventType"], &hidden["riskLevel"]), (&json!("generic"), &json!("hidden")));
    assert_eq!(hidden["additionalInfo"], json!(null));
    let user = register.user("anna").unwrap();
    assert_eq!(user.to_json()["riskState"], "atRisk");
    assert_eq!(user.history_json().len(), 4);
    let summary = register.summary().to_json();
    assert_eq!(
        (&summary["usersAtRisk"], &summary["usersByLevelPercent"]),
        (&json!(1), &json!({"high": 100.0}))
    );
    assert_eq!(summary["days"], json!([{"date": "2026-01-20", "newRiskyUsers": 1, "remediatedUsers": 0}]));
}

#[test]
fn workloads_are_listed_apart_and_decided_about_alike() {
    let mut register = Register::default();
    let now = Timestamp::UNIX_EPOCH;
    let kind = Kind::SuspiciousSignins;
    register.record(Detection::of_user(kind, "backup-app", "backup", now, RiskLevel::Medium, "")).unwrap();
    assert_eq!(register.risky_users(&Filter::default()).len(), 0);
    let workloads = register.risky_service_principals(&Filter::default());
    assert_eq!((workloads.len(), &workloads[0].to_json()["displayName"]), (1, &json!("backup")));
    let detection = register.risk_detections(&Filter::default())[0].to_json(License::P2);
    assert_eq!(detection["servicePrincipalId"], "backup-app");
    register.act(Target::ServicePrincipal("backup-app"), Action::Dismiss, now, "operator").unwrap();
    let risk = register.user("backup-app").unwrap().risk;
    assert_eq!(risk.detail, RiskDetail::AdminDismissedAllRiskForServicePrincipal);
    register
        .act(Target::ServicePrincipal("backup-app"), Action::ConfirmCompromised, now, "operator")
        .unwrap();
    let added = Filter { kinds: vec![Kind::AdminConfirmedServicePrincipalCompromised], ..Filter::default() };
    assert_eq!(register.risk_detections(&added).len(), 1);
}
