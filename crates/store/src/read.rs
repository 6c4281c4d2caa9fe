//! Reads: one document, all documents, the change feed, as of any moment.
//!
//! Every moment is first turned into a position in the feed. As the feed only grows, a position names one state
//! for ever, and connections that never talk to each other see the same state.

use std::sync::Arc;

use azimuth_host::{AsOf, Change, ChangeKind, Document, Sequence};
use azimuth_ids::DocumentKey;
use jiff::Timestamp;
use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row};

use crate::error::StoreError;
use crate::format::{key_hash, sequence_to_sql, time_from_sql, time_to_sql};
use crate::store::Store;

/// The version of a document at position `?1`, given its row `d`: the current one costs no search.
macro_rules! version_at {
    () => {
        "CASE WHEN d.current <= ?1 THEN d.current ELSE \
         (SELECT max(sequence) FROM versions WHERE document = d.id AND sequence <= ?1) END"
    };
}
pub(crate) use version_at;

pub(crate) fn last_sequence(store: &Store) -> Result<Sequence, StoreError> {
    let reader = store.reader()?;
    let last = last_position(&reader).map_err(|source| store.sorted(source))?;
    Ok(last.cast_unsigned())
}

pub(crate) fn last_position(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("SELECT coalesce(max(last), 0) FROM commits")?.query_row((), |row| row.get(0))
}

/// The position that `as_of` names, never beyond the newest change.
pub(crate) fn position(connection: &Connection, as_of: AsOf) -> rusqlite::Result<i64> {
    match as_of {
        AsOf::Now => last_position(connection),
        AsOf::Sequence(sequence) => Ok(sequence_to_sql(sequence).min(last_position(connection)?)),
        AsOf::Time(time) => connection
            .prepare_cached(
                "SELECT last FROM commits WHERE time <= ?1 ORDER BY time DESC, last DESC LIMIT 1",
            )?
            .query_row((time_to_sql(time),), |row| row.get(0))
            .optional()
            .map(|last| last.unwrap_or(0)),
    }
}

pub(crate) fn document(
    store: &Store,
    key: &DocumentKey,
    as_of: AsOf,
) -> Result<Option<Document>, StoreError> {
    let reader = store.reader()?;
    let read = || -> rusqlite::Result<Option<(i64, Arc<str>, Timestamp)>> {
        let transaction = reader.unchecked_transaction()?;
        let position = position(&transaction, as_of)?;
        let found = transaction
            .prepare_cached(concat!(
                "SELECT v.sequence, v.body FROM documents d CROSS JOIN versions v ON v.sequence = ",
                version_at!(),
                " WHERE d.hash = ?2 AND d.key = ?3 AND v.body IS NOT NULL"
            ))?
            .query_row((position, key_hash(key.as_str()), key.as_str()), |row| {
                Ok((row.get(0)?, Arc::from(text(row, 1)?)))
            })
            .optional()?;
        let Some((sequence, body)) = found else { return Ok(None) };
        let mut commits = Commits::new(&transaction)?;
        let time = commits.of(sequence)?.time;
        Ok(Some((sequence, body, time)))
    };
    let found = read().map_err(|source| store.sorted(source))?;
    Ok(found.map(|(sequence, body, modified)| Document {
        key: key.clone(),
        body,
        sequence: sequence.cast_unsigned(),
        modified,
    }))
}

pub(crate) fn scan(
    store: &Store,
    as_of: AsOf,
    visit: &mut dyn FnMut(Document) -> bool,
) -> Result<(), StoreError> {
    let reader = store.reader()?;
    let sorted = |source| store.sorted(source);
    let transaction = reader.unchecked_transaction().map_err(sorted)?;
    let position = position(&transaction, as_of).map_err(sorted)?;
    // Keys and positions are sorted first; the bodies, which may be gigabytes, follow one by one.
    let mut order = transaction
        .prepare_cached(concat!(
            "SELECT d.key, ",
            version_at!(),
            " FROM documents d WHERE NOT (d.deleted AND d.current <= ?1) ORDER BY d.key"
        ))
        .map_err(sorted)?;
    let mut bodies =
        transaction.prepare_cached("SELECT body FROM versions WHERE sequence = ?1").map_err(sorted)?;
    let mut commits = Commits::new(&transaction).map_err(sorted)?;
    let mut rows = order.query((position,)).map_err(sorted)?;
    while let Some(row) = rows.next().map_err(sorted)? {
        let Some(sequence) = row.get::<_, Option<i64>>(1).map_err(sorted)? else { continue };
        let body = bodies
            .query_row((sequence,), |row| optional_text(row, 0).map(|body| body.map(Arc::from)))
            .map_err(sorted)?;
        let Some(body) = body else { continue };
        let document = Document {
            key: key(store, text(row, 0).map_err(sorted)?)?,
            body,
            sequence: sequence.cast_unsigned(),
            modified: commits.of(sequence).map_err(sorted)?.time,
        };
        if !visit(document) {
            break;
        }
    }
    Ok(())
}

