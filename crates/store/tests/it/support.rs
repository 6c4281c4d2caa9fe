//! Small things that most tests need.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use azimuth_host::{AsOf, Change, Clock, Document, Documents, ManualClock, Write};
use azimuth_ids::DocumentKey;
use azimuth_store::{Durability, Options, Store};
use jiff::Timestamp;
use tempfile::TempDir;

/// 1 March 2025, noon.
pub(crate) fn noon() -> Timestamp {
    "2025-03-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(noon()))
}

pub(crate) fn key(name: &str) -> DocumentKey {
    DocumentKey::azimuth(name).unwrap()
}

pub(crate) fn put(name: &str, body: &str) -> Write {
    Write::put(key(name), body)
}

pub(crate) fn delete(name: &str) -> Write {
    Write::delete(key(name))
}

/// A folder for a store and the store's path in it.
pub(crate) fn folder() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("estate.db");
    (folder, path)
}

/// Opens a store whose commits need not survive power loss: tests are many, disks are slow.
pub(crate) fn open(path: &Path, clock: Arc<dyn Clock>) -> Store {
    let options = Options { durability: Durability::ProcessEnd, ..Options::default() };
    Store::open_with(path, clock, options).unwrap()
}

pub(crate) fn feed(store: &dyn Documents) -> Vec<Change> {
    store.changes(0, usize::MAX).unwrap()
}

pub(crate) fn all(store: &dyn Documents, as_of: AsOf) -> Vec<Document> {
    let mut documents = Vec::new();
    store
        .scan(as_of, &mut |document| {
            documents.push(document);
            true
        })
        .unwrap();
    documents
}

pub(crate) fn assert_sound(store: &Store) {
    let report = store.check().unwrap();
    assert!(report.is_sound(), "{:#?}", report.problems);
}

/// The variable that makes a test of this program play the part of another process.
pub(crate) const PART: &str = "AZIMUTH_STORE_TEST_PART";

/// This test program again, running only the test `part`, which finds `argument` in [`PART`].
pub(crate) fn other_process(part: &str, argument: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([part, "--exact", "--test-threads=1"]).env(PART, argument);
    command
}

/// The argument given by [`other_process`]; `None` in an ordinary test run.
pub(crate) fn part_argument() -> Option<PathBuf> {
    std::env::var_os(PART).map(PathBuf::from)
}

/// Numbers that look random, the same every time.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}
