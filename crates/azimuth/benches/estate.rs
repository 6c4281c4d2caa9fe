//! The estate at size: import, opening a snapshot from the store, and `azimuth assess`, end to end.
//!
//! ```text
//! cargo bench --profile dist -p azimuth --bench estate            # 100,000 resources
//! # a million documents: the demo estate has 1.8 Resource Manager documents for each resource
//! AZIMUTH_BENCH_RESOURCES=556000 AZIMUTH_BENCH_RUNS=1 cargo bench --profile dist -p azimuth --bench estate
//! ```
//!
//! Not a sampling harness: each step takes seconds, so each is run a few times and all runs are printed.

#![expect(clippy::print_stdout, reason = "figures are what it is for")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use azimuth_estate::{Snapshot, SnapshotBuilder};
use azimuth_exports::Imported;
use azimuth_host::{AsOf, SystemClock, Write};
use azimuth_posture::Options;
use azimuth_store::{ImportMode, Store};

/// How often each step is run, unless `AZIMUTH_BENCH_RUNS` says otherwise.
const RUNS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--open-child") {
        open_child(Path::new(&arguments[at + 1]), arguments[at + 2].parse().expect("threads"));
        return;
    }
    let resources: usize = std::env::var("AZIMUTH_BENCH_RESOURCES")
        .map_or(100_000, |text| text.parse().expect("AZIMUTH_BENCH_RESOURCES is a number"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let estate = folder.path().join("estate");
    generate(resources, &estate);
    let store = import(&estate, folder.path());
    open(&store, resources);
    assess(&estate, &store);
}

fn generate(resources: usize, estate: &Path) {
    let started = Instant::now();
    let options = azimuth_demo::Options { size: resources, seed: 7, flaws: azimuth_demo::Flaws::Planted };
    let mut bytes = 0;
    azimuth_demo::generate(&options, &mut |file: azimuth_demo::File| -> std::io::Result<()> {
        let path = estate.join(&file.path);
        std::fs::create_dir_all(path.parent().expect("it lies in the folder"))?;
        bytes += file.content.len();
        std::fs::write(path, file.content)
    })
    .expect("the estate can be written");
    println!(
        "estate: {resources} resources, {} MB of exports, generated in {:.2} s",
        bytes / 1_000_000,
        started.elapsed().as_secs_f64()
    );
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the estate is there").filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_none_or(|ending| ending != "txt") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Reads every file on one thread and merges.
fn read(estate: &Path) -> Vec<Imported> {
    let mut all = Vec::new();
    for path in files(estate) {
        let bytes = std::fs::read(&path).expect("exports can be read");
        azimuth_exports::read(&path.to_string_lossy(), &bytes, &mut |document| all.push(document));
    }
    azimuth_exports::merge(all).documents
}

/// NDJSON of every ARM document, as `azimuth export` writes it, read and committed to a fresh store on one thread.
fn import(estate: &Path, folder: &Path) -> PathBuf {
    let mut ndjson = Vec::new();
    let mut documents = 0_usize;
    for document in read(estate) {
        if document.key.as_str().starts_with('/') {
            ndjson.extend_from_slice(document.body.as_bytes());
            ndjson.push(b'\n');
            documents += 1;
        }
    }
    println!("NDJSON: {documents} ARM documents of {} bytes on average", ndjson.len() / documents.max(1));
    // The peer: the same text into `serde_json::Value`, which keeps nothing and checks less.
    let peer = times(|| {
        for line in ndjson.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            black_box(serde_json::from_slice::<serde_json::Value>(line).expect("it is JSON"));
        }
    });
    rate("peer: serde_json::Value of each line", documents, ndjson.len(), &peer);
    let reading = times(|| {
        let mut count = 0;
        azimuth_exports::read("estate.ndjson", &ndjson, &mut |document| {
            black_box(&document);
            count += 1;
        });
        assert_eq!(count, documents);
    });
    rate("read NDJSON", documents, ndjson.len(), &reading);
    println!("  ratio to the peer: {:.2}x", best(&peer).as_secs_f64() / best(&reading).as_secs_f64());
    let mut run = 0;
    let committing = times(|| {
        run += 1;
        let store = Store::open(folder.join(format!("bench-{run}.db")), Arc::new(SystemClock))
            .expect("a fresh store");
        let mut all = Vec::new();
        azimuth_exports::read("estate.ndjson", &ndjson, &mut |document| all.push(document));
        let merged = azimuth_exports::merge(all);
        let writes = merged.documents.into_iter().map(|document| Write::put(document.key, document.body));
        let summary = store.import("bench", &ImportMode::Merge, writes).expect("the import commits");
        assert_eq!(summary.created as usize, documents);
    });
    rate("import NDJSON: read, merge, commit to a fresh store", documents, ndjson.len(), &committing);
    for old in 1..run {
        let _ = std::fs::remove_file(folder.join(format!("bench-{old}.db")));
    }
    folder.join(format!("bench-{run}.db"))
}

/// Opens the snapshot in a process of its own, so that its memory can be read.
fn open(store: &Path, resources: usize) {
    for threads in ["1", "2"] {
        let exe = std::env::current_exe().expect("the benchmark's own path");
        let output =
            Command::new(exe).arg("--open-child").arg(store).arg(threads).output().expect("the child starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        print!(
            "snapshot of {resources} resources, {threads} threads: {}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
}

fn open_child(path: &Path, threads: usize) {
    let started = Instant::now();
    let store = Store::open_read_only(path).expect("the store opens");
    let threads_nonzero = std::num::NonZeroUsize::new(threads).expect("at least one");
    let parts = store
        .load(AsOf::Now, threads_nonzero, SnapshotBuilder::default, |builder, loaded| {
            builder.push_folded(loaded.key, loaded.body.into());
        })
        .expect("the store loads");
    let loaded = started.elapsed();
    let mut parts = parts.into_iter();
    let mut all = parts.next().unwrap_or_default();
    parts.for_each(|part| all.append(part));
    let snapshot: Snapshot = all.threads(threads).finish();
    let opened = started.elapsed();
    snapshot.build_indexes();
    let indexed = started.elapsed();
    let (indexes, texts) = snapshot.memory();
    println!(
        "{} documents loaded {:.2} s, open {:.2} s, with all indexes {:.2} s; {:.0} bytes a document beside texts of \
         {:.0}; peak memory {} MiB",
        snapshot.len(),
        loaded.as_secs_f64(),
        opened.as_secs_f64(),
        indexed.as_secs_f64(),
        indexes as f64 / snapshot.len() as f64,
        texts as f64 / snapshot.len() as f64,
        peak_mib()
    );
}

fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn assess(estate: &Path, store: &Path) {
    let snapshot = {
        let mut builder = Snapshot::builder().threads(2);
        for document in read(estate) {
            builder.push(&document.key, document.body);
        }
        builder.finish()
    };
    let options = Options::new("2030-01-01T00:00:00Z".parse().expect("a time"));
    let judging = times(|| {
        // A fresh clone shares the built indexes; only the first run pays for them.
        black_box(azimuth_posture::assess(&snapshot, &options, 2, &|_, _, _| {}));
    });
    print_times("judge all controls on an open snapshot (2 threads)", &judging);
    for (what, path) in [("folder of exports", estate), ("store", store)] {
        let whole = times(|| {
            let output = Command::new(env!("CARGO_BIN_EXE_azimuth"))
                .args(["assess", "--quiet", "--format", "json"])
                .arg(path)
                .output()
                .expect("azimuth starts");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        });
        print_times(&format!("azimuth assess on a {what}, whole process"), &whole);
    }
}

fn times(mut run: impl FnMut()) -> Vec<Duration> {
    let runs =
        std::env::var("AZIMUTH_BENCH_RUNS").map_or(RUNS, |text| text.parse().expect("a number of runs"));
    (0..runs)
        .map(|_| {
            let started = Instant::now();
            run();
            started.elapsed()
        })
        .collect()
}

fn best(times: &[Duration]) -> Duration {
    times.iter().copied().min().unwrap_or_default()
}

fn print_times(what: &str, times: &[Duration]) {
    let all: Vec<String> = times.iter().map(|time| format!("{:.2}", time.as_secs_f64())).collect();
    println!("{what}: {} s", all.join(" "));
}

fn rate(what: &str, documents: usize, bytes: usize, times: &[Duration]) {
    let seconds = best(times).as_secs_f64();
    print_times(what, times);
    println!(
        "  best: {:.0} documents/s, {:.0} MB/s on one core",
        documents as f64 / seconds,
        bytes as f64 / seconds / 1e6
    );
}