pub(crate) fn changes(store: &Store, after: Sequence, limit: usize) -> Result<Vec<Change>, StoreError> {
    let reader = store.reader()?;
    let sorted = |source| store.sorted(source);
    let transaction = reader.unchecked_transaction().map_err(sorted)?;
    let mut statement = transaction
        .prepare_cached(
            "SELECT v.sequence, d.key, v.previous, p.body, v.body FROM versions v \
             LEFT JOIN documents d ON d.id = v.document LEFT JOIN versions p ON p.sequence = v.previous \
             WHERE v.sequence > ?1 ORDER BY v.sequence LIMIT ?2",
        )
        .map_err(sorted)?;
    let rows = statement.query((sequence_to_sql(after), limit_to_sql(limit))).map_err(sorted)?;
    collect_changes(store, &transaction, rows)
}

pub(crate) fn history(store: &Store, key: &DocumentKey, limit: usize) -> Result<Vec<Change>, StoreError> {
    let reader = store.reader()?;
    let sorted = |source| store.sorted(source);
    let transaction = reader.unchecked_transaction().map_err(sorted)?;
    let mut statement = transaction
        .prepare_cached(
            "SELECT v.sequence, d.key, v.previous, p.body, v.body FROM documents d \
             CROSS JOIN versions v ON v.document = d.id LEFT JOIN versions p ON p.sequence = v.previous \
             WHERE d.hash = ?1 AND d.key = ?2 ORDER BY v.sequence LIMIT ?3",
        )
        .map_err(sorted)?;
    let rows =
        statement.query((key_hash(key.as_str()), key.as_str(), limit_to_sql(limit))).map_err(sorted)?;
    collect_changes(store, &transaction, rows)
}

fn limit_to_sql(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn collect_changes(
    store: &Store,
    connection: &Connection,
    mut rows: rusqlite::Rows<'_>,
) -> Result<Vec<Change>, StoreError> {
    let sorted = |source| store.sorted(source);
    let mut commits = Commits::new(connection).map_err(sorted)?;
    let mut changes = Vec::new();
    while let Some(row) = rows.next().map_err(sorted)? {
        let sequence: i64 = row.get(0).map_err(sorted)?;
        let before: Option<Arc<str>> = optional_text(row, 3).map_err(sorted)?.map(Arc::from);
        let after: Option<Arc<str>> = optional_text(row, 4).map_err(sorted)?.map(Arc::from);
        let kind = match (&before, &after) {
            (None, _) => ChangeKind::Created,
            (Some(_), Some(_)) => ChangeKind::Updated,
            (Some(_), None) => ChangeKind::Deleted,
        };
        let key = key(store, text(row, 1).map_err(sorted)?)?;
        let commit = commits.of(sequence).map_err(sorted)?;
        changes.push(Change {
            sequence: sequence.cast_unsigned(),
            time: commit.time,
            actor: commit.actor.clone(),
            key,
            kind,
            before,
            after,
        });
    }
    Ok(changes)
}

/// The commit that made a version.
pub(crate) struct Commit {
    first: i64,
    last: i64,
    pub(crate) time: Timestamp,
    pub(crate) actor: String,
}

/// Finds commits, remembering the last one found: neighbours mostly share it.
pub(crate) struct Commits<'c> {
    statement: CachedStatement<'c>,
    found: Option<Commit>,
}

impl<'c> Commits<'c> {
    pub(crate) fn new(connection: &'c Connection) -> rusqlite::Result<Self> {
        let statement = connection.prepare_cached(
            "SELECT first, last, time, actor FROM commits WHERE last >= ?1 ORDER BY last LIMIT 1",
        )?;
        Ok(Self { statement, found: None })
    }

    pub(crate) fn of(&mut self, sequence: i64) -> rusqlite::Result<&Commit> {
        let found = match self.found.take() {
            Some(commit) if (commit.first..=commit.last).contains(&sequence) => commit,
            _ => self.statement.query_row((sequence,), |row| {
                Ok(Commit {
                    first: row.get(0)?,
                    last: row.get(1)?,
                    time: time_from_sql(row.get(2)?),
                    actor: row.get(3)?,
                })
            })?,
        };
        Ok(self.found.insert(found))
    }
}

/// A text column, borrowed from SQLite.
pub(crate) fn text<'r>(row: &'r Row<'_>, column: usize) -> rusqlite::Result<&'r str> {
    let value = row.get_ref(column)?;
    value.as_str().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, value.data_type(), Box::new(error))
    })
}

/// A text column that may be NULL, borrowed from SQLite.
pub(crate) fn optional_text<'r>(row: &'r Row<'_>, column: usize) -> rusqlite::Result<Option<&'r str>> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        _ => text(row, column).map(Some),
    }
}

/// A key as stored. What is no key any more was not written by us.
pub(crate) fn key(store: &Store, text: &str) -> Result<DocumentKey, StoreError> {
    DocumentKey::parse(text)
        .map_err(|error| StoreError::damaged(store.path(), format!("a stored key: {error}")))
}
