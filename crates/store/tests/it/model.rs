//! Random work on a store and on `MemoryDocuments`: nobody can tell them apart, at any moment of their past.

use std::num::NonZeroUsize;

use azimuth_host::{
    AsOf, Document, Documents, DocumentsError, Etag, MemoryDocuments, Precondition, Write, WriteOutcome,
};
use azimuth_ids::DocumentKey;
use azimuth_store::{ImportMode, Store};
use jiff::Span;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::{all, assert_sound, clock, feed, folder, key, open};

#[derive(Clone, Debug)]
struct Step {
    /// Nanoseconds that the clock moves before.
    clock: i64,
    writes: Vec<Write>,
    way: Way,
}

#[derive(Clone, Copy, Debug)]
enum Way {
    Commit,
    Import,
    Replace,
    /// A commit after closing the store and opening it again.
    Reopen,
}

pub(crate) fn write() -> impl Strategy<Value = Write> {
    let precondition = prop_oneof![
        8 => Just(Precondition::None),
        1 => Just(Precondition::Exists),
        1 => Just(Precondition::Absent),
        2 => (1_u64..12).prop_map(|sequence| Precondition::Matches(Etag::of(sequence))),
    ];
    // Names of which some lie below others.
    let name = prop_oneof![Just("a"), Just("a/b"), Just("a/b/c"), Just("ab"), Just("d"), Just("e/f")];
    let body = prop_oneof![1 => Just(None), 4 => (0..3_u8).prop_map(|body| Some(body.to_string().into()))];
    (name, body, precondition).prop_map(|(name, body, precondition)| Write {
        key: key(name),
        body,
        precondition,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let way = prop_oneof![
        4 => Just(Way::Commit),
        2 => Just(Way::Import),
        1 => Just(Way::Replace),
        1 => Just(Way::Reopen),
    ];
    (-3_i64..6, vec(write(), 0..5), way).prop_map(|(clock, writes, way)| Step { clock, writes, way })
}

/// What a commit came to, without the parts of errors that need not agree.
pub(crate) fn result(result: Result<Vec<WriteOutcome>, DocumentsError>) -> Result<Vec<WriteOutcome>, String> {
    result.map_err(|error| format!("{error:?}"))
}

/// Import as `MemoryDocuments` would do it.
fn import(model: &MemoryDocuments, mut writes: Vec<Write>, prefix: Option<&str>) -> Result<[u64; 4], String> {
    if let Some(prefix) = prefix {
        let is_left_out = |key: &DocumentKey| {
            let below = key.as_str().strip_prefix(prefix);
            below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                && writes.iter().all(|write| write.key != *key)
        };
        // The store deletes in the order of first appearance.
        let mut gone: Vec<_> =
            all(model, AsOf::Now).into_iter().map(|document| document.key).filter(is_left_out).collect();
        gone.sort_by_key(|key| model.history(key, 1).unwrap()[0].sequence);
        writes.extend(gone.into_iter().map(Write::delete));
    }
    let outcomes = result(model.commit("import", writes))?;
    let count = |is: fn(&WriteOutcome) -> bool| outcomes.iter().filter(|outcome| is(outcome)).count() as u64;
    Ok([
        count(|outcome| matches!(outcome, WriteOutcome::Created(_))),
        count(|outcome| matches!(outcome, WriteOutcome::Updated(_))),
        count(|outcome| matches!(outcome, WriteOutcome::Unchanged(_))),
        count(|outcome| matches!(outcome, WriteOutcome::Deleted(_))),
    ])
}

/// All that the store shows of a moment, by all ways of asking.
fn check_moment(store: &Store, model: &MemoryDocuments, as_of: AsOf) {
    let wanted = all(model, as_of);
    assert_eq!(all(store, as_of), wanted, "{as_of:?}");
    for name in ["a", "a/b", "a/b/c", "ab", "d", "e/f"] {
        assert_eq!(store.read(&key(name), as_of).unwrap(), model.read(&key(name), as_of).unwrap());
    }
    for threads in [1, 3] {
        let loaded = store.load(as_of, NonZeroUsize::new(threads).unwrap(), Vec::new, |sink, loaded| {
            sink.push(Document {
                key: DocumentKey::parse(loaded.key).unwrap(),
                body: loaded.body.into(),
                sequence: loaded.sequence,
                modified: loaded.modified,
            });
        });
        let mut loaded: Vec<_> = loaded.unwrap().into_iter().flatten().collect();
        loaded.sort_by(|left, right| left.key.cmp(&right.key));
        assert_eq!(loaded, wanted, "{as_of:?} on {threads} threads");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_store_and_its_model_agree(steps in vec(step(), 1..14)) {
        let (_folder, path) = folder();
        let clock = clock();
        let mut store = open(&path, clock.clone());
        let model = MemoryDocuments::new(clock.clone());
        for Step { clock: nanoseconds, writes, way } in steps {
            clock.advance(Span::new().nanoseconds(nanoseconds));
            match way {
                Way::Import | Way::Replace => {
                    let prefix = matches!(way, Way::Replace).then_some("azimuth:/a");
                    let mode = prefix.map_or(ImportMode::Merge, |prefix| ImportMode::Replace {
                        prefixes: vec![prefix.to_uppercase()],
                    });
                    let before = model.last_sequence().unwrap();
                    let wanted = import(&model, writes.clone(), prefix);
                    let found = store.import("import", &mode, writes).map_err(|error| format!("{error:?}"));
                    let after = model.last_sequence().unwrap();
                    if let Ok(summary) = &found {
                        let is_changed = after > before;
                        prop_assert_eq!(summary.first, is_changed.then_some(before + 1));
                        prop_assert_eq!(summary.last, is_changed.then_some(after));
                    }
                    let found = found
                        .map(|summary| [summary.created, summary.updated, summary.unchanged, summary.deleted]);
                    prop_assert_eq!(found, wanted);
                }
                Way::Commit | Way::Reopen => {
                    if matches!(way, Way::Reopen) {
                        drop(store);
                        store = open(&path, clock.clone());
                    }
                    let wanted = result(model.commit("ada", writes.clone()));
                    prop_assert_eq!(result(store.commit("ada", writes)), wanted);
                }
            }
            prop_assert_eq!(store.last_sequence().unwrap(), model.last_sequence().unwrap());
        }
        let changes = feed(&model);
        prop_assert_eq!(feed(&store), changes.clone());
        for name in ["a", "a/b", "a/b/c", "ab", "d", "e/f"] {
            for limit in [1, 3, usize::MAX] {
                let wanted = model.history(&key(name), limit).unwrap();
                prop_assert_eq!(store.history(&key(name), limit).unwrap(), wanted);
            }
        }
        check_moment(&store, &model, AsOf::Now);
        for sequence in 0..=changes.len() as u64 + 1 {
            check_moment(&store, &model, AsOf::Sequence(sequence));
        }
        for change in &changes {
            for nanoseconds in [-1, 0, 1] {
                let time = change.time.checked_add(Span::new().nanoseconds(nanoseconds)).unwrap();
                check_moment(&store, &model, AsOf::Time(time));
            }
        }
        assert_sound(&store);
    }
}
