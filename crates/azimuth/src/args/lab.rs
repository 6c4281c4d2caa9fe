//! Arguments of `azimuth lab`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ListFormat;

#[derive(Debug, Subcommand)]
pub(crate) enum LabCommand {
    /// Fork a store: nothing is copied, and nothing done in the lab reaches the store
    ///
    /// Change the lab with `azimuth import --store LAB` and `azimuth lab delete`; every command that reads a store reads a lab.
    Fork(LabForkArgs),
    /// Take documents out of a lab
    Delete(LabDeleteArgs),
    /// What a lab's changes come to: verdicts, compliance, writes that would be refused
    Compare(LabCompareArgs),
}

#[derive(Debug, Args)]
pub(crate) struct LabForkArgs {
    /// The folder to make
    #[arg(value_name = "LAB")]
    pub(crate) lab: PathBuf,
    /// The store to fork
    #[arg(long, value_name = "FILE", env = "AZIMUTH_STORE")]
    pub(crate) store: PathBuf,
    /// Fork the estate as it was then, RFC 3339 or a date
    #[arg(long, value_name = "TIME")]
    pub(crate) as_of: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct LabDeleteArgs {
    /// The lab
    #[arg(value_name = "LAB")]
    pub(crate) lab: PathBuf,
    /// What to take out: resource ids, `graph:/users/{id}` …; what lies below goes too
    #[arg(required = true, value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// Who is recorded as the author
    #[arg(long, value_name = "NAME", default_value = "lab")]
    pub(crate) actor: String,
}

#[derive(Debug, Args)]
pub(crate) struct LabCompareArgs {
    /// The lab
    #[arg(value_name = "LAB")]
    pub(crate) lab: PathBuf,
    /// Provider data with further aliases, as `az provider list --expand "resourceTypes/aliases"` writes it; repeatable
    #[arg(long, value_name = "FILE")]
    pub(crate) aliases: Vec<PathBuf>,
    /// Show at most so many of each list; JSON has all
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) show: usize,
    /// Put the trial of every assignment that the lab changed on record, for control MG-5: a file among the exports
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// Exit with 1 if anything is worse: a new counterexample, a resource that is no longer compliant, a write refused
    #[arg(long)]
    pub(crate) fail_on_worse: bool,
    /// How to show it
    #[arg(long, short, value_enum, default_value_t = ListFormat::Table, value_name = "FORMAT")]
    pub(crate) output: ListFormat,
}
