//! What can be asked of `azimuth policy`.

mod remediate;
mod tools;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::InputArgs;

pub(crate) use remediate::{PolicyRemediateArgs, RemediateFailOn, RemediateFormat};
pub(crate) use tools::{LintFailOn, LintFormat, PolicyFixArgs, PolicyLintArgs, PolicyTestArgs, TestFormat};

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Decide every assigned policy over every resource of an estate, and say why
    Scan(Box<PolicyScanArgs>),
    /// Show what a new or changed assignment would deny, change or mark, now and over the recorded history
    Impact(Box<PolicyImpactArgs>),
    /// Run unit tests of definitions, written in YAML, and say which conditions they cover
    Test(Box<PolicyTestArgs>),
    /// Find what is wrong with policy objects: dead conditions, parameters that do not fit, shadowed assignments …
    Lint(Box<PolicyLintArgs>),
    /// Find the smallest change that makes a resource comply
    Fix(Box<PolicyFixArgs>),
    /// List what remediation would deploy and change, and write it as a run that can be deployed
    Remediate(Box<PolicyRemediateArgs>),
}

/// Where definitions, initiatives, assignments and exemptions come from, and where they are put.
#[derive(Debug, Default, Args)]
pub(crate) struct PolicySourceArgs {
    /// More policy objects: files or folders with definitions, initiatives, assignments, exemptions; those of the estate
    /// win; repeatable
    #[arg(long, value_name = "PATH")]
    pub(crate) definitions: Vec<PathBuf>,
    /// Provider data with aliases (`az provider list --expand "resourceTypes/aliases"`); repeatable
    #[arg(long, value_name = "FILE")]
    pub(crate) aliases: Vec<PathBuf>,
    /// Put the assignments made at one scope onto another, such as the management group of the same role; a bare name is
    /// that of a management group; repeatable
    #[arg(long, value_name = "FROM=TO")]
    pub(crate) map_scope: Vec<String>,
    /// Put every assignment whose own scope holds nothing of the estate onto this scope
    #[arg(long, value_name = "SCOPE")]
    pub(crate) assign_at: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyScanArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) source: PolicySourceArgs,
    /// Only resources at or below this scope; a bare name is that of a management group
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Option<String>,
    /// Only assignments of this id or name; repeatable
    #[arg(long, value_name = "ASSIGNMENT")]
    pub(crate) assignment: Vec<String>,
    /// Only policies of this definition (id, name or display name) or reference id; repeatable
    #[arg(long, value_name = "POLICY")]
    pub(crate) policy: Vec<String>,
    /// List only results of this state (formats that list results); repeatable
    #[arg(long, value_enum, value_name = "STATE", value_delimiter = ',')]
    pub(crate) state: Vec<StateFilter>,
    /// Show every policy of one resource with the comparisons that decided
    #[arg(long, value_name = "RESOURCE")]
    pub(crate) explain: Option<String>,
    /// How to show the result
    #[arg(long, short, value_enum, default_value_t = PolicyFormat::Terminal, visible_alias = "output", value_name = "FORMAT")]
    pub(crate) format: PolicyFormat,
    /// Write to a file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Write the comparisons that decided beside every result that does not comply (JSON, CSV)
    #[arg(long)]
    pub(crate) reasons: bool,
    /// States of components (keys of a vault, pods of a cluster) that resource providers reported: component policy states,
    /// or policy states with `$expand=components`; shown apart from the resources; repeatable
    #[arg(long, value_name = "FILE")]
    pub(crate) component_states: Vec<PathBuf>,
    /// Exit with 1 if a resource has such a result (or a worse one)
    #[arg(long, value_enum, default_value_t = PolicyFailOn::Never, value_name = "STATE")]
    pub(crate) fail_on: PolicyFailOn,
    /// Examples shown for each policy
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) show: usize,
    /// Rows shown in each part of the summary
    #[arg(long, value_name = "N", default_value_t = 15)]
    pub(crate) top: usize,
}

