//! Several threads and several processes write to one file.

use std::thread;
use std::time::Duration;

use azimuth_host::{AsOf, Documents, DocumentsError, Precondition};
use azimuth_store::{Options, Store, StoreError};
use rusqlite::Connection;

use crate::support::{assert_sound, clock, folder, key, open, other_process, part_argument, put};

const STEPS: u64 = 30;
const THREADS: u64 = 3;

/// Adds one to a shared counter, again and again, as careful clients do: read, write if unchanged, else repeat.
fn count_up(store: &Store) {
    for _ in 0..STEPS {
        loop {
            let found = store.read(&key("counter"), AsOf::Now).unwrap().unwrap();
            let next = found.body.parse::<u64>().unwrap() + 1;
            let write = put("counter", &next.to_string()).when(Precondition::Matches(found.etag()));
            match store.commit("counter", vec![write]) {
                Ok(_) => break,
                Err(DocumentsError::PreconditionFailed { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
}

fn count_up_in_threads(store: &Store) {
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| count_up(store));
        }
    });
}

/// Does nothing unless started by the next test.
#[test]
fn part_counting() {
    if let Some(path) = part_argument() {
        count_up_in_threads(&open(&path, clock()));
    }
}

#[test]
fn no_update_of_any_thread_or_process_is_lost() {
    let (_folder, path) = folder();
    let store = open(&path, clock());
    store.commit("ada", vec![put("counter", "0")]).unwrap();
    let mut other = other_process("concurrency::part_counting", &path).spawn().unwrap();
    count_up_in_threads(&store);
    assert!(other.wait().unwrap().success());
    let wanted = STEPS * THREADS * 2;
    assert_eq!(*store.read(&key("counter"), AsOf::Now).unwrap().unwrap().body, *wanted.to_string());
    assert_eq!(store.last_sequence().unwrap(), wanted + 1);
    assert_sound(&store);
}

#[test]
fn no_update_of_any_thread_is_lost_in_memory() {
    let store = Store::in_memory(clock()).unwrap();
    store.commit("ada", vec![put("counter", "0")]).unwrap();
    count_up_in_threads(&store);
    let wanted = STEPS * THREADS;
    assert_eq!(*store.read(&key("counter"), AsOf::Now).unwrap().unwrap().body, *wanted.to_string());
}

#[test]
fn many_can_make_one_store_at_once() {
    for _ in 0..10 {
        let (_folder, path) = folder();
        thread::scope(|scope| {
            for index in 0..6 {
                let path = &path;
                scope.spawn(move || {
                    let store = open(path, clock());
                    store.commit("ada", vec![put(&index.to_string(), "1")]).unwrap();
                });
            }
        });
        assert_eq!(open(&path, clock()).last_sequence().unwrap(), 6);
    }
}

#[test]
fn a_locked_store_says_so_and_can_be_read() {
    let (_folder, path) = folder();
    drop(open(&path, clock()));
    let options = Options { busy_timeout: Duration::from_millis(20), ..Options::default() };
    let store = Store::open_with(&path, clock(), options).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.commit("ada", vec![put("a", "1")]).unwrap_err();
    assert!(error.to_string().contains("is locked by another process"), "{error}");
    assert_eq!(store.last_sequence().unwrap(), 0);
    other.execute_batch("ROLLBACK").unwrap();
    store.commit("ada", vec![put("a", "1")]).unwrap();
}

#[test]
fn a_store_held_exclusively_cannot_be_opened() {
    let (_folder, path) = folder();
    drop(open(&path, clock()));
    let other = Connection::open(&path).unwrap();
    other.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").unwrap();
    let options = Options { busy_timeout: Duration::from_millis(20), ..Options::default() };
    let error = Store::open_with(&path, clock(), options).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
}

#[test]
fn readers_see_what_another_process_commits() {
    let (_folder, path) = folder();
    let writer = open(&path, clock());
    let reader = Store::open_read_only(&path).unwrap();
    assert_eq!(reader.last_sequence().unwrap(), 0);
    writer.commit("ada", vec![put("a", "1")]).unwrap();
    assert_eq!(reader.last_sequence().unwrap(), 1);
    let error = reader.commit("ada", vec![put("a", "2")]).unwrap_err();
    assert!(error.to_string().contains("cannot be written"), "{error}");
}
