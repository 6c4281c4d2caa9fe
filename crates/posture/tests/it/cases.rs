//! Runs `tests/cases/{control}.json`: documents in, verdict out.
//!
//! A case: `name`, `documents`, `complete`, `options` (`segments`, `history`), and `expect` with `verdict` and,
//! where it matters, `counterexamples` (`[object, path]`, all of them, in any order), `seen` (by object and path),
//! `missing` (how many kinds), `objects` (how many wait for each kind), `missingWhat` (a part of one) and `checked`
//! (name and number).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use azimuth_posture::{Context, History, Options, Version, control, controls};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::estate::{snapshot, spell_out};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Case {
    name: String,
    documents: Vec<Value>,
    #[serde(default)]
    complete: Value,
    #[serde(default)]
    segments: Option<Vec<String>>,
    #[serde(default)]
    history: BTreeMap<String, Vec<(Timestamp, Value)>>,
    expect: Expect,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Expect {
    verdict: String,
    #[serde(default)]
    counterexamples: Vec<(String, String)>,
    #[serde(default)]
    seen: BTreeMap<String, Value>,
    #[serde(default)]
    first: Option<String>,
    #[serde(default)]
    note: Option<String>,
    #[serde(default)]
    missing: Option<usize>,
    #[serde(default)]
    objects: Option<Vec<usize>>,
    #[serde(default)]
    missing_what: Vec<String>,
    #[serde(default)]
    checked: BTreeMap<String, usize>,
}

struct Recorded(BTreeMap<String, Vec<Version>>);

impl History for Recorded {
    fn versions(&self, key: &str) -> Vec<Version> {
        self.0.get(key).cloned().unwrap_or_default()
    }
}

fn folder() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets it")).join("tests/cases")
}

fn check(id: &str, case: &Case) {
    let at = format!("{id}: {}", case.name);
    let estate = snapshot(&case.documents, &case.complete);
    let history = Recorded(
        case.history
            .iter()
            .map(|(key, versions)| {
                let version = |(time, body): &(Timestamp, Value)| Version {
                    time: *time,
                    body: Some(body.to_string().into()),
                };
                (key.to_ascii_lowercase(), versions.iter().map(version).collect())
            })
            .collect(),
    );
    let mut options = Options::new("2026-06-01T00:00:00Z".parse().unwrap());
    options.segments = case.segments.as_deref();
    options.history = Some(&history);
    let verdict = (control(id).unwrap().decide)(&Context::new(&estate, &options));

    let shown = serde_json::to_string_pretty(&verdict).unwrap();
    assert_eq!(verdict.name(), case.expect.verdict, "{at}\n{shown}");
    let found: BTreeSet<(String, String)> = verdict
        .counterexamples()
        .iter()
        .map(|one| (one.object.to_ascii_lowercase(), one.path.clone()))
        .collect();
    let wanted: BTreeSet<(String, String)> = case
        .expect
        .counterexamples
        .iter()
        .map(|(object, path)| (object.to_ascii_lowercase(), path.clone()))
        .collect();
    assert_eq!(found, wanted, "{at}\n{shown}");
    for (place, value) in &case.expect.seen {
        let (object, path) = place.split_once(' ').unwrap_or((place, "$"));
        let one = verdict
            .counterexamples()
            .iter()
            .find(|one| one.object.eq_ignore_ascii_case(object) && one.path == path)
            .unwrap_or_else(|| panic!("{at}: no counterexample {place}\n{shown}"));
        assert_eq!(&one.seen, value, "{at}: {place}");
    }
    if let Some(first) = &case.expect.first {
        assert_eq!(&verdict.counterexamples()[0].object, first, "{at}");
    }
    if let Some(note) = &case.expect.note {
        let notes: Vec<&str> =
            verdict.counterexamples().iter().filter_map(|one| one.note.as_deref()).collect();
        assert!(notes.iter().any(|text| text.contains(note)), "{at}: `{note}` in {notes:?}");
    }
    if let Some(missing) = case.expect.missing {
        assert_eq!(verdict.missing().len(), missing, "{at}\n{shown}");
    }
    if let Some(objects) = &case.expect.objects {
        let found: Vec<usize> = verdict.missing().iter().map(|one| one.objects).collect();
        assert_eq!(&found, objects, "{at}\n{shown}");
    }
    for what in &case.expect.missing_what {
        let what = what.to_lowercase();
        let found = verdict.missing().iter().any(|one| one.what.to_lowercase().contains(&what));
        assert!(found, "{at}: `{what}`\n{shown}");
    }
    for (what, objects) in &case.expect.checked {
        let found = verdict.checked().iter().find(|one| one.what == *what).map(|one| one.objects);
        assert_eq!(found, Some(*objects), "{at}: {what}\n{shown}");
    }
}

#[test]
fn every_case_ends_as_expected() {
    let mut ran = 0;
    let mut failed = Vec::new();
    for control in controls() {
        let path = folder().join(format!("{}.json", control.id.to_lowercase()));
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let cases: Vec<Case> = serde_json::from_str(&spell_out(&text))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(cases.len() >= 2, "{} has too few cases", control.id);
        for case in &cases {
            ran += 1;
            // Each failure has printed itself: go on, so that one run shows all of them.
            if std::panic::catch_unwind(|| check(control.id, case)).is_err() {
                failed.push(format!("{}: {}", control.id, case.name));
            }
        }
    }
    assert!(failed.is_empty(), "{} of {ran} cases failed:\n{}", failed.len(), failed.join("\n"));
    assert!(ran > 300, "only {ran} cases");
}

#[test]
fn decided_controls_are_tried_in_every_way() {
    // Controls whose engines come later can only be unknown or not applicable.
    for control in controls() {
        let text =
            std::fs::read_to_string(folder().join(format!("{}.json", control.id.to_lowercase()))).unwrap();
        let cases: Vec<Case> = serde_json::from_str(&spell_out(&text)).unwrap();
        let ends: BTreeSet<&str> = cases.iter().map(|case| case.expect.verdict.as_str()).collect();
        if ends.contains("violated") {
            for end in ["proven", "violated", "unknown"] {
                assert!(ends.contains(end), "{} has no case that ends {end}", control.id);
            }
        }
    }
}
