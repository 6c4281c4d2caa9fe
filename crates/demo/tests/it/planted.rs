//! The list of flaws: empty on request, complete for every control, and exactly what a second reading finds.

use std::collections::BTreeSet;

use azimuth_demo::{Flaws, MIN_SIZE};

use crate::checker::{CHECKED, check};
use crate::estate::{files, read};

const CONTROLS: [&str; 22] = [
    "DD-2", "DD-3", "DD-4", "ID-1", "ID-2", "ID-6", "MG-1", "MG-2", "MG-3", "MG-4", "MG-5", "NO-1", "NW-2",
    "NW-3", "NW-4", "PO-1", "PO-2", "PO-3", "PO-4", "ST-1", "TH-1", "TH-6",
];

#[test]
fn a_clean_estate_has_an_empty_list_and_passes_a_second_reading() {
    for (size, seed) in [(MIN_SIZE, 1), (MIN_SIZE, 2), (900, 3), (2_500, 4)] {
        let estate = read(size, seed, Flaws::None);
        assert!(estate.flaws.is_empty());
        assert!(estate.manifest.as_ref().unwrap().flaws.is_empty());
        assert_eq!(check(&estate), BTreeSet::new(), "size {size}, seed {seed}");
    }
}

#[test]
fn a_second_reading_finds_exactly_the_planted_flaws() {
    for seed in 0..12 {
        let size = if seed % 6 == 5 { 1_500 } else { MIN_SIZE + seed as usize * 17 };
        let estate = read(size, seed, Flaws::Planted);
        let listed: BTreeSet<_> =
            estate.flaws.iter().filter(|flaw| CHECKED.contains(&flaw.0.as_str())).cloned().collect();
        let found = check(&estate);
        let missing: Vec<_> = listed.difference(&found).collect();
        let invented: Vec<_> = found.difference(&listed).collect();
        assert!(
            missing.is_empty() && invented.is_empty(),
            "seed {seed}: not found {missing:#?}, not listed {invented:#?}"
        );
    }
}

#[test]
fn every_control_is_broken_in_every_estate() {
    for seed in 0..24 {
        let (_, manifest) = files(MIN_SIZE, seed, Flaws::Planted);
        let planted: BTreeSet<_> = manifest.flaws.iter().map(|flaw| flaw.control).collect();
        // Security defaults beside Conditional Access break ID-2 and prove ID-6.
        let defaults_on = manifest
            .flaws
            .iter()
            .any(|flaw| flaw.control == "ID-2" && flaw.object.starts_with("graph:/policies"))
            && !planted.contains("ID-6");
        for control in &CONTROLS {
            assert!(planted.contains(control) || *control == "ID-6" && defaults_on, "seed {seed}: {control}");
        }
    }
}

#[test]
fn larger_estates_have_more_flaws() {
    let count = |size| files(size, 6, Flaws::Planted).1.flaws.len();
    assert!(count(6_000) > 2 * count(MIN_SIZE));
}
