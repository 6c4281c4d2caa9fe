//! What can be asked of `azimuth policy remediate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::PolicySourceArgs;
use crate::args::InputArgs;

#[derive(Debug, Args)]
pub(crate) struct PolicyRemediateArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) source: PolicySourceArgs,
    /// Only assignments of this id or name; repeatable
    #[arg(long, value_name = "ASSIGNMENT")]
    pub(crate) assignment: Vec<String>,
    /// Only policies of this definition or initiative (id, name or display name) or reference id; repeatable
    #[arg(long, value_name = "POLICY")]
    pub(crate) policy: Vec<String>,
    /// Only this resource, by id or by a name that only one has; repeatable
    #[arg(long, value_name = "RESOURCE")]
    pub(crate) resource: Vec<String>,
    /// Only resources at or below this scope; a bare name is that of a management group
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Option<String>,
    /// Resources that each policy remediates at most
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(i64).range(1..=50_000))]
    pub(crate) resource_count: i64,
    /// How many steps run at once
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(i64).range(1..=30))]
    pub(crate) parallel: i64,
    /// Write the run to this folder, which is made if need be: `remediation.json`, templates, parameters, bodies
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// How to show the run
    #[arg(long, short, value_enum, default_value_t = RemediateFormat::Terminal, visible_alias = "output", value_name = "FORMAT")]
    pub(crate) format: RemediateFormat,
    /// Exit with 1 if there are such steps
    #[arg(long, value_enum, default_value_t = RemediateFailOn::Never, value_name = "WHAT")]
    pub(crate) fail_on: RemediateFailOn,
    /// Steps shown for each policy on a terminal
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) show: usize,
}

/// How a remediation run is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RemediateFormat {
    /// For eyes on a terminal
    #[value(alias = "table")]
    Terminal,
    /// The manifest; without `--out` with the contents of the files
    Json,
}

/// What makes `remediate` exit with 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RemediateFailOn {
    /// Nothing
    Never,
    /// A step would fail, or an identity lacks what its steps need
    Lack,
    /// The same, or there is anything to remediate
    Any,
}
