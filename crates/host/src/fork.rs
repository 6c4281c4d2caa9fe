//! A fork: the documents of a store as of a position, and changes of its own on top of them.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use azimuth_ids::DocumentKey;
use jiff::Timestamp;

use crate::documents::{
    AsOf, Change, ChangeKind, Document, Documents, DocumentsError, Etag, Precondition, Sequence, Write,
    WriteOutcome,
};

/// How a deletion is written. A body that begins with this is written with one more of it in front.
const GONE: &str = "\0";
/// How often a commit is tried again because another writer of the fork was quicker.
const TRIES: usize = 100;

/// Documents of a base as of a position, with changes of their own; the base is never written.
///
/// Nothing is copied: what the fork did not change is read from the base. Positions go on from that of the base, so that the
/// first change of a fork of position 7 is 8, and history and feed begin with those of the base.
pub struct Fork {
    base: Arc<dyn Documents>,
    at: Sequence,
    /// When the base was at that position; `None` for an empty one
    forked: Option<Timestamp>,
    own: Arc<dyn Documents>,
}

impl Fork {
    /// The fork of `base` at a position whose own changes are in `own`: an empty store, or that of the same fork before.
    /// Its clock must not be behind the base: see [`NotBefore`](crate::NotBefore).
    ///
    /// # Errors
    /// [`DocumentsError::Unavailable`], also when the base never was at that position.
    pub fn new(
        base: Arc<dyn Documents>,
        at: Sequence,
        own: Arc<dyn Documents>,
    ) -> Result<Self, DocumentsError> {
        let last = base.last_sequence()?;
        if at > last {
            let message = format!("the base of the fork is at change {last} and never was at {at}");
            return Err(DocumentsError::Unavailable { message, source: None });
        }
        let forked = match at {
            0 => None,
            _ => base.changes(at - 1, 1)?.first().map(|change| change.time),
        };
        Ok(Self { base, at, forked, own })
    }

    /// The position of the base that the fork began at.
    pub fn at(&self) -> Sequence {
        self.at
    }

    /// The document, the etag of the fork's own version if it has one, and whether it is there.
    fn current(&self, key: &DocumentKey) -> Result<(Option<Document>, Option<Etag>), DocumentsError> {
        match self.own.read(key, AsOf::Now)? {
            Some(own) => {
                let etag = own.etag();
                Ok((self.lifted(own), Some(etag)))
            }
            None => Ok((self.base.read(key, AsOf::Sequence(self.at))?, None)),
        }
    }

    /// A document of the fork's own store as one of the fork; `None` if it says that there is none.
    fn lifted(&self, own: Document) -> Option<Document> {
        let body = body(own.body)?;
        Some(Document { sequence: own.sequence + self.at, body, ..own })
    }

    /// The moments in the base and in the fork's own store that a moment of the fork is; `None` before the fork began.
    fn moments(&self, as_of: AsOf) -> (AsOf, Option<AsOf>) {
        let whole = AsOf::Sequence(self.at);
        match as_of {
            AsOf::Now => (whole, Some(AsOf::Now)),
            AsOf::Sequence(position) if position > self.at => {
                (whole, Some(AsOf::Sequence(position - self.at)))
            }
            AsOf::Time(time) if self.forked.is_none_or(|forked| time >= forked) => {
                (whole, Some(AsOf::Time(time)))
            }
            earlier => (earlier, None),
        }
    }

    /// A change of the fork's own store as one of the fork.
    fn change(&self, own: Change) -> Result<Change, DocumentsError> {
        let before = match own.before {
            Some(written) => body(written),
            None => self.base.read(&own.key, AsOf::Sequence(self.at))?.map(|document| document.body),
        };
        let after = own.after.and_then(body);
        let kind = match (&before, &after) {
            (_, None) => ChangeKind::Deleted,
            (None, _) => ChangeKind::Created,
            _ => ChangeKind::Updated,
        };
        Ok(Change { sequence: own.sequence + self.at, before, after, kind, ..own })
    }

