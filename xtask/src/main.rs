//! The project's own tasks, one command each: `cargo xtask <task>`.
//!
//! - [`checks`]: `test`, everything that has to hold before a change lands, cheap checks first;
//! - [`tidy`]: `tidy`, the house rules that no compiler checks;
//! - [`conformance`]: `conformance`, the case files of the corpora, run by the `azimuth-conformance` binary;
//! - [`demo`]: `demo`, the main job on the bundled demo estate;
//! - [`bench`](mod@bench): `bench`, the figures of `docs/benchmarks.md`.
//!
//! This program stays small on purpose (two dependencies): it is built before anything else can be done.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program speaks through them")]

mod bench;
mod checks;
mod conformance;
mod demo;
mod process;
mod tidy;
mod tools;
mod workspace;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <task>

  test                                everything that has to hold, cheap checks first; installs what it needs
  tidy                                the house rules: dependency arrows, pure engines, files, docs
  conformance [SUITE…] [--case ID]    the case files of the corpora against the engines
  demo                                build `azimuth` and assess the demo estate
  bench [NAME]                        the benchmarks, optimised like a published binary
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (task, rest) = match arguments.split_first() {
        Some((task, rest)) => (task.as_str(), rest),
        None => ("help", &[][..]),
    };
    let outcome = match task {
        "test" => checks::run(rest),
        "tidy" => tidy::run(rest),
        "conformance" => conformance::run(rest),
        "demo" => demo::run(rest),
        "bench" => bench::run(rest),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(true)
        }
        unknown => {
            eprintln!("error: unknown task `{unknown}`\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
