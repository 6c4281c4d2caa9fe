//! `cargo xtask conformance`: the case files of the corpora, run by the `azimuth-conformance` binary.
//!
//! The engines are linked into that binary, not into this one, so that the tasks stay quick to build.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::{process, workspace};

/// Runs the suites named by the arguments (all without); true if no file fell below its floor.
pub(crate) fn run(arguments: &[String]) -> Result<bool> {
    Ok(process::run(&mut command(arguments))?.success())
}

/// The command that runs the conformance binary.
pub(crate) fn command(arguments: &[String]) -> Command {
    let mut command = workspace::cargo(&["run", "--quiet", "--package", "azimuth-conformance", "--"]);
    command.args(arguments);
    command
}

/// True if there are corpora to run: below `$AZIMUTH_SHARED`, else in `../shared` beside the workspace.
pub(crate) fn corpora_exist() -> bool {
    let shared = match std::env::var_os("AZIMUTH_SHARED") {
        Some(path) if !path.is_empty() => PathBuf::from(path),
        _ => workspace::root().join("../shared"),
    };
    shared.join("corpora").is_dir()
}
