//! The command line: what can be asked, apart from how it is done.

mod arm;
mod check;
mod identity;
mod lab;
mod lake;
mod logs;
mod policy;
mod query;
mod serve;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use arm::{ArmCommand, ArmExpandArgs, ArmWhatifArgs, DeploymentMode, TemplateArgs};
pub(crate) use check::{CheckArgs, CheckFormat, FailOnSeverity, StoreCommand};
pub(crate) use identity::{
    IdentityAccessCommand, IdentityCommand, IdentityCompareArgs, IdentityOptionsArgs, IdentityProveArgs,
    IdentityWhatifArgs, MfaArgs, PasswordCheckArgs, PasswordCommand, PasswordFailOn, PasswordProfile,
    PolicySetArgs, RiskActArgs, RiskAction, RiskCommand, RiskFormat, RiskLicense, RiskListArgs,
    RiskReportArgs, RiskSourceArgs,
};
pub(crate) use lab::{LabCommand, LabCompareArgs, LabDeleteArgs, LabForkArgs};
pub(crate) use lake::{LakeCommand, LakeHoldArgs, LakeIngestArgs, LakePlan, LakeRetainArgs};
pub(crate) use policy::{
    ImpactFailOn, ImpactFormat, LintFailOn, LintFormat, PolicyCommand, PolicyFailOn, PolicyFixArgs,
    PolicyFormat, PolicyImpactArgs, PolicyLintArgs, PolicyRemediateArgs, PolicyScanArgs, PolicySourceArgs,
    PolicyTestArgs, RemediateFailOn, RemediateFormat, StateFilter, TestFormat,
};

pub(crate) use logs::{LogFormat, LogsCommand, LogsConvertArgs};
pub(crate) use query::{ExternalData, FileFormat, QueryArgs, QueryFormat};
pub(crate) use serve::ServeArgs;

/// Operational security for Azure estates: proof or counterexample for every best practice.
///
/// Point it at a folder of files exported from a tenant (az, Resource Graph, Microsoft Graph, REST):
///
///   azimuth assess ./exports
#[derive(Debug, Parser)]
#[command(name = "azimuth", version, propagate_version = true, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    /// When to use colour; `NO_COLOR` is respected
    #[arg(long, global = true, value_enum, default_value_t = ColorWhen::Auto, value_name = "WHEN")]
    pub(crate) color: ColorWhen,
    /// Say less: no progress, no notes, only errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "Exit codes: 0 done · 1 `--fail-on` condition met · 2 wrong usage · 3 input could not be used · \
