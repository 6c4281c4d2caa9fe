//! Batches on their way in.

use std::sync::Arc;
use std::time::Duration;

use azimuth_kql::types::{Column, ScalarType};
use bytes::Bytes;
use jiff::Timestamp;

use crate::decode::{DEAD_LETTERS, DeadLetter, Decoded, dead_letter_lines, decode};
use crate::error::LakeError;
use crate::lake::{Inner, Lake};
use crate::log::{Counted, Entry, Kind, MAX_NAME};
use crate::schema::TableSchema;
use crate::state::{Part, Staged, first_schema};

/// A longer name is no name of a table.
const MAX_TABLE_NAME: usize = 128;
/// How often the columns of a table may grow for one batch: a value that fits nowhere gets a column at each time.
const MAX_GROWTH: usize = 16;
/// Larger batches are decoded where they hold nobody up.
const MANY_BYTES: usize = 256 << 10;

/// Records for one table.
#[derive(Clone, Debug)]
pub struct Batch {
    /// JSON objects, one on every line
    pub lines: Bytes,
    /// What tells a batch that is sent again from a new one
    pub identity: Option<String>,
    /// When it came, if not now: what records without a `TimeGenerated` get, and `ingestion_time()`
    pub received: Option<Timestamp>,
}

impl Batch {
    /// A batch that comes now and is like no other.
    pub fn new(lines: impl Into<Bytes>) -> Self {
        Self { lines: lines.into(), identity: None, received: None }
    }
}

/// The answer to a batch: it is on the disk, and visible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Rows
    pub rows: u64,
    /// Lines that are no records; they are rows of [`DEAD_LETTERS`] now
    pub dead_lettered: u64,
    /// The batch had been appended before; nothing was done
    pub is_duplicate: bool,
}

impl Lake {
    /// Appends a batch to a table, which comes into being if it is not there. When this returns, the rows are durable and seen by
    /// every later [`Lake::snapshot`]. Dropping the future does not take the batch back.
    ///
    /// # Errors
    /// [`LakeError::Refused`] for names that are none and batches that are too large, [`LakeError::Busy`] while too much is in
    /// memory, [`LakeError::Log`] when the disk fails. Then nothing of the batch is visible; after a failed disk it may come
    /// back with the next start, and a batch that is sent again with its identity is still there once.
    pub async fn append(&self, table: &str, batch: Batch) -> Result<Receipt, LakeError> {
        let inner = &self.inner;
        check_name(table)?;
        if batch.lines.len() > inner.config.batch_bytes {
            let most = inner.config.batch_bytes;
            return Err(LakeError::Refused(format!(
                "the batch has more than {most} bytes; send it in parts"
            )));
        }
        let identity = batch.identity.unwrap_or_default();
        if identity.len() > MAX_NAME {
            return Err(LakeError::Refused(format!(
                "the identity of the batch has more than {MAX_NAME} bytes"
            )));
        }
        if inner.state().bytes > inner.config.memory_bytes {
            return Err(LakeError::Busy { retry_after: Duration::from_secs(1) });
        }
        let received = batch.received.unwrap_or_else(|| inner.config.clock.now()).as_microsecond();
        let (rows, dead) = inner.decoded(table, &batch.lines, received).await?;
        let counted = Counted {
            rows: rows.as_ref().map_or(0, |rows| rows.num_rows() as u64),
            dead_lettered: dead.len() as u64,
        };
        if counted == Counted::default() {
            return Ok(Receipt::default());
        }
        let mut dead_rows = None;
        if !dead.is_empty() {
            let lines = dead_letter_lines(table, &dead, received);
            dead_rows = inner.decoded(DEAD_LETTERS, &Bytes::from(lines), received).await?.0;
        }
        let entry = Entry {
            kind: Kind::Rows,
            received,
            table: table.to_owned(),
            identity,
            payload: batch.lines,
            counted,
            staged: Staged::Rows {
                table: table.to_owned(),
                rows: rows.map(Part::new),
                dead: dead_rows.map(Part::new),
            },
        };
        let committed = inner.log.append(entry).await?;
        Ok(Receipt {
            rows: committed.counted.rows,
            dead_lettered: committed.counted.dead_lettered,
            is_duplicate: committed.is_duplicate,
        })
    }

