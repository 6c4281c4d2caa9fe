//! `cargo xtask test`: everything that has to hold before a change lands.
//!
//! Cheap checks run first. A failing check does not stop the others, so that one run shows everything; the
//! table at the end says what failed, and the exit code is 1 if anything did.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::process::{self, Ended};
use crate::{conformance, tidy, tools, workspace};

/// How long fetching the advisory database may take before it counts as out of reach.
const ADVISORY_LIMIT: Duration = Duration::from_secs(60);

/// A check: what it is called in the table, and how it is made.
type Check = (&'static str, fn() -> Result<Outcome>);

const CHECKS: &[Check] = &[
    ("tools", install),
    ("tidy", house_rules),
    ("format", format),
    ("licences, bans, sources", dependencies),
    ("advisories", advisories),
    ("clippy", clippy),
    ("tests", test_suites),
    ("docs", docs),
    ("conformance floors", floors),
];

/// How one check ended.
enum Outcome {
    Passed(String),
    Failed(String),
    /// Could not be made here; the text says why. Never silent: the table shows it in capitals.
    NotChecked(String),
}

struct Step {
    name: &'static str,
    outcome: Outcome,
    took: Duration,
}

/// Runs all checks; true if none failed.
pub(crate) fn run(arguments: &[String]) -> Result<bool> {
    if let Some(argument) = arguments.first() {
        bail!(
            "`cargo xtask test` takes no arguments, found `{argument}`; for one crate use `cargo test -p CRATE`"
        );
    }
    let started = Instant::now();
    let mut steps = Vec::new();
    for (name, check) in CHECKS {
        println!("\n── {name}");
        let begun = Instant::now();
        let outcome = check().unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
        if let Outcome::Failed(why) = &outcome {
            println!("FAILED: {name}: {why}");
        }
        steps.push(Step { name, outcome, took: begun.elapsed() });
    }
    println!("\n{}", table(&steps));
    let failed = steps.iter().filter(|step| matches!(step.outcome, Outcome::Failed(_))).count();
    let passed = steps.iter().filter(|step| matches!(step.outcome, Outcome::Passed(_))).count();
    let verdict = if failed == 0 { "all checks passed" } else { "checks failed" };
    println!("{verdict} in {}", seconds(started.elapsed()));
    println!("{passed} passed, {failed} failed");
    Ok(failed == 0)
}

fn install() -> Result<Outcome> {
    tools::rust_components()?;
    let deny = tools::cargo_deny()?;
    Ok(Outcome::Passed(format!("cargo-deny in {}", deny.parent().unwrap_or(&deny).display())))
}

fn house_rules() -> Result<Outcome> {
    let findings = tidy::check()?;
    Ok(match findings {
        0 => Outcome::Passed(String::new()),
        n => Outcome::Failed(format!("{n} findings")),
    })
}

fn format() -> Result<Outcome> {
    passes(&mut workspace::cargo(&["fmt", "--all", "--check"]), "run `cargo fmt --all`")
}

fn dependencies() -> Result<Outcome> {
    let mut command = deny()?;
    command.args(["check", "bans", "licenses", "sources"]);
    passes(&mut command, "see `deny.toml`")
}

fn advisories() -> Result<Outcome> {
    let mut fetch = deny()?;
    fetch.args(["fetch", "db"]);
    println!("$ {}", process::display(&fetch));
    let why = match process::run_bounded(&mut fetch, ADVISORY_LIMIT) {
        Ended::Well => {
            let mut check = deny()?;
            check.args(["--offline", "check", "advisories"]);
            return passes(&mut check, "update or replace the named dependency");
        }
        Ended::Badly(why) => why,
        Ended::TimedOut => format!("no answer within {} s", ADVISORY_LIMIT.as_secs()),
    };
    println!("NOT CHECKED: the advisory database is out of reach ({why});");
    println!(
        "NOT CHECKED: known vulnerabilities in dependencies were not looked for. Run again with a network."
    );
    Ok(Outcome::NotChecked("the advisory database is out of reach".to_owned()))
}

fn deny() -> Result<std::process::Command> {
    let mut command = std::process::Command::new(tools::cargo_deny()?);
    command.current_dir(workspace::root());
    Ok(command)
}

fn clippy() -> Result<Outcome> {
    let arguments = ["clippy", "--workspace", "--all-targets", "--keep-going", "--", "-D", "warnings"];
    passes(&mut workspace::cargo(&arguments), "warnings are errors here")
}

fn test_suites() -> Result<Outcome> {
    let (mut passed, mut failed) = (0, 0);
    // Without `--no-fail-fast` the first failing crate would hide all later ones.
    let mut command = workspace::cargo(&["test", "--workspace", "--no-fail-fast"]);
    let status = process::run_watched(&mut command, |line| {
        if let Some((good, bad)) = test_counts(line) {
            passed += good;
            failed += bad;
        }
    })?;
    let counts = format!("{passed} tests passed, {failed} failed");
    Ok(if status.success() { Outcome::Passed(counts) } else { Outcome::Failed(counts) })
}

fn docs() -> Result<Outcome> {
    let mut command = workspace::cargo(&["doc", "--workspace", "--no-deps", "--keep-going"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    passes(&mut command, "a broken link or a missing text in the docs")
}

fn floors() -> Result<Outcome> {
    if !conformance::corpora_exist() {
        let why = "no corpora: set `AZIMUTH_SHARED` to the folder that holds `corpora/`";
        println!("SKIPPED: {why}");
        let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
        return Ok(if in_ci { Outcome::Failed(why.into()) } else { Outcome::NotChecked(why.into()) });
    }
    passes(&mut conformance::command(&["--quiet".to_owned()]), "see docs/conformance.md")
}

fn passes(command: &mut std::process::Command, hint: &str) -> Result<Outcome> {
    let status = process::run(command)?;
    Ok(if status.success() { Outcome::Passed(String::new()) } else { Outcome::Failed(hint.to_owned()) })
}

/// Passed and failed, from a line such as `test result: ok. 12 passed; 0 failed; 0 ignored; …`.
fn test_counts(line: &str) -> Option<(u64, u64)> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let count = |word: &str| {
        let part = counts.split("; ").find(|part| part.ends_with(word))?;
        part.split(' ').next()?.parse().ok()
    };
    Some((count("passed")?, count("failed")?))
}

fn table(steps: &[Step]) -> String {
    let width = steps.iter().map(|step| step.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for Step { name, outcome, took } in steps {
        let (word, note) = match outcome {
            Outcome::Passed(note) => ("passed", note),
            Outcome::Failed(note) => ("FAILED", note),
            Outcome::NotChecked(note) => ("NOT CHECKED", note),
        };
        let line = format!("{name:width$}  {:>9}  {word:11}  {note}", seconds(*took));
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_the_test_harness() {
        let line =
            "test result: ok. 12 passed; 3 failed; 0 ignored; 0 measured; 1 filtered out; finished in 0.01s";
        assert_eq!(test_counts(line), Some((12, 3)));
        assert_eq!(test_counts("running 12 tests"), None);
    }

    #[test]
    fn the_table_shouts_what_was_not_checked() {
        let step = |name, outcome| Step { name, outcome, took: Duration::from_millis(1500) };
        let text = table(&[
            step("tidy", Outcome::Passed(String::new())),
            step("advisories", Outcome::NotChecked("no network".into())),
        ]);
        assert_eq!(text, "tidy            1.5 s  passed\nadvisories      1.5 s  NOT CHECKED  no network\n");
    }
}
