//! Writes: one batch is one transaction.

use std::collections::{HashMap, HashSet};

use azimuth_host::{Clock, DocumentsError, Etag, Precondition, Write, WriteOutcome};
use azimuth_ids::DocumentKey;
use rusqlite::{CachedStatement, Connection, OptionalExtension, TransactionBehavior};

use crate::format::{key_hash, time_to_sql};
use crate::open::Place;
use crate::store::Store;

pub(crate) fn commit(
    store: &Store,
    actor: &str,
    writes: &[Write],
) -> Result<Vec<WriteOutcome>, DocumentsError> {
    transaction(store, actor, |batch| writes.iter().map(|write| batch.apply(write)).collect())
}

/// Runs `work` in one write transaction; what it did is kept only if it returns `Ok` and the commit reaches the disk.
pub(crate) fn transaction<T>(
    store: &Store,
    actor: &str,
    work: impl FnOnce(&mut Batch<'_>) -> Result<T, DocumentsError>,
) -> Result<T, DocumentsError> {
    let (mut connection, clock) = store.writer()?;
    let sorted = |source| DocumentsError::from(store.sorted(source));
    // The write lock is taken at once, so nothing read in here can change before the commit.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sorted)?;
    let mut batch = Batch::begin(&transaction, store.place()).map_err(sorted)?;
    let result = work(&mut batch)?;
    batch.finish(actor, clock).map_err(sorted)?;
    transaction.commit().map_err(sorted)?;
    Ok(result)
}

/// An open write transaction with its statements.
pub(crate) struct Batch<'c> {
    connection: &'c Connection,
    place: &'c Place,
    find: CachedStatement<'c>,
    body: CachedStatement<'c>,
    add_document: CachedStatement<'c>,
    set_current: CachedStatement<'c>,
    add_version: CachedStatement<'c>,
    /// Positions up to here were there before.
    base: i64,
    /// The newest position given.
    last: i64,
    last_time: i64,
    seen: Seen,
}

/// The documents that the batch has written, by id, and the names of those that it found nowhere.
///
/// Ids count up from 1, so neighbours share a word of 64 bits: a million documents take some 300 KiB.
#[derive(Default)]
struct Seen {
    ids: HashMap<i64, u64>,
    absent: HashSet<DocumentKey>,
}

/// A document's row.
struct Found {
    id: i64,
    current: i64,
    deleted: bool,
}

impl<'c> Batch<'c> {
    fn begin(connection: &'c Connection, place: &'c Place) -> rusqlite::Result<Self> {
        let (base, last_time) = connection
            .prepare_cached("SELECT last, time FROM commits ORDER BY last DESC LIMIT 1")?
            .query_row((), |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?
            .unwrap_or((0, i64::MIN));
        Ok(Self {
            connection,
            place,
            find: connection
                .prepare_cached("SELECT id, current, deleted FROM documents WHERE hash = ?1 AND key = ?2")?,
            body: connection.prepare_cached("SELECT body IS ?2 FROM versions WHERE sequence = ?1")?,
            add_document: connection.prepare_cached(
                "INSERT INTO documents (hash, current, deleted, key) VALUES (?1, ?2, 0, ?3)",
            )?,
            set_current: connection
                .prepare_cached("UPDATE documents SET current = ?2, deleted = ?3 WHERE id = ?1")?,
            add_version: connection
                .prepare_cached("INSERT INTO versions (document, previous, body) VALUES (?1, ?2, ?3)")?,
            base,
            last: base,
            last_time,
            seen: Seen::default(),
        })
    }

    pub(crate) fn connection(&self) -> &'c Connection {
        self.connection
    }

    pub(crate) fn sorted(&self, source: rusqlite::Error) -> DocumentsError {
        self.place.sorted(source).into()
    }

    /// First and last position given, if any was.
    pub(crate) fn positions(&self) -> Option<(i64, i64)> {
        (self.last > self.base).then_some((self.base + 1, self.last))
    }

    /// Whether the batch has written the document with this id.
    pub(crate) fn has_seen(&self, id: i64) -> bool {
        self.seen.has_id(id)
    }