4 the store or the outside world failed";

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Judge every best practice on exported files or a store: proven, violated, unknown or not applicable
    Assess(AssessArgs),
    /// List the controls, or explain one
    Controls(ControlsArgs),
    /// Read exported files into a store, with history
    Import(ImportArgs),
    /// Write a store's documents as canonical NDJSON
    Export(ExportArgs),
    /// Show what changed in a store: who, when, what
    Changes(ChangesArgs),
    /// A copy of a store's estate to try changes on: fork it, change it, compare what it comes to
    #[command(subcommand)]
    Lab(LabCommand),
    /// Who can do what where: Azure role assignments, deny assignments and conditions
    #[command(subcommand)]
    Access(AccessCommand),
    /// ARM templates and Bicep: the resources they stand for, and what deploying them would change
    #[command(subcommand)]
    Arm(Box<ArmCommand>),
    /// Azure Policy: compliance of an estate, the impact of a change, tests, lints and fixes
    #[command(subcommand)]
    Policy(Box<PolicyCommand>),
    /// Identity: sign-ins decided and Conditional Access proved; passwords, risk, how far multifactor authentication reaches
    #[command(subcommand)]
    Identity(IdentityCommand),
    /// Ask in KQL: logs in Parquet, JSON and CSV, and the estate as tables of Resource Graph
    Query(Box<QueryArgs>),
    /// Serve ingestion and queries over HTTPS, in the protocols of Azure Monitor, Kusto, OpenTelemetry, Splunk and Elastic
    Serve(Box<ServeArgs>),
    /// Take in telemetry, keep it, and look after it
    #[command(subcommand)]
    Lake(Box<LakeCommand>),
    /// Read a live tenant over Resource Manager and Microsoft Graph into export files
    Collect(Box<CollectArgs>),
    /// Logs of services and devices: what they wrote as rows of the public tables
    #[command(subcommand)]
    Logs(Box<LogsCommand>),
    /// Write a believable estate with planted flaws, as the files real tools export
    DemoEstate(DemoEstateArgs),
    /// Check templates before they are deployed: which rules and policies they break, at their own line and column
    Check(Box<CheckArgs>),
    /// Look after a store
    #[command(subcommand)]
    Store(StoreCommand),
    /// Print shell completions
    Completions {
        /// Which shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Write manual pages
    Man {
        /// Folder for the pages; without it the main page goes to standard output
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

/// Where the estate comes from.
#[derive(Debug, Default, Args)]
pub(crate) struct InputArgs {
    /// Exported files, folders, globs, .zip or .tar.gz archives, or a store made by `azimuth import`
    #[arg(required_unless_present = "store", value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// A store made by `azimuth import`
    #[arg(long, value_name = "FILE", conflicts_with = "paths", env = "AZIMUTH_STORE")]
    pub(crate) store: Option<PathBuf>,
    /// The moment to judge, RFC 3339 or a date; a store is read as of then
    #[arg(long, value_name = "TIME")]
    pub(crate) as_of: Option<String>,
    /// Take the lists of a type as complete though nothing proves it (`all` for every type); repeatable
    #[arg(long, value_name = "TYPE", value_delimiter = ',')]
    pub(crate) assume_complete: Vec<String>,
    /// Read ARM template exports as the resources they would make in this resource group or subscription
    #[arg(long, value_name = "SCOPE")]
    pub(crate) template_scope: Option<String>,
    /// Fail if any part of the input could not be read
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AssessArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// How to show the result
    #[arg(long, short, value_enum, default_value_t = Format::Terminal, visible_alias = "output", value_name = "FORMAT")]
    pub(crate) format: Format,
    /// Write to a file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Exit with 1 if a control has such a verdict (or a worse one)
    #[arg(long, value_enum, default_value_t = FailOn::Never, value_name = "VERDICT")]
    pub(crate) fail_on: FailOn,
    /// An earlier `--format json` report: what it already lists is not reported again
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Show everything about one control: why, how it was decided, every counterexample, how to fix
    #[arg(long, value_name = "CONTROL")]
    pub(crate) explain: Option<String>,
    /// Judge only these controls; repeatable
    #[arg(long, value_name = "CONTROL", value_delimiter = ',')]
    pub(crate) control: Vec<String>,
    /// Names of the top-level management groups that are meant to exist
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) segments: Option<Vec<String>>,
    /// Counterexamples shown for each control on a terminal
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) show: usize,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For eyes on a terminal
    #[value(alias = "table")]
    Terminal,
    /// Everything, with a stable schema
    Json,
    /// SARIF 2.1.0 for code scanning
    Sarif,
    /// JUnit XML for test reports
    Junit,
    /// One self-contained page with charts
    Html,
    /// For wikis and pull requests
    Markdown,
    /// One line per counterexample and per missing piece of evidence
    Csv,
}

/// The verdict that makes `assess` exit with 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Never
    Never,
    /// A violated control
    Violated,
    /// A violated control or one without enough evidence
    Unknown,
}

