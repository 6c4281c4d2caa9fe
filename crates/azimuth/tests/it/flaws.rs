//! Exactly the planted flaws are found: none missed, none invented.

use std::collections::BTreeSet;

use azimuth_demo::Flaws;
use azimuth_estate::Snapshot;
use azimuth_posture::{Options, Verdict, assess};
use serde_json::Value;

use crate::support::demo;

type Found = BTreeSet<(String, String, String)>;

fn found(snapshot: &Snapshot) -> Found {
    let now = "2030-01-01T00:00:00Z".parse().expect("a time");
    let assessment = assess(snapshot, &Options::new(now), 2, &|_, _, _| {});
    let mut found = Found::new();
    for result in &assessment.results {
        for example in result.verdict.counterexamples() {
            found.insert((result.control.id.to_owned(), example.object.to_lowercase(), example.path.clone()));
        }
    }
    found
}

fn planted(flaws: &Value) -> Found {
    let list = flaws["flaws"].as_array().expect("flaws.json has a list");
    let text = |flaw: &Value, name: &str| flaw[name].as_str().expect("flaws have texts").to_owned();
    list.iter()
        .map(|flaw| (text(flaw, "control"), text(flaw, "object").to_lowercase(), text(flaw, "path")))
        .collect()
}

/// Compares and shows both sides of a difference.
fn check(size: usize, seed: u64) -> usize {
    let (snapshot, flaws) = demo(size, seed, Flaws::Planted);
    let (found, planted) = (found(&snapshot), planted(&flaws));
    let missed: Vec<_> = planted.difference(&found).collect();
    let invented: Vec<_> = found.difference(&planted).collect();
    assert!(
        missed.is_empty() && invented.is_empty(),
        "size {size} seed {seed}: missed {missed:#?}, invented {invented:#?}"
    );
    planted.len()
}

#[test]
fn planted_flaws_are_found_exactly_for_many_seeds() {
    let mut total = 0;
    for seed in 0..24 {
        total += check(300 + 40 * seed as usize, seed);
    }
    assert!(total > 24 * 15, "every estate has flaws of many kinds, {total} in all");
}

#[test]
fn planted_flaws_are_found_exactly_in_a_larger_estate() {
    assert!(check(6_000, 99) > 50);
}

#[test]
fn every_decided_control_has_been_violated_by_some_seed() {
    let mut controls = BTreeSet::new();
    for seed in 100..116 {
        let (_, flaws) = demo(400, seed, Flaws::Planted);
        controls.extend(planted(&flaws).into_iter().map(|(control, _, _)| control));
    }
    let decided = [
        "ID-1", "ID-2", "ID-6", "NO-1", "MG-1", "MG-2", "MG-3", "MG-4", "MG-5", "PO-1", "PO-2", "PO-3",
        "PO-4", "ST-1", "TH-1", "TH-6", "NW-2", "NW-3", "NW-4", "DD-2", "DD-3", "DD-4",
    ];
    let missing: Vec<_> = decided.iter().filter(|id| !controls.contains(**id)).collect();
    assert!(missing.is_empty(), "no seed plants {missing:?}");
}

#[test]
fn a_clean_estate_is_proven_wherever_the_estate_decides() {
    for seed in 0..6 {
        let (snapshot, flaws) = demo(500, seed, Flaws::None);
        assert_eq!(planted(&flaws).len(), 0);
        let now = "2030-01-01T00:00:00Z".parse().expect("a time");
        let assessment = assess(&snapshot, &Options::new(now), 2, &|_, _, _| {});
        let mut proven = BTreeSet::new();
        for result in &assessment.results {
            assert!(
                result.verdict.counterexamples().is_empty(),
                "seed {seed}: {} invents {:#?}",
                result.control.id,
                result.verdict
            );
            if matches!(result.verdict, Verdict::Proven { .. }) {
                proven.insert(result.control.id);
            }
        }
        for id in [
            "ID-2", "NO-1", "MG-1", "MG-2", "MG-3", "MG-4", "MG-5", "PO-1", "PO-2", "PO-3", "PO-4", "ST-1",
            "TH-1", "TH-6", "NW-2", "NW-4", "DD-2", "DD-3", "DD-4",
        ] {
            let verdict =
                assessment.results.iter().find(|result| result.control.id == id).map(|r| &r.verdict);
            assert!(proven.contains(id), "seed {seed}: {id} is not proven: {verdict:#?}");
        }
    }
}
