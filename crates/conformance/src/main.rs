//! `azimuth-conformance [SUITE…] [--case ID] [--quiet]`: the case files of the corpora against the engines.
//!
//! Exit code 0: no file is below its floor; 1: one is, or the case asked for fails; 2: the command is wrong.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program speaks through them")]

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use azimuth_conformance::floors::{self, Floor};
use azimuth_conformance::run::{self, FileResult};
use azimuth_conformance::suites::{self, Role, Runner};
use azimuth_conformance::{corpora, expect};

const FLOORS: &str = "docs/conformance.md";
/// Engines bound their recursion for optimised builds on a main thread; debug builds need more for the same depth.
const STACK_BYTES: usize = 64 << 20;

struct Options {
    /// Suites, or single files such as `delivery/rbac.jsonl`; empty for all.
    wanted: Vec<String>,
    case: Option<String>,
    /// Only the files that an engine answers.
    quiet: bool,
}

fn main() -> ExitCode {
    let worker = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(|| {
        let options = options(std::env::args().skip(1))?;
        run::remember_panics();
        conformance(&options)
    });
    match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(true))) => ExitCode::SUCCESS,
        Ok(Ok(Ok(false))) => ExitCode::FAILURE,
        Ok(Ok(Err(error))) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
        Ok(Err(_)) | Err(_) => {
            eprintln!("error: the runner itself failed; this is a mistake in azimuth-conformance");
            ExitCode::from(2)
        }
    }
}

fn options(arguments: impl Iterator<Item = String>) -> Result<Options> {
    let mut options = Options { wanted: Vec::new(), case: None, quiet: false };
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--case" => options.case = Some(arguments.next().context("`--case` needs an id")?),
            "--quiet" => options.quiet = true,
            option if option.starts_with('-') => {
                bail!("unknown option `{option}`; there are `--case ID` and `--quiet`")
            }
            wanted => options.wanted.push(wanted.trim_end_matches('/').to_owned()),
        }
    }
    Ok(options)
}

/// Runs what was asked for; true if nothing got worse.
fn conformance(options: &Options) -> Result<bool> {
    let Some(root) = corpora::root() else {
        println!("SKIPPED: no corpora: set `AZIMUTH_SHARED` to the folder that holds `corpora/`");
        return Ok(std::env::var_os("CI").is_none_or(|value| value.is_empty()));
    };
    let path = corpora::workspace().join(FLOORS);
    let document =
        std::fs::read_to_string(&path).with_context(|| format!("failed to read `{}`", path.display()))?;
    let (floors, mut worse) = floors::parse(&document);
    let mut report =
        Report { root: &root, options, floors: &floors, better: Vec::new(), data: Vec::new(), cases: 0 };
    let mut any = false;
    for suite in corpora::suites(&root)? {
        for file in corpora::case_files(&root, &suite)? {
            let name = format!("{suite}/{file}");
            if options.wants(&suite, &name) {
                any = true;
                worse.extend(report.file(&name, suites::role(&suite, &file))?);
            }
        }
    }
    if !any {
        bail!(
            "nothing is called `{}`; the suites are {}",
            options.wanted.join("`, `"),
            corpora::suites(&root)?.join(", ")
        );
    }
    if let Some(case) = &options.case
        && report.cases == 0
    {
        bail!("no file that an engine answers holds the case `{case}`");
    }
    if !options.quiet && options.case.is_none() && !report.data.is_empty() {
        println!("\nnot run, because they are no cases:");
        report.data.iter().for_each(|line| println!("  {line}"));
    }
    report.better.iter().for_each(|line| println!("note: {line}"));
    worse.iter().for_each(|line| println!("WORSE: {line}"));
    Ok(worse.is_empty())
}

impl Options {
    fn wants(&self, suite: &str, name: &str) -> bool {
        self.wanted.is_empty() || self.wanted.iter().any(|wanted| wanted == suite || wanted == name)
    }
}

struct Report<'a> {
    root: &'a Path,
    options: &'a Options,
    floors: &'a [Floor],
    better: Vec<String>,
    data: Vec<String>,
    /// Cases run.
    cases: usize,
}

impl Report<'_> {
    /// Runs and prints one file; returns what got worse.
    fn file(&mut self, name: &str, role: Role) -> Result<Vec<String>> {
        match role {
            Role::Data(reason) => {
                self.data.push(format!("{name:52} {reason}"));
                Ok(Vec::new())
            }
            Role::Waiting(_) if self.options.case.is_some() || self.options.quiet => Ok(Vec::new()),
            Role::Waiting(area) => {
                let total = run::count_cases(&self.root.join(name))?;
                println!("{name}: passed 0 of {total} (no engine yet: {area})");
                Ok(Vec::new())
            }
            Role::Answered(runner) => self.answered(name, runner),
        }
    }

    fn answered(&mut self, name: &str, runner: Runner) -> Result<Vec<String>> {
        let only = self.options.case.as_deref();
        let result = run::run_file(&self.root.join(name), runner, only)?;
        self.cases += result.total;
        if only.is_some() && result.total == 0 {
            return Ok(Vec::new());
        }
        print_failures(name, &result);
        println!("{name}: passed {} of {}", result.passed(), result.total);
        if only.is_some() {
            return Ok(result
                .failures
                .into_iter()
                .map(|failure| format!("{name}: `{}` fails", failure.id))
                .collect());
        }
        let floor = self.floors.iter().find(|floor| floor.file == name);
        let judgement = floors::judge(name, floor, &result);
        self.better.extend(judgement.better);
        Ok(judgement.worse)
    }
}

fn print_failures(name: &str, result: &FileResult) {
    for failure in &result.failures {
        println!("FAIL {name} {}", failure.id);
        expect::clipped(&failure.why).lines().for_each(|line| println!("  {line}"));
    }
}
