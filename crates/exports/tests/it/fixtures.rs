//! Every file of `tests/fixtures` beside what reading it must yield.
//!
//! A fixture `name.ext` has its expectation in `name.ext.expected`. `AZIMUTH_BLESS=1 cargo test` writes the
//! expectations; read the difference like code before committing it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use azimuth_exports::{FileReport, Imported, export_ndjson, merge, read_parallel};

use crate::read_all;

/// The fixtures, sorted by name.
pub(crate) fn all() -> Vec<(PathBuf, Vec<u8>)> {
    let folder =
        PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets it")).join("tests/fixtures");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension != "expected"));
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn shown(documents: &[Imported], report: &FileReport) -> String {
    let mut out = String::new();
    let shapes: Vec<String> = report.shapes.iter().map(|(shape, count)| format!("{count} {shape}")).collect();
    let (records, rejected) = (report.records, report.rejected);
    writeln!(out, "shapes: {}", shapes.join(", ")).unwrap();
    writeln!(out, "records: {records}, rejected: {rejected}, documents: {}", report.documents).unwrap();
    for document in documents {
        writeln!(out, "\n{} ({:?}) {}\n{}", document.key, document.rank, document.place, document.body)
            .unwrap();
    }
    for finding in &report.diagnostics {
        writeln!(out, "\n{}", azimuth_diag::render(finding, None).trim_end()).unwrap();
    }
    out
}

#[test]
fn fixtures_yield_what_is_expected() {
    let mut differing = Vec::new();
    let fixtures = all();
    assert!(fixtures.len() >= 20, "the fixtures are there");
    for (path, bytes) in &fixtures {
        let (documents, report) = read_all(&name(path), bytes);
        let actual = shown(&documents, &report);
        let expected_path = path.with_file_name(format!("{}.expected", name(path)));
        if std::env::var_os("AZIMUTH_BLESS").is_some() {
            fs::write(&expected_path, &actual).unwrap();
        }
        let expected = fs::read_to_string(&expected_path).unwrap_or_default();
        if actual != expected {
            differing.push(format!("=== {}\n--- expected\n{expected}\n--- actual\n{actual}", name(path)));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn exports_of_fixtures_come_back_unchanged() {
    for (path, bytes) in all() {
        let merged = merge(read_all(&name(&path), &bytes).0);
        let first: Vec<String> = export_ndjson(&merged.documents).collect();
        let text = first.join("\n");
        let (documents, report) = read_all("export.ndjson", text.as_bytes());
        assert_eq!(report.rejected, 0, "{}: {:?}", name(&path), report.diagnostics);
        let again = merge(documents);
        assert_eq!(again.documents.len(), merged.documents.len(), "{}", name(&path));
        for (before, after) in merged.documents.iter().zip(&again.documents) {
            assert_eq!((&before.key, before.rank), (&after.key, after.rank));
        }
        assert_eq!(export_ndjson(&again.documents).collect::<Vec<_>>(), first, "{}", name(&path));
    }
}

#[test]
fn threads_read_the_same() {
    let mut text = String::new();
    for index in 0..6_000 {
        let body = "x".repeat(index % 300);
        writeln!(
            text,
            r#"{{"id":"/subscriptions/s/resourceGroups/g{index}","properties":{{"x":"{body}"}}}}"#
        )
        .unwrap();
        if index % 500 == 0 {
            text.push_str("{\"id\":\"/subscriptions/s/resourceGroups/broken\",\"properties\":{\n\n");
        }
    }
    let page = |is_final: bool, body: &str| {
        format!(
            r#"{{"azimuth":"recorded-response/1","url":"https://graph.microsoft.com/v1.0/groups","status":200,"final":{is_final},"body":{{"value":[{body}]}}}}"#
        )
    };
    let text = format!("{}\n{text}{}", page(false, "{}"), page(true, ""));
    let (documents, report) = read_all("a.ndjson", text.as_bytes());
    assert!(!documents.iter().any(|document| document.key.as_str().contains("evidence")));
    for threads in [0, 1, 2, 3, 16] {
        let (parallel, parallel_report) = read_parallel("a.ndjson", text.as_bytes(), threads);
        assert_eq!(parallel_report, report, "{threads} threads");
        assert!(parallel == documents, "{threads} threads");
    }
}
