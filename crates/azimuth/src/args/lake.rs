//! `azimuth lake`: arguments.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum LakeCommand {
    /// Take in log files of any format: exports of diagnostic settings, JSON, CSV, syslog, CEF, Windows events …
    Ingest(LakeIngestArgs),
    /// The tables: rows, files, bytes, and what is kept how long
    Tables(LakeArgs),
    /// Read every file and compare it with its checksum; exit with 1 if one is not as it was written
    Check(LakeArgs),
    /// Mend what can be mended, and take files that cannot be read out of their tables
    Repair(LakeRepairArgs),
    /// Bring all rows to files, and put small files together
    Compact(LakeArgs),
    /// Say for how many days rows are kept, and give up what is older
    Retain(LakeRetainArgs),
    /// Keep days from being given up, whatever the retention says
    Hold(LakeHoldArgs),
    /// Try again to read the records of the table `AzimuthDeadLetters`
    Replay(LakeArgs),
}

/// Which lake.
#[derive(Debug, Args)]
pub(crate) struct LakeArgs {
    /// The folder of the lake
    #[arg(long, value_name = "DIR", env = "AZIMUTH_LAKE")]
    pub(crate) lake: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct LakeIngestArgs {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
    /// Files; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The table of all records; by default each record tells
    #[arg(long, short, value_name = "NAME")]
    pub(crate) table: Option<String>,
    /// Take files in once: what was taken in under this name before, up to the same place of the same file, is passed over
    #[arg(long, value_name = "NAME")]
    pub(crate) once: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct LakeRepairArgs {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
    /// Read a damaged log as far as it goes; what lies behind the damage is kept aside as `.torn`
    #[arg(long)]
    pub(crate) salvage: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LakeRetainArgs {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
    /// The table; by default all that have no setting of their own
    #[arg(long, short, value_name = "NAME")]
    pub(crate) table: Option<String>,
    /// For how many days; `0` means for ever. Without it nothing is changed, and what is older is given up
    #[arg(long, value_name = "DAYS")]
    pub(crate) days: Option<u32>,
    /// How the table is kept
    #[arg(long, value_enum, value_name = "PLAN", requires = "table")]
    pub(crate) plan: Option<LakePlan>,
}

/// The plans of Azure Monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LakePlan {
    /// Asked often: with an index of words
    Analytics,
    /// Asked now and then: without an index
    Basic,
    /// Kept because it has to be: packed hard
    Auxiliary,
}

#[derive(Debug, Args)]
pub(crate) struct LakeHoldArgs {
    #[command(flatten)]
    pub(crate) lake: LakeArgs,
    /// The name of the hold; one of the same name is replaced
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    /// The table; by default all
    #[arg(long, short, value_name = "NAME")]
    pub(crate) table: Option<String>,
    /// The first day, as 2026-01-31
    #[arg(long, value_name = "DAY")]
    pub(crate) from: Option<String>,
    /// The last day
    #[arg(long, value_name = "DAY")]
    pub(crate) to: Option<String>,
    /// End the hold
    #[arg(long, conflicts_with_all = ["table", "from", "to"])]
    pub(crate) release: bool,
}
