//! Tables of files.

use std::fs::File;
use std::sync::Arc;

use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_query::Format;
use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use datafusion::parquet::arrow::ArrowWriter;

use crate::support::{NOW, deep, engine, last, runtime};

fn folder(name: &str) -> std::path::PathBuf {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn lines(text: &str, name: &str) -> String {
    let path = folder("files").join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn texts(table: &azimuth_rows::Table) -> Vec<String> {
    let row = |row: &Vec<azimuth_values::Value>| {
        row.iter().map(azimuth_values::text::to_string).collect::<Vec<_>>().join("|")
    };
    table.rows.iter().map(row).collect()
}

#[test]
fn parquet_is_pruned_by_time() {
    deep(|| {
        let path = folder("files").join("t.parquet");
        let micros = 1_600_000_000_000_000_i64;
        let columns: Vec<(&str, ArrayRef)> = vec![
            (
                "At",
                Arc::new(TimestampMicrosecondArray::from(
                    (0..10).map(|n| Some(micros + n * 1_000_000)).collect::<Vec<_>>(),
                )),
            ),
            ("N", Arc::new(Int64Array::from((0..10).map(|n| (n != 5).then_some(n)).collect::<Vec<_>>()))),
            (
                "S",
                Arc::new(StringArray::from(
                    (0..10).map(|n| (n % 2 == 0).then_some("even")).collect::<Vec<_>>(),
                )),
            ),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let mut engine = engine();
        runtime().block_on(async {
            let path = path.to_str().unwrap().to_owned();
            engine.register_files("T", &[path], Format::Parquet, None).await.unwrap();
            let text = "T | where At >= datetime(2020-09-13T12:26:45Z) and S == 'even' | project At, N, S";
            let found = last(&engine, text).await.unwrap();
            assert_eq!(
                texts(&found),
                ["2020-09-13T12:26:46.0000000Z|6|even", "2020-09-13T12:26:48.0000000Z|8|even"]
            );
            let plan = engine.explain(text, NOW).await.unwrap();
            let mut is_told = false;
            plan.results[0].plan.walk(&mut |node| is_told |= node.detail.contains("pruning_predicate"));
            assert!(is_told, "{plan}");
            let empty =
                last(&engine, "T | where isempty(S) | summarize n = count(), s = sum(N), l = make_list(N)")
                    .await;
            assert_eq!(texts(&empty.unwrap()), ["5|20|[1,3,7,9]"]);
        });
    });
}

#[test]
fn lines_of_json_and_csv() {
    deep(|| {
        let json = lines(
            "{\"TimeGenerated\":\"2024-01-01T00:00:00Z\",\"d\":{\"a\":{\"b\":\"x\"}},\"n\":1}\n{\"TimeGenerated\":\"2024-01-01T01:00:00Z\",\"d\":{\"a\":{\"b\":\"y\"}},\"n\":2}\n",
            "t.ndjson",
        );
        let csv = lines("name,count\na,1\nb,2\n", "t.csv");
        let mut engine = engine();
        runtime().block_on(async {
            let schema = Schema::new(vec![
                Column::new("TimeGenerated", ScalarType::Datetime),
                Column::new("d", ScalarType::Dynamic),
                Column::new("n", ScalarType::Long),
            ]);
            engine.register_files("T", &[json], Format::Ndjson, Some(schema)).await.unwrap();
            engine.register_files("C", &[csv], Format::Csv, None).await.unwrap();
            let found = last(&engine, "T | where TimeGenerated > datetime(2024-01-01T00:30:00Z) | project tostring(d.a.b), n").await;
            assert_eq!(texts(&found.unwrap()), ["y|2"]);
            let found = last(&engine, "C | join kind=inner (T | project n, b = d.a.b) on $left.['count'] == $right.n | sort by name asc | project name, b").await;
            assert_eq!(texts(&found.unwrap()), ["a|x", "b|y"]);
        });
    });
}
