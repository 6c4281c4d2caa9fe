//! Import into a store on disk, commits waiting for the disk: 100,000 bodies of about 2 KiB.

use std::sync::Arc;

use azimuth_host::{Documents, SystemClock, Write};
use azimuth_store::{ImportMode, Store};
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};

#[path = "bodies/mod.rs"]
mod bodies;

const COUNT: usize = 100_000;

fn main() {
    divan::main();
}

fn writes(revision: usize) -> Vec<Write> {
    (0..COUNT).map(|index| bodies::write(index, revision)).collect()
}

fn bytes(writes: &[Write]) -> usize {
    writes.iter().filter_map(|write| write.body.as_ref()).map(|body| body.len()).sum()
}

fn store(folder: &tempfile::TempDir) -> Store {
    Store::open(folder.path().join("estate.db"), Arc::new(SystemClock)).expect("a fresh folder takes a store")
}

fn import(store: &Store, writes: Vec<Write>) {
    let summary = store.import("bench", &ImportMode::Merge, writes).expect("the disk has space");
    assert_eq!(summary.created + summary.updated + summary.unchanged, COUNT as u64);
}

/// Every document is new. Opening the store and closing it, which moves the rest of the log, count.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn fresh(bencher: Bencher<'_, '_>) {
    let writes = writes(0);
    bencher
        .counter(ItemsCount::new(COUNT))
        .counter(BytesCount::new(bytes(&writes)))
        .with_inputs(|| (tempfile::tempdir().expect("there is a folder for temporary files"), writes.clone()))
        .bench_local_values(|(folder, writes)| {
            import(&store(&folder), writes);
            folder
        });
}

/// Every document is new, and the resources arrive in an order that has nothing to do with their names.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn fresh_shuffled(bencher: Bencher<'_, '_>) {
    let mut writes = writes(0);
    let mut state = 1_u64;
    for index in (1..COUNT).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        writes.swap(index, (state >> 33) as usize % (index + 1));
    }
    bencher
        .counter(ItemsCount::new(COUNT))
        .with_inputs(|| (tempfile::tempdir().expect("there is a folder for temporary files"), writes.clone()))
        .bench_local_values(|(folder, writes)| {
            import(&store(&folder), writes);
            folder
        });
}

/// Every document has changed.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn all_updated(bencher: Bencher<'_, '_>) {
    let (old, new) = (writes(0), writes(1));
    bencher
        .counter(ItemsCount::new(COUNT))
        .with_inputs(|| {
            let folder = tempfile::tempdir().expect("there is a folder for temporary files");
            let store = store(&folder);
            import(&store, old.clone());
            (folder, store, new.clone())
        })
        .bench_local_values(|(folder, store, writes)| {
            import(&store, writes);
            drop(store);
            folder
        });
}

/// Nothing has changed: the usual case of a nightly import.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn all_unchanged(bencher: Bencher<'_, '_>) {
    let old = writes(0);
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let store = store(&folder);
    import(&store, old.clone());
    bencher
        .counter(ItemsCount::new(COUNT))
        .with_inputs(|| old.clone())
        .bench_local_values(|writes| import(&store, writes));
}

/// One document a commit, each waiting for the disk.
#[divan::bench(sample_count = 100, sample_size = 1)]
fn single_commit(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let store = store(&folder);
    let mut index = 0;
    bencher
        .with_inputs(|| {
            index += 1;
            vec![bodies::write(index, 0)]
        })
        .bench_local_values(|writes| store.commit("bench", writes).expect("the disk has space"));
}
