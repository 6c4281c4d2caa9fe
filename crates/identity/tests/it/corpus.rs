//! Finds the case files.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// A folder of the shared corpora; none, said loudly, where they are absent.
///
/// # Panics
/// If they are absent and `CI` is set.
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("AZIMUTH_SHARED").map_or(beside, PathBuf::from);
    let folder = shared.join("corpora").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    let message = format!("SKIPPED: there is no {}", folder.display());
    assert!(std::env::var_os("CI").is_none(), "{message}");
    eprintln!("{message}");
    None
}

/// The lines of a file of cases.
pub(crate) fn cases(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).expect("the file can be read");
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}
