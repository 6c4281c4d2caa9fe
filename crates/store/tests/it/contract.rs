//! The rules of `Documents`, checked on every implementation alike.

use std::sync::Arc;

use azimuth_host::{
    AsOf, ChangeKind, Clock, Documents, DocumentsError, Etag, Fork, ManualClock, MemoryDocuments,
    Precondition, WriteOutcome,
};
use azimuth_store::Store;
use jiff::{Span, Timestamp};

use crate::support::{all, clock, delete, feed, folder, key, noon, open, put};

/// Makes an empty store on a clock.
type New<'n> = &'n dyn Fn(Arc<ManualClock>) -> Box<dyn Documents>;

/// Checks every rule, each on a store of its own.
fn check(new: New<'_>) {
    an_empty_store_answers(new);
    outcomes_follow_what_was_there(new);
    the_same_body_is_no_change(new);
    preconditions_hold_or_nothing_happens(new);
    a_batch_writes_a_document_once(new);
    the_feed_tells_who_what_and_when(new);
    the_feed_comes_in_pages(new);
    the_past_stays_readable(new);
    times_never_decrease(new);
    scans_come_in_order_and_stop(new);
    bodies_come_back_as_written(new);
    history_is_of_one_document(new);
}

#[test]
fn memory_documents_keep_the_contract() {
    check(&|clock| Box::new(MemoryDocuments::new(clock)));
}

#[test]
fn a_store_on_disk_keeps_the_contract() {
    let (folder, _) = folder();
    let count = std::cell::Cell::new(0);
    check(&|clock| {
        count.set(count.get() + 1);
        Box::new(open(&folder.path().join(format!("{}.db", count.get())), clock))
    });
}

#[test]
fn a_store_in_memory_keeps_the_contract() {
    check(&|clock| Box::new(Store::in_memory(clock).unwrap()));
}

#[test]
fn a_fork_keeps_the_contract() {
    check(&|clock| {
        let base = Arc::new(MemoryDocuments::new(clock.clone()));
        let own = Arc::new(Store::in_memory(clock).unwrap());
        Box::new(Fork::new(base, 0, own).unwrap())
    });
}

fn an_empty_store_answers(new: New<'_>) {
    let store = new(clock());
    assert_eq!(store.last_sequence().unwrap(), 0);
    assert_eq!(store.read(&key("a"), AsOf::Now).unwrap(), None);
    assert_eq!(all(&*store, AsOf::Now), []);
    assert_eq!(feed(&*store), []);
    assert_eq!(store.history(&key("a"), 10).unwrap(), []);
    assert_eq!(store.commit("ada", vec![]).unwrap(), []);
    assert_eq!(store.last_sequence().unwrap(), 0);
}

fn outcomes_follow_what_was_there(new: New<'_>) {
    use WriteOutcome::{Absent, Created, Deleted, Updated};

    let store = new(clock());
    let commit = |writes| store.commit("ada", writes).unwrap();
    assert_eq!(commit(vec![put("a", "1"), delete("b"), put("c", "1")]), [Created(1), Absent, Created(2)]);
    assert_eq!(commit(vec![put("a", "2"), delete("c")]), [Updated(3), Deleted(4)]);
    assert_eq!(commit(vec![delete("c"), put("a", "2")]), [Absent, WriteOutcome::Unchanged(3)]);
    assert_eq!(commit(vec![put("c", "1")]), [Created(5)], "a document may come back");
    assert_eq!(store.last_sequence().unwrap(), 5);
}

fn the_same_body_is_no_change(new: New<'_>) {
    let clock = clock();
    let store = new(clock.clone());
    store.commit("ada", vec![put("a", "{\"x\":1}")]).unwrap();
    clock.advance(Span::new().hours(1));
    store.commit("bob", vec![put("a", "{\"x\":1}")]).unwrap();
    assert_eq!(feed(&*store).len(), 1);
    assert_eq!(store.read(&key("a"), AsOf::Now).unwrap().unwrap().modified, noon());
    assert_eq!(
        store.commit("bob", vec![put("a", "{\"x\": 1}")]).unwrap(),
        [WriteOutcome::Updated(2)],
        "bodies are compared byte by byte"
    );
}

