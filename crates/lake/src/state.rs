//! What is true at a moment: of every table its columns, the rows that are in memory and the files.

use std::collections::BTreeMap;
use std::sync::Arc;

use azimuth_kql::types::Column;
use datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{Float64Type, TimestampMicrosecondType};
use datafusion::arrow::error::ArrowError;
use jiff::Timestamp;

use crate::datafile::{Known, united};
use crate::decode::{DEAD_LETTERS, dead_letter_schema};
use crate::delta;
use crate::moment;
use crate::schema::{BILLED, TIME, TableSchema};

/// All tables. Whoever holds the lock sees every acknowledged row in exactly one place.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) tables: BTreeMap<String, TableState>,
    /// Bytes of the rows that are in memory
    pub(crate) bytes: usize,
    /// Up to this sequence everything that was durable was published
    pub(crate) published: u64,
}

/// A table.
#[derive(Debug)]
pub(crate) struct TableState {
    pub(crate) schema: Arc<TableSchema>,
    pub(crate) fresh: Vec<Arc<Fresh>>,
    pub(crate) bytes: usize,
    /// The sequence of the first columns that no commit has
    pub(crate) columns_since: Option<u64>,
    pub(crate) delta: Arc<delta::Table>,
    pub(crate) files: Arc<Vec<DataFile>>,
}

/// Rows in memory.
#[derive(Debug)]
pub(crate) struct Fresh {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) rows: RecordBatch,
    pub(crate) bytes: usize,
    /// What was received, by day
    pub(crate) days: Days,
    pub(crate) since: Timestamp,
}

/// Rows, and bytes of their records, by day (counted from 1970).
pub(crate) type Days = BTreeMap<i32, (u64, f64)>;

/// Rows before they have a sequence.
#[derive(Debug)]
pub(crate) struct Part {
    rows: RecordBatch,
    bytes: usize,
    days: Days,
}

impl Part {
    pub(crate) fn new(rows: RecordBatch) -> Self {
        let mut days = Days::new();
        let times =
            rows.column_by_name(TIME).and_then(|array| array.as_primitive_opt::<TimestampMicrosecondType>());
        let billed = rows.column_by_name(BILLED).and_then(|array| array.as_primitive_opt::<Float64Type>());
        if let (Some(times), Some(billed)) = (times, billed) {
            for (time, bytes) in times.values().iter().zip(billed.values()) {
                let day = days.entry(moment::day_of(*time)).or_default();
                *day = (day.0 + 1, day.1 + bytes);
            }
        }
        Self { bytes: rows.get_array_memory_size(), rows, days }
    }
}

/// A file of a table, as scans need it.
#[derive(Clone, Debug)]
pub(crate) struct DataFile {
    /// In the store
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) known: Known,
}

/// What a record of the log brings.
#[derive(Debug)]
pub(crate) enum Staged {
    Rows { table: String, rows: Option<Part>, dead: Option<Part> },
    Columns { table: String, columns: Vec<Column> },
}

impl TableState {
    pub(crate) fn new(schema: TableSchema, delta: delta::Table) -> Self {
        let mut state = Self {
            schema: Arc::new(schema),
            fresh: Vec::new(),
            bytes: 0,
            columns_since: None,
            delta: Arc::new(delta::Table::new("")),
            files: Arc::default(),
        };
        state.set_delta(delta);
        state
    }

    /// Takes over a version of the table.
    pub(crate) fn set_delta(&mut self, delta: delta::Table) {
        let known: BTreeMap<&str, &DataFile> =
            self.files.iter().map(|file| (file.path.as_str(), file)).collect();
        let files = delta.files.values().map(|add| {
            let path = format!("{}/{}", delta.folder, add.path);
            // Statistics are read once.
            known.get(path.as_str()).map(|file| DataFile::clone(file)).unwrap_or_else(|| DataFile {
                bytes: u64::try_from(add.size).unwrap_or_default(),
                known: add.stats.as_deref().map(Known::read).unwrap_or_default(),
                path,
            })
        });
        self.files = Arc::new(files.collect());
        self.delta = Arc::new(delta);
    }

    /// The sequence before that of the first thing that files do not have.
    pub(crate) fn safe(&self) -> Option<u64> {
        let rows = self.fresh.first().map(|fresh| fresh.first);
        rows.into_iter().chain(self.columns_since).min().map(|first| first - 1)
    }