#[derive(Debug, Args)]
pub(crate) struct ControlsArgs {
    /// The control to explain; without it, the list
    pub(crate) id: Option<String>,
    /// How to show them
    #[arg(long, short, value_enum, default_value_t = ListFormat::Table, value_name = "FORMAT")]
    pub(crate) output: ListFormat,
}

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// For eyes
    Table,
    /// For programs
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Exported files, folders, globs, .zip or .tar.gz archives
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// The store; made if it is not there
    #[arg(long, value_name = "FILE", env = "AZIMUTH_STORE")]
    pub(crate) store: PathBuf,
    /// Take the files as the whole estate: documents that are not in them are recorded as deleted
    #[arg(long)]
    pub(crate) replace: bool,
    /// Who is recorded as the author of the changes
    #[arg(long, value_name = "NAME", default_value = "import")]
    pub(crate) actor: String,
    /// Read ARM template exports as the resources they would make in this resource group or subscription
    #[arg(long, value_name = "SCOPE")]
    pub(crate) template_scope: Option<String>,
    /// Import nothing if any part of the input could not be read
    #[arg(long)]
    pub(crate) strict: bool,
    /// How to show the summary
    #[arg(long, short, value_enum, default_value_t = ListFormat::Table, value_name = "FORMAT")]
    pub(crate) output: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// Write to a file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ChangesArgs {
    /// The store
    #[arg(long, value_name = "FILE", env = "AZIMUTH_STORE")]
    pub(crate) store: PathBuf,
    /// Only the history of one document: a resource id or `graph:/…`
    #[arg(long, value_name = "ID")]
    pub(crate) of: Option<String>,
    /// Only changes after this position of the feed
    #[arg(long, value_name = "SEQUENCE", default_value_t = 0)]
    pub(crate) after: u64,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) limit: usize,
    /// How to show them; JSON has the bodies before and after
    #[arg(long, short, value_enum, default_value_t = ListFormat::Table, value_name = "FORMAT")]
    pub(crate) output: ListFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccessCommand {
    /// Who can perform an action at a scope
    WhoCan {
        /// For example `Microsoft.Compute/virtualMachines/delete`
        action: String,
        /// A management group, subscription, resource group or resource id
        scope: String,
        /// The action is a data action
        #[arg(long)]
        data: bool,
        #[command(flatten)]
        input: InputArgs,
        /// How to show it
        #[arg(long, short, value_enum, default_value_t = ListFormat::Table, value_name = "FORMAT")]
        output: ListFormat,
    },
    /// What a principal can do, and where
    WhatCan {
        /// Object id or user principal name
        principal: String,
        #[command(flatten)]
        input: InputArgs,
        /// How to show it
        #[arg(long, short, value_enum, default_value_t = ListFormat::Table, value_name = "FORMAT")]
        output: ListFormat,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CollectArgs {
    /// Folder for the export files and the checkpoint
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Tenant id; by default the one of the signed-in account
    #[arg(long, value_name = "ID", env = "AZURE_TENANT_ID")]
    pub(crate) tenant: Option<String>,
    /// Only these subscriptions; repeatable
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) subscription: Vec<String>,
    /// Which cloud
    #[arg(long, value_enum, default_value_t = CloudName::Public, value_name = "CLOUD")]
    pub(crate) cloud: CloudName,
    /// Which credential to use
    #[arg(long, value_enum, default_value_t = CredentialKind::Developer, value_name = "KIND")]
    pub(crate) credential: CredentialKind,
    /// Application (client) id for `secret`, `workload` and user-assigned `managed` credentials
    #[arg(long, value_name = "ID", env = "AZURE_CLIENT_ID")]
    pub(crate) client_id: Option<String>,
    /// Forget the checkpoint and read everything again
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Show which calls would be made and which rights they need, and stop
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Only calls whose name begins with this (see `--dry-run`); repeatable
    #[arg(long, value_name = "CALL", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// No calls whose name begins with this; repeatable
    #[arg(long, value_name = "CALL", value_delimiter = ',')]
    pub(crate) skip: Vec<String>,
    /// Requests at a time for each host
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub(crate) concurrency: usize,
    /// Another address of Resource Manager (private clouds)
    #[arg(long, value_name = "URL")]
    pub(crate) arm_endpoint: Option<String>,
    /// Another address of Microsoft Graph
    #[arg(long, value_name = "URL")]
    pub(crate) graph_endpoint: Option<String>,
    /// Another sign-in authority
    #[arg(long, value_name = "URL")]
    pub(crate) authority: Option<String>,
}

/// Azure clouds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CloudName {
    /// Azure public cloud
    Public,
    /// Azure US Government
    UsGovernment,
    /// Azure operated by 21Vianet
    China,
}

/// How `collect` signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CredentialKind {
    /// The account that `az login` or `azd auth login` signed in
    Developer,
    /// A client secret in `AZURE_CLIENT_SECRET`
    Secret,
    /// Workload identity federation
    Workload,
    /// The managed identity of the machine
    Managed,
}

#[derive(Debug, Args)]
pub(crate) struct DemoEstateArgs {
    /// Number of resources
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    pub(crate) size: usize,
    /// The same seed gives the same estate
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Folder for the files; must be empty or absent
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Plant no flaws
    #[arg(long)]
    pub(crate) clean: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What controls tell people to run has to be understood, apart from a comment after it.
    #[test]
    fn commands_that_controls_name_are_commands() {
        let mut seen = 0;
        for need in azimuth_posture::controls().iter().flat_map(|control| control.evidence) {
            let command = need.command.split("  #").next().unwrap_or_default();
            if let Some(rest) = command.strip_prefix("azimuth ") {
                // Whether a path is named is not the question.
                let words = ["azimuth"].into_iter().chain(rest.split_whitespace());
                let parsed = Cli::try_parse_from(words);
                assert!(
                    !parsed.as_ref().is_err_and(|error| {
                        error.kind() != clap::error::ErrorKind::MissingRequiredArgument
                            || command.contains("policy")
                    }),
                    "{command}: {parsed:?}"
                );
                seen += 1;
            }
        }
        assert!(seen > 0);
    }
}
