//! Holding a proposal against the estate and against the writes of a store.

use std::collections::HashMap;
use std::sync::Arc;

use azimuth_estate::Snapshot;
use azimuth_host::{AsOf, Change, Documents};
use azimuth_ids::{DocumentKey, fold};
use azimuth_policy::{Around, Consequence, ObjectKind, Proposal, RecordedWrite, Slots, Surroundings, World};
use jiff::Timestamp;

use super::outcome::{Listed, Part, Replayed};
use crate::exit::Failure;
use crate::input;
use crate::ui::Ui;

/// Changes read at a time.
const PAGE: usize = 2_000;
/// Resources that threads look at before results are gathered.
const ROUND: usize = 4_096;

/// What a proposal does to the estate as it is.
pub(super) fn estate(proposal: &Proposal<'_>, surroundings: &Surroundings<'_>, part: &mut Part, ui: Ui) {
    let subjects = surroundings.subjects();
    let bar = ui.bar("deciding", subjects.len() as u64, false);
    for round in subjects.chunks(ROUND) {
        let found = in_parallel(round, |entry, slots, found| {
            let around = Around {
                shelf: surroundings,
                context: surroundings.context(entry.key()),
                ancestors: surroundings.ancestors(entry.key()),
            };
            // A resource that is no JSON object has no consequences; `scan` counts such.
            let _ = proposal.of_resource(slots, (entry.key(), entry.kind(), entry.body()), &around, found);
        });
        for (position, consequence) in found {
            let entry = round[position];
            part.add(entry.kind(), Listed { resource: entry.id().into_owned(), when: None, consequence });
        }
        part.looked_at += round.len() as u64;
        bar.inc(round.len() as u64);
    }
    bar.finish_and_clear();
}

/// A history to be replayed.
pub(super) struct Replay<'a> {
    pub(super) store: &'a dyn Documents,
    pub(super) proposal: &'a Proposal<'a>,
    /// The newest state, for management groups and evidence.
    pub(super) snapshot: &'a Snapshot,
    pub(super) since: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
    /// Only theirs; empty: everybody's.
    pub(super) actors: &'a [String],
}

/// Writes that were committed together.
#[derive(Default)]
struct Batch {
    writes: Vec<RecordedWrite>,
}

