use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::fault::{Fault, Operation};

type Seen = Arc<Mutex<Vec<(u64, u32)>>>;

fn entry(identity: &str, staged: u32) -> Entry<u32> {
    Entry {
        kind: Kind::Rows,
        received: 0,
        table: "T".to_owned(),
        identity: identity.to_owned(),
        payload: bytes::Bytes::from(format!("{staged}")),
        counted: Counted { rows: 1, dead_lettered: 0 },
        staged,
    }
}

fn options(faults: Option<Faults>) -> Options {
    Options { segment_bytes: 200, faults }
}

fn open(folder: &Path, faults: Option<Faults>) -> (Log<u32>, Seen, Vec<String>) {
    let lock = lock(folder).unwrap();
    let mut identities = Identities::new(10);
    let mut found = Vec::new();
    let replayed = replay(folder, false, &mut |record| {
        match record.kind {
            Kind::Identities => identities.absorb(record.payload),
            _ => {
                found.push(String::from_utf8(record.payload.to_vec()).unwrap());
                identities.insert(&record.table, &record.identity, Counted::default());
            }
        }
        Ok(())
    })
    .unwrap();
    let seen: Seen = Arc::default();
    let published = seen.clone();
    let log = Log::start(folder, lock, replayed.last, identities, &options(faults), move |group| {
        published.lock().unwrap().extend(group);
    });
    (log.unwrap(), seen, found)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

#[test]
fn what_is_appended_is_found_again_once_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = runtime();
    let (log, seen, _) = open(folder.path(), None);
    assert!(matches!(lock(folder.path()), Err(LakeError::InUse(_))));
    for number in 0..20 {
        let committed = runtime.block_on(log.append(entry("", number))).unwrap();
        assert_eq!(committed.sequence, u64::from(number) + 1);
    }
    assert_eq!(seen.lock().unwrap().len(), 20);
    drop(log);
    let (log, _, found) = open(folder.path(), None);
    assert_eq!(found, (0..20).map(|number| number.to_string()).collect::<Vec<_>>());
    // Segments were closed on the way; those behind a sequence stay.
    assert!(log.drop_up_to(9).unwrap() > 0);
    drop(log);
    let (_, _, found) = open(folder.path(), None);
    assert!(found.len() >= 11 && found.len() < 20, "{found:?}");
}

#[test]
fn a_batch_that_is_sent_again_is_acknowledged_once_more_and_kept_once() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = runtime();
    let (log, seen, _) = open(folder.path(), None);
    assert!(!runtime.block_on(log.append(entry("a", 1))).unwrap().is_duplicate);
    assert!(runtime.block_on(log.append(entry("a", 1))).unwrap().is_duplicate);
    // Also when both wait together.
    let both = futures_util::future::join(log.append(entry("b", 2)), log.append(entry("b", 2)));
    let (one, two) = runtime.block_on(both);
    assert!(one.unwrap().is_duplicate != two.unwrap().is_duplicate);
    assert_eq!(seen.lock().unwrap().len(), 2);
    // The identity outlives the segment that had the batch.
    runtime.block_on(log.rotate()).unwrap();
    log.drop_up_to(2).unwrap();
    drop(log);
    let (log, _, found) = open(folder.path(), None);
    assert_eq!(found.len(), 0);
    assert!(runtime.block_on(log.append(entry("a", 1))).unwrap().is_duplicate);
}

#[test]
fn torn_ends_are_cut_and_kept_aside() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = runtime();
    let (log, _, _) = open(folder.path(), None);
    for number in 0..3 {
        runtime.block_on(log.append(entry("", number))).unwrap();
    }
    drop(log);
    let (_, path) = segment::list(folder.path()).unwrap().pop().unwrap();
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 3]).unwrap();
    let (log, _, found) = open(folder.path(), None);
    assert_eq!(found, ["0", "1"]);
    assert!(path.with_extension("torn").exists());
    // The sequence of what was cut is used again, and what follows is read again.
    runtime.block_on(log.append(entry("", 9))).unwrap();
    drop(log);
    assert_eq!(open(folder.path(), None).2, ["0", "1", "9"]);
}

#[test]
fn damage_in_a_closed_segment_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = runtime();
    let (log, _, _) = open(folder.path(), None);
    for number in 0..20 {
        runtime.block_on(log.append(entry("", number))).unwrap();
    }
    drop(log);
    let (_, path) = segment::list(folder.path()).unwrap().remove(0);
    let mut bytes = fs::read(&path).unwrap();
    bytes[30] ^= 1;
    fs::write(&path, bytes).unwrap();
    let failed = replay(folder.path(), false, &mut |_| Ok(()));
    assert!(matches!(failed, Err(LakeError::DamagedLog { at: 8, .. })), "{failed:?}");
}

#[test]
fn what_fails_is_not_acknowledged_and_does_not_come_back() {
    for fault in [Fault::Full, Fault::Short(10), Fault::Failed] {
        for operation in [Operation::LogWrite, Operation::LogSync] {
            let folder = tempfile::tempdir().unwrap();
            let runtime = runtime();
            let count = AtomicUsize::new(0);
            let faults: Faults = Arc::new(move |at, _| {
                (at == operation && count.fetch_add(1, Ordering::Relaxed) == 1).then_some(fault)
            });
            let (log, seen, _) = open(folder.path(), Some(faults));
            runtime.block_on(log.append(entry("a", 1))).unwrap();
            assert!(runtime.block_on(log.append(entry("b", 2))).is_err());
            // Sent again it is a new one.
            assert!(!runtime.block_on(log.append(entry("b", 3))).unwrap().is_duplicate);
            assert_eq!(seen.lock().unwrap().iter().map(|(_, value)| *value).collect::<Vec<_>>(), [1, 3]);
            drop(log);
            assert_eq!(open(folder.path(), None).2, ["1", "3"], "{fault:?} {operation:?}");
        }
    }
}
