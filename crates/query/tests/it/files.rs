//! Tables of files.

use std::fs::File;
use std::sync::Arc;

use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_query::{Columns, Format, Settings};
use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use datafusion::parquet::arrow::ArrowWriter;

use crate::support::{NOW, deep, engine, last, runtime};

fn folder(name: &str) -> std::path::PathBuf {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn lines(text: &str, name: &str) -> std::path::PathBuf {
    let path = folder("files").join(name);
    std::fs::write(&path, text).unwrap();
    path
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
            engine.register_files("T", &[path], Format::Parquet, Columns::OfFiles).await.unwrap();
            let text = "T | where At >= datetime(2020-09-13T12:26:45Z) and S == 'even' | project At, N, S";
            let found = last(&engine, text).await.unwrap();
            assert_eq!(
                texts(&found),
                ["2020-09-13T12:26:46.0000000Z|6|even", "2020-09-13T12:26:48.0000000Z|8|even"]
            );
            let plan = engine.explain(text, NOW, &Settings::default()).await.unwrap();
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
            engine.register_files("T", &[json], Format::Json, Columns::Known(schema)).await.unwrap();
            engine.register_files("C", &[csv], Format::Csv, Columns::OfFiles).await.unwrap();
            let found = last(&engine, "T | where TimeGenerated > datetime(2024-01-01T00:30:00Z) | project tostring(d.a.b), n").await;
            assert_eq!(texts(&found.unwrap()), ["y|2"]);
            let found = last(&engine, "C | join kind=inner (T | project n, b = d.a.b) on $left.['count'] == $right.n | sort by name asc | project name, b").await;
            assert_eq!(texts(&found.unwrap()), ["a|x", "b|y"]);
        });
    });
}

/// A table of one file of records, in the columns that it tells.
async fn of_file(name: &str, text: &str) -> azimuth_query::Engine {
    let mut engine = engine();
    let path = lines(text, name);
    let format = Format::of_path(path.to_str().unwrap()).unwrap();
    engine.register_files("T", &[path], format, Columns::OfFiles).await.unwrap();
    engine
}

#[test]
fn records_in_every_layout() {
    deep(|| {
        runtime().block_on(async {
            let record = r#"{"a": 1, "b": {"c": [true, null]}}"#;
            for (name, text) in [
                ("one.json", record.to_owned()),
                ("lines.ndjson", format!("\n{record}\r\n\n")),
                ("array.json", format!("[\n {record} ]")),
                ("pretty.json", record.replace(',', ",\n")),
                ("records.json", format!("{{\"records\": [{record}]}}")),
                ("page.json", format!("{{\"value\": [{record}], \"nextLink\": null}}")),
                ("bom.json", format!("\u{feff}{record}")),
            ] {
                let engine = of_file(name, &text).await;
                let found = last(&engine, "T | project a, t = gettype(a), b, c = tostring(b.c[0])").await;
                assert_eq!(texts(&found.unwrap()), [r#"1|long|{"c":[true,null]}|true"#], "{name}");
            }
        });
    });
}

#[test]
fn compressed_records() {
    deep(|| {
        let text = b"{\"a\": 1}\n{\"a\": 2}\n";
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut gzip, text).unwrap();
        let zstd = zstd::encode_all(&text[..], 0).unwrap();
        runtime().block_on(async {
            for (name, bytes) in [("t.json.gz", gzip.finish().unwrap()), ("t.ndjson.zst", zstd)] {
                let path = folder("files").join(name);
                std::fs::write(&path, bytes).unwrap();
                let mut engine = engine();
                let format = Format::of_path(name).unwrap();
                engine.register_files("T", &[path], format, Columns::OfFiles).await.unwrap();
                assert_eq!(texts(&last(&engine, "T | summarize sum(a)").await.unwrap()), ["3"], "{name}");
            }
        });
    });
}

#[test]
fn columns_are_those_of_all_records() {
    deep(|| {
        runtime().block_on(async {
            let text = "{\"n\": 1, \"m\": 1, \"t\": \"2024-01-02T03:04:05Z\", \"x\": \"7\"}\n\
                        {\"n\": 1.5, \"m\": \"a\", \"t\": null, \"x\": {\"y\": 1}, \"late\": true}\n";
            let engine = of_file("mixed.ndjson", text).await;
            let found = last(&engine, "T | getschema | project ColumnName, ColumnType").await.unwrap();
            assert_eq!(texts(&found), ["n|real", "m|string", "t|datetime", "x|dynamic", "late|bool"]);
            let found = last(&engine, "T | project n, m, t, x, late").await.unwrap();
            assert_eq!(texts(&found), ["1.0|1|2024-01-02T03:04:05.0000000Z|7|", "1.5|a||{\"y\":1}|True"]);
            let csv = "id,zip,n,t\n1,00123,,2024-01-02 03:04:05\n2,\"1,5\",3,\n3\n";
            let engine = of_file("mixed.csv", csv).await;
            let found = last(&engine, "T | getschema | project ColumnName, ColumnType").await.unwrap();
            assert_eq!(texts(&found), ["id|long", "zip|string", "n|long", "t|datetime"]);
            let found = last(&engine, "T | project id, zip, n, isnull(t)").await.unwrap();
            assert_eq!(texts(&found), ["1|00123||False", "2|1,5|3|True", "3|||True"]);
        });
    });
}

#[test]
fn a_bad_record_is_told_with_its_place() {
    deep(|| {
        runtime().block_on(async {
            for (name, text, place) in [
                ("bad.ndjson", "{\"a\":1}\n\n{\"a\":\n{\"a\":2}\n", ":3: "),
                ("list.ndjson", "{\"a\":1}\n[1]\n", ":2: "),
                ("bad.json", "[{\"a\":1}, 7]", ":2: "),
                ("cut.json", "[{\"a\":1},\n", ":2: "),
                ("wide.csv", "a,b\n1,2\n1,2,3\n", ":3: "),
            ] {
                let mut engine = engine();
                let path = lines(text, name);
                let format = Format::of_path(name).unwrap();
                // Columns that are given are not looked for: the query itself meets the record.
                let columns = Columns::Exactly(Schema::new(vec![Column::new("a", ScalarType::Long)]));
                engine.register_files("T", &[path], format, columns).await.unwrap();
                let error = last(&engine, "T | count").await.unwrap_err();
                assert!(matches!(&error, azimuth_query::QueryError::Record(_)), "{name}: {error:?}");
                assert!(error.to_string().contains(place), "{name}: {error}");
            }
        });
    });
}
