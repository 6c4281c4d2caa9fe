//! The real sample logs: every well-formed line is a row of its table, and its values are those of the line.

use std::path::PathBuf;

use azimuth_collect::tables::known;
use azimuth_kql::types::ScalarType;
use serde_json::{Map, Value};

use crate::kept::{read_in, source};

#[test]
fn real_logs_load_without_dead_letters() {
    let manifest = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let root =
        std::env::var_os("AZIMUTH_SHARED").map_or_else(|| manifest.join("../../../shared"), PathBuf::from);
    let Ok(files) = std::fs::read_dir(root.join("corpora/logs")) else {
        assert!(std::env::var_os("CI").is_none(), "the sample logs of the shared data are missing");
        eprintln!("SKIPPED: there are no shared sample logs; set AZIMUTH_SHARED");
        return;
    };
    let mut rows = 0;
    for path in files.map(|file| file.unwrap().path()) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let Some(table) = name.strip_suffix(".ndjson").and_then(|name| name.split('.').next()) else {
            continue;
        };
        let bytes = std::fs::read(&path).unwrap();
        let (kept, counts) = read_in(source(path.to_str().unwrap()), &bytes, 1 << 16);
        assert_eq!(kept.dead, [], "{name}");
        let lines: Vec<Map<String, Value>> = bytes
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect();
        assert_eq!(kept.rows.keys().collect::<Vec<_>>(), [table], "{name}");
        let found = &kept.rows[table];
        assert_eq!(found.len(), lines.len(), "{name}");
        let schema = known(table).unwrap().schema();
        for (line, row) in lines.iter().zip(found) {
            for (column, value) in
                line.iter().filter(|(_, value)| !value.is_null() && value.as_str() != Some(""))
            {
                let ty = schema.column(column).map(|column| column.ty);
                let is_same = match (&row.get(column), ty) {
                    (Some(found), _) if *found == value => true,
                    // Times of other spellings, numbers and objects in columns of text.
                    (Some(Value::String(_)), Some(ScalarType::Datetime)) => true,
                    (Some(Value::String(text)), Some(ScalarType::String)) => {
                        serde_json::from_str::<Value>(text).is_ok_and(|found| found == *value)
                    }
                    (Some(found), Some(ScalarType::Dynamic)) => value.as_str().is_some_and(|text| {
                        serde_json::from_str::<Value>(text).is_ok_and(|value| value == **found)
                    }),
                    _ => false,
                };
                assert!(is_same, "{name}: {column} is {:?}, not {value}", row.get(column));
            }
            assert!(row.contains_key("TimeGenerated") && row["Type"] == table, "{name}");
        }
        rows += counts.rows;
    }
    assert!(rows >= 5_000, "{rows} rows");
    eprintln!("{rows} rows of the sample logs, no dead letter");
}
