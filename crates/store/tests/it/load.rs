//! Loading on several threads while others write.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use azimuth_host::{AsOf, Documents};

use crate::support::{clock, folder, open, put};

const THREADS: NonZeroUsize = NonZeroUsize::new(3).unwrap();

#[test]
fn all_threads_see_one_state_while_others_commit() {
    let (_folder, path) = folder();
    let store = open(&path, clock());
    // Every commit gives all documents the same body, so a load that mixed two states would show two bodies.
    let names: Vec<_> = (0..40).map(|index| format!("doc/{index}")).collect();
    let commit = |round: usize| {
        let body = round.to_string();
        store.commit("writer", names.iter().map(|name| put(name, &body)).collect()).unwrap();
    };
    commit(0);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            (1..60).for_each(commit);
            done.store(true, Ordering::Release);
        });
        let mut loads = 0;
        while !done.load(Ordering::Acquire) || loads == 0 {
            let sinks = store
                .load(AsOf::Now, THREADS, Vec::new, |bodies: &mut Vec<String>, loaded| {
                    bodies.push(loaded.body.to_owned());
                })
                .unwrap();
            let bodies: Vec<_> = sinks.into_iter().flatten().collect();
            assert_eq!(bodies.len(), names.len());
            assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
            loads += 1;
        }
    });
}

#[test]
fn sinks_come_in_the_order_of_first_appearance() {
    let (_folder, path) = folder();
    let store = open(&path, clock());
    let names: Vec<_> = (0..10).rev().map(|index| format!("doc/{index}")).collect();
    store.commit("ada", names.iter().map(|name| put(name, "1")).collect()).unwrap();
    let sinks = store
        .load(AsOf::Now, THREADS, Vec::new, |keys: &mut Vec<String>, loaded| keys.push(loaded.key.to_owned()))
        .unwrap();
    assert_eq!(sinks.len(), 3);
    let wanted: Vec<_> = names.iter().map(|name| format!("azimuth:/{name}")).collect();
    assert_eq!(sinks.concat(), wanted);
}

#[test]
fn an_empty_store_gives_one_empty_sink() {
    let (_folder, path) = folder();
    let sinks = open(&path, clock()).load(AsOf::Now, THREADS, || 0, |count, _| *count += 1).unwrap();
    assert_eq!(sinks, [0]);
}
