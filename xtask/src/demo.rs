//! `cargo xtask demo`: the main job on the bundled demo estate, from a clean clone.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::{process, workspace};

const SIZE: &str = "2000";
const SEED: &str = "7";
/// The profile that ends in time on two cores; its folder below the target folder is called the same.
const PROFILE: &str = "quick";

/// Builds the binary, writes the estate, assesses it on the terminal and as a page; true if all of that worked.
pub(crate) fn run(arguments: &[String]) -> Result<bool> {
    if let Some(argument) = arguments.first() {
        bail!("`cargo xtask demo` takes no arguments, found `{argument}`");
    }
    let started = Instant::now();
    let mut build = workspace::cargo(&["build", "--profile", PROFILE, "--package", "azimuth"]);
    if !process::run(&mut build)?.success() {
        bail!("`azimuth` does not build");
    }
    let target = workspace::target_dir()?;
    let azimuth = target.join(PROFILE).join(format!("azimuth{}", std::env::consts::EXE_SUFFIX));
    println!("built in {:.0} s\n", started.elapsed().as_secs_f64());

    let demo = target.join("demo");
    let (estate, report) = (demo.join("estate"), demo.join("report.html"));
    if estate.exists() {
        std::fs::remove_dir_all(&estate)
            .with_context(|| format!("failed to remove the old `{}`", estate.display()))?;
    }
    std::fs::create_dir_all(&demo).with_context(|| format!("failed to create `{}`", demo.display()))?;

    let mut write = Command::new(&azimuth);
    write.args(["demo-estate", "--size", SIZE, "--seed", SEED, "--out"]).arg(&estate);
    if !process::run(&mut write)?.success() {
        bail!("the demo estate could not be written");
    }
    assess(&azimuth, &estate, None)?;
    assess(&azimuth, &estate, Some(&report))?;
    println!("{}", farewell(&azimuth, &estate, &report));
    Ok(true)
}

/// Assesses the estate; exit code 1 means that violations were found, which is what the demo is for.
fn assess(azimuth: &Path, estate: &Path, report: Option<&PathBuf>) -> Result<()> {
    let mut command = Command::new(azimuth);
    command.arg("assess").arg(estate);
    if let Some(report) = report {
        command.args(["--format", "html", "--out"]).arg(report);
    }
    match process::run(&mut command)?.code() {
        Some(0 | 1) => Ok(()),
        Some(code) => bail!("`azimuth assess` ended with exit code {code}"),
        None => bail!("`azimuth assess` was stopped by a signal"),
    }
}

fn farewell(azimuth: &Path, estate: &Path, report: &Path) -> String {
    let root = workspace::root();
    let [azimuth, estate, report] =
        [azimuth, estate, report].map(|path| path.strip_prefix(root).unwrap_or(path).display());
    format!(
        "
The report:         {report}
The planted flaws:  {estate}/flaws.json

What to try next
  everything about one control, with every counterexample:
    {azimuth} assess {estate} --explain NW-4
  any question in KQL, here as a chart:
    {azimuth} query 'resources | summarize count() by type | top 10 by count_ | render barchart' --estate {estate}
  for code scanning (also json, junit, markdown, csv):
    {azimuth} assess {estate} --format sarif
  your own exports, see `What to export` in README.md:
    {azimuth} assess FOLDER
  everything else:
    {azimuth} help"
    )
}
