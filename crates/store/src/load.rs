//! Loading everything at once, on several threads, for snapshots.

use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::thread;

use azimuth_host::{AsOf, Sequence};
use jiff::Timestamp;

use crate::error::StoreError;
use crate::read::{self, Commits, text, version_at};
use crate::store::Store;

/// A document on its way past: its text is borrowed from the store and valid during the visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loaded<'r> {
    /// The text of its [`DocumentKey`](azimuth_ids::DocumentKey).
    pub key: &'r str,
    /// The JSON text, exactly as written.
    pub body: &'r str,
    /// The change that made this version.
    pub sequence: Sequence,
    /// When that change was committed.
    pub modified: Timestamp,
}

impl Store {
    /// Shows every document that exists as of a moment to one of `threads` visitors, each with a sink of its own
    /// made by `sink`, and returns the sinks. The documents come in the order in which their keys first appeared
    /// in the store: first all of the first sink's, then the second's, and so on.
    ///
    /// All threads see one state, whatever is committed meanwhile. The cost depends on the number of documents,
    /// not on the length of their history (for a past moment: one more search for each document changed since).
    ///
    /// # Errors
    /// [`StoreError`] if the file cannot be read; then some documents may have been visited.
    ///
    /// # Panics
    /// If `visit` or `sink` does.
    pub fn load<T: Send>(
        &self,
        as_of: AsOf,
        threads: NonZeroUsize,
        sink: impl Fn() -> T + Sync,
        visit: impl Fn(&mut T, Loaded<'_>) + Sync,
    ) -> Result<Vec<T>, StoreError> {
        let (position, newest) = {
            let reader = self.reader()?;
            let find = || {
                let transaction = reader.unchecked_transaction()?;
                let newest =
                    transaction
                        .query_row("SELECT coalesce(max(id), 0) FROM documents", (), |row| row.get(0))?;
                Ok((read::position(&transaction, as_of)?, newest))
            };
            find().map_err(|source| self.sorted(source))?
        };
        let part = |ids: RangeInclusive<i64>| {
            let mut sink = sink();
            self.load_part(position, ids, &mut |loaded| visit(&mut sink, loaded)).map(|()| sink)
        };
        let parts = parts(newest, threads);
        if let [only] = &*parts {
            return Ok(vec![part(only.clone())?]);
        }
        thread::scope(|scope| {
            let running: Vec<_> = parts.into_iter().map(|ids| scope.spawn(|| part(ids))).collect();
            running
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        })
    }

    fn load_part(
        &self,
        position: i64,
        ids: RangeInclusive<i64>,
        visit: &mut dyn FnMut(Loaded<'_>),
    ) -> Result<(), StoreError> {
        let reader = self.reader()?;
        let mut load = || -> rusqlite::Result<()> {
            let transaction = reader.unchecked_transaction()?;
            let mut commits = Commits::new(&transaction)?;
            let mut statement = transaction.prepare_cached(concat!(
                "SELECT v.sequence, d.key, v.body FROM documents d CROSS JOIN versions v ON v.sequence = ",
                version_at!(),
                " WHERE d.id BETWEEN ?2 AND ?3 AND NOT (d.deleted AND d.current <= ?1) AND v.body IS NOT NULL \
                 ORDER BY d.id"
            ))?;
            let mut rows = statement.query((position, ids.start(), ids.end()))?;
            while let Some(row) = rows.next()? {
                let sequence = row.get(0)?;
                visit(Loaded {
                    key: text(row, 1)?,
                    body: text(row, 2)?,
                    sequence: i64::cast_unsigned(sequence),
                    modified: commits.of(sequence)?.time,
                });
            }
            Ok(())
        };
        load().map_err(|source| self.sorted(source))
    }
}

/// Splits the ids 1 to `newest` into as many runs of equal length as there are threads.
fn parts(newest: i64, threads: NonZeroUsize) -> Vec<RangeInclusive<i64>> {
    let newest = newest.max(0);
    let threads = i64::try_from(threads.get()).unwrap_or(i64::MAX).min(newest).max(1);
    let length = newest / threads;
    let longer = newest % threads;
    let start = |part: i64| part * length + part.min(longer) + 1;
    (0..threads).map(|part| start(part)..=start(part + 1) - 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_every_id_once() {
        for newest in 0..40 {
            for threads in 1..9 {
                let parts = parts(newest, NonZeroUsize::new(threads).unwrap());
                assert!(!parts.is_empty() && parts.len() <= threads);
                assert!(parts.into_iter().flatten().eq(1..=newest));
            }
        }
    }
}
