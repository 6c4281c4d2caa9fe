//! Conditions reach the files: row groups and files that cannot hold a row are not read, whatever stands between, and whatever
//! the file keeps its times in.

use std::sync::Arc;

use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_query::{Columns, Engine, Format, Scanned, Settings};
use datafusion::arrow::array::{
    ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, TimestampMillisecondArray,
    TimestampNanosecondArray, TimestampSecondArray,
};

use crate::support::{NOW, deep, engine, last, parquet, runtime};

/// Seconds since 1970 of the first row.
const FIRST: i64 = 1_664_000_000;
const ROWS: i64 = 2_000;
const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;

/// A row each second, in row groups of 250, `file` files after each other.
fn batch(unit: &str, file: i64) -> RecordBatch {
    let seconds = (0..ROWS).map(|row| FIRST + file * ROWS + row);
    let at: ArrayRef = match unit {
        "s" => Arc::new(TimestampSecondArray::from_iter_values(seconds)),
        "ms" => Arc::new(TimestampMillisecondArray::from_iter_values(seconds.map(|s| s * 1_000))),
        "us" => Arc::new(TimestampMicrosecondArray::from_iter_values(seconds.map(|s| s * 1_000_000))),
        "us utc" => Arc::new(
            TimestampMicrosecondArray::from_iter_values(seconds.map(|s| s * 1_000_000)).with_timezone("UTC"),
        ),
        "ns" => Arc::new(TimestampNanosecondArray::from_iter_values(seconds.map(|s| s * 1_000_000_000))),
        _ => Arc::new(Int64Array::from_iter_values(seconds.map(|s| s * 10_000_000 + UNIX_EPOCH_TICKS))),
    };
    let number: ArrayRef = Arc::new(Int64Array::from_iter_values((0..ROWS).map(|row| file * ROWS + row)));
    let host: ArrayRef =
        Arc::new(StringArray::from_iter_values((0..ROWS).map(|row| format!("host{}", row / 500))));
    RecordBatch::try_from_iter([("TimeGenerated", at), ("N", number), ("Host", host)]).unwrap()
}

async fn table(engine: &mut Engine, name: &str, unit: &str) {
    let paths: Vec<std::path::PathBuf> = (0..3)
        .map(|file| {
            parquet(&format!("pruning_{}_{file}.parquet", unit.replace(' ', "_")), &batch(unit, file), 250)
                .into()
        })
        .collect();
    let schema = Schema::new(vec![
        Column::new("TimeGenerated", ScalarType::Datetime),
        Column::new("N", ScalarType::Long),
        Column::new("Host", ScalarType::String),
    ]);
    engine.register_files(name, &paths, Format::Parquet, Columns::Exactly(schema)).await.unwrap();
}

/// Row groups read and row groups there are, over all files, and the answer.
async fn read(engine: &Engine, text: &str) -> (u64, String) {
    let explanation = engine.analyse(text, NOW, &Settings::default()).await.unwrap();
    let read = explanation.read();
    // A range of a file that was left out as a whole does not tell of its row groups.
    let table = last(engine, text).await.unwrap();
    let rows: Vec<String> = table
        .rows
        .iter()
        .map(|row| row.iter().map(azimuth_values::text::to_string).collect::<Vec<_>>().join(","))
        .collect();
    (read.row_groups - read.row_groups_pruned, rows.join(";"))
}

#[test]
fn how_far_a_query_is() {
    deep(|| {
        runtime().block_on(async {
            let mut engine = engine();
            table(&mut engine, "T", "us").await;
            let settings = Settings::default();
            assert_eq!(settings.progress.scanned(), Scanned::default());
            let text = "let last = toscalar(T | summarize max(N)); T | where N <= last | summarize count()";
            for set in engine.query_with(text, NOW, &settings).await.unwrap().results {
                set.table().await.unwrap();
            }
            let scanned = settings.progress.scanned();
            assert!(scanned.rows >= 6_000 && scanned.bytes > 0, "{scanned:?}");
        });
    });
}

#[test]
fn every_unit_of_time() {
    deep(|| {
        runtime().block_on(async {
            for unit in ["s", "ms", "us", "us utc", "ns"] {
                let mut engine = engine();
                table(&mut engine, "T", unit).await;
                // The last 100 of 6,000 seconds: one row group of 24.
                let text =
                    "T | where TimeGenerated >= datetime(2022-09-24T07:51:40Z) | summarize count(), min(N)";
                assert_eq!(read(&engine, text).await, (1, "100,5900".to_owned()), "{unit}");
                let text = "T | where TimeGenerated between (datetime(2022-09-24T06:13:20Z) .. 1m) | count";
                let (groups, rows) = read(&engine, text).await;
                assert_eq!(rows, "61", "{unit}");
                assert!(groups <= 8, "{unit}: {groups}");
                let text = "T | where TimeGenerated == datetime(2022-09-24T06:13:21Z) | project N";
                assert_eq!(read(&engine, text).await, (1, "1".to_owned()), "{unit}");
                let none = "T | where TimeGenerated < datetime(2022-09-24T06:13:19Z) | count";
                assert_eq!(read(&engine, none).await, (0, "0".to_owned()), "{unit}");
            }
        });
    });
}

