//! Where the corpora are, and how their lines are read.

use std::path::PathBuf;

use serde_json::Value;

/// A file of the `kql` corpora; `None`, said loudly, where there are none. In CI that is a failure.
pub(crate) fn path(file: &str) -> Option<PathBuf> {
    let root = std::env::var_os("AZIMUTH_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let path = root.join("corpora/kql").join(file);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "SKIPPED: {} is not there", path.display());
    eprintln!("SKIPPED: {} is not there", path.display());
    None
}

/// The cases of a file; none where the corpora are not there.
pub(crate) fn cases(file: &str) -> Vec<Value> {
    let Some(path) = path(file) else { return Vec::new() };
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A JSON file of the corpora.
pub(crate) fn json(file: &str) -> Option<Value> {
    path(file).map(|path| serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
}
