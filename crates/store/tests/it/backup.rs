//! Copies of a store in use.

use std::thread;

use azimuth_host::{AsOf, Documents};
use azimuth_store::{Store, StoreError};

use crate::support::{all, assert_sound, clock, feed, folder, open, put};

#[test]
fn a_backup_is_a_store_of_its_own() {
    let (folder, path) = folder();
    let store = open(&path, clock());
    for body in ["1", "2"] {
        store.commit("ada", vec![put("a", body), put("b", body)]).unwrap();
    }
    let copy = folder.path().join("copy.db");
    store.backup_to(&copy).unwrap();
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().contains("part")), "{names:?}");
    store.commit("ada", vec![put("a", "3")]).unwrap();
    let copy = open(&copy, clock());
    assert_eq!(feed(&copy), feed(&store)[..4]);
    copy.commit("bob", vec![put("c", "1")]).unwrap();
    assert_sound(&copy);
    assert_eq!(store.last_sequence().unwrap(), 5);
}

#[test]
fn a_backup_overwrites_nothing() {
    let (folder, path) = folder();
    let store = open(&path, clock());
    let target = folder.path().join("precious.txt");
    std::fs::write(&target, "precious").unwrap();
    assert!(matches!(store.backup_to(&target), Err(StoreError::CannotOpen { .. })));
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "precious");
    assert!(store.backup_to(folder.path().join("missing/copy.db")).is_err());
}

#[test]
fn a_backup_taken_while_others_write_shows_one_moment() {
    let (folder, path) = folder();
    let store = open(&path, clock());
    let names: Vec<_> = (0..50).map(|index| format!("doc/{index}")).collect();
    let commit = |round: u32| {
        let body = format!("{round}{}", "x".repeat(3_000));
        store.commit("writer", names.iter().map(|name| put(name, &body)).collect()).unwrap();
    };
    commit(0);
    thread::scope(|scope| {
        scope.spawn(|| (1..20).for_each(commit));
        for number in 0..5 {
            let copy = folder.path().join(format!("copy-{number}.db"));
            store.backup_to(&copy).unwrap();
            let copy = Store::open_read_only(&copy).unwrap();
            assert_sound(&copy);
            let documents = all(&copy, AsOf::Now);
            assert_eq!(documents.len(), 50);
            assert!(documents.iter().all(|document| document.body == documents[0].body));
        }
    });
}

#[test]
fn a_store_in_memory_can_be_kept() {
    let (_folder, path) = folder();
    let store = Store::in_memory(clock()).unwrap();
    store.commit("ada", vec![put("a", "1")]).unwrap();
    store.backup_to(&path).unwrap();
    assert_eq!(feed(&open(&path, clock())), feed(&store));
}