#[test]
fn the_clock_of_the_query() {
    deep(|| {
        runtime().block_on(async {
            let mut engine = engine();
            table(&mut engine, "T", "us").await;
            let text =
                "set query_now=datetime(2022-09-24T07:53:20Z); T | where TimeGenerated > ago(1m) | count";
            assert_eq!(read(&engine, text).await, (1, "59".to_owned()));
        });
    });
}

/// What may stand between a condition and the table; each asks for the last 100 rows of the first file and beyond.
#[test]
fn through_operators() {
    let since = "datetime(2022-09-24T07:51:40Z)";
    let cases = [
        format!("T | extend M = N + 1 | where TimeGenerated >= {since} | count"),
        format!("T | project-rename At = TimeGenerated | where At >= {since} | count"),
        format!("T | project At = TimeGenerated, N | extend When = At | where When >= {since} | count"),
        format!("let View = view () {{ T | where N >= 0 }}; View() | where TimeGenerated >= {since} | count"),
        format!("let F = (since: datetime) {{ T | where TimeGenerated >= since }}; F({since}) | count"),
        format!("let since = {since}; T | where TimeGenerated >= since | count"),
        format!("let U = T | extend x = 1; U | where Host != '' and TimeGenerated >= {since} | count"),
        format!("T | sort by N asc | where TimeGenerated >= {since} | count"),
        format!("T | serialize | as X | where TimeGenerated >= {since} | count"),
        format!("T | distinct TimeGenerated, N | where TimeGenerated >= {since} | count"),
        format!("T | summarize n = count() by TimeGenerated | where TimeGenerated >= {since} | count"),
        format!("T | mv-expand x = pack_array(1) | where TimeGenerated >= {since} | count"),
        format!("T | where N > 5 | where Host has 'host3' | where TimeGenerated >= {since} | count"),
        format!(
            "T | join kind=inner (datatable(Host:string)['host3']) on Host | where TimeGenerated >= {since} | count"
        ),
        format!(
            "datatable(Host:string)['host3'] | join kind=inner T on Host | where TimeGenerated >= {since} | count"
        ),
        format!(
            "T | lookup (datatable(Host:string)['host3']) on Host | where TimeGenerated >= {since} | count"
        ),
        format!("union T, (datatable(N:long)[]) | where TimeGenerated >= {since} | count"),
        format!("union withsource=Src T | where TimeGenerated >= {since} and Src == 'T' | count"),
        format!("T | where not(TimeGenerated < {since}) and TimeGenerated >= {since} | count"),
        format!("T | where {since} <= TimeGenerated | count"),
    ];
    deep(move || {
        runtime().block_on(async {
            let mut engine = engine();
            table(&mut engine, "T", "us").await;
            for text in cases {
                let (groups, rows) = read(&engine, &text).await;
                assert_eq!((groups, rows.as_str()), (1, "100"), "{text}");
            }
        });
    });
}

/// Rows that are left out early must not change the others.
#[test]
fn not_through_operators_that_count_rows() {
    let cases = [
        ("T | take 10 | where N >= 5900 | count", "0"),
        ("T | top 10 by N asc | where N >= 5900 | count", "0"),
        (
            "T | sort by N asc | extend n = row_number() | where TimeGenerated >= datetime(2022-09-24T07:51:40Z) | summarize min(n)",
            "5901",
        ),
        (
            "datatable(N:long)[5950, 1] | join kind=leftouter T on N | where isnull(TimeGenerated) | count",
            "0",
        ),
        (
            "datatable(k:long)[1] | join kind=leftouter (T | extend k = 1 | where N == 7) on k | where N == 8 or isnull(N) | count",
            "0",
        ),
        (
            "T | extend k = 1 | join kind=innerunique (datatable(k:long)[1]) on k | where N == 5999 | count",
            "0",
        ),
    ];
    deep(move || {
        runtime().block_on(async {
            let mut engine = engine();
            table(&mut engine, "T", "us").await;
            for (text, wanted) in cases {
                assert_eq!(read(&engine, text).await.1, wanted, "{text}");
            }
        });
    });
}

/// Ticks as they are in cells: conditions are on the column itself.
#[test]
fn ticks() {
    deep(|| {
        runtime().block_on(async {
            let mut engine = engine();
            let path = parquet("pruning_ticks.parquet", &batch("ticks", 2), 250);
            let options = datafusion::prelude::ParquetReadOptions::default();
            let frame = datafusion::prelude::SessionContext::new().read_parquet(path, options).await.unwrap();
            let schema = Schema::new(vec![
                Column::new("TimeGenerated", ScalarType::Datetime),
                Column::new("N", ScalarType::Long),
            ]);
            engine.register_cells("T", frame.into_view(), schema).unwrap();
            let text =
                "T | where TimeGenerated >= datetime(2022-09-24T07:51:40Z) | summarize count(), min(N)";
            assert_eq!(read(&engine, text).await, (1, "100,5900".to_owned()));
        });
    });
}
