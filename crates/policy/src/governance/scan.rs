//! Many resources at once, on several threads.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::estate::{Governance, PolicyState, Selected};
use crate::document::{ReadError, Slots};
use crate::evaluate::{Context, Related};

/// How to go over many resources.
#[derive(Clone, Copy)]
pub struct ScanOptions<'a> {
    /// How many threads decide.
    pub threads: NonZeroUsize,
    /// What surrounds each resource; see [`Context::of_resource`].
    pub context: &'a (dyn Fn(&Selected<'_>) -> Context + Sync),
    /// Finds the related resources of a resource.
    pub related: &'a FindRelated<'a>,
    /// Told, from any of the threads, how many resources are decided so far.
    pub progress: &'a (dyn Fn(usize) + Sync),
}

/// Calls back with what finds the related resources of a resource.
pub type FindRelated<'a> = dyn Fn(&Selected<'_>, &mut dyn FnMut(&dyn Related)) + Sync + 'a;

/// What a scan yields.
#[derive(Debug)]
pub struct Scanned<A> {
    /// What was gathered from every [`SCAN_PART`] resources, in the order of the resources; the same for any number of
    /// threads.
    pub parts: Vec<A>,
    /// Resources that are no JSON objects, by position.
    pub unreadable: Vec<(usize, ReadError)>,
}

/// How many resources are gathered into one part of a scan.
pub const SCAN_PART: usize = 256;

impl Governance {
    /// The states of many resources under every policy of every assignment that covers them, as [`Governance::states`]
    /// tells them. `start` makes what a part of the resources is gathered in; `visit` is given it with the position of the
    /// resource.
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use azimuth_policy::{Context, Governance, NoRelated, ScanOptions, Selected};
    ///
    /// fn violations(governance: &Governance, resources: &[Selected<'_>], now: jiff::Timestamp) -> usize {
    ///     let options = ScanOptions {
    ///         threads: NonZeroUsize::MIN,
    ///         context: &|selected| Context::at(now).of_resource(selected.id),
    ///         related: &|_, decide| decide(&NoRelated),
    ///         progress: &|done| println!("{done} decided"),
    ///     };
    ///     let count = |sum: &mut usize, _, state: azimuth_policy::PolicyState<'_>| {
    ///         *sum += usize::from(state.state == Some(azimuth_policy::ComplianceState::NonCompliant));
    ///     };
    ///     governance.states_parallel(resources, &options, &|| 0, &count).parts.into_iter().sum()
    /// }
    /// # let _ = violations;
    /// ```
    pub fn states_parallel<A: Send>(
        &self,
        resources: &[Selected<'_>],
        options: &ScanOptions<'_>,
        start: &(dyn Fn() -> A + Sync),
        visit: &(dyn Fn(&mut A, usize, PolicyState<'_>) + Sync),
    ) -> Scanned<A> {
        let next = AtomicUsize::new(0);
        let done = AtomicUsize::new(0);
        let finished = Mutex::new((Vec::new(), Vec::new()));
        let work = || {
            let mut slots = Slots::default();
            let mut parts = Vec::new();
            let mut unreadable = Vec::new();
            loop {
                let part = next.fetch_add(1, Ordering::Relaxed);
                let from = part * SCAN_PART;
                if from >= resources.len() {
                    break;
                }
                let to = resources.len().min(from + SCAN_PART);
                let mut gathered = start();
                for (position, selected) in resources.iter().enumerate().take(to).skip(from) {
                    let context = (options.context)(selected);
                    (options.related)(selected, &mut |related| {
                        let visit = &mut |state: PolicyState<'_>| visit(&mut gathered, position, state);
                        if let Err(error) = self.states(&mut slots, selected, &context, related, visit) {
                            unreadable.push((position, error));
                        }
                    });
                }
                parts.push((part, gathered));
                (options.progress)(done.fetch_add(to - from, Ordering::Relaxed) + to - from);
            }
            let mut finished = finished.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            finished.0.extend(parts);
            finished.1.extend(unreadable);
        };
        let threads = options.threads.get().min(resources.len().div_ceil(SCAN_PART));
        std::thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(work);
            }
            work();
        });
        let (mut parts, mut unreadable) =
            finished.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        parts.sort_by_key(|(part, _)| *part);
        unreadable.sort_by_key(|(position, _)| *position);
        Scanned { parts: parts.into_iter().map(|(_, gathered)| gathered).collect(), unreadable }
    }
}
