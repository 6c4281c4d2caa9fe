//! No space left: a clear error, and nothing was changed.

use azimuth_host::{AsOf, Documents, DocumentsError};
use azimuth_store::{Durability, ImportMode, Options, Store};

use crate::support::{all, assert_sound, clock, folder, open, part_argument, put};

fn large(count: usize) -> impl Iterator<Item = azimuth_host::Write> {
    (0..count).map(|index| put(&format!("large/{index}"), &"x".repeat(10_000)))
}

#[test]
fn a_full_store_refuses_the_whole_batch() {
    let (_folder, path) = folder();
    let options =
        Options { durability: Durability::ProcessEnd, max_bytes: Some(1_000_000), ..Options::default() };
    let store = Store::open_with(&path, clock(), options).unwrap();
    store.commit("ada", vec![put("a", "1")]).unwrap();
    let error = store.import("nightly", &ImportMode::Merge, large(200)).unwrap_err();
    assert!(matches!(error, DocumentsError::Unavailable { source: Some(_), .. }), "{error:?}");
    assert!(error.to_string().starts_with("no space left to write `"), "{error}");
    assert_eq!(store.last_sequence().unwrap(), 1);
    assert_eq!(all(&store, AsOf::Now).len(), 1);
    assert_sound(&store);
    store.commit("ada", vec![put("a", "2")]).unwrap();
    drop(store);
    let roomier = open(&path, clock());
    roomier.import("nightly", &ImportMode::Merge, large(200)).unwrap();
    assert_sound(&roomier);
}

/// Does nothing unless started by the next test: imports more than the system lets it write.
#[test]
fn part_importing_too_much() {
    if let Some(path) = part_argument() {
        let store = open(&path, clock());
        let error = store.import("nightly", &ImportMode::Merge, large(20_000)).unwrap_err();
        assert!(matches!(error, DocumentsError::Unavailable { source: Some(_), .. }), "{error:?}");
        assert_eq!(store.last_sequence().unwrap(), 1);
        store.commit("ada", vec![put("b", "1")]).unwrap();
    }
}

/// The system refuses to let the write-ahead log grow in the middle of an import.
#[cfg(unix)]
#[test]
fn a_write_that_the_system_refuses_leaves_the_store_whole() {
    use crate::support::other_process;

    let (_folder, path) = folder();
    let store = open(&path, clock());
    store.commit("ada", vec![put("a", "1")]).unwrap();
    let part = other_process("full::part_importing_too_much", &path);
    let mut shell = std::process::Command::new("sh");
    // Without the trap the signal would end the process before it sees the refusal.
    shell.args(["-c", "trap '' XFSZ; ulimit -f 20000; exec \"$0\" \"$@\""]).arg(part.get_program());
    shell.args(part.get_args());
    shell.envs(part.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = shell.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(all(&store, AsOf::Now).len(), 2);
    assert_sound(&store);
}