/// Results that are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StateFilter {
    /// Does not comply
    #[value(alias = "non-compliant")]
    Noncompliant,
    /// Complies
    Compliant,
    /// Does not have to comply
    Exempt,
    /// Policies contradict each other
    Conflict,
    /// The evaluation failed
    Error,
    /// Nobody has attested anything yet
    Unknown,
    /// What the files hold does not decide
    Undecided,
}

/// The result that makes `scan` exit with 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyFailOn {
    /// Never
    Never,
    /// Does not comply, fails or is in conflict
    #[value(alias = "non-compliant")]
    Noncompliant,
    /// The same, or could not be decided
    Undecided,
}

/// How the states of policies are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyFormat {
    /// For eyes on a terminal
    #[value(alias = "table")]
    Terminal,
    /// One record for each resource and policy, shaped like Azure's policy states, and a summary
    Json,
    /// One line for each resource and policy
    Csv,
    /// SARIF 2.1.0 for code scanning: what does not comply
    Sarif,
    /// JUnit XML for test reports: one suite per assignment
    Junit,
    /// One self-contained page
    Html,
    /// For wikis and pull requests
    Markdown,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("proposal").required(true).multiple(true).args(["with", "definition", "assignment"]))]
pub(crate) struct PolicyImpactArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) source: PolicySourceArgs,
    /// New or changed policy objects: files with assignments, and the definitions and initiatives they need; repeatable
    #[arg(long, value_name = "FILE")]
    pub(crate) with: Vec<PathBuf>,
    /// Assign this definition or initiative: a file, or an id or name of the estate; needs `--scope`
    #[arg(long, value_name = "FILE|ID", requires = "scope")]
    pub(crate) definition: Option<String>,
    /// Where `--definition` is assigned; a bare name is that of a management group
    #[arg(long, value_name = "SCOPE", requires = "definition")]
    pub(crate) scope: Option<String>,
    /// A scope left out of the assignment of `--definition`; repeatable
    #[arg(long, value_name = "SCOPE", requires = "definition")]
    pub(crate) not_scope: Vec<String>,
    /// A parameter of `--definition`; the value is JSON or else text; repeatable
    #[arg(long, value_name = "NAME=VALUE", requires = "definition")]
    pub(crate) param: Vec<String>,
    /// An assignment of the estate that changes: its id or name
    #[arg(long, value_name = "ID", conflicts_with = "definition")]
    pub(crate) assignment: Option<String>,
    /// What changes in `--assignment`: a parameter, `effect`, `scope`, `enforcementMode`; repeatable
    #[arg(long, value_name = "NAME=VALUE", requires = "assignment")]
    pub(crate) set: Vec<String>,
    /// The effect of all its policies, as an override of the assignment
    #[arg(long, value_name = "EFFECT")]
    pub(crate) effect: Option<String>,
    /// Replay only writes recorded at or after this time, RFC 3339 or a date
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Replay only writes of this actor; repeatable
    #[arg(long, value_name = "NAME")]
    pub(crate) actor: Vec<String>,
    /// How to show the result
    #[arg(long, short, value_enum, default_value_t = ImpactFormat::Terminal, visible_alias = "output", value_name = "FORMAT")]
    pub(crate) format: ImpactFormat,
    /// Write to a file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Put the run on record: a declaration of impact runs that control MG-5 reads, kept among the exports; runs that the
    /// file holds already stay
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// Exit with 1 if there are such consequences (or worse ones)
    #[arg(long, value_enum, default_value_t = ImpactFailOn::Never, value_name = "CONSEQUENCE")]
    pub(crate) fail_on: ImpactFailOn,
    /// Consequences listed in full; the totals count all
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub(crate) limit: usize,
    /// Consequences shown on a terminal
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) show: usize,
}

/// How an impact is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImpactFormat {
    /// For eyes on a terminal
    #[value(alias = "table")]
    Terminal,
    /// Everything, with a stable schema
    Json,
    /// One line for each consequence
    Csv,
    /// One self-contained page with charts
    Html,
}

/// The consequence that makes `impact` exit with 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImpactFailOn {
    /// None
    Never,
    /// A recorded write or deletion would have been denied
    Denied,
    /// Anything at all
    Any,
}