fn preconditions_hold_or_nothing_happens(new: New<'_>) {
    let store = new(clock());
    store.commit("ada", vec![put("a", "1"), put("gone", "1")]).unwrap();
    store.commit("ada", vec![delete("gone")]).unwrap();
    let etag = || Precondition::Matches(Etag::of(1));
    let cases = [
        ("a", Precondition::Exists, true),
        ("a", Precondition::Absent, false),
        ("a", etag(), true),
        ("a", Precondition::Matches(Etag::of(2)), false),
        ("a", Precondition::Matches(Etag("*".into())), false),
        ("b", Precondition::Exists, false),
        ("b", Precondition::Absent, true),
        ("b", etag(), false),
        ("gone", Precondition::Exists, false),
        ("gone", Precondition::Absent, true),
        ("gone", Precondition::Matches(Etag::of(2)), false),
        ("gone", Precondition::Matches(Etag::of(3)), false),
    ];
    for (name, precondition, holds) in cases {
        // Deleting what is absent and writing what is there change nothing: the cases do not disturb each other.
        let same = if name == "a" { put("a", "1") } else { delete(name) };
        let result = store.commit("bob", vec![same.when(precondition.clone())]);
        assert_eq!(result.is_ok(), holds, "{name} {precondition:?}");
        if let Err(error) = result {
            let DocumentsError::PreconditionFailed { key: found, current } = error else { panic!("{error}") };
            assert_eq!(found, key(name));
            assert_eq!(current, (name == "a").then(|| Etag::of(1)));
        }
    }
    let half = vec![put("new", "1"), put("a", "2").when(Precondition::Absent)];
    store.commit("bob", half).unwrap_err();
    assert_eq!(store.read(&key("new"), AsOf::Now).unwrap(), None, "nothing of a failed batch is kept");
    assert_eq!(store.last_sequence().unwrap(), 3);
    let next = store.commit("bob", vec![put("a", "2").when(etag())]).unwrap();
    assert_eq!(next, [WriteOutcome::Updated(4)], "a failed batch uses up no position");
}

fn a_batch_writes_a_document_once(new: New<'_>) {
    let store = new(clock());
    store.commit("ada", vec![put("a", "1"), put("gone", "1")]).unwrap();
    store.commit("ada", vec![delete("gone")]).unwrap();
    let batches = [
        vec![put("new", "1"), put("new", "2")],
        vec![put("a", "1"), put("a", "2")],
        vec![put("a", "2"), put("a", "1")],
        vec![put("a", "2"), delete("a")],
        vec![delete("never"), delete("never")],
        vec![delete("never"), put("never", "1")],
        vec![delete("gone"), put("gone", "1")],
        vec![put("a", "1"), put("a", "1").when(Precondition::Absent)],
    ];
    for batch in batches {
        let wanted = batch[0].key.clone();
        match store.commit("bob", batch) {
            Err(DocumentsError::DuplicateWrite { key }) => assert_eq!(key, wanted),
            other => panic!("{other:?}"),
        }
        assert_eq!(store.last_sequence().unwrap(), 3);
    }
}

fn the_feed_tells_who_what_and_when(new: New<'_>) {
    let clock = clock();
    let store = new(clock.clone());
    store.commit("ada", vec![put("a", "1")]).unwrap();
    clock.advance(Span::new().nanoseconds(1));
    store.commit("bob", vec![put("a", "2")]).unwrap();
    store.commit("", vec![delete("a")]).unwrap();
    store.commit("ada ✓", vec![put("a", "3")]).unwrap();
    let later = noon().checked_add(Span::new().nanoseconds(1)).unwrap();
    let found: Vec<_> = feed(&*store)
        .into_iter()
        .map(|change| {
            assert_eq!(change.key, key("a"));
            let (before, after) = (change.before.map(|body| body.to_string()), change.after);
            (
                change.sequence,
                change.actor,
                change.time,
                change.kind,
                before,
                after.map(|body| body.to_string()),
            )
        })
        .collect();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        found,
        [
            (1, "ada".to_owned(), noon(), ChangeKind::Created, None, text("1")),
            (2, "bob".to_owned(), later, ChangeKind::Updated, text("1"), text("2")),
            (3, String::new(), later, ChangeKind::Deleted, text("2"), None),
            (4, "ada ✓".to_owned(), later, ChangeKind::Created, None, text("3")),
        ]
    );
}

fn the_feed_comes_in_pages(new: New<'_>) {
    let store = new(clock());
    for round in 0..5 {
        store.commit("ada", vec![put("a", &round.to_string()), put("b", &round.to_string())]).unwrap();
    }
    let whole = feed(&*store);
    assert_eq!(whole.len(), 10);
    for size in 1..=11 {
        let mut paged = Vec::new();
        loop {
            let after = paged.last().map_or(0, |change: &azimuth_host::Change| change.sequence);
            let page = store.changes(after, size).unwrap();
            assert!(page.len() <= size);
            if page.is_empty() {
                break;
            }
            paged.extend(page);
        }
        assert_eq!(paged, whole);
    }
    assert_eq!(store.changes(0, 0).unwrap(), []);
    assert_eq!(store.changes(10, 5).unwrap(), []);
    assert_eq!(store.changes(u64::MAX, 5).unwrap(), []);
}

