//! The shared corpora: the landing-zone policy library imports without loss, the real service tag file is read
//! whole, and files that are no exports are told from them.

use std::fs;
use std::path::PathBuf;

use azimuth_exports::{Completeness, Imported, canonical, export_ndjson, merge, read};

use crate::read_all;

/// The folder of the corpora, if it is there; in CI it must be.
fn corpora() -> Option<PathBuf> {
    let shared = std::env::var_os("AZIMUTH_SHARED").map_or_else(
        || {
            PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets it"))
                .join("../../../shared")
        },
        PathBuf::from,
    );
    let folder = shared.join("corpora");
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("CI").is_none(), "the shared corpora are missing: set AZIMUTH_SHARED");
    #[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
    {
        eprintln!("SKIPPED: no shared corpora; set AZIMUTH_SHARED to their folder");
    }
    None
}

fn library() -> Option<PathBuf> {
    Some(corpora()?.join("policy/landing-zones"))
}

#[test]
fn service_tags_are_read_whole() {
    let Some(corpora) = corpora() else { return };
    let bytes = fs::read(corpora.join("network/ServiceTags_Public_20250908.json")).unwrap();
    let whole: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let (documents, report) = read_all("ServiceTags.json", &bytes);
    assert_eq!((report.rejected, report.diagnostics.len()), (0, 0));
    let tags = documents.iter().filter(|document| document.key.as_str().starts_with("tags:/public/"));
    assert_eq!(tags.count(), whole["values"].as_array().unwrap().len());
}

#[test]
fn files_of_other_kinds_are_survived() {
    let Some(corpora) = corpora() else { return };
    let mut folders = vec![corpora];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if fs::metadata(&path).unwrap().len() < 400_000 {
                let report = read(&path.display().to_string(), &fs::read(&path).unwrap(), &mut |_| {});
                let is_told = report.documents > 0 || !report.diagnostics.is_empty() || report.records == 0;
                assert!(is_told, "{}", path.display());
                files += 1;
            }
        }
    }
    assert!(files > 50);
}

#[test]
fn every_line_survives_the_round_trip() {
    let Some(library) = library() else { return };
    let mut lines_read = 0;
    for name in ["alz", "amba"] {
        let mut all: Vec<Imported> = Vec::new();
        for entry in fs::read_dir(library.join(name)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "jsonl") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let (documents, report) = read_all(&path.display().to_string(), text.as_bytes());
            let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
            assert_eq!((documents.len(), report.rejected), (lines.len(), 0), "{:?}", report.diagnostics);
            for (line, document) in lines.iter().zip(&documents) {
                assert_eq!(canonical(line).unwrap(), canonical(&document.body).unwrap());
                assert_eq!(document.rank, Completeness::Full);
            }
            lines_read += lines.len();
            all.extend(documents);
        }
        let merged = merge(all.clone());
        assert_eq!(merged.documents.len(), all.len(), "every line has a key of its own");
        assert_eq!(merged.diagnostics, []);
        let first: Vec<String> = export_ndjson(&merged.documents).collect();
        let (documents, report) = read_all("export.ndjson", first.join("\n").as_bytes());
        assert_eq!(report.rejected, 0);
        let second: Vec<String> = export_ndjson(&merge(documents).documents).collect();
        assert_eq!(first, second, "{name}");
    }
    assert_eq!(lines_read, 514);
}

#[test]
fn configuration_is_no_export() {
    let Some(library) = library() else { return };
    for name in ["alz", "amba"] {
        for file in ["hierarchy.json", "archetypes.json", "default-values.json"] {
            let bytes = fs::read(library.join(name).join(file)).unwrap();
            let (documents, report) = read_all(file, &bytes);
            assert_eq!(documents, [], "{file}");
            assert!(
                report.diagnostics[0].message.contains("expected an Azure resource"),
                "{:?}",
                report.diagnostics
            );
        }
    }
}
