//! Detections over streams of sign-ins, and the register that keeps them.

mod detections;
mod register;
mod rows;

use azimuth_identity::risk::{Detection, Detector, Lists, Outcome, RiskEventType, SignIn};
use jiff::Timestamp;

/// A sign-in of Anna at her desk in Oslo, so many hours after the beginning of the year.
fn at_the_desk(hour: i64) -> SignIn {
    let second = 1_767_225_600 + hour * 3_600;
    SignIn {
        id: format!("request-{hour}"),
        at: Timestamp::from_second(second).unwrap(),
        user_id: "anna".to_owned(),
        user_name: "anna@contoso.com".to_owned(),
        home_tenant: "contoso".to_owned(),
        address: Some("192.0.2.10".parse().unwrap()),
        network: Some(64_500),
        country: "NO".to_owned(),
        place: "Oslo/Oslo".to_owned(),
        position: Some((59.91, 10.75)),
        client: "windows edge".to_owned(),
        user_agent: "Mozilla/5.0 Edg/130".to_owned(),
        session: "desk".to_owned(),
        outcome: Outcome::Success,
        is_interactive: true,
        ..SignIn::default()
    }
}

/// A sign-in of Anna's from Sydney, with another browser.
fn from_sydney(hour: i64) -> SignIn {
    SignIn {
        address: Some("203.0.113.7".parse().unwrap()),
        network: Some(64_501),
        country: "AU".to_owned(),
        place: "New South Wales/Sydney".to_owned(),
        position: Some((-33.87, 151.21)),
        client: "linux firefox".to_owned(),
        user_agent: "Mozilla/5.0 Firefox/128".to_owned(),
        session: "sydney".to_owned(),
        ..at_the_desk(hour)
    }
}

/// A detector that has seen Anna at her desk for so many days, once a day.
fn used_to(days: i64, lists: Lists) -> Detector {
    let mut detector = Detector::new(lists);
    for day in 0..days {
        assert_eq!(detector.observe(&at_the_desk(day * 24)), [], "day {day}");
    }
    detector
}

fn kinds(detections: &[Detection]) -> Vec<RiskEventType> {
    let mut kinds: Vec<_> = detections.iter().map(|detection| detection.kind).collect();
    kinds.sort();
    kinds
}