impl Replay<'_> {
    /// Replays every write as a request at its time: the world around it is that of its moment, all of its own commit
    /// included, for what was written together was meant together.
    pub(super) fn run(&self, limit: usize, ui: Ui) -> Result<Replayed, Failure> {
        let mut replayed = Replayed { part: Part::new(limit), writes: 0, first: None, last: None };
        let mut world = World::new(self.snapshot);
        let mut position = self.start(&mut world)?;
        let newest = self.store.last_sequence()?;
        let bar = ui.bar("replaying", newest.saturating_sub(position), false);
        let mut batch = Batch::default();
        'pages: loop {
            let page = self.store.changes(position, PAGE)?;
            let Some(last) = page.last() else { break };
            bar.inc(last.sequence - position);
            position = last.sequence;
            for change in page {
                if self.until.is_some_and(|until| change.time > until) {
                    break 'pages;
                }
                let Some(write) = recorded(change) else { continue };
                let is_same = batch
                    .writes
                    .first()
                    .is_some_and(|first| first.time == write.time && first.actor == write.actor);
                if !is_same {
                    self.decide(&mut world, std::mem::take(&mut batch), &mut replayed);
                }
                world.put(&write.key, &write.kind, write.after.clone());
                batch.writes.push(write);
            }
        }
        self.decide(&mut world, batch, &mut replayed);
        bar.finish_and_clear();
        Ok(replayed)
    }

    /// Fills the world with what was there before `--since`; returns the position to start after.
    fn start(&self, world: &mut World<'_>) -> Result<u64, Failure> {
        let Some(since) = self.since else { return Ok(0) };
        let just_before = since.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(since);
        let mut position = 0;
        self.store.scan(AsOf::Time(just_before), &mut |document| {
            position = position.max(document.sequence);
            if let Some(kind) = kind_of(&document.key) {
                world.put(document.key.as_str(), &kind, Some(document.body));
            }
            true
        })?;
        // What was deleted last before the moment is no document any more: go on to the first change that counts.
        loop {
            let page = self.store.changes(position, PAGE)?;
            let Some(last) = page.last() else { return Ok(position) };
            match page.iter().find(|change| change.time >= since) {
                Some(first) => return Ok(first.sequence - 1),
                None => position = last.sequence,
            }
        }
    }

    fn decide(&self, world: &mut World<'_>, batch: Batch, replayed: &mut Replayed) {
        let is_asked = |write: &RecordedWrite| {
            self.actors.is_empty()
                || self.actors.iter().any(|actor| azimuth_ids::eq_fold(actor, &write.actor))
        };
        let writes: Vec<RecordedWrite> =
            batch.writes.into_iter().filter(|write| is_subject(write) && is_asked(write)).collect();
        let Some(first) = writes.first() else { return };
        replayed.first.get_or_insert(first.time);
        replayed.last = Some(first.time);
        replayed.writes += writes.len() as u64;
        replayed.part.looked_at += writes.len() as u64;
        for round in writes.chunks(ROUND) {
            let world = &*world;
            let found = in_parallel(round, |write, slots, found| {
                let context = world.context(&write.key, write.time);
                let around =
                    Around { shelf: world, context: &context, ancestors: world.ancestors(&write.key) };
                let of = |body: &Arc<str>| -> Arc<str> { body.clone() };
                match (write.after.as_ref().map(of), write.before.as_ref().map(of)) {
                    (Some(json), _) => {
                        let _ =
                            self.proposal.of_write(slots, (&write.key, &write.kind, &json), &around, found);
                    }
                    (None, Some(json)) => {
                        let _ = self.proposal.of_deletion(
                            slots,
                            (&write.key, &write.kind, &json),
                            &around,
                            found,
                        );
                    }
                    (None, None) => {}
                }
            });
            for (position, consequence) in found {
                let write = &round[position];
                let resource = id_of(write);
                let when = Some((write.sequence, write.time, write.actor.clone()));
                replayed.part.add(&write.kind, Listed { resource, when, consequence });
            }
        }
    }
}

/// Lets threads look at items; the results come in the order of the items.
fn in_parallel<T: Sync>(
    items: &[T],
    look: impl Fn(&T, &mut Slots, &mut Vec<Consequence>) + Sync,
) -> Vec<(usize, Consequence)> {
    let share = items.len().div_ceil(input::threads().max(1)).max(1);
    let look = &look;
    std::thread::scope(|scope| {
        let workers: Vec<_> = items
            .chunks(share)
            .enumerate()
            .map(|(number, part)| {
                scope.spawn(move || {
                    let mut slots = Slots::default();
                    let mut all = Vec::new();
                    let mut found = Vec::new();
                    for (offset, item) in part.iter().enumerate() {
                        look(item, &mut slots, &mut found);
                        all.extend(found.drain(..).map(|consequence| (number * share + offset, consequence)));
                    }
                    all
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("deciding does not panic")).collect()
    })
}

/// A change of an ARM document; `None` for the directory and the like.
fn recorded(change: Change) -> Option<RecordedWrite> {
    let kind = kind_of(&change.key)?;
    Some(RecordedWrite {
        sequence: change.sequence,
        time: change.time,
        actor: change.actor,
        key: change.key.as_str().to_owned(),
        kind,
        after: change.after,
        before: change.before,
    })
}

fn kind_of(key: &DocumentKey) -> Option<String> {
    key.resource_id().map(|id| id.resource_type().folded())
}

/// Whether Azure Policy looks at such writes: what lies in subscriptions, but for its own objects.
fn is_subject(write: &RecordedWrite) -> bool {
    write.key.starts_with("/subscriptions/")
        && ObjectKind::of_type(&write.kind).is_none()
        && !write.kind.starts_with("microsoft.policyinsights/")
}

/// The id as the body spells it, or the key.
fn id_of(write: &RecordedWrite) -> String {
    let body = write.after.as_ref().or(write.before.as_ref());
    let members: Option<HashMap<String, serde_json::Value>> =
        body.and_then(|body| serde_json::from_str(body).ok());
    let id = members.and_then(|members| members.get("id").and_then(|id| id.as_str().map(str::to_owned)));
    id.filter(|id| fold(id) == write.key).unwrap_or_else(|| write.key.clone())
}
