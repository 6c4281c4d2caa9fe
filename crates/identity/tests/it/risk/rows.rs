//! Real rows of `SigninLogs` and `OfficeActivity`.

use std::path::PathBuf;

use azimuth_identity::risk::{Detector, Lists, RiskEventType as Kind, SignIn, observe_activity};
use jiff::SignedDuration;
use serde_json::Value;

use super::kinds;

/// The rows of every file of the table, in order of time; `None`, loudly, without the shared data.
fn rows(table: &str) -> Option<Vec<Value>> {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let root =
        std::env::var_os("AZIMUTH_SHARED").map_or_else(|| manifest.join("../../../shared"), PathBuf::from);
    let Ok(folder) = std::fs::read_dir(root.join("corpora/logs")) else {
        assert!(std::env::var_os("CI").is_none(), "the shared corpora are missing; set AZIMUTH_SHARED");
        eprintln!("SKIPPED: the shared corpora are missing; set AZIMUTH_SHARED");
        return None;
    };
    let paths = folder.map(|entry| entry.unwrap().path());
    let of_table = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&format!("{table}.")))
    };
    let mut rows = Vec::new();
    for path in paths.filter(of_table) {
        let text = std::fs::read_to_string(path).unwrap();
        rows.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
    }
    rows.sort_by_key(|row| row["TimeGenerated"].as_str().unwrap().to_owned());
    Some(rows)
}

#[test]
fn a_day_of_ordinary_work_is_no_risk() {
    let Some(rows) = rows("SigninLogs") else { return };
    let sign_ins: Vec<SignIn> =
        rows.iter().map(|row| SignIn::from_row(row).expect("a row is read")).collect();
    assert!(!sign_ins.is_empty() && sign_ins.iter().all(|sign_in| sign_in.address.is_some()));
    let mut detector = Detector::new(Lists::default());
    let detections: Vec<_> = sign_ins.iter().flat_map(|sign_in| detector.observe(sign_in)).collect();
    assert_eq!(detections, []);
}

#[test]
fn a_stranger_among_real_rows_is_found_and_nobody_else() {
    let Some(rows) = rows("SigninLogs") else { return };
    let sign_ins: Vec<SignIn> = rows.iter().filter_map(SignIn::from_row).collect();
    let first_day = sign_ins[0].at;
    let day = sign_ins.iter().filter(|sign_in| sign_in.at.duration_since(first_day).as_hours() < 24);
    let day: Vec<&SignIn> = day.collect();
    let mut detector = Detector::new(Lists::default());
    let mut last = None;
    for number in 0..15 {
        for sign_in in &day {
            let at = sign_in.at + SignedDuration::from_hours(24 * number);
            let id = format!("{}-{number}", sign_in.id);
            let again = SignIn { at, id, ..(*sign_in).clone() };
            let detections = detector.observe(&again);
            assert_eq!(detections, [], "day {number}");
            last = Some(again);
        }
    }
    let last = last.expect("the files have rows");
    let stranger = SignIn {
        id: "stranger".to_owned(),
        at: last.at + SignedDuration::from_mins(20),
        address: Some("203.0.113.7".parse().unwrap()),
        country: "AU".to_owned(),
        place: "New South Wales/Sydney".to_owned(),
        position: Some((-33.87, 151.21)),
        client: "linux firefox".to_owned(),
        ..last
    };
    let expected =
        [Kind::UnfamiliarFeatures, Kind::UnlikelyTravel, Kind::McasImpossibleTravel, Kind::NewCountry];
    assert_eq!(kinds(&detector.observe(&stranger)), expected);
}

#[test]
fn rules_that_hide_mail_are_found_in_real_activity() {
    let Some(rows) = rows("OfficeActivity") else { return };
    let rules = rows.iter().filter(|row| row["Operation"] == "New-InboxRule").count();
    let found: Vec<_> = rows.iter().flat_map(|row| observe_activity(row, &Lists::default())).collect();
    let hiding =
        found.iter().filter(|detection| detection.kind == Kind::McasSuspiciousInboxManipulationRules);
    assert!((1..=rules).contains(&hiding.count()), "{found:#?}");
}
