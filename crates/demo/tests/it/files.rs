//! Files: the same for ever, valid, of the right size, handed out one by one.

use std::convert::Infallible;

use azimuth_demo::{Error, Flaws, MIN_SIZE, Options, generate};
use serde_json::Value;

use crate::estate::{files, read};

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let (first, manifest) = files(1_500, 11, Flaws::Planted);
    let (second, again) = files(1_500, 11, Flaws::Planted);
    assert!(first == second);
    assert_eq!(manifest, again);
}

#[test]
fn other_seeds_give_other_estates_and_other_flaws() {
    let (first, one) = files(600, 1, Flaws::Planted);
    let (second, two) = files(600, 2, Flaws::Planted);
    assert!(first != second);
    assert_ne!(one.flaws, two.flaws);
    let kinds = |manifest: &azimuth_demo::Manifest| {
        manifest.flaws.iter().map(|flaw| (flaw.control, flaw.path)).collect::<std::collections::BTreeSet<_>>()
    };
    assert_ne!(kinds(&one), kinds(&two));
}

/// The digest of one estate, so that no change of the generator goes unnoticed: "for ever" is a promise.
#[test]
fn bytes_are_those_of_the_first_release() {
    let (files, _) = files(MIN_SIZE, 1, Flaws::Planted);
    let mut digest = 0xcbf2_9ce4_8422_2325_u64;
    for file in &files {
        for byte in file.path.bytes().chain(file.content.iter().copied()) {
            digest = (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    assert_eq!(format!("{digest:016x}"), include_str!("digest.txt").trim());
}

#[test]
fn every_file_is_json_and_stands_once() {
    let (files, manifest) = files(1_200, 3, Flaws::Planted);
    let mut paths = std::collections::BTreeSet::new();
    for file in &files {
        assert!(paths.insert(file.path.clone()), "{} is written twice", file.path);
        assert!(file.path.split('/').all(|part| !part.is_empty() && part != ".."));
        if file.path.ends_with(".json") {
            serde_json::from_slice::<Value>(&file.content).unwrap();
        } else if file.path.ends_with(".ndjson") {
            for line in file.content.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
                assert_eq!(serde_json::from_slice::<Value>(line).unwrap()["azimuth"], "recorded-response/1");
            }
        }
    }
    assert_eq!(manifest.files, files.len());
    assert_eq!(manifest.bytes, files.iter().map(|file| file.content.len() as u64).sum::<u64>());
}

#[test]
fn sizes_are_exact() {
    for (size, seed) in [(MIN_SIZE, 0), (MIN_SIZE, 1), (301, 2), (523, 3), (1_000, 4), (4_321, 5)] {
        let estate = read(size, seed, Flaws::Planted);
        assert_eq!(estate.resources.len(), size, "seed {seed}");
        assert_eq!(estate.manifest.unwrap().resources, size);
        let total = estate.values.iter().find(|(path, _)| path.starts_with("resources/")).unwrap();
        let rows: u64 = estate
            .values
            .iter()
            .filter_map(|(_, value)| value.get("data")?.as_array().map(|rows| rows.len() as u64))
            .sum();
        assert_eq!(total.1["total_records"], rows);
    }
}

#[test]
fn bodies_are_about_two_kibibytes() {
    let (files, manifest) = files(5_000, 8, Flaws::None);
    let bytes: usize =
        files.iter().filter(|file| file.path.starts_with("resources/")).map(|file| file.content.len()).sum();
    let average = bytes / manifest.resources;
    assert!((1_600..3_200).contains(&average), "{average} bytes");
}

#[test]
fn sizes_out_of_range_are_refused() {
    let options = Options { size: MIN_SIZE - 1, seed: 1, flaws: Flaws::None };
    let error = generate(&options, &mut |_| Ok::<(), Infallible>(())).unwrap_err();
    assert!(matches!(error, Error::Size { .. }));
    assert_eq!(error.to_string(), "an estate has 300 to 1600000 resources, not 299: choose another size");
}

#[test]
fn the_first_refusal_of_a_file_ends_it() {
    let mut seen = 0;
    let options = Options { size: MIN_SIZE, seed: 1, flaws: Flaws::None };
    let error = generate(&options, &mut |_| {
        seen += 1;
        if seen == 5 { Err("disk full") } else { Ok(()) }
    });
    assert!(matches!(error, Err(Error::Sink("disk full"))));
    assert_eq!(seen, 5);
}

/// Files are handed out as they fill, none is large, and resources come before the estate is complete.
#[test]
fn files_come_one_by_one_and_none_is_large() {
    let mut largest = 0;
    let mut order = Vec::new();
    let options = Options { size: 6_000, seed: 9, flaws: Flaws::Planted };
    generate(&options, &mut |file| {
        largest = largest.max(file.content.len());
        order.push(file.path);
        Ok::<(), Infallible>(())
    })
    .unwrap();
    assert!(largest < 5 << 20, "a file of {largest} bytes");
    let position = |start: &str| order.iter().position(|path| path.starts_with(start)).unwrap();
    let last_subscription = order.iter().rposition(|path| path.starts_with("security/pricings")).unwrap();
    assert!(position("resources/resources-0002") < last_subscription);
}
