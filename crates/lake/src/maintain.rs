//! What has to be done now and then.

use jiff::{SignedDuration, Timestamp};

use crate::error::LakeError;
use crate::lake::{Inner, Lake};
use crate::state::TableState;

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Maintained {
    /// Rows that went from memory to files
    pub flushed_rows: u64,
    /// Files that were put together with others
    pub compacted_files: u64,
    /// Files whose retention ended
    pub ended_files: u64,
    /// Files that were deleted from the store
    pub deleted_files: u64,
    /// Segments of the log that were dropped
    pub dropped_segments: usize,
}

impl Lake {
    /// Does what is due: rows that are many or old go to files, small files are put together, days whose retention ended are
    /// given up, and what no version has is deleted. To be called about once a second; calls wait for each other.
    ///
    /// # Errors
    /// The first failure; what is due and was not done is due the next time. No row is lost by it.
    pub async fn maintain(&self) -> Result<Maintained, LakeError> {
        let inner = &self.inner;
        let settings = inner.keeping.lock().await;
        let mut done = Maintained::default();
        let mut first = None;
        let now = inner.config.clock.now();
        let tables: Vec<(String, bool)> = {
            let state = inner.state();
            let is_full = state.bytes > inner.config.memory_bytes / 2;
            let due = |table: &TableState| is_full || inner.is_due(table, now);
            state.tables.iter().map(|(name, table)| (name.clone(), due(table))).collect()
        };
        for (table, is_due) in &tables {
            if *is_due {
                match inner.flush(table, settings.plan(table)).await {
                    Ok(flushed) => done.flushed_rows += flushed.rows,
                    Err(error) => first = first.or(Some(error)),
                }
            } else {
                inner.gather(table);
            }
        }
        match inner.drop_log().await {
            Ok(dropped) => done.dropped_segments = dropped,
            Err(error) => first = first.or(Some(error)),
        }
        for (table, _) in &tables {
            match inner.compact(table, settings.plan(table), inner.config.small_files).await {
                Ok(compacted) => done.compacted_files += compacted.files,
                Err(error) => first = first.or(Some(error)),
            }
        }
        match inner.retain(&settings).await {
            Ok(ended) => done.ended_files = ended,
            Err(error) => first = first.or(Some(error)),
        }
        if done.compacted_files + done.ended_files > 0 {
            match inner.vacuum().await {
                Ok(deleted) => done.deleted_files = deleted,
                Err(error) => first = first.or(Some(error)),
            }
        }
        first.map_or(Ok(done), Err)
    }
}

impl Inner {
    fn is_due(&self, table: &TableState, now: Timestamp) -> bool {
        let age = SignedDuration::try_from(self.config.flush_age).unwrap_or(SignedDuration::MAX);
        let is_old = table.fresh.first().is_some_and(|fresh| now.duration_since(fresh.since) >= age);
        is_old
            || table.bytes >= self.config.flush_bytes
            || (table.columns_since.is_some() && table.fresh.is_empty())
    }

    /// Puts many small batches of memory together, so that scans have less to do.
    fn gather(&self, name: &str) {
        let gathered = self.state().tables.get(name).and_then(TableState::gathered);
        let Some((count, whole)) = gathered else { return };
        let mut state = self.state_mut();
        let table = state.table(name);
        // New ones stand behind those that were gathered; only flushes take some away, and they wait for this one.
        let Some(start) = table.fresh.iter().position(|fresh| fresh.first == whole.first) else { return };
        let before: usize = table.fresh[start..start + count].iter().map(|fresh| fresh.bytes).sum();
        let bytes = whole.bytes;
        table.fresh.splice(start..start + count, [std::sync::Arc::new(whole)]);
        table.bytes = table.bytes + bytes - before;
        state.bytes = state.bytes + bytes - before;
    }
}
