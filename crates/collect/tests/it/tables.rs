//! The shipped tables against the table schemas of the KQL corpus.

use std::path::PathBuf;

use azimuth_collect::tables::{all, known};
use serde_json::Value;

#[test]
fn the_tables_are_those_of_the_corpus() {
    let manifest = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let root =
        std::env::var_os("AZIMUTH_SHARED").map_or_else(|| manifest.join("../../../shared"), PathBuf::from);
    let file = root.join("corpora/kql/table-schemas.json");
    if !file.exists() {
        assert!(std::env::var_os("CI").is_none(), "table-schemas.json of the shared data is missing");
        eprintln!("SKIPPED: there are no shared table schemas; set AZIMUTH_SHARED");
        return;
    }
    let corpus: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let corpus = corpus.as_object().unwrap();
    assert_eq!(all().count(), corpus.len());
    for (name, wanted) in corpus {
        let found = known(name).unwrap_or_else(|| panic!("{name} is missing"));
        let sources: Vec<&str> = wanted["source"].as_str().unwrap().split('+').collect();
        assert_eq!(found.sources().collect::<Vec<_>>(), sources, "{name}");
        let wanted = wanted["columns"].as_array().unwrap();
        let columns: Vec<_> = found.columns().collect();
        assert_eq!(columns.len(), wanted.len(), "{name}");
        for ((column, ty, source), wanted) in columns.into_iter().zip(wanted) {
            assert_eq!(Some(column), wanted["name"].as_str(), "{name}");
            assert_eq!(Some(ty.name()), wanted["type"].as_str(), "{name}.{column}");
            assert_eq!(source, wanted.get("from").and_then(Value::as_str), "{name}.{column}");
        }
    }
}
