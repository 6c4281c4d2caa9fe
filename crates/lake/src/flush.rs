//! From memory to files: the rows of a table up to a sequence, and the sequence with them in one commit.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;

use crate::datafile::{Layout, Made, by_day, make, united};
use crate::delta::Table;
use crate::delta::action::{Action, Add};
use crate::error::LakeError;
use crate::lake::{Inner, Lake};
use crate::moment;
use crate::schema::{DAY, TableSchema};
use crate::settings::Plan;
use crate::state::Fresh;

/// Where the checksum of a file stands in the log of Delta.
pub(crate) const CHECKSUM: &str = "azimuth.crc32c";
/// Where the checksum of the index of its terms stands.
pub(crate) const TERMS_CHECKSUM: &str = "azimuth.terms.crc32c";
/// Where the bytes of its records as they were received stand.
pub(crate) const BILLED_BYTES: &str = "azimuth.billed_bytes";

/// What a flush did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flushed {
    pub(crate) rows: u64,
    pub(crate) files: u64,
}

impl Plan {
    pub(crate) fn layout(self, is_rewritten: bool) -> Layout {
        let zstd_level = match (self, is_rewritten) {
            (Self::Auxiliary, true) => 9,
            (_, true) => 3,
            (_, false) => 1,
        };
        Layout { zstd_level, has_terms: self == Self::Analytics }
    }
}

impl Lake {
    /// Writes the rows of a table that are in memory to files, however few they are.
    ///
    /// # Errors
    /// When files cannot be written; the rows stay where they are.
    pub async fn flush(&self, table: &str) -> Result<u64, LakeError> {
        let settings = self.inner.keeping.lock().await;
        let flushed = self.inner.flush(table, settings.plan(table)).await?;
        self.inner.drop_log().await?;
        Ok(flushed.rows)
    }

    /// Writes all rows that are in memory to files, and drops the log.
    ///
    /// # Errors
    /// When files cannot be written; the rows stay where they are.
    pub async fn flush_all(&self) -> Result<u64, LakeError> {
        let settings = self.inner.keeping.lock().await;
        let tables: Vec<String> = self.inner.state().tables.keys().cloned().collect();
        let mut rows = 0;
        for table in tables {
            rows += self.inner.flush(&table, settings.plan(&table)).await?.rows;
        }
        self.inner.drop_log().await?;
        Ok(rows)
    }
}

impl Inner {
    /// Whoever calls it keeps others from changing files.
    pub(crate) async fn flush(&self, name: &str, plan: Plan) -> Result<Flushed, LakeError> {
        let (schema, fresh, delta, has_columns) = {
            let state = self.state();
            let Some(table) = state.tables.get(name) else {
                return Err(LakeError::NoSuchTable(name.to_owned()));
            };
            (table.schema.clone(), table.fresh.clone(), table.delta.clone(), table.columns_since.is_some())
        };
        let Some(last) = fresh.last().map(|fresh| fresh.last) else {
            if has_columns {
                self.commit_columns(name, &schema, &delta).await?;
            }
            return Ok(Flushed::default());
        };
        let rows = fresh.iter().map(|fresh| fresh.rows.num_rows() as u64).sum();
        let made = self.made(name, fresh, schema.clone(), plan.layout(false)).await?;
        let stamp = self.stamp("WRITE");
        let mut actions = delta.schema_actions(&schema, &stamp);
        actions.push(Table::sequence_action(last, stamp.at));
        let files = made.len() as u64;
        for (day, made) in made {
            actions.push(Action::add(self.put(&delta.folder, day, made, stamp.at, true).await?));
        }
        let delta = delta.commit(&self.files, actions, &stamp).await?;
        let mut state = self.state_mut();
        let table = state.table(name);
        table.set_delta(delta);
        // What came in the meantime stays; rows and files change places under one lock.
        table.fresh.retain(|fresh| fresh.last > last);
        let bytes: usize = table.fresh.iter().map(|fresh| fresh.bytes).sum();
        let freed = std::mem::replace(&mut table.bytes, bytes) - bytes;
        if table.schema.columns.len() == schema.columns.len() {
            table.columns_since = None;
        }
        state.bytes -= freed;
        Ok(Flushed { rows, files })
    }

    async fn commit_columns(&self, name: &str, schema: &TableSchema, delta: &Table) -> Result<(), LakeError> {
        let stamp = self.stamp("SET TBLPROPERTIES");
        let actions = delta.schema_actions(schema, &stamp);
        let changed = match actions.is_empty() {
            true => None,
            false => Some(delta.commit(&self.files, actions, &stamp).await?),
        };
        let mut state = self.state_mut();
        let table = state.table(name);
        if let Some(delta) = changed {
            table.set_delta(delta);
        }
        if table.schema.columns.len() == schema.columns.len() {
            table.columns_since = None;
        }
        Ok(())
    }

    /// Files of rows of memory, one for each day.
    async fn made(
        &self,
        name: &str,
        fresh: Vec<Arc<Fresh>>,
        schema: Arc<TableSchema>,
        layout: Layout,
    ) -> Result<Vec<(i32, Made)>, LakeError> {
        let making = tokio::task::spawn_blocking(move || {
            let batches: Vec<RecordBatch> = fresh.iter().map(|fresh| fresh.rows.clone()).collect();
            let days = by_day(&united(&batches, &schema)?)?;
            days.into_iter().map(|(day, rows)| Ok((day, make(&rows, &schema, layout)?))).collect()
        });
        let made: datafusion::error::Result<_> = making.await.map_err(|_| LakeError::Closed)?;
        made.map_err(|error| LakeError::columns(name, error))
    }

    /// Puts a file, and the index of its terms, into the store; they are no part of the table until they are committed.
    pub(crate) async fn put(
        &self,
        folder: &str,
        day: i32,
        made: Made,
        at: i64,
        data_change: bool,
    ) -> Result<Add, LakeError> {
        let day = moment::day_text(day);
        let name = format!("part-{}", self.fresh_id());
        let path = format!("{DAY}={day}/{name}.parquet");
        let mut tags = vec![
            (CHECKSUM.to_owned(), format!("{:08x}", crc32c::crc32c(&made.data))),
            (BILLED_BYTES.to_owned(), format!("{}", made.billed_bytes)),
        ];
        let size = i64::try_from(made.data.len()).unwrap_or(i64::MAX);
        self.files.create(&format!("{folder}/{path}"), made.data).await?;
        if let Some(terms) = made.terms {
            tags.push((TERMS_CHECKSUM.to_owned(), format!("{:08x}", crc32c::crc32c(&terms))));
            self.files.create(&terms_path(folder, &path), terms).await?;
        }
        Ok(Add {
            path,
            partition_values: [(DAY.to_owned(), day)].into(),
            size,
            modification_time: at,
            data_change,
            stats: Some(made.stats),
            tags: tags.into_iter().collect(),
        })
    }

    /// Drops the segments of the log whose rows are all in files.
    pub(crate) async fn drop_log(&self) -> Result<usize, LakeError> {
        let safe = self.state().safe();
        // A segment under way that is not needed any more is closed first; with it go the identities that it knows.
        let has_more = self.log.first_closed().is_some_and(|last| last <= safe);
        let is_all = self.state().published == safe;
        if !has_more && !is_all {
            return Ok(0);
        }
        self.log.rotate().await?;
        self.log.drop_up_to(safe)
    }
}

/// Where the index of the terms of a file lies: in a folder that other readers pass over.
pub(crate) fn terms_path(folder: &str, path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    format!("{folder}/_terms/{name}.terms")
}
