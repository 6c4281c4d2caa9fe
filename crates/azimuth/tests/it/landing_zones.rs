//! Real landing zones go in and come out without loss.

use std::collections::BTreeSet;

use crate::support::{Folder, expect, shared};

/// The bodies in an NDJSON text, canonical; documents that Azimuth exports with their key are unwrapped.
fn bodies(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).expect("it is JSON");
            let body =
                if value["azimuth"] == "document/1" { value["body"].to_string() } else { line.to_owned() };
            azimuth_exports::canonical(&body).expect("it is JSON")
        })
        .collect()
}

#[test]
fn export_import_export_is_byte_identical() {
    let Some(shared) = shared() else { return };
    for zone in ["alz", "amba"] {
        let folder = shared.join("corpora/policy/landing-zones").join(zone);
        let mut wanted = BTreeSet::new();
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(&folder).expect("the landing zone is there") {
            let path = entry.expect("it can be listed").path();
            if path.extension().is_some_and(|ending| ending == "jsonl") {
                wanted.extend(bodies(&std::fs::read_to_string(&path).expect("it can be read")));
                paths.push(path.to_str().expect("corpus paths are UTF-8").to_owned());
            }
        }
        let work = Folder::new();
        let (store, first, second) =
            (work.text("zone.db"), work.text("first.ndjson"), work.text("second.ndjson"));
        let mut import: Vec<&str> = vec!["import", "--strict", "--store", &store];
        import.extend(paths.iter().map(String::as_str));
        expect(0, &import);
        expect(0, &["export", "--store", &store, "--out", &first]);
        let exported = std::fs::read_to_string(&first).expect("the export is there");
        let exported_bodies = bodies(&exported);
        let lost: Vec<_> = wanted.difference(&exported_bodies).take(3).collect();
        let added: Vec<_> = exported_bodies.difference(&wanted).take(3).collect();
        assert!(lost.is_empty() && added.is_empty(), "{zone}: lost {lost:#?}, added {added:#?}");
        let again = work.text("again.db");
        expect(0, &["import", "--strict", "--store", &again, &first]);
        expect(0, &["export", "--store", &again, "--out", &second]);
        assert!(exported == std::fs::read_to_string(&second).expect("the second export is there"), "{zone}");
    }
}

#[test]
fn the_demo_estate_survives_export_and_import() {
    let work = Folder::new();
    let estate = work.text("estate");
    expect(0, &["demo-estate", "--size", "600", "--seed", "5", "--out", &estate]);
    let (first, second) = (work.text("first.ndjson"), work.text("second.ndjson"));
    expect(0, &["export", &estate, "--out", &first]);
    expect(0, &["export", &first, "--out", &second]);
    let text = std::fs::read_to_string(&first).expect("the export is there");
    assert!(text.lines().count() > 600);
    assert!(text == std::fs::read_to_string(&second).expect("the second export is there"));
}
