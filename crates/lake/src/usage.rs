//! What was received, by table and day: the figures behind a bill.

use std::collections::BTreeMap;

use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_rows::Table;
use azimuth_values::{Value, calendar};

use crate::flush::BILLED_BYTES;
use crate::moment;
use crate::schema::DAY;
use crate::state::State;

/// The table of queries that has the figures, as Azure Monitor has it.
pub(crate) const TABLE: &str = "Usage";

/// What was received of a table on a day, as far as it is still kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Volume {
    /// The table
    pub table: String,
    /// The day of `TimeGenerated`, counted from 1970
    pub day: i32,
    /// Rows
    pub rows: u64,
    /// Bytes of the records as they were received, which is what `_BilledSize` adds up to
    pub billed_bytes: f64,
}

/// The figures of all tables: of files by what their commits say, of memory by its rows.
pub(crate) fn volumes(state: &State) -> Vec<Volume> {
    let mut volumes = Vec::new();
    for (name, table) in &state.tables {
        let mut days: BTreeMap<i32, (u64, f64)> = BTreeMap::new();
        let mut count = |day: i32, rows: u64, bytes: f64| {
            let sum = days.entry(day).or_default();
            *sum = (sum.0 + rows, sum.1 + bytes);
        };
        for (add, file) in table.delta.files.values().zip(table.files.iter()) {
            let day = add.partition_values.get(DAY).and_then(|day| moment::read_day(day));
            let bytes = add.tags.get(BILLED_BYTES).and_then(|bytes| bytes.parse().ok());
            count(day.unwrap_or_default(), file.known.rows, bytes.unwrap_or_default());
        }
        for (day, (rows, bytes)) in table.fresh.iter().flat_map(|fresh| &fresh.days) {
            count(*day, *rows, *bytes);
        }
        let of = |(day, (rows, billed_bytes))| Volume { table: name.clone(), day, rows, billed_bytes };
        volumes.extend(days.into_iter().map(of));
    }
    volumes
}

/// The figures in the columns of Azure Monitor's table `Usage`; quantities are in MB of 1,000,000 bytes.
pub(crate) fn table(volumes: &[Volume]) -> Table {
    let columns = [
        ("TimeGenerated", ScalarType::Datetime),
        ("DataType", ScalarType::String),
        ("StartTime", ScalarType::Datetime),
        ("EndTime", ScalarType::Datetime),
        ("Quantity", ScalarType::Real),
        ("QuantityUnit", ScalarType::String),
        ("IsBillable", ScalarType::Bool),
        ("Type", ScalarType::String),
    ];
    let start = |day: i32| Value::DateTime(calendar::UNIX_EPOCH + i64::from(day) * calendar::DAY);
    let rows = volumes.iter().map(|volume| {
        vec![
            start(volume.day),
            Value::string(volume.table.as_str()),
            start(volume.day),
            start(volume.day.saturating_add(1)),
            Value::Real(volume.billed_bytes / 1e6),
            Value::string("MBytes"),
            Value::Bool(true),
            Value::string(TABLE),
        ]
    });
    Table::new(Schema::new(columns.map(|(name, ty)| Column::new(name, ty)).to_vec()), rows.collect())
}
