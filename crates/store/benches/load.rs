//! Loading a whole store from disk, as snapshots do. `AZIMUTH_BENCH_COUNT` sets the number of documents.

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};

use azimuth_host::{AsOf, Documents, SystemClock};
use azimuth_store::{ImportMode, Store};
use divan::Bencher;
use divan::counter::ItemsCount;

#[path = "bodies/mod.rs"]
mod bodies;

fn main() {
    divan::main();
}

fn count() -> usize {
    std::env::var("AZIMUTH_BENCH_COUNT").map_or(50_000, |count| count.parse().expect("a number"))
}

/// One import, then a fifth of the documents changed three times.
fn store() -> &'static Store {
    static STORE: OnceLock<(tempfile::TempDir, Store)> = OnceLock::new();
    let (_, store) = STORE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("there is a folder for temporary files");
        let path = folder.path().join("estate.db");
        let store = Store::open(path, Arc::new(SystemClock)).expect("a fresh folder takes a store");
        let import = |writes: &mut dyn Iterator<Item = azimuth_host::Write>| {
            store.import("bench", &ImportMode::Merge, writes).expect("the disk has space");
        };
        import(&mut (0..count()).map(|index| bodies::write(index, 0)));
        for revision in 1..=3 {
            import(&mut (0..count()).step_by(5).map(|index| bodies::write(index, revision)));
        }
        (folder, store)
    });
    store
}

fn load(as_of: AsOf, threads: usize) {
    let threads = NonZeroUsize::new(threads).expect("not zero");
    let sums = store()
        .load(
            as_of,
            threads,
            || 0_usize,
            |sum, loaded| *sum += loaded.key.len() + black_box(loaded.body).len(),
        )
        .expect("the store is sound");
    assert!(sums.into_iter().sum::<usize>() > count() * 1_500);
}

#[divan::bench(args = [1, 2], sample_count = 5, sample_size = 1)]
fn now(bencher: Bencher<'_, '_>, threads: usize) {
    store();
    bencher.counter(ItemsCount::new(count())).bench_local(|| load(AsOf::Now, threads));
}

/// The state after the first import.
#[divan::bench(args = [1, 2], sample_count = 5, sample_size = 1)]
fn past(bencher: Bencher<'_, '_>, threads: usize) {
    store();
    let past = AsOf::Sequence(count() as u64);
    bencher.counter(ItemsCount::new(count())).bench_local(|| load(past, threads));
}

/// The trait's scan in the order of keys, on one thread, each document copied.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn scan(bencher: Bencher<'_, '_>) {
    store();
    bencher.counter(ItemsCount::new(count())).bench_local(|| {
        let mut seen = 0;
        store()
            .scan(AsOf::Now, &mut |document| {
                seen += usize::from(!black_box(document).body.is_empty());
                true
            })
            .expect("the store is sound");
        assert_eq!(seen, count());
    });
}
