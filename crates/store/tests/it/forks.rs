//! Forks held against one store that saw the writes of the base up to the fork, and then those of the fork.

use std::sync::Arc;

use azimuth_host::{AsOf, Documents, Fork, MemoryDocuments, NotBefore, Write};
use azimuth_store::Store;
use jiff::{Span, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::model::{result, write};
use crate::support::{all, clock, feed, key};

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_can_tell_a_fork_from_a_store(
        before in vec((-3_i64..6, vec(write(), 0..5)), 0..8),
        after in vec((-3_i64..6, vec(write(), 0..5), vec(write(), 0..3)), 0..8),
    ) {
        let clock = clock();
        let base = Arc::new(Store::in_memory(clock.clone()).unwrap());
        let model = MemoryDocuments::new(clock.clone());
        for (nanoseconds, writes) in before {
            clock.advance(Span::new().nanoseconds(nanoseconds));
            prop_assert_eq!(
                result(base.commit("ada", writes.clone())),
                result(model.commit("ada", writes))
            );
        }
        let at = base.last_sequence().unwrap();
        let forked = feed(&*base).last().map_or(Timestamp::MIN, |change| change.time);
        let own = Arc::new(Store::in_memory(Arc::new(NotBefore::new(clock.clone(), forked))).unwrap());
        let fork = Fork::new(base.clone(), at, own.clone()).unwrap();
        for (nanoseconds, writes, elsewhere) in after {
            clock.advance(Span::new().nanoseconds(nanoseconds));
            prop_assert_eq!(
                result(fork.commit("bob", writes.clone())),
                result(model.commit("bob", writes))
            );
            // The base goes on; the fork does not see it.
            let _ = base.commit("carol", elsewhere);
        }
        // Opened again, it is the same fork.
        for fork in [fork, Fork::new(base, at, own).unwrap()] {
            agree(&fork, &model);
        }
    }
}

fn agree(fork: &Fork, model: &MemoryDocuments) {
    let changes = feed(model);
    assert_eq!(feed(fork), changes);
    assert_eq!(fork.last_sequence().unwrap(), model.last_sequence().unwrap());
    for after in 0..=changes.len() as u64 {
        assert_eq!(fork.changes(after, 2).unwrap(), model.changes(after, 2).unwrap());
    }
    let moments =
        changes.iter().flat_map(|change| [AsOf::Sequence(change.sequence), AsOf::Time(change.time)]);
    for as_of in moments.chain([AsOf::Now, AsOf::Sequence(0)]) {
        assert_eq!(all(fork, as_of), all(model, as_of), "{as_of:?}");
    }
    for name in ["a", "a/b", "a/b/c", "ab", "d", "e/f"] {
        assert_eq!(fork.history(&key(name), 100).unwrap(), model.history(&key(name), 100).unwrap());
        assert_eq!(fork.read(&key(name), AsOf::Now).unwrap(), model.read(&key(name), AsOf::Now).unwrap());
    }
}

#[test]
fn writers_of_one_fork_do_not_lose_each_others_writes() {
    let base = Arc::new(MemoryDocuments::new(clock()));
    base.commit("ada", vec![Write::put(key("a"), "0")]).unwrap();
    let own = Arc::new(Store::in_memory(clock()).unwrap());
    std::thread::scope(|scope| {
        for writer in 0..4 {
            // Each has a fork of its own over the same changes.
            let fork = Fork::new(base.clone(), 1, own.clone()).unwrap();
            scope.spawn(move || {
                for round in 0..50 {
                    fork.commit("bob", vec![Write::put(key("a"), format!("{writer} {round}"))]).unwrap();
                }
            });
        }
    });
    let fork = Fork::new(base.clone(), 1, own).unwrap();
    let history = fork.history(&key("a"), 1_000).unwrap();
    assert_eq!(history.len(), 201);
    assert!(history.windows(2).all(|pair| pair[0].after == pair[1].before));
    assert_eq!(base.last_sequence().unwrap(), 1);
    assert!(Fork::new(base, 2, Arc::new(Store::in_memory(clock()).unwrap())).is_err());
}