    /// One try to commit: the outcomes, or `None` if another writer was quicker.
    fn attempt(&self, actor: &str, writes: &[Write]) -> Result<Option<Vec<WriteOutcome>>, DocumentsError> {
        let mut outcomes = Vec::with_capacity(writes.len());
        let (mut own, mut seen) = (Vec::new(), HashSet::new());
        for write in writes {
            if !seen.insert(&write.key) {
                return Err(DocumentsError::DuplicateWrite { key: write.key.clone() });
            }
            let (current, own_etag) = self.current(&write.key)?;
            let etag = current.as_ref().map(Document::etag);
            let holds = match &write.precondition {
                Precondition::None => true,
                Precondition::Exists => etag.is_some(),
                Precondition::Absent => etag.is_none(),
                Precondition::Matches(wanted) => etag.as_ref() == Some(wanted),
            };
            if !holds {
                return Err(DocumentsError::PreconditionFailed { key: write.key.clone(), current: etag });
            }
            outcomes.push(match (&current, &write.body) {
                (None, None) => WriteOutcome::Absent,
                (Some(found), Some(body)) if found.body == *body => WriteOutcome::Unchanged(found.sequence),
                (None, Some(_)) => WriteOutcome::Created(0),
                (Some(_), Some(_)) => WriteOutcome::Updated(0),
                (Some(_), None) => WriteOutcome::Deleted(0),
            });
            if let Some(WriteOutcome::Created(_) | WriteOutcome::Updated(_) | WriteOutcome::Deleted(_)) =
                outcomes.last()
            {
                let precondition = own_etag.map_or(Precondition::Absent, Precondition::Matches);
                own.push(Write::put(write.key.clone(), written(write.body.as_ref())).when(precondition));
            }
        }
        let made = match self.own.commit(actor, own) {
            Err(DocumentsError::PreconditionFailed { .. }) => return Ok(None),
            made => made?,
        };
        let mut made = made.into_iter();
        for outcome in &mut outcomes {
            let (WriteOutcome::Created(place) | WriteOutcome::Updated(place) | WriteOutcome::Deleted(place)) =
                outcome
            else {
                continue;
            };
            if let Some(WriteOutcome::Created(own) | WriteOutcome::Updated(own)) = made.next() {
                *place = own + self.at;
            }
        }
        Ok(Some(outcomes))
    }
}

/// What stands for a body, or for a deletion.
fn written(body: Option<&Arc<str>>) -> Arc<str> {
    match body {
        None => GONE.into(),
        Some(body) if body.starts_with(GONE) => format!("{GONE}{body}").into(),
        Some(body) => body.clone(),
    }
}

/// The body that something stands for; `None` for a deletion.
fn body(written: Arc<str>) -> Option<Arc<str>> {
    match written.strip_prefix(GONE) {
        None => Some(written),
        Some("") => None,
        Some(body) => Some(body.into()),
    }
}

impl Documents for Fork {
    fn read(&self, key: &DocumentKey, as_of: AsOf) -> Result<Option<Document>, DocumentsError> {
        let (base, own) = self.moments(as_of);
        let own = own.map(|own| self.own.read(key, own)).transpose()?.flatten();
        match own {
            Some(own) => Ok(self.lifted(own)),
            None => self.base.read(key, base),
        }
    }

    fn commit(&self, actor: &str, writes: Vec<Write>) -> Result<Vec<WriteOutcome>, DocumentsError> {
        for _ in 0..TRIES {
            if let Some(outcomes) = self.attempt(actor, &writes)? {
                return Ok(outcomes);
            }
        }
        let message = "other writers changed the same documents each time; try again".to_owned();
        Err(DocumentsError::Unavailable { message, source: None })
    }

    fn scan(&self, as_of: AsOf, visit: &mut dyn FnMut(Document) -> bool) -> Result<(), DocumentsError> {
        let (base, own) = self.moments(as_of);
        // What a fork changed is little beside what it did not.
        let mut changed = BTreeMap::new();
        if let Some(own) = own {
            self.own.scan(own, &mut |document| {
                changed.insert(document.key.clone(), document);
                true
            })?;
        }
        let mut goes_on = true;
        self.base.scan(base, &mut |document| {
            while let Some(first) = changed.first_entry()
                && *first.key() < document.key
            {
                if let Some(own) = self.lifted(first.remove()) {
                    goes_on = visit(own);
                    if !goes_on {
                        return false;
                    }
                }
            }
            goes_on = match changed.remove(&document.key) {
                Some(own) => self.lifted(own).is_none_or(&mut *visit),
                None => visit(document),
            };
            goes_on
        })?;
        if goes_on {
            changed.into_values().filter_map(|own| self.lifted(own)).all(visit);
        }
        Ok(())
    }

    fn changes(&self, after: Sequence, limit: usize) -> Result<Vec<Change>, DocumentsError> {
        let mut found = Vec::new();
        if after < self.at {
            let left = usize::try_from(self.at - after).unwrap_or(usize::MAX);
            found = self.base.changes(after, limit.min(left))?;
        }
        let own = self.own.changes(after.saturating_sub(self.at), limit - found.len())?;
        for change in own {
            found.push(self.change(change)?);
        }
        Ok(found)
    }

    fn history(&self, key: &DocumentKey, limit: usize) -> Result<Vec<Change>, DocumentsError> {
        let mut found = self.base.history(key, limit)?;
        found.retain(|change| change.sequence <= self.at);
        for change in self.own.history(key, limit - found.len())? {
            found.push(self.change(change)?);
        }
        Ok(found)
    }

    fn last_sequence(&self) -> Result<Sequence, DocumentsError> {
        Ok(self.at + self.own.last_sequence()?)
    }
}