    /// Keeps records for a table that could not be read before they came here: reasons, and raw bytes. They are rows of
    /// [`DEAD_LETTERS`].
    ///
    /// # Errors
    /// What [`Lake::append`] has.
    pub async fn append_dead_letters(
        &self,
        table: &str,
        letters: &[(String, Vec<u8>)],
        identity: Option<String>,
    ) -> Result<Receipt, LakeError> {
        let received = self.inner.config.clock.now();
        let letters: Vec<DeadLetter> = letters
            .iter()
            .map(|(reason, raw)| DeadLetter { reason: reason.clone(), raw: raw.clone() })
            .collect();
        let lines = dead_letter_lines(table, &letters, received.as_microsecond());
        self.append(DEAD_LETTERS, Batch { lines: lines.into(), identity, received: Some(received) }).await
    }

    /// Gives a table columns that it does not have yet; the table comes into being if it is not there.
    ///
    /// # Errors
    /// [`LakeError::Refused`] when a column is there with another type, and what [`Lake::append`] has.
    pub async fn create(&self, table: &str, columns: Vec<Column>) -> Result<(), LakeError> {
        check_name(table)?;
        let schema = self.inner.schema(table);
        for column in &columns {
            if schema.column_for(&column.name) != column.name {
                return Err(LakeError::Refused(format!(
                    "`{}` cannot be the name of a column of `{table}`; write letters, digits and `_`, and no name that is there in other letter case",
                    column.name
                )));
            }
            let known = schema.place(&column.name).map(|place| schema.columns[place].ty);
            if let Some(known) = known.filter(|known| *known != column.ty) {
                return Err(LakeError::Refused(format!(
                    "the column `{}` of `{table}` is {known} already",
                    column.name
                )));
            }
        }
        self.inner.grow(table, columns).await
    }
}

fn check_name(table: &str) -> Result<(), LakeError> {
    let is_name = table.len() <= MAX_TABLE_NAME
        && table.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && table.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_name {
        return Ok(());
    }
    Err(LakeError::Refused(format!(
        "`{table}` is no name of a table; write letters, digits and `_`, a letter first"
    )))
}

type Rows = (Option<datafusion::arrow::array::RecordBatch>, Vec<crate::decode::DeadLetter>);

impl Inner {
    pub(crate) fn schema(&self, table: &str) -> Arc<TableSchema> {
        let known = self.state().tables.get(table).map(|table| table.schema.clone());
        known.unwrap_or_else(|| Arc::new(first_schema(table)))
    }

    /// The rows of lines; the table gets the columns that it needs for them.
    async fn decoded(&self, table: &str, lines: &Bytes, received: i64) -> Result<Rows, LakeError> {
        for _ in 0..MAX_GROWTH {
            let schema = self.schema(table);
            let decoded = if lines.len() < MANY_BYTES {
                decode(lines, received, &schema)
            } else {
                let lines = lines.clone();
                let decoding = tokio::task::spawn_blocking(move || decode(&lines, received, &schema));
                decoding.await.map_err(|_| LakeError::Closed)?
            };
            match decoded.map_err(|error| LakeError::columns(table, error))? {
                Decoded::Rows(rows, dead) => return Ok((rows, dead)),
                Decoded::Missing(columns) => self.grow(table, columns).await?,
            }
        }
        Err(LakeError::Refused(format!("the values of the batch fit no columns of `{table}`")))
    }

    /// Gives a table further columns, durably and before any rows that need them.
    async fn grow(&self, table: &str, columns: Vec<Column>) -> Result<(), LakeError> {
        let _one = self.evolving.lock().await;
        let schema = self.schema(table);
        let columns: Vec<Column> =
            columns.into_iter().filter(|column| schema.place(&column.name).is_none()).collect();
        let is_there = self.state().tables.contains_key(table);
        if columns.is_empty() && is_there {
            return Ok(());
        }
        let entry = Entry {
            kind: Kind::Columns,
            received: self.config.clock.now().as_microsecond(),
            table: table.to_owned(),
            identity: String::new(),
            payload: write_columns(&columns),
            counted: Counted::default(),
            staged: Staged::Columns { table: table.to_owned(), columns },
        };
        self.log.append(entry).await.map(drop)
    }
}

fn write_columns(columns: &[Column]) -> Bytes {
    let pairs: Vec<(&str, &str)> =
        columns.iter().map(|column| (column.name.as_str(), column.ty.name())).collect();
    Bytes::from(serde_json::to_vec(&pairs).expect("texts are JSON"))
}

/// Reads columns of the log.
pub(crate) fn read_columns(payload: &[u8]) -> Option<Vec<Column>> {
    let pairs: Vec<(String, String)> = serde_json::from_slice(payload).ok()?;
    pairs.into_iter().map(|(name, ty)| Some(Column::new(name, ScalarType::from_name(&ty)?))).collect()
}
