//! The crate as its callers see it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod archives;
mod corpora;
mod damage;
mod fixtures;
mod properties;

use azimuth_exports::{FileReport, Imported, read};

/// Reads `bytes` as the file `name`.
fn read_all(name: &str, bytes: &[u8]) -> (Vec<Imported>, FileReport) {
    let mut documents = Vec::new();
    let report = read(name, bytes, &mut |document| documents.push(document));
    assert_sound(bytes, &documents, &report);
    (documents, report)
}

/// What must hold of every reading of any bytes.
#[track_caller]
fn assert_sound(bytes: &[u8], documents: &[Imported], report: &FileReport) {
    assert_eq!(documents.len(), report.documents, "every document is counted");
    assert!(report.rejected <= report.records);
    let says_something = !report.diagnostics.is_empty();
    assert!(report.rejected == 0 || says_something, "a rejected record is reported");
    assert!(
        !documents.is_empty()
            || says_something
            || report.records > 0
            || !report.shapes.is_empty()
            || is_empty_list(bytes),
        "a file without documents says why: {:?}",
        String::from_utf8_lossy(bytes)
    );
    for document in documents {
        assert!(document.place.file.is_some() && document.place.line.is_some());
        let canonical = azimuth_exports::canonical(&document.body)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", document.body, String::from_utf8_lossy(bytes)));
        assert_eq!(azimuth_exports::canonical(&canonical).expect("stays valid"), canonical);
    }
    for finding in &report.diagnostics {
        assert!(finding.message.len() < 2_000 && !finding.message.contains('\n'), "{finding:?}");
        assert!(finding.place.file.is_some(), "{finding:?}");
    }
}

fn is_empty_list(bytes: &[u8]) -> bool {
    let text: String =
        String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_whitespace() && *c != '\0').collect();
    text.trim_matches(['\u{feff}', '\u{fffd}', '\u{1e}']).replace("[]", "").is_empty()
}
