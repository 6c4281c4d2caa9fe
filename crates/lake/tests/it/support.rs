//! What several tests need.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use azimuth_host::ManualClock;
use azimuth_lake::{Batch, Config, Lake};
use azimuth_query::Engine;
use azimuth_values::{Value, text};

/// The moment at which tests begin.
pub(crate) const START: &str = "2024-03-01T12:00:00Z";

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(START.parse().unwrap()))
}

/// A lake that does nothing by itself for a long time.
pub(crate) fn config(folder: &Path) -> Config {
    Config { clock: clock(), flush_age: Duration::from_secs(1_000_000), ..Config::new(folder) }
}

pub(crate) async fn append(lake: &Lake, table: &str, lines: &str) -> u64 {
    lake.append(table, Batch::new(lines.to_owned())).await.unwrap().rows
}

/// The rows that a query answers with, cells divided by ` | `.
pub(crate) async fn ask(lake: &Lake, query: &str) -> Vec<String> {
    let mut engine = Engine::new(azimuth_query::Config::default()).unwrap();
    lake.snapshot().register(&mut engine).unwrap();
    answer(&engine, query).await
}

pub(crate) async fn answer(engine: &Engine, query: &str) -> Vec<String> {
    let now = text::read_datetime(START).unwrap();
    let mut answer = engine.query(query, now).await.unwrap_or_else(|error| panic!("{query}: {error}"));
    let table = answer.results.remove(0).table().await.unwrap();
    let row = |row: &Vec<Value>| row.iter().map(text::to_string).collect::<Vec<_>>().join(" | ");
    table.rows.iter().map(row).collect()
}
