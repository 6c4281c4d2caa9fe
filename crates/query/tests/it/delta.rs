//! Delta tables: versions, files left out, and what is refused. `tests/data/delta` was written by delta-rs (Python, 1.6): a
//! partition with spaces, one with an umlaut, one of null; a deleted row, a column added later, a checkpoint.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use azimuth_query::{DeltaError, DeltaVersion, Engine, Settings};
use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use datafusion::error::DataFusionError;
use serde_json::{Value, json};

use crate::support::{NOW, deep, engine, last, parquet, runtime};

fn written() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/delta/people")
}

fn answer(engine: &Engine, text: &str) -> String {
    let table = runtime().block_on(last(engine, text)).unwrap();
    let row = |row: &Vec<azimuth_values::Value>| {
        row.iter().map(azimuth_values::text::to_string).collect::<Vec<_>>().join(",")
    };
    table.rows.iter().map(row).collect::<Vec<_>>().join(";")
}

/// A folder that no other test has.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("delta").join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(path.join("_delta_log")).unwrap();
    path
}

fn commit(table: &Path, version: u64, entries: &[Value]) {
    let lines: Vec<String> = entries.iter().map(Value::to_string).collect();
    std::fs::write(table.join(format!("_delta_log/{version:020}.json")), lines.join("\n")).unwrap();
}