fn the_past_stays_readable(new: New<'_>) {
    let clock = clock();
    let store = new(clock.clone());
    for body in ["1", "2"] {
        store.commit("ada", vec![put("a", body)]).unwrap();
        clock.advance(Span::new().seconds(10));
    }
    store.commit("ada", vec![delete("a"), put("b", "1")]).unwrap();
    let body = |as_of| store.read(&key("a"), as_of).unwrap().map(|document| document.body.to_string());
    let at = |seconds: i64| AsOf::Time(noon().checked_add(Span::new().seconds(seconds)).unwrap());
    for (as_of, wanted) in [
        (AsOf::Time(Timestamp::MIN), None),
        (at(-1), None),
        (at(0), Some("1")),
        (at(9), Some("1")),
        (at(10), Some("2")),
        (at(19), Some("2")),
        (at(20), None),
        (AsOf::Time(Timestamp::MAX), None),
        (AsOf::Sequence(0), None),
        (AsOf::Sequence(1), Some("1")),
        (AsOf::Sequence(2), Some("2")),
        (AsOf::Sequence(3), None),
        (AsOf::Sequence(u64::MAX), None),
        (AsOf::Now, None),
    ] {
        assert_eq!(body(as_of).as_deref(), wanted, "{as_of:?}");
        let scanned = all(&*store, as_of).into_iter().find(|document| document.key == key("a"));
        assert_eq!(scanned, store.read(&key("a"), as_of).unwrap());
    }
    let old = store.read(&key("a"), AsOf::Sequence(1)).unwrap().unwrap();
    assert_eq!((old.sequence, old.modified, old.etag()), (1, noon(), Etag::of(1)));
}

fn times_never_decrease(new: New<'_>) {
    let clock = clock();
    let store = new(clock.clone());
    for (index, minutes) in [0, -60, 5, -1, -500, 700].into_iter().enumerate() {
        clock.advance(Span::new().minutes(minutes));
        store.commit("ada", vec![put("a", &index.to_string())]).unwrap();
    }
    let times: Vec<_> = feed(&*store).into_iter().map(|change| change.time).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(times[..5], [noon(); 5]);
    // Changes at the same time: the last of them counts.
    let found = store.read(&key("a"), AsOf::Time(noon())).unwrap().unwrap();
    assert_eq!(&*found.body, "4");
    assert_eq!(times[5], clock.now());
}

fn scans_come_in_order_and_stop(new: New<'_>) {
    let store = new(clock());
    let names = ["m", "b/c", "b", "b-c", "z", "a", "é"];
    store.commit("ada", names.iter().map(|name| put(name, name)).collect()).unwrap();
    store.commit("ada", vec![delete("m")]).unwrap();
    let keys: Vec<_> = all(&*store, AsOf::Now).into_iter().map(|document| document.key).collect();
    assert_eq!(keys.len(), 6);
    assert!(keys.is_sorted());
    let mut seen = 0;
    store
        .scan(AsOf::Now, &mut |_| {
            seen += 1;
            seen < 3
        })
        .unwrap();
    assert_eq!(seen, 3);
}

fn bodies_come_back_as_written(new: New<'_>) {
    let store = new(clock());
    let large = "x".repeat(300_000);
    for body in ["", "null", "\"\u{1F980} \\u0000\"", "a\0b", &large, "'; DROP TABLE versions; --"] {
        store.commit("ada", vec![put("a", body)]).unwrap();
        assert_eq!(&*store.read(&key("a"), AsOf::Now).unwrap().unwrap().body, body);
        assert_eq!(feed(&*store).last().unwrap().after.as_deref(), Some(body));
    }
}

fn history_is_of_one_document(new: New<'_>) {
    let store = new(clock());
    for body in ["1", "2", "3"] {
        store.commit("ada", vec![put("a", body), put("b", body)]).unwrap();
    }
    store.commit("ada", vec![delete("a")]).unwrap();
    let history = store.history(&key("a"), usize::MAX).unwrap();
    let of_feed: Vec<_> = feed(&*store).into_iter().filter(|change| change.key == key("a")).collect();
    assert_eq!(history, of_feed);
    assert_eq!(store.history(&key("a"), 2).unwrap(), of_feed[..2]);
    assert_eq!(store.history(&key("a"), 0).unwrap(), []);
}