    /// Puts small batches of memory together; they stay what they were. `None` if there is nothing to do.
    pub(crate) fn gathered(&self) -> Option<(usize, Fresh)> {
        let small = |fresh: &&Arc<Fresh>| fresh.rows.num_rows() < 4_096;
        let count = self.fresh.iter().rev().take_while(small).count();
        if count < 64 {
            return None;
        }
        let parts = &self.fresh[self.fresh.len() - count..];
        let batches: Vec<RecordBatch> = parts.iter().map(|fresh| fresh.rows.clone()).collect();
        let whole = united(&batches, &self.schema).ok()?;
        let rows = packed(&whole).ok()?;
        let (first, last) = (parts.first()?, parts.last()?);
        let Part { rows, bytes, days } = Part::new(rows);
        Some((count, Fresh { first: first.first, last: last.last, rows, bytes, days, since: first.since }))
    }
}

/// The same rows with the texts of each column in one buffer: those of many batches lie in as many, half empty.
fn packed(rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let columns = rows.columns().iter().map(|column| match column.as_string_view_opt() {
        Some(texts) => Arc::new(texts.gc()) as ArrayRef,
        None => column.clone(),
    });
    RecordBatch::try_new(rows.schema(), columns.collect())
}

impl State {
    /// The table of a name, which comes into being if it is not there.
    pub(crate) fn table(&mut self, name: &str) -> &mut TableState {
        self.tables
            .entry(name.to_owned())
            .or_insert_with(|| TableState::new(first_schema(name), delta::Table::new(&folder_of(name))))
    }

    /// Takes over what a record brings.
    pub(crate) fn apply(&mut self, sequence: u64, staged: Staged, now: Timestamp) {
        match staged {
            Staged::Columns { table, columns } => {
                let table = self.table(&table);
                let schema = table.schema.with(columns);
                if schema.columns.len() > table.schema.columns.len() || table.delta.version < 0 {
                    table.columns_since.get_or_insert(sequence);
                }
                table.schema = Arc::new(schema);
            }
            Staged::Rows { table, rows, dead } => {
                for (table, rows) in [(table.as_str(), rows), (DEAD_LETTERS, dead)] {
                    let Some(Part { rows, bytes, days }) = rows else { continue };
                    self.bytes += bytes;
                    let table = self.table(table);
                    table.bytes += bytes;
                    let fresh = Fresh { first: sequence, last: sequence, rows, bytes, days, since: now };
                    table.fresh.push(Arc::new(fresh));
                }
            }
        }
        self.published = self.published.max(sequence);
    }

    /// Up to this sequence the log is not needed: all of it was published, and is in files.
    pub(crate) fn safe(&self) -> u64 {
        self.tables.values().filter_map(TableState::safe).fold(self.published, u64::min)
    }
}

/// The schema that a table begins with.
pub(crate) fn first_schema(name: &str) -> TableSchema {
    if name == DEAD_LETTERS { dead_letter_schema() } else { TableSchema::new(name) }
}

/// Where a table lies in the store.
pub(crate) fn folder_of(table: &str) -> String {
    format!("tables/{table}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Decoded, decode};

    fn part(table: &mut TableSchema, line: &str) -> Part {
        loop {
            match decode(line.as_bytes(), 0, table).unwrap() {
                Decoded::Missing(columns) => *table = table.with(columns),
                Decoded::Rows(rows, _) => return Part::new(rows.unwrap()),
            }
        }
    }

    /// Small batches take memory in keeping with their bytes, and less when they are put together.
    #[test]
    fn small_batches_are_small_in_memory() {
        let mut state = State::default();
        let mut schema = first_schema("SigninLogs");
        let line = format!(
            "{{\"UserPrincipalName\":\"{}\",\"AppDisplayName\":\"{}\"}}",
            "a".repeat(40),
            "b".repeat(40)
        );
        for sequence in 1..=100 {
            let rows = Some(part(&mut schema, &line));
            let staged = Staged::Rows { table: "SigninLogs".to_owned(), rows, dead: None };
            state.apply(sequence, staged, Timestamp::UNIX_EPOCH);
        }
        assert!(state.bytes < 100 * 8_000, "{} bytes", state.bytes);
        let (count, whole) = state.table("SigninLogs").gathered().unwrap();
        assert_eq!((count, whole.first, whole.last, whole.rows.num_rows()), (100, 1, 100, 100));
        assert!(whole.bytes < state.bytes / 10, "{} bytes of {}", whole.bytes, state.bytes);
    }
}
