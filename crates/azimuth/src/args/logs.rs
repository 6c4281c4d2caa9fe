//! Arguments of `azimuth logs`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::ListFormat;

#[derive(Debug, Subcommand)]
pub(crate) enum LogsCommand {
    /// Read logs of any shape into one NDJSON file for each table; without `--out`, say what would be there
    ///
    /// Recognised by content: exports of diagnostic settings, event hub batches, the activity log, Microsoft Entra, Office 365,
    /// Microsoft Defender, flow logs, Windows events (XML, JSON), syslog, CEF, AWS CloudTrail, JSON, CSV; plain, gzip or zstd.
    Convert(LogsConvertArgs),
}

#[derive(Debug, Args)]
pub(crate) struct LogsConvertArgs {
    /// Log files or folders of them
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Folder for `TABLE.ndjson` files and for `dead-letters.ndjson`; files that are there are replaced
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// How the files are written, where their content does not tell
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<LogFormat>,
    /// The table of every record; members are its columns as they are
    #[arg(long, value_name = "NAME")]
    pub(crate) table: Option<String>,
    /// Put resource logs into `AzureDiagnostics` where their service has that and a table of its own
    #[arg(long)]
    pub(crate) azure_diagnostics: bool,
    /// When the logs came: the time of records that have none, RFC 3339 or a date; by default now
    #[arg(long, value_name = "TIME")]
    pub(crate) received: Option<String>,
    /// The time zone of times that name none, as `Europe/Berlin`
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub(crate) zone: String,
    /// Fail if any record could not be read
    #[arg(long)]
    pub(crate) strict: bool,
    /// How to show the summary
    #[arg(long, short, value_enum, default_value_t = ListFormat::Table, value_name = "FORMAT")]
    pub(crate) output: ListFormat,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// JSON objects, however they are put together
    Json,
    /// Comma-separated values with a header
    Csv,
    /// Tab-separated values with a header
    Tsv,
    /// Syslog, a message on every line
    Syslog,
    /// The common event format, an event on every line
    Cef,
    /// Events of Windows in XML
    Xml,
    /// Lines of text
    Text,
}
