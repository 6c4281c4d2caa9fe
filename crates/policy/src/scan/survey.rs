//! Going through all resources on several threads, results handed on in order.

use azimuth_estate::Entry;

use super::{Finding, Scan, Surroundings, Tally};
use crate::compile::PolicyId;
use crate::document::Slots;

/// Resources that a thread looks at before results are handed on.
const SHARE: usize = 1_024;

/// Called with each resource, its findings and buffers to evaluate more with; writes what is to be handed on.
pub type Each<'a> = dyn Fn(Entry<'_>, &[Finding], &mut Slots, &mut Vec<u8>) + Sync + 'a;

/// Takes what was written so far, and how many subjects are done.
pub type Sink<'a, E> = dyn FnMut(&[u8], usize) -> Result<(), E> + 'a;

struct Worker {
    slots: Slots,
    found: Vec<Finding>,
    tally: Tally,
    out: Vec<u8>,
}

/// How to go through resources.
pub struct SurveyOptions<'a> {
    /// How many threads decide.
    pub threads: usize,
    /// Examples kept for each policy.
    pub examples: usize,
    /// Which policies count; the findings of others are left out.
    pub wanted: &'a (dyn Fn(PolicyId) -> bool + Sync),
}

/// Looks at all subjects and counts. What `each` writes is handed to `sink` in the order of the subjects; `sink` is also told
/// how many subjects are done, and ends the survey by returning an error.
///
/// # Errors
/// Those of `sink`.
pub fn survey<E>(
    scan: &Scan<'_>,
    surroundings: &Surroundings<'_>,
    subjects: &[Entry<'_>],
    options: &SurveyOptions<'_>,
    each: &Each<'_>,
    sink: &mut Sink<'_, E>,
) -> Result<Tally, E> {
    let threads = options.threads.max(1);
    let mut workers: Vec<Worker> = (0..threads)
        .map(|_| Worker {
            slots: Slots::default(),
            found: Vec::new(),
            tally: Tally::new(scan, options.examples),
            out: Vec::new(),
        })
        .collect();
    let mut done = 0;
    for round in subjects.chunks(SHARE * threads) {
        // Small shares in turn rather than one large one each: neighbours cost alike, and types differ much.
        let share = round.len().div_ceil(threads).max(1);
        std::thread::scope(|scope| {
            for ((number, part), worker) in round.chunks(share).enumerate().zip(&mut workers) {
                let first = done + number * share;
                scope.spawn(move || {
                    let job = Job { scan, surroundings, wanted: options.wanted, each };
                    look_at(worker, &job, part, first);
                });
            }
        });
        done += round.len();
        for worker in &mut workers {
            sink(&worker.out, done)?;
            worker.out.clear();
        }
    }
    let mut tallies = workers.into_iter().map(|worker| worker.tally);
    let mut all = tallies.next().unwrap_or_default();
    tallies.for_each(|tally| all.merge(tally));
    Ok(all)
}

struct Job<'a> {
    scan: &'a Scan<'a>,
    surroundings: &'a Surroundings<'a>,
    wanted: &'a (dyn Fn(PolicyId) -> bool + Sync),
    each: &'a Each<'a>,
}

fn look_at(worker: &mut Worker, job: &Job<'_>, part: &[Entry<'_>], first: usize) {
    for (offset, entry) in part.iter().enumerate() {
        worker.found.clear();
        if job.scan.findings(&mut worker.slots, *entry, job.surroundings, &mut worker.found).is_err() {
            worker.tally.unreadable += 1;
            continue;
        }
        worker.found.retain(|finding| (job.wanted)(finding.policy));
        worker.tally.add(job.scan, (first + offset) as u32, entry.key(), entry.kind(), &worker.found);
        (job.each)(*entry, &worker.found, &mut worker.slots, &mut worker.out);
    }
}
