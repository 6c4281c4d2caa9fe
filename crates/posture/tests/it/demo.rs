//! Exactly the flaws planted in a generated estate are found, through its export files.

use std::collections::BTreeSet;
use std::convert::Infallible;

use azimuth_demo::{Flaws, MIN_SIZE, Manifest};
use azimuth_estate::Snapshot;
use azimuth_exports::{Imported, merge, read};
use azimuth_posture::{Assessment, Options, assess};

type Found = BTreeSet<(String, String, String)>;

fn assessed(size: usize, seed: u64, flaws: Flaws) -> (Manifest, Assessment) {
    let mut imported: Vec<Imported> = Vec::new();
    let options = azimuth_demo::Options { size, seed, flaws };
    let manifest = azimuth_demo::generate(&options, &mut |file| {
        read(&file.path, &file.content, &mut |document| imported.push(document));
        Ok::<(), Infallible>(())
    })
    .unwrap();
    let mut builder = Snapshot::builder();
    for document in merge(imported).documents {
        builder.push(&document.key, document.body);
    }
    let snapshot = builder.finish();
    let assessment = assess(&snapshot, &Options::new(manifest.time), 1, &|_, _, _| {});
    (manifest, assessment)
}

fn planted(manifest: &Manifest) -> Found {
    let place = |flaw: &azimuth_demo::Flaw| {
        (flaw.control.to_owned(), flaw.object.to_lowercase(), flaw.path.to_lowercase())
    };
    manifest.flaws.iter().map(place).collect()
}

fn found(assessment: &Assessment) -> Found {
    let places = assessment.results.iter().flat_map(|result| {
        result
            .verdict
            .counterexamples()
            .iter()
            .map(|one| (result.control.id.to_owned(), one.object.to_lowercase(), one.path.to_lowercase()))
    });
    places.collect()
}

#[test]
fn exactly_the_planted_flaws_are_found() {
    for seed in 0..8 {
        let size = MIN_SIZE + seed as usize * 60;
        let (manifest, assessment) = assessed(size, seed, Flaws::Planted);
        let (planted, found) = (planted(&manifest), found(&assessment));
        let missed: Vec<_> = planted.difference(&found).collect();
        let invented: Vec<_> = found.difference(&planted).collect();
        assert!(
            missed.is_empty() && invented.is_empty(),
            "seed {seed}, size {size}, {} planted: missed {missed:#?}, invented {invented:#?}",
            planted.len()
        );
    }
}

#[test]
fn an_estate_without_flaws_violates_nothing() {
    for seed in 0..4 {
        let (_, assessment) = assessed(MIN_SIZE + 200, seed, Flaws::None);
        assert_eq!(found(&assessment), Found::new(), "seed {seed}");
    }
}

#[test]
fn an_estate_without_flaws_is_proven_as_far_as_the_estate_decides() {
    let (_, assessment) = assessed(MIN_SIZE, 1, Flaws::None);
    let planted = planted_controls();
    for result in &assessment.results {
        let engine_is_missing = matches!(result.control.id, "ID-1" | "ID-6");
        if planted.contains(&result.control.id) && !engine_is_missing {
            let missing = result.verdict.missing();
            assert_eq!(result.verdict.name(), "proven", "{}: {missing:#?}", result.control.id);
        }
    }
}

/// The controls that the estate alone decides; the emergency accounts that the generated policies exclude leave
/// ID-1 and ID-6 to the proof over sign-ins.
fn planted_controls() -> BTreeSet<&'static str> {
    let (manifest, _) = assessed(MIN_SIZE, 3, Flaws::Planted);
    manifest.flaws.iter().map(|flaw| flaw.control).collect()
}
