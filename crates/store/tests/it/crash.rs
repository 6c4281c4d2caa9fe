//! `kill -9` at random moments: what was acknowledged is there, and no batch is there by half.

use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use azimuth_host::{Documents, Write};
use azimuth_store::{ImportMode, Options, Store};

use crate::support::{Numbers, assert_sound, clock, folder, key, other_process, part_argument, put};

/// Kills that must come amid a batch: begun, and not yet acknowledged.
const KILLS_AMID: u64 = 200;
/// Kills at most, should few of them come amid a batch.
const KILLS: u64 = 900;
/// Kills after which a new store is begun, so that checks stay quick.
const KILLS_A_STORE: u64 = 15;

/// Changes that batch number `batch` makes. The large ones spill to the disk before their commit.
fn size(batch: u64) -> u64 {
    match batch % 7 {
        0 => 400,
        1 => 60,
        other => other,
    }
}

/// Every document of a batch names the batch; some documents are shared by all batches, some are its own.
fn writes(batch: u64) -> impl Iterator<Item = Write> {
    let padding = "x".repeat(1_500);
    (0..size(batch)).map(move |index| {
        let name = if index % 3 == 0 { format!("shared/{index}") } else { format!("own/{batch}/{index}") };
        put(&name, &format!("{batch} {padding}"))
    })
}

/// Does nothing unless started by the next test: writes batch after batch until it is killed, and says so.
#[test]
fn part_writing() {
    let Some(path) = part_argument() else { return };
    let say = |what: &str, batch: u64| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "\n{what} {batch}").and_then(|()| out.flush()).unwrap();
    };
    loop {
        // Durable, as users run it; closing moves the log to the main file, which can be killed too.
        let options = Options { cache_bytes: 256 << 10, ..Options::default() };
        let store = Store::open_with(&path, clock(), options).unwrap();
        for _ in 0..4 {
            let batch = next_batch(&store);
            say("begun", batch);
            if batch.is_multiple_of(2) {
                store.import(&batch.to_string(), &ImportMode::Merge, writes(batch)).unwrap();
            } else {
                store.commit(&batch.to_string(), writes(batch).collect()).unwrap();
            }
            say("acknowledged", batch);
        }
    }
}

fn next_batch(store: &Store) -> u64 {
    let last = store.last_sequence().unwrap();
    let newest = store.changes(last.saturating_sub(1), 1).unwrap();
    newest.first().map_or(1, |change| change.actor.parse::<u64>().unwrap() + 1)
}

/// Runs a writer, kills it after a while, returns the last batches that it began and that it acknowledged.
fn run_and_kill(path: &Path, wait: Duration) -> (u64, u64) {
    let mut writer = other_process("crash::part_writing", path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("we can start ourselves");
    let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines().map_while(Result::ok);
    let (mut begun, mut acknowledged) = (0, 0);
    let mut note = |line: String| {
        if let Some(batch) = line.strip_prefix("begun ") {
            begun = batch.parse().unwrap();
        } else if let Some(batch) = line.strip_prefix("acknowledged ") {
            acknowledged = batch.parse().unwrap();
        }
    };
    // The clock of the random moment starts when the program is up.
    if let Some(line) = lines.by_ref().find(|line| line.starts_with("running ")) {
        note(line);
    }
    thread::sleep(wait);
    writer.kill().unwrap();
    let status = writer.wait().unwrap();
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&status),
        Some(9),
        "it ended by itself: {status}"
    );
    assert!(!status.success());
    lines.for_each(note);
    (begun, acknowledged)
}

/// Checks the feed from position `after` on: whole batches in order, up to the last one acknowledged at least.
/// Returns the number of the newest batch and its last position.
fn check_batches(store: &Store, after: u64, first_batch: u64, acknowledged: u64) -> (u64, u64) {
    let changes = store.changes(after, usize::MAX).unwrap();
    let mut batch = first_batch;
    let mut rest = &*changes;
    while let [first, ..] = rest {
        assert_eq!(first.actor, batch.to_string());
        let length = rest.iter().take_while(|change| change.actor == first.actor).count();
        assert_eq!(length as u64, size(batch), "batch {batch} is there by half");
        assert!(rest[..length].iter().all(|change| {
            change.after.as_ref().is_some_and(|body| body.starts_with(&format!("{batch} ")))
        }));
        rest = &rest[length..];
        batch += 1;
    }
    let newest = batch - 1;
    assert!(newest >= acknowledged, "batch {acknowledged} was acknowledged, the last one found is {newest}");
    (newest, after + changes.len() as u64)
}

#[test]
fn a_killed_writer_loses_nothing_and_leaves_no_half_batch() {
    let mut numbers = Numbers(2_025);
    let (mut batches, mut amid, mut kept, mut before_work) = (0, 0, 0, 0);
    let mut kills = 0;
    for number in 0..KILLS / KILLS_A_STORE {
        if amid >= KILLS_AMID {
            break;
        }
        let (_folder, path) = folder();
        let (mut newest, mut position) = (0, 0);
        for _ in 0..KILLS_A_STORE {
            let wait = Duration::from_micros(numbers.below(if number % 2 == 0 { 60_000 } else { 15_000 }));
            let (begun, acknowledged) = run_and_kill(&path, wait);
            // A second process that recovers the log is as good as the writer itself.
            let store = Store::open(&path, clock()).unwrap();
            assert_sound(&store);
            let (found, end) = check_batches(&store, position, newest + 1, acknowledged.max(newest));
            assert_eq!(store.last_sequence().unwrap(), end);
            assert_eq!(
                store.history(&key("shared/0"), usize::MAX).unwrap().len() as u64,
                found,
                "every batch writes the first shared document"
            );
            kills += 1;
            before_work += u64::from(begun == 0);
            if begun > acknowledged {
                amid += 1;
                kept += u64::from(found == begun);
                assert!(found == begun || found + 1 == begun, "batch {begun} was begun, {found} found");
            }
            batches += found - newest;
            (newest, position) = (found, end);
        }
    }
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "killed {kills} times: {before_work} before the first batch, {amid} amid a batch ({kept} of these had \
         reached the disk), {batches} batches, none lost and none by half"
    )
    .unwrap();
    assert!(amid >= KILLS_AMID, "only {amid} of {kills} kills came amid a batch");
}