fn protocol() -> Value {
    json!({"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}})
}

fn metadata(configuration: &Value) -> Value {
    let field = |name: &str, ty: &str| json!({"name": name, "type": ty, "nullable": true, "metadata": {}});
    let fields = [field("N", "long"), field("At", "timestamp"), field("S", "string"), field("Day", "date")];
    let schema = json!({"type": "struct", "fields": fields}).to_string();
    json!({"metaData": {"id": "x", "format": {"provider": "parquet", "options": {}}, "schemaString": schema,
        "partitionColumns": ["Day"], "configuration": configuration}})
}

/// Ten rows from `first` on, a minute each, as a file of the table.
fn add(table: &Path, name: &str, first: i64, day: &str) -> Value {
    let numbers = first..first + 10;
    let micros = |n: i64| 1_704_067_200_000_000 + n * 60_000_000 + 999;
    let columns: [(&str, ArrayRef); 3] = [
        ("N", Arc::new(Int64Array::from_iter_values(numbers.clone()))),
        (
            "At",
            Arc::new(
                TimestampMicrosecondArray::from_iter_values(numbers.clone().map(micros)).with_timezone("UTC"),
            ),
        ),
        ("S", Arc::new(StringArray::from_iter_values(numbers.map(|n| format!("s{n}"))))),
    ];
    let from = parquet(name, &RecordBatch::try_from_iter(columns).unwrap(), 1000);
    let to = table.join(name);
    std::fs::copy(from, &to).unwrap();
    // Written as Spark does: cut to milliseconds.
    let at = |n: i64| format!("2024-01-01T{:02}:{:02}:00.000Z", n / 60, n % 60);
    let stats = json!({"numRecords": 10, "minValues": {"N": first, "At": at(first), "S": "s"},
        "maxValues": {"N": first + 9, "At": at(first + 9), "S": "s\u{10FFFF}"}, "nullCount": {"N": 0, "At": 0, "S": 0}});
    let size = std::fs::metadata(&to).unwrap().len();
    json!({"add": {"path": name, "partitionValues": {"Day": day}, "size": size, "modificationTime": 0,
        "dataChange": true, "stats": stats.to_string()}})
}

fn failure(table: &Path, version: DeltaVersion) -> String {
    match engine().register_delta("T", table, version) {
        Err(DataFusionError::External(error)) => error.downcast::<DeltaError>().unwrap().to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn versions_of_another_writer() {
    deep(|| {
        let ids = |version| {
            let mut engine = engine();
            let opened = engine.register_delta("T", &written(), version).unwrap();
            (
                opened.version,
                answer(&engine, "T | summarize make_list(Id) | project list_Id = array_sort_asc(list_Id)"),
            )
        };
        assert_eq!(ids(DeltaVersion::Version(0)), (0, "[0,1,2,3,4,5,6,7]".to_owned()));
        assert_eq!(ids(DeltaVersion::Version(1)), (1, "[0,1,2,3,4,5,6,7,8,9,10,11]".to_owned()));
        assert_eq!(ids(DeltaVersion::Version(2)), (2, "[0,1,2,3,5,6,7,8,9,10,11]".to_owned()));
        assert_eq!(ids(DeltaVersion::Version(3)), (3, "[0,1,2,3,5,6,7,8,9,10,11,12,13]".to_owned()));
        assert_eq!(ids(DeltaVersion::Latest), (4, "[1,2,3,5,6,7,9,10,11,13]".to_owned()));
        let mut engine = engine();
        engine.register_delta("T", &written(), DeltaVersion::Latest).unwrap();
        assert_eq!(
            answer(
                &engine,
                "T | where Id in (1, 2, 3, 13) | sort by Id asc | project Id, At, Region, Tags[0], Score"
            ),
            "1,2024-01-01T01:00:00.0000000Z,east north,t1,;2,2024-01-01T02:00:00.0000000Z,süd,t2,;\
             3,2024-01-01T03:00:00.0000000Z,,t3,;13,2024-01-01T13:00:00.0000000Z,east north,t13,"
        );
        assert_eq!(answer(&engine, "T | where isempty(Region) | count"), "3");
        assert_eq!(
            answer(&engine, "T | getschema | summarize make_list(ColumnName)"),
            r#"["Id","At","Tags","Region","Score"]"#
        );
        assert!(
            failure(&written(), DeltaVersion::Version(5))
                .contains("no version 5; versions 0 to 4 can be read")
        );
    });
}

/// Old commits are cleaned up; the checkpoint stands for them.
#[test]
fn a_checkpoint_stands_for_what_was_cleaned_up() {
    deep(|| {
        let table = folder("cleaned");
        copy(&written(), &table);
        for version in 0..3 {
            std::fs::remove_file(table.join(format!("_delta_log/{version:020}.json"))).unwrap();
        }
        let mut engine = engine();
        assert_eq!(engine.register_delta("T", &table, DeltaVersion::Latest).unwrap().version, 4);
        assert_eq!(answer(&engine, "T | count"), "10");
        engine.register_delta("T", &table, DeltaVersion::Version(3)).unwrap();
        assert_eq!(answer(&engine, "T | summarize count(), dcount(Region)"), "13,4");
        assert!(failure(&table, DeltaVersion::Version(2)).contains("no version 2; versions 3 to 4"));
        std::fs::remove_file(table.join("_delta_log/00000000000000000003.checkpoint.parquet")).unwrap();
        assert!(failure(&table, DeltaVersion::Latest).contains("commit of version 0 is missing"));
    });
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn files_are_left_out() {
    deep(|| {
        let table = folder("pruned");
        let files = [
            ("a.parquet", 0, "2024-01-01"),
            ("b c.parquet", 10, "2024-01-02"),
            ("d.parquet", 20, "2024-01-03"),
        ];
        let mut entries = vec![protocol(), metadata(&json!({}))];
        entries.extend(files.map(|(name, first, day)| add(&table, name, first, day)));
        commit(&table, 0, &entries);
        let mut engine = engine();
        engine.register_delta("T", &table, DeltaVersion::Latest).unwrap();
        for (predicate, rows, read) in [
            ("true", "30", 3),
            ("Day == datetime(2024-01-02)", "10", 1),
            ("Day > datetime(2024-01-01)", "20", 3),
            ("Day >= datetime(2024-01-02)", "20", 2),
            ("Day between (datetime(2024-01-02) .. datetime(2024-01-02))", "10", 1),
            ("N >= 25", "5", 1),
            ("N == 25 or N == 3", "2", 2),
            ("At >= datetime(2024-01-01T00:20:00Z)", "10", 1),
            // The statistics say 00:09:00.000 and the row is 999 µs later.
            ("At > datetime(2024-01-01T00:09:00.0005Z) and N < 10", "1", 1),
            ("N > 100", "0", 0),
            ("isnull(Day)", "0", 3),
        ] {
            let text = format!("T | where {predicate} | count");
            assert_eq!(answer(&engine, &text), rows, "{predicate}");
            let explanation = runtime().block_on(engine.analyse(&text, NOW, &Settings::default())).unwrap();
            assert!(explanation.read().files <= read, "{predicate}\n{explanation}");
        }
    });
}

#[test]
fn partitions_of_texts_are_left_out() {
    deep(|| {
        let mut engine = engine();
        engine.register_delta("T", &written(), DeltaVersion::Version(2)).unwrap();
        for (predicate, rows, read) in [
            ("Region == 'süd'", "3", 2),
            ("Region in ('süd', 'east north')", "6", 4),
            ("Region == 'nowhere'", "0", 0),
            ("isempty(Region)", "3", 8),
            ("Region != 'süd'", "8", 8),
        ] {
            let text = format!("T | where {predicate} | count");
            assert_eq!(answer(&engine, &text), rows, "{predicate}");
            let explanation = runtime().block_on(engine.analyse(&text, NOW, &Settings::default())).unwrap();
            assert!(explanation.read().files <= read, "{predicate}\n{explanation}");
        }
    });
}

#[test]
fn moments() {
    deep(|| {
        let table = folder("moments");
        let started = SystemTime::UNIX_EPOCH + Duration::from_secs(1_704_067_200);
        let epoch = 638_396_640_000_000_000_i64;
        for version in 0..3_u64 {
            let name = format!("f{version}.parquet");
            let mut entries = vec![add(&table, &name, version as i64 * 10, "2024-01-01")];
            if version == 0 {
                entries.extend([protocol(), metadata(&json!({}))]);
            }
            // The last commit tells its time itself: an hour before the one before.
            if version == 2 {
                entries.insert(0, json!({"commitInfo": {"inCommitTimestamp": 1_704_070_800_000_i64}}));
            }
            commit(&table, version, &entries);
            let path = table.join(format!("_delta_log/{version:020}.json"));
            let file = std::fs::File::options().append(true).open(path).unwrap();
            file.set_modified(started + Duration::from_secs(version * 600)).unwrap();
        }
        let at = |seconds: i64| {
            let mut engine = engine();
            engine
                .register_delta("T", &table, DeltaVersion::Timestamp(epoch + seconds * 10_000_000))
                .unwrap()
                .version
        };
        assert_eq!((at(0), at(599), at(600), at(3_599), at(3_600)), (0, 0, 1, 1, 2));
        let error = failure(&table, DeltaVersion::Timestamp(epoch - 1));
        assert!(error.contains("no version at 2023-12-31T23:59:59.9999999Z"), "{error}");
    });
}

#[test]
fn what_is_not_supported_is_named() {
    deep(|| {
        let refused = |name: &str, entries: &[Value], words: &str| {
            let table = folder(name);
            commit(&table, 0, entries);
            let error = failure(&table, DeltaVersion::Latest);
            assert!(error.contains(words), "{error}");
        };
        let plain = || metadata(&json!({}));
        let with = |version: i64, features: Value| json!({"protocol": {"minReaderVersion": version, "minWriterVersion": 7, "readerFeatures": features}});
        refused(
            "mapping",
            &[protocol(), metadata(&json!({"delta.columnMapping.mode": "name"}))],
            "column mapping by name",
        );
        refused("variant", &[with(3, json!(["variantType"])), plain()], "the reader feature `variantType`");
        refused("future", &[with(4, json!([])), plain()], "the reader version 4");
        refused("checkpoints", &[with(3, json!(["v2Checkpoint"])), plain()], "`v2Checkpoint`");
        let deleted = json!({"add": {"path": "a", "partitionValues": {}, "size": 1, "deletionVector": {"storageType": "u"}}});
        refused("vectors", &[with(3, json!(["deletionVectors"])), plain(), deleted], "deletion vectors");
        // A table that may have them, and has none, is read.
        let table = folder("allowed");
        let file = add(&table, "a.parquet", 0, "2024-01-01");
        let features = json!(["deletionVectors", "columnMapping", "timestampNtz"]);
        commit(&table, 0, &[with(3, features), metadata(&json!({"delta.columnMapping.mode": "none"})), file]);
        let mut engine = engine();
        engine.register_delta("T", &table, DeltaVersion::Latest).unwrap();
        assert_eq!(answer(&engine, "T | count"), "10");
    });
}

#[test]
fn hostile_logs() {
    deep(|| {
        let refused = |entries: &[Value], words: &str| {
            let table = folder("hostile");
            commit(&table, 0, entries);
            let error = failure(&table, DeltaVersion::Latest);
            assert!(error.contains(words), "{error}");
        };
        let file = |path: &str, day: &str, size: i64| json!({"add": {"path": path, "partitionValues": {"Day": day}, "size": size}});
        let base = [protocol(), metadata(&json!({}))];
        let and = |entry: Value| [base[0].clone(), base[1].clone(), entry];
        refused(&and(file("../../etc/passwd", "2024-01-01", 1)), "not within the folder");
        refused(&and(file("%2e%2e/x", "2024-01-01", 1)), "not within the folder");
        refused(&and(file("file:///etc/passwd", "2024-01-01", 1)), "not within the folder");
        refused(&and(file("s3://bucket/x", "2024-01-01", 1)), "not within the folder");
        refused(&and(file("/etc/passwd", "2024-01-01", 1)), "not within the folder");
        refused(&and(file("a", "2024-01-01", -1)), "negative size");
        refused(&and(file("a", "yesterday", 1)), "partition value `yesterday`");
        refused(&and(json!({"add": {"path": 7}})), "line 3: not an entry");
        refused(&base[1..], "no entry tells the protocol");
        refused(&base[..1], "no entry tells the schema");
        let table = folder("texts");
        for text in ["{", "[]", "\u{0}", "{\"add\":", "null", &"[".repeat(100_000)] {
            std::fs::write(table.join("_delta_log/00000000000000000000.json"), text).unwrap();
            failure(&table, DeltaVersion::Latest);
        }
        std::fs::write(table.join("_delta_log/00000000000000000009.checkpoint.parquet"), b"PAR1 not PAR1")
            .unwrap();
        assert!(failure(&table, DeltaVersion::Latest).contains("not a checkpoint"));
        let empty = folder("empty");
        assert!(failure(&empty, DeltaVersion::Latest).contains("is no Delta table"));
        assert!(failure(Path::new("/nowhere/at/all"), DeltaVersion::Latest).contains("is no Delta table"));
        // A link out of the folder is the owner's own doing; a file that is not there is an error of the query.
        let table = folder("gone");
        commit(&table, 0, &and(file("gone.parquet", "2024-01-01", 10)));
        let mut engine = engine();
        engine.register_delta("T", &table, DeltaVersion::Latest).unwrap();
        assert!(runtime().block_on(last(&engine, "T | summarize sum(N)")).is_err());
    });
}
