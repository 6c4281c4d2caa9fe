//! Where the shared corpora are.

use std::path::PathBuf;

/// The file of the policy corpus, or `None` with a loud note; with `CI` set that is a failure.
pub(crate) fn read(name: &str) -> Option<String> {
    let shared = std::env::var_os("AZIMUTH_SHARED").map(PathBuf::from);
    let beside =
        PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets it")).join("../../../shared");
    let path = shared.unwrap_or(beside).join("corpora/policy").join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(_) => {
            assert!(std::env::var_os("CI").is_none(), "the corpus `{name}` is missing");
            #[expect(clippy::print_stdout, reason = "a skipped test says so loudly")]
            {
                println!("SKIPPED: the corpus `{name}` is not at hand");
            }
            None
        }
    }
}
