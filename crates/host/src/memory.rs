//! Documents in memory, for tests and for estates that are read once.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, RwLock};

use azimuth_ids::DocumentKey;
use jiff::Timestamp;

use crate::clock::Clock;
use crate::documents::{
    AsOf, Change, ChangeKind, Document, Documents, DocumentsError, Precondition, Sequence, Write,
    WriteOutcome,
};

/// A store that forgets everything when dropped; otherwise it behaves as the trait says.
pub struct MemoryDocuments {
    clock: Arc<dyn Clock>,
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    /// All changes; the sequence of `feed[i]` is `i + 1`.
    feed: Vec<Change>,
    /// Sequences per document, ascending.
    versions: BTreeMap<DocumentKey, Vec<Sequence>>,
}

impl State {
    fn change(&self, sequence: Sequence) -> &Change {
        &self.feed[sequence as usize - 1]
    }

    fn at(&self, versions: &[Sequence], as_of: AsOf) -> Option<Document> {
        let end = match as_of {
            AsOf::Now => versions.len(),
            AsOf::Sequence(limit) => versions.partition_point(|sequence| *sequence <= limit),
            AsOf::Time(limit) => versions.partition_point(|sequence| self.change(*sequence).time <= limit),
        };
        let change = self.change(*versions[..end].last()?);
        let body = change.after.clone()?;
        Some(Document { key: change.key.clone(), body, sequence: change.sequence, modified: change.time })
    }
}

impl MemoryDocuments {
    /// An empty store that takes commit times from `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: RwLock::default() }
    }

    fn read_state(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.state.read().expect("no holder of this lock panics")
    }
}

impl Documents for MemoryDocuments {
    fn read(&self, key: &DocumentKey, as_of: AsOf) -> Result<Option<Document>, DocumentsError> {
        let state = self.read_state();
        Ok(state.versions.get(key).and_then(|versions| state.at(versions, as_of)))
    }

    fn commit(&self, actor: &str, writes: Vec<Write>) -> Result<Vec<WriteOutcome>, DocumentsError> {
        let mut state = self.state.write().expect("no holder of this lock panics");
        let mut seen = HashSet::new();
        for write in &writes {
            if !seen.insert(&write.key) {
                return Err(DocumentsError::DuplicateWrite { key: write.key.clone() });
            }
            let current = state.versions.get(&write.key).and_then(|versions| state.at(versions, AsOf::Now));
            let holds = match &write.precondition {
                Precondition::None => true,
                Precondition::Exists => current.is_some(),
                Precondition::Absent => current.is_none(),
                Precondition::Matches(etag) => current.as_ref().is_some_and(|found| found.etag() == *etag),
            };
            if !holds {
                let current = current.map(|found| found.etag());
                return Err(DocumentsError::PreconditionFailed { key: write.key.clone(), current });
            }
        }
        let last = state.feed.last().map_or(Timestamp::MIN, |change| change.time);
        let time = self.clock.now().max(last);
        let outcomes = writes.into_iter().map(|write| state.apply(actor, time, write)).collect();
        Ok(outcomes)
    }

    fn scan(&self, as_of: AsOf, visit: &mut dyn FnMut(Document) -> bool) -> Result<(), DocumentsError> {
        let state = self.read_state();
        for versions in state.versions.values() {
            if let Some(document) = state.at(versions, as_of)
                && !visit(document)
            {
                break;
            }
        }
        Ok(())
    }

    fn changes(&self, after: Sequence, limit: usize) -> Result<Vec<Change>, DocumentsError> {
        let state = self.read_state();
        let start = usize::try_from(after).unwrap_or(usize::MAX).min(state.feed.len());
        Ok(state.feed[start..].iter().take(limit).cloned().collect())
    }

    fn history(&self, key: &DocumentKey, limit: usize) -> Result<Vec<Change>, DocumentsError> {
        let state = self.read_state();
        let versions = state.versions.get(key).map(Vec::as_slice).unwrap_or_default();
        Ok(versions.iter().take(limit).map(|sequence| state.change(*sequence).clone()).collect())
    }

    fn last_sequence(&self) -> Result<Sequence, DocumentsError> {
        Ok(self.read_state().feed.len() as Sequence)
    }
}

impl State {
    fn apply(&mut self, actor: &str, time: Timestamp, write: Write) -> WriteOutcome {
        let current = self.versions.get(&write.key).and_then(|versions| self.at(versions, AsOf::Now));
        let sequence = self.feed.len() as Sequence + 1;
        let (kind, outcome) = match (&current, &write.body) {
            (None, None) => return WriteOutcome::Absent,
            (Some(found), Some(body)) if found.body == *body => {
                return WriteOutcome::Unchanged(found.sequence);
            }
            (None, Some(_)) => (ChangeKind::Created, WriteOutcome::Created(sequence)),
            (Some(_), Some(_)) => (ChangeKind::Updated, WriteOutcome::Updated(sequence)),
            (Some(_), None) => (ChangeKind::Deleted, WriteOutcome::Deleted(sequence)),
        };
        self.versions.entry(write.key.clone()).or_default().push(sequence);
        self.feed.push(Change {
            sequence,
            time,
            actor: actor.to_owned(),
            key: write.key,
            kind,
            before: current.map(|found| found.body),
            after: write.body,
        });
        outcome
    }
}
