//! Archives, honest and hostile.

use std::io::{Cursor, Write};

use azimuth_exports::Imported;
use flate2::Compression;
use flate2::write::GzEncoder;
use zip::write::SimpleFileOptions;

use crate::read_all;

const GROUP: &[u8] = br#"{"id":"/subscriptions/s/resourceGroups/a","properties":{}}"#;

fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn tarred(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, *bytes).unwrap();
    }
    tar.into_inner().unwrap()
}

fn places(documents: &[Imported]) -> Vec<String> {
    documents.iter().map(|document| document.place.to_string()).collect()
}

#[test]
fn members_are_read_and_named() {
    let members: [(&str, &[u8]); 3] =
        [("a.json", GROUP), ("deep/b.ndjson", GROUP), ("__MACOSX/._a.json", b"litter")];
    for archive in [zipped(&members), tarred(&members), gzipped(&tarred(&members))] {
        let (documents, report) = read_all("x.zip", &archive);
        assert_eq!(places(&documents), ["x.zip!a.json:1", "x.zip!deep/b.ndjson:1"]);
        assert_eq!(report.diagnostics, []);
    }
    assert_eq!(places(&read_all("a.json.gz", &gzipped(GROUP)).0), ["a.json.gz:1"]);
}

#[test]
fn a_broken_member_costs_itself_alone() {
    let archive = zipped(&[("bad.json", b"{\"id\":"), ("good.json", GROUP)]);
    let (documents, report) = read_all("x.zip", &archive);
    assert_eq!(documents.len(), 1);
    assert_eq!(report.diagnostics.len(), 1);
    assert_eq!(report.diagnostics[0].place.file.as_deref(), Some("x.zip!bad.json"));
}

#[test]
fn nesting_is_bounded() {
    let mut archive = zipped(&[("a.json", GROUP)]);
    let mut read = Vec::new();
    for _ in 0..4 {
        let (documents, report) = read_all("x.zip", &archive);
        read.push((documents.len(), report.rejected));
        archive = zipped(&[("inner.zip", &archive)]);
    }
    assert_eq!(read, [(1, 0), (1, 0), (1, 0), (0, 1)]);
}

#[test]
fn bombs_are_refused() {
    let zeros = vec![b' '; 70 << 20];
    let mut bomb = gzipped(&zeros);
    for _ in 0..2 {
        let (documents, report) = read_all("bomb.gz", &bomb);
        assert_eq!(documents.len(), 0);
        assert!(report.diagnostics[0].message.contains("expands beyond 64 MiB"), "{:?}", report.diagnostics);
        bomb = zipped(&[("bomb.json", &zeros), ("after.json", GROUP)]);
    }
}

#[test]
fn damaged_archives_say_so() {
    let whole = zipped(&[("a.json", GROUP), ("b.json", GROUP)]);
    let tar = tarred(&[("a.json", GROUP), ("b.json", GROUP)]);
    for archive in [whole, gzipped(&tar), tar] {
        for cut in (0..archive.len()).step_by(7) {
            let (documents, report) = read_all("x", &archive[..cut]);
            assert!(documents.len() < 2 || cut > archive.len() / 3);
            assert!(documents.len() == 2 || !report.diagnostics.is_empty() || cut == 0, "cut at {cut}");
        }
    }
}
