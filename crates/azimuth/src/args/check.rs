//! What can be asked of `azimuth check` and `azimuth store`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::CloudName;

/// Check templates before they are deployed: which rules and policies they break, at their own line and column.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// ARM templates and .bicep files; folders and globs stand for all templates in them; `-` for standard input
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// A parameter file (JSON or .bicepparam) for every template, each a check of its own; repeatable. Without it, the
    /// files beside a template that are named after it are taken (`main.parameters.json`, `main.prod.bicepparam` …)
    #[arg(long, value_name = "FILE")]
    pub(crate) parameters: Vec<PathBuf>,
    /// Take no parameter files from beside the templates
    #[arg(long)]
    pub(crate) no_parameter_files: bool,
    /// Policy definitions, initiatives and assignments to check by: files or folders; repeatable
    #[arg(long, visible_alias = "pack", value_name = "PATH")]
    pub(crate) policy: Vec<PathBuf>,
    /// A parameter of these policies, for all that have it or for the one named; the value is JSON or else text, `@FILE`
    /// reads it from a file; repeatable
    #[arg(long, value_name = "[RULE:]NAME=VALUE", requires = "policy")]
    pub(crate) policy_parameter: Vec<String>,
    /// Leave out the rules that ship with the program
    #[arg(long)]
    pub(crate) no_pack: bool,
    /// Only these rules; `AZ-STORAGE-*` stands for all that begin so; repeatable
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(crate) rule: Vec<String>,
    /// Not these rules; repeatable
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(crate) skip_rule: Vec<String>,
    /// Provider data with aliases (`az provider list --expand "resourceTypes/aliases"`); repeatable
    #[arg(long, value_name = "FILE")]
    pub(crate) aliases: Vec<PathBuf>,
    /// Exported files of the estate: they answer `reference()`, hold related resources and, with `--scope`, the policy
    /// assignments in force; repeatable
    #[arg(long, value_name = "PATH")]
    pub(crate) estate: Vec<PathBuf>,
    /// A store made by `azimuth import`, instead of `--estate`. Without a PATH the store itself is checked, as
    /// `azimuth store check` does
    #[arg(long, value_name = "FILE", env = "AZIMUTH_STORE")]
    pub(crate) store: Option<PathBuf>,
    /// Read the store as of a moment, RFC 3339 or a date
    #[arg(long, value_name = "TIME")]
    pub(crate) as_of: Option<String>,
    /// Where the templates are deployed: the id of a resource group, subscription or management group
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Option<String>,
    /// Location of the resource group, or of a deployment above resource groups
    #[arg(long, short, value_name = "LOCATION")]
    pub(crate) location: Option<String>,
    /// Which cloud
    #[arg(long, value_enum, default_value_t = CloudName::Public, value_name = "CLOUD")]
    pub(crate) cloud: CloudName,
    /// Where a linked template lies that is named by URI or template spec: `URI=PATH`; repeatable. Nothing is fetched
    #[arg(long, value_name = "URI=PATH")]
    pub(crate) link: Vec<String>,
    /// How to show the result
    #[arg(long, short, value_enum, default_value_t = CheckFormat::Terminal, visible_alias = "output", value_name = "FORMAT")]
    pub(crate) format: CheckFormat,
    /// Write to a file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// An earlier `--format json` report: what it already lists is not reported again
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Exit with 1 on violations of this severity or a higher one; `unknown` also on what only the deployment can decide
    #[arg(long, value_enum, default_value_t = FailOnSeverity::Low, value_name = "SEVERITY")]
    pub(crate) fail_on: FailOnSeverity,
    /// Show everything on a terminal: each instance, each unknown verdict, each suppressed finding
    #[arg(long)]
    pub(crate) all: bool,
    /// List the rules
    #[arg(long)]
    pub(crate) list_rules: bool,
    /// Show everything about one rule
    #[arg(long, value_name = "RULE")]
    pub(crate) explain: Option<String>,
    /// Seconds that the Bicep compiler may take for one file
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) bicep_timeout: u64,
}

/// How the findings of a check are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// For eyes: the lines of the template, underlined
    #[value(alias = "table")]
    Terminal,
    /// Everything, with a stable schema
    Json,
    /// SARIF 2.1.0 for code scanning
    Sarif,
    /// JUnit XML for test reports
    Junit,
    /// For wikis and pull requests
    Markdown,
}

/// What makes `check` exit with 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum FailOnSeverity {
    /// Nothing
    Never,
    /// A violation of high severity
    High,
    /// One of medium severity or higher
    Medium,
    /// Any violation
    Low,
    /// Any violation, and anything that only the deployment can decide
    Unknown,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Check a store's file and every invariant of it
    Check(StoreCheckArgs),
}

#[derive(Debug, Args)]
pub(crate) struct StoreCheckArgs {
    /// The store
    #[arg(long, value_name = "FILE", env = "AZIMUTH_STORE")]
    pub(crate) store: PathBuf,
}
