//! Bulk import: any number of writes in one transaction.

use azimuth_host::{DocumentsError, Sequence, Write, WriteOutcome};
use azimuth_ids::fold;

use crate::read::text;
use crate::store::Store;
use crate::write::{self, Batch};

/// What an import says about documents that it does not mention.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ImportMode {
    /// Nothing: they stay.
    #[default]
    Merge,
    /// That they are gone: the import is all there is at and below some keys.
    Replace {
        /// The keys at and below which unmentioned documents are deleted; case does not matter.
        ///
        /// `/subscriptions/a` covers itself and `/subscriptions/a/…` but not `/subscriptions/ab`. A prefix that
        /// ends with a slash covers all that begins with it: `graph:/`, or `/` for all of Resource Manager. The
        /// empty prefix covers nothing.
        prefixes: Vec<String>,
    },
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportSummary {
    /// Documents that were not there before.
    pub created: u64,
    /// Documents with a new body.
    pub updated: u64,
    /// Documents whose body was already the one given.
    pub unchanged: u64,
    /// Documents that are gone, by a deleting write or by [`ImportMode::Replace`].
    pub deleted: u64,
    /// Position of the first change; `None` if nothing was changed.
    pub first: Option<Sequence>,
    /// Position of the last change; `None` if nothing was changed.
    pub last: Option<Sequence>,
}

impl ImportSummary {
    fn count(&mut self, outcome: WriteOutcome) {
        match outcome {
            WriteOutcome::Created(_) => self.created += 1,
            WriteOutcome::Updated(_) => self.updated += 1,
            WriteOutcome::Unchanged(_) => self.unchanged += 1,
            WriteOutcome::Deleted(_) => self.deleted += 1,
            WriteOutcome::Absent => {}
        }
    }
}

impl Store {
    /// Commits all of `writes` as one transaction, recorded as made by `actor`; the writes are taken one by one,
    /// so they need not fit in memory. Whatever interrupts it, afterwards all of it is there or nothing.
    ///
    /// Other writers wait meanwhile: `writes` must not itself commit to this store.
    ///
    /// # Errors
    /// Those of [`commit`](azimuth_host::Documents::commit): two writes of one document, a failed precondition,
    /// a store that cannot be written.
    pub fn import(
        &self,
        actor: &str,
        mode: &ImportMode,
        writes: impl IntoIterator<Item = Write>,
    ) -> Result<ImportSummary, DocumentsError> {
        write::transaction(self, actor, |batch| {
            let mut summary = ImportSummary::default();
            for write in writes {
                summary.count(batch.apply(&write)?);
            }
            if let ImportMode::Replace { prefixes } = mode {
                summary.deleted += delete_unmentioned(batch, prefixes)?;
            }
            if let Some((first, last)) = batch.positions() {
                summary.first = Some(first.cast_unsigned());
                summary.last = Some(last.cast_unsigned());
            }
            Ok(summary)
        })
    }
}

/// Deletes what is there under `prefixes` and was not written by the batch, in the order of first appearance.
fn delete_unmentioned(batch: &mut Batch<'_>, prefixes: &[String]) -> Result<u64, DocumentsError> {
    let prefixes: Vec<_> = prefixes.iter().map(|prefix| fold(prefix)).collect();
    let mut gone = Vec::new();
    {
        let sorted = |source| batch.sorted(source);
        let mut statement = batch
            .connection()
            .prepare_cached("SELECT id, current, key FROM documents WHERE NOT deleted ORDER BY id")
            .map_err(sorted)?;
        let mut rows = statement.query(()).map_err(sorted)?;
        while let Some(row) = rows.next().map_err(sorted)? {
            let id: i64 = row.get(0).map_err(sorted)?;
            let key = text(row, 2).map_err(sorted)?;
            if !batch.has_seen(id) && prefixes.iter().any(|prefix| covers(prefix, key)) {
                gone.push((id, row.get(1).map_err(sorted)?));
            }
        }
    }
    for &(id, current) in &gone {
        batch.delete(id, current)?;
    }
    Ok(gone.len() as u64)
}

/// Whether `key` is `prefix` or lies below it. Nothing lies below the empty prefix: an import that forgot to say
/// where it belongs must not delete an estate.
fn covers(prefix: &str, key: &str) -> bool {
    !prefix.is_empty()
        && key
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || prefix.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_end_at_segments() {
        assert!(covers("/subscriptions/a", "/subscriptions/a"));
        assert!(covers("/subscriptions/a", "/subscriptions/a/resourcegroups/b"));
        assert!(!covers("/subscriptions/a", "/subscriptions/ab"));
        assert!(!covers("/subscriptions/a/", "/subscriptions/a"));
        assert!(covers("/", "/subscriptions/a"));
        assert!(!covers("/", "graph:/users/a"));
        assert!(covers("graph:/", "graph:/users/a"));
        assert!(!covers("", "/subscriptions/a"));
    }
}
