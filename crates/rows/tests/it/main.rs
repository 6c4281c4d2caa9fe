//! The row engine against what the language has, and against answers worked out by hand.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod catalogue;
mod functions;
mod hostile;
mod ingestion;
mod oracles;
mod plugins;

use std::path::PathBuf;

use azimuth_kql::bind::{Catalog, MemoryCatalog};
use azimuth_kql::bound::TableName;
use azimuth_kql::types::{ScalarType, Schema};
use azimuth_rows::{Limits, QueryError, Source, Table};
use azimuth_values::{Context, Refusal, Value, text};

/// 2022-09-29.
const NOW: i64 = 638_000_000_000_000_000;

/// A source without anything.
struct Nothing;

impl Source for Nothing {
    fn table(&self, name: &TableName, _: &Schema) -> Result<Table, Refusal> {
        Err(Refusal::new(format!("there is no table `{}`", name.table)))
    }
}

/// The last result of a query.
pub(crate) fn answer(query: &str, catalog: &dyn Catalog, source: &dyn Source) -> Result<Table, String> {
    let context = Context::new(NOW, 7);
    azimuth_rows::query(query, catalog, source, &context, Limits::default())
        .map(|(_, tables)| tables.last().cloned().unwrap_or_default())
        .map_err(|error| match error {
            QueryError::Failed(failure) => failure.to_string(),
            QueryError::Invalid(found) => {
                found.first().map_or_else(String::new, |first| first.message.clone())
            }
        })
}

/// A table as text: the names of the columns, then a line for each row. Times of midnight are days.
pub(crate) fn written(table: &Table) -> String {
    let cell = |value: &Value| match value {
        Value::DateTime(_) => text::to_string(value).replace("T00:00:00.0000000Z", ""),
        Value::Real(number) => format!("{number}"),
        value => text::to_string(value),
    };
    let names: Vec<&str> = table.schema.columns.iter().map(|column| column.name.as_str()).collect();
    let rows = table.rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join("|"));
    std::iter::once(names.join("|")).chain(rows).collect::<Vec<_>>().join("\n")
}

/// Runs a query without tables and compares what comes with lines of cells, whatever their indentation.
#[track_caller]
pub(crate) fn check(query: &str, expected: &str) {
    let expected: Vec<&str> = expected.trim().lines().map(str::trim).collect();
    match answer(query, &MemoryCatalog::default(), &Nothing) {
        Ok(table) => {
            assert!(table.schema.columns.iter().all(|column| column.ty != ScalarType::Unknown));
            assert_eq!(written(&table), expected.join("\n"), "{query}");
        }
        Err(why) => assert_eq!(why, expected.join("\n"), "{query}"),
    }
}

/// A file of the shared data; `None`, and a loud line, if it is not there.
///
/// # Panics
/// In CI, where the data has to be there.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("AZIMUTH_SHARED").map_or_else(
        || {
            PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets it"))
                .join("../../../shared")
        },
        PathBuf::from,
    );
    let found = root.join(path);
    if found.exists() {
        return Some(found);
    }
    assert!(std::env::var_os("CI").is_none(), "{path} of the shared data is missing");
    eprintln!("SKIPPED: there is no {path} of the shared data; set AZIMUTH_SHARED");
    None
}
