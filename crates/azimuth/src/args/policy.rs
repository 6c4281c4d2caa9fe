//! What can be asked of `azimuth policy`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{InputArgs, ListFormat};

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Decide every assigned policy over every resource of an estate, and say why
    Scan(PolicyScanArgs),
    /// Show what a new or changed assignment would deny, change or mark, now and over the recorded history
    Impact(PolicyImpactArgs),
}

/// Where definitions, initiatives, assignments and exemptions come from, and where they are put.
#[derive(Debug, Default, Args)]
pub(crate) struct PolicySourceArgs {
    /// More policy objects: files or folders with definitions, initiatives, assignments, exemptions; repeatable
    #[arg(long, value_name = "PATH")]
    pub(crate) definitions: Vec<PathBuf>,
    /// Provider data with aliases (`az provider list --expand "resourceTypes/aliases"`); repeatable
    #[arg(long, value_name = "FILE")]
    pub(crate) aliases: Vec<PathBuf>,
    /// Put assignments made at one scope onto another, such as a management group of the same role; repeatable
    #[arg(long, value_name = "FROM=TO")]
    pub(crate) map_scope: Vec<String>,
    /// Put every assignment whose own scope is not in the estate onto this scope
    #[arg(long, value_name = "SCOPE")]
    pub(crate) assign_at: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyScanArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) source: PolicySourceArgs,
    /// How to show the result
    #[arg(long, short, value_enum, default_value_t = PolicyFormat::Terminal, visible_alias = "output", value_name = "FORMAT")]
    pub(crate) format: PolicyFormat,
    /// Write to a file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// How the states of policies are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyFormat {
    /// For eyes on a terminal
    #[value(alias = "table")]
    Terminal,
    /// A summary and one record for each resource and policy, shaped like Azure's policy states
    Json,
    /// One line for each resource and policy
    Csv,
    /// SARIF 2.1.0 for code scanning
    Sarif,
    /// JUnit XML for test reports
    Junit,
    /// One self-contained page
    Html,
    /// For wikis and pull requests
    Markdown,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyImpactArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) source: PolicySourceArgs,
    /// How to show the result
    #[arg(long, short, value_enum, default_value_t = ListFormat::Table, value_name = "FORMAT")]
    pub(crate) output: ListFormat,
}
