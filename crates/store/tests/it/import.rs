//! Bulk import.

use azimuth_host::{AsOf, Documents, DocumentsError, Precondition, Write};
use azimuth_ids::{DocumentKey, IdRef};
use azimuth_store::{ImportMode, ImportSummary, Store};

use crate::support::{all, assert_sound, clock, delete, feed, key, put};

fn arm(id: &str, body: &str) -> Write {
    Write::put(DocumentKey::arm(IdRef::parse(id).unwrap()), body)
}

#[test]
fn an_import_is_one_commit_and_counts_what_it_did() {
    let store = Store::in_memory(clock()).unwrap();
    store.commit("ada", vec![put("a", "1"), put("b", "1"), put("c", "1")]).unwrap();
    let writes = [put("a", "1"), put("b", "2"), delete("c"), put("d", "1"), delete("e")];
    let summary = store.import("nightly", &ImportMode::Merge, writes).unwrap();
    let wanted =
        ImportSummary { created: 1, updated: 1, unchanged: 1, deleted: 1, first: Some(4), last: Some(6) };
    assert_eq!(summary, wanted);
    assert!(feed(&store)[3..].iter().all(|change| change.actor == "nightly"));
    let again = store.import("nightly", &ImportMode::Merge, [put("b", "2"), put("d", "1")]).unwrap();
    assert_eq!(again, ImportSummary { unchanged: 2, ..ImportSummary::default() });
    assert_sound(&store);
}

#[test]
fn a_refused_import_changes_nothing() {
    let store = Store::in_memory(clock()).unwrap();
    store.commit("ada", vec![put("a", "1")]).unwrap();
    let many = || (0..5_000).map(|index| put(&format!("many/{index}"), "1"));
    let twice = store.import("nightly", &ImportMode::Merge, many().chain([put("many/17", "2")]));
    assert!(matches!(twice, Err(DocumentsError::DuplicateWrite { key: found }) if found == key("many/17")));
    let stale = many().chain([put("a", "2").when(Precondition::Absent)]);
    let stale = store.import("nightly", &ImportMode::Merge, stale);
    assert!(matches!(stale, Err(DocumentsError::PreconditionFailed { .. })));
    assert_eq!(feed(&store).len(), 1);
    assert_sound(&store);
}

#[test]
fn a_panic_in_the_source_changes_nothing_and_leaves_the_store_usable() {
    let store = Store::in_memory(clock()).unwrap();
    let broken = (0..100).map(|index| {
        assert!(index < 50, "the source broke");
        put(&format!("many/{index}"), "1")
    });
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        store.import("nightly", &ImportMode::Merge, broken)
    }));
    assert!(caught.is_err());
    assert_eq!(store.last_sequence().unwrap(), 0);
    store.commit("ada", vec![put("a", "1")]).unwrap();
    assert_sound(&store);
}

#[test]
fn replacing_deletes_what_is_missing_below_the_prefixes_only() {
    let store = Store::in_memory(clock()).unwrap();
    let first = [
        arm("/subscriptions/A", "1"),
        arm("/subscriptions/A/resourceGroups/x", "1"),
        arm("/subscriptions/A/resourceGroups/y", "1"),
        arm("/subscriptions/AB", "1"),
        put("note", "1"),
    ];
    store.import("first", &ImportMode::Merge, first).unwrap();
    let mode = ImportMode::Replace { prefixes: vec!["/subscriptions/a".to_owned()] };
    let second = [arm("/subscriptions/a", "1"), arm("/subscriptions/a/resourceGroups/z", "1")];
    let summary = store.import("second", &mode, second).unwrap();
    let wanted =
        ImportSummary { created: 1, updated: 0, unchanged: 1, deleted: 2, first: Some(6), last: Some(8) };
    assert_eq!(summary, wanted);
    let left: Vec<_> = all(&store, AsOf::Now).into_iter().map(|document| document.key.to_string()).collect();
    let wanted =
        ["/subscriptions/a", "/subscriptions/a/resourcegroups/z", "/subscriptions/ab", "azimuth:/note"];
    assert_eq!(left, wanted);
    assert_eq!(all(&store, AsOf::Sequence(5)).len(), 5, "what vanished stays in the past");
    let again = store.import("third", &mode, [arm("/subscriptions/a", "1")]).unwrap();
    assert_eq!(again.deleted, 1, "what is gone is not deleted twice");
    assert_sound(&store);
}
