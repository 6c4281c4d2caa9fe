//! What an earlier report already lists.

use std::collections::HashSet;
use std::path::Path;

use serde_json::Value;

use crate::command::arm::template::read_text;
use crate::exit::Failure;

/// The fingerprints of an earlier `--format json` report; none without a file.
pub(super) fn read(path: Option<&Path>) -> Result<HashSet<String>, Failure> {
    let Some(path) = path else { return Ok(HashSet::new()) };
    let refuse = || {
        Failure::input(format_args!("`{}` is no report of `azimuth check --format json`", path.display()))
            .hint("make one with `azimuth check PATH --format json --fail-on never --out baseline.json`")
    };
    let report: Value = serde_json::from_str(&read_text(path)?).map_err(|_| refuse())?;
    let mut known = HashSet::new();
    for list in ["findings", "unknown"] {
        let findings = report[list].as_array().ok_or_else(refuse)?;
        known
            .extend(findings.iter().filter_map(|finding| finding["fingerprint"].as_str().map(str::to_owned)));
    }
    Ok(known)
}