    /// Does one write, or says why the batch must fail.
    pub(crate) fn apply(&mut self, write: &Write) -> Result<WriteOutcome, DocumentsError> {
        let key = &write.key;
        let hash = key_hash(key.as_str());
        let found = self
            .find
            .query_row((hash, key.as_str()), |row| {
                Ok(Found { id: row.get(0)?, current: row.get(1)?, deleted: row.get(2)? })
            })
            .optional()
            .map_err(|source| self.sorted(source))?;
        let is_new_to_batch = match &found {
            Some(found) => self.seen.insert_id(found.id),
            None => !self.seen.absent.contains(key),
        };
        if !is_new_to_batch {
            return Err(DocumentsError::DuplicateWrite { key: key.clone() });
        }
        check(write, found.as_ref())?;
        self.change(write, hash, found.as_ref()).map_err(|source| self.sorted(source))
    }

    fn change(&mut self, write: &Write, hash: i64, found: Option<&Found>) -> rusqlite::Result<WriteOutcome> {
        match (found, write.body.as_deref()) {
            (None, None) => {
                self.seen.absent.insert(write.key.clone());
                Ok(WriteOutcome::Absent)
            }
            (Some(found), None) if found.deleted => Ok(WriteOutcome::Absent),
            (None, Some(body)) => {
                self.add_document.execute((hash, self.last + 1, write.key.as_str()))?;
                let id = self.connection.last_insert_rowid();
                self.seen.insert_id(id);
                self.add_version(id, None, Some(body)).map(WriteOutcome::Created)
            }
            (Some(found), Some(body)) if found.deleted => {
                self.replace(found, Some(body)).map(WriteOutcome::Created)
            }
            (Some(found), Some(body)) => {
                if self.body.query_row((found.current, body), |row| row.get(0))? {
                    return Ok(WriteOutcome::Unchanged(found.current.cast_unsigned()));
                }
                self.replace(found, Some(body)).map(WriteOutcome::Updated)
            }
            (Some(found), None) => self.replace(found, None).map(WriteOutcome::Deleted),
        }
    }

    fn replace(&mut self, found: &Found, body: Option<&str>) -> rusqlite::Result<u64> {
        self.set_current.execute((found.id, self.last + 1, body.is_none()))?;
        self.add_version(found.id, Some(found.current), body)
    }

    /// Ends the document whose row is known.
    pub(crate) fn delete(&mut self, id: i64, current: i64) -> Result<(), DocumentsError> {
        let found = Found { id, current, deleted: false };
        self.replace(&found, None).map(|_| ()).map_err(|source| self.sorted(source))
    }

    fn add_version(
        &mut self,
        document: i64,
        previous: Option<i64>,
        body: Option<&str>,
    ) -> rusqlite::Result<u64> {
        // SQLite gives the position after the last: the cheapest insertion it has.
        self.add_version.execute((document, previous, body))?;
        let sequence = self.connection.last_insert_rowid();
        if sequence != self.last + 1 {
            // The feed has versions that no commit accounts for.
            return Err(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT),
                Some("the change feed has a gap".to_owned()),
            ));
        }
        self.last = sequence;
        Ok(sequence.cast_unsigned())
    }

    /// Records who and when, if anything was changed.
    fn finish(self, actor: &str, clock: &dyn Clock) -> rusqlite::Result<()> {
        let Some((first, last)) = self.positions() else { return Ok(()) };
        let time = time_to_sql(clock.now()).max(self.last_time);
        self.connection
            .prepare_cached("INSERT INTO commits (last, first, time, actor) VALUES (?1, ?2, ?3, ?4)")?
            .execute((last, first, time, actor))?;
        Ok(())
    }
}

fn check(write: &Write, found: Option<&Found>) -> Result<(), DocumentsError> {
    let current = found.filter(|found| !found.deleted).map(|found| Etag::of(found.current.cast_unsigned()));
    let holds = match &write.precondition {
        Precondition::None => true,
        Precondition::Exists => current.is_some(),
        Precondition::Absent => current.is_none(),
        Precondition::Matches(etag) => current.as_ref() == Some(etag),
    };
    if holds { Ok(()) } else { Err(DocumentsError::PreconditionFailed { key: write.key.clone(), current }) }
}

impl Seen {
    fn has_id(&self, id: i64) -> bool {
        self.ids.get(&(id / 64)).is_some_and(|bits| bits & Self::bit(id) != 0)
    }

    /// Marks `id`; false if it was marked before.
    fn insert_id(&mut self, id: i64) -> bool {
        let bits = self.ids.entry(id / 64).or_default();
        let is_new = *bits & Self::bit(id) == 0;
        *bits |= Self::bit(id);
        is_new
    }

    fn bit(id: i64) -> u64 {
        1 << (id % 64).unsigned_abs()
    }
}
