//! The shared corpora.

use std::path::PathBuf;

use serde_json::Value as Json;

/// The cases of a file below the corpora, or nothing if the corpora are absent (which is a failure on CI).
#[expect(clippy::print_stderr, reason = "a skipped corpus must be seen")]
pub(crate) fn cases(path: &str) -> Vec<Json> {
    let root = std::env::var_os("AZIMUTH_SHARED").map_or_else(
        || {
            PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets it"))
                .join("../../../shared")
        },
        PathBuf::from,
    );
    let file = root.join("corpora").join(path);
    match std::fs::read_to_string(&file) {
        Ok(text) => text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| serde_json::from_str(line).expect("a corpus line is JSON"))
            .collect(),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "the corpus {} is absent: {error}", file.display());
            eprintln!("SKIPPED: the corpus {} is absent: {error}", file.display());
            Vec::new()
        }
    }
}
