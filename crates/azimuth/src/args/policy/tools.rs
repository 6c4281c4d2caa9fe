//! What can be asked of `azimuth policy test`, `lint` and `fix`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::args::ListFormat;

#[derive(Debug, Args)]
pub(crate) struct PolicyTestArgs {
    /// Suites, or folders in which every `*.test.yaml` is one
    #[arg(value_name = "PATH", required_unless_present = "init")]
    pub(crate) paths: Vec<PathBuf>,
    /// Only cases with this in their name (or in that of their suite or file)
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// Exit with 1 if fewer outcomes of conditions were seen, in per cent of all
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub(crate) coverage_min: Option<f64>,
    /// List every condition that was not seen both true and false
    #[arg(long)]
    pub(crate) coverage: bool,
    /// Definitions and initiatives that suites name by id or name: files or folders; repeatable
    #[arg(long, value_name = "PATH")]
    pub(crate) definitions: Vec<PathBuf>,
    /// Provider data with aliases (`az provider list --expand "resourceTypes/aliases"`); repeatable
    #[arg(long, value_name = "FILE")]
    pub(crate) aliases: Vec<PathBuf>,
    /// The moment of cases that name none, RFC 3339 or a date; by default now
    #[arg(long, value_name = "TIME")]
    pub(crate) now: Option<String>,
    /// How to show the result
    #[arg(long, short, value_enum, default_value_t = TestFormat::Terminal, visible_alias = "output", value_name = "FORMAT")]
    pub(crate) format: TestFormat,
    /// Write a suite to start with for this definition, and stop
    #[arg(long, value_name = "DEFINITION", conflicts_with_all = ["paths", "filter", "coverage_min"])]
    pub(crate) init: Option<PathBuf>,
    /// Write to a file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

fn percent(text: &str) -> Result<f64, String> {
    let number: f64 =
        text.trim_end_matches('%').parse().map_err(|_| "write a number from 0 to 100".to_owned())?;
    if (0.0..=100.0).contains(&number) { Ok(number) } else { Err("write a number from 0 to 100".to_owned()) }
}

/// How the outcome of suites is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestFormat {
    /// For eyes on a terminal
    #[value(alias = "table")]
    Terminal,
    /// Everything, coverage included
    Json,
    /// JUnit XML for test reports
    Junit,
    /// Coverage as LCOV, for services that show it beside the lines
    Lcov,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyLintArgs {
    /// Definitions, initiatives, assignments, exemptions: files or folders of JSON
    #[arg(value_name = "PATH", required_unless_present_any = ["store", "explain", "rules"])]
    pub(crate) paths: Vec<PathBuf>,
    /// A store made by `azimuth import`
    #[arg(long, value_name = "FILE", conflicts_with = "paths", env = "AZIMUTH_STORE")]
    pub(crate) store: Option<PathBuf>,
    /// Provider data with aliases (`az provider list --expand "resourceTypes/aliases"`); repeatable
    #[arg(long, value_name = "FILE")]
    pub(crate) aliases: Vec<PathBuf>,
    /// Leave out findings of this code; repeatable
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub(crate) allow: Vec<String>,
    /// Exit with 1 if there is such a finding (or a worse one)
    #[arg(long, value_enum, default_value_t = LintFailOn::Error, value_name = "SEVERITY")]
    pub(crate) fail_on: LintFailOn,
    /// The moment to judge exemptions at, RFC 3339 or a date; by default now
    #[arg(long, value_name = "TIME")]
    pub(crate) now: Option<String>,
    /// How to show the findings
    #[arg(long, short, value_enum, default_value_t = LintFormat::Terminal, visible_alias = "output", value_name = "FORMAT")]
    pub(crate) format: LintFormat,
    /// Write to a file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Say what a rule looks for, why, and what to do, and stop
    #[arg(long, value_name = "CODE")]
    pub(crate) explain: Option<String>,
    /// List all rules, and stop
    #[arg(long)]
    pub(crate) rules: bool,
}

/// How findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LintFormat {
    /// For eyes on a terminal, with the lines
    #[value(alias = "table")]
    Terminal,
    /// One object for each finding
    Json,
    /// SARIF 2.1.0 for code scanning
    Sarif,
    /// JUnit XML for test reports
    Junit,
}

/// The severity that makes `lint` exit with 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LintFailOn {
    /// Never
    Never,
    /// What the service would refuse, or can never work
    Error,
    /// What is probably not meant
    Warning,
    /// Anything
    Note,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyFixArgs {
    /// A file with one resource as JSON, or the id of a resource of the estate
    #[arg(value_name = "RESOURCE")]
    pub(crate) resource: String,
    /// Definitions that the resource is to comply with: files or folders; repeatable
    #[arg(long, value_name = "PATH")]
    pub(crate) definition: Vec<PathBuf>,
    /// Only the policy of this definition (id, name or display name) or reference id; repeatable
    #[arg(long, value_name = "POLICY")]
    pub(crate) policy: Vec<String>,
    /// A parameter of the definitions; JSON or text; repeatable
    #[arg(long, short, value_name = "NAME=VALUE")]
    pub(crate) parameter: Vec<String>,
    /// Related resources: files with JSON; `none` if there are none; repeatable
    #[arg(long, value_name = "FILE")]
    pub(crate) related: Vec<String>,
    /// Exported files of the estate, whose assignments count; repeatable
    #[arg(long, value_name = "PATH", conflicts_with = "definition")]
    pub(crate) estate: Vec<PathBuf>,
    /// A store made by `azimuth import`, instead of `--estate`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["estate", "definition"])]
    pub(crate) store: Option<PathBuf>,
    /// Provider data with aliases (`az provider list --expand "resourceTypes/aliases"`); repeatable
    #[arg(long, value_name = "FILE")]
    pub(crate) aliases: Vec<PathBuf>,
    /// API version of the resource, on which alias paths may depend
    #[arg(long, value_name = "VERSION")]
    pub(crate) api_version: Option<String>,
    /// Most changes taken together
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u8).range(1..=12))]
    pub(crate) max_changes: u8,
    /// How to show the result
    #[arg(long, short, value_enum, default_value_t = ListFormat::Table, value_name = "FORMAT")]
    pub(crate) output: ListFormat,
}
