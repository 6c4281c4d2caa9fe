//! What can be asked of `azimuth query`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

const EXAMPLES: &str = "Examples:
  azimuth query 'SigninLogs | where ResultType != 0 | summarize count() by UserPrincipalName | top 10 by count_' \\
      --table 'SigninLogs=logs/*.ndjson.gz'
  azimuth query 'resources | summarize count() by type | render barchart' --estate ./exports
  azimuth query 'resources | where type =~ \"microsoft.storage/storageaccounts\"' --store estate.db --as-of 2026-01-31 -o json
  azimuth query --file hunt.kql --table logs/ --chart hunt.html
  azimuth query --table logs/            (asks for queries: tables are the files' names up to the first dot)

Guide: docs/query.md";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct QueryArgs {
    /// The query; `-` reads it from standard input. Without one, queries are asked for
    #[arg(value_name = "QUERY")]
    pub(crate) query: Option<String>,
    /// Read the query from a file
    #[arg(long, short, value_name = "FILE", conflicts_with = "query")]
    pub(crate) file: Option<PathBuf>,
    /// Files of a table: `NAME=PATH`, a path being a file, a folder or a pattern; repeatable. Without `NAME=`, every file is
    /// the table that its name begins with (`SigninLogs.2026.ndjson`). Parquet, JSON in every layout, CSV, TSV; gzip, zstd.
    /// The folder of a Delta table is one table, at its newest version or at `PATH@v7`, `PATH@2026-01-31`
    #[arg(long, short, value_name = "[NAME=]PATH")]
    pub(crate) table: Vec<String>,
    /// Columns of a table: `NAME=(At:datetime, User:string)`; by default those that the files have, in the types of the
    /// public table of that name
    #[arg(long, value_name = "NAME=(COLUMN:TYPE, …)")]
    pub(crate) schema: Vec<String>,
    /// Read the files of `--table` as this, whatever their names
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<FileFormat>,
    /// The tables of a lake (`azimuth lake`): what is in its log, and its files
    #[arg(long, value_name = "DIR", env = "AZIMUTH_LAKE")]
    pub(crate) lake: Option<PathBuf>,
    /// Exported files of an estate, as tables of Resource Graph (`resources`, `resourcecontainers` …); repeatable
    #[arg(long, value_name = "PATH")]
    pub(crate) estate: Vec<PathBuf>,
    /// A store made by `azimuth import`, instead of `--estate`
    #[arg(long, value_name = "FILE", env = "AZIMUTH_STORE", conflicts_with = "estate")]
    pub(crate) store: Option<PathBuf>,
    /// Read the store as of a moment, RFC 3339 or a date
    #[arg(long, value_name = "TIME", requires = "store")]
    pub(crate) as_of: Option<String>,
    /// A watchlist for `_GetWatchlist`: `ALIAS=FILE.csv`; its first column is the search key; repeatable
    #[arg(long, value_name = "ALIAS=FILE")]
    pub(crate) watchlist: Vec<String>,
    /// Let `externaldata` read documents: local files, or `https` addresses too
    #[arg(long, value_name = "WHERE", num_args = 0..=1, require_equals = true, default_missing_value = "local")]
    pub(crate) allow_externaldata: Option<ExternalData>,
    /// Stored functions: `.kql` files named after them, or with `.create function` commands; files or folders; repeatable
    #[arg(long, value_name = "PATH")]
    pub(crate) functions: Vec<PathBuf>,
    /// What `now()` returns, RFC 3339 or a date; by default the moment of the call
    #[arg(long, value_name = "TIME")]
    pub(crate) now: Option<String>,
    /// A value for a parameter that the query declares: `NAME=VALUE`; repeatable
    #[arg(long, short, value_name = "NAME=VALUE")]
    pub(crate) parameter: Vec<String>,
    /// How to show the result; by default a table on a terminal
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value_t = QueryFormat::Table)]
    pub(crate) output: QueryFormat,
    /// Write to a file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Draw the result as its `render` says into `FILE.svg` or `FILE.html`
    #[arg(long, value_name = "FILE")]
    pub(crate) chart: Option<PathBuf>,
    /// Show how the query is executed, and do not run it
    #[arg(long)]
    pub(crate) explain: bool,
    /// Run the query, and show instead of its rows how it was executed: rows, bytes and time of every operator
    #[arg(long, conflicts_with = "explain")]
    pub(crate) analyse: bool,
    /// Show the query laid out anew, and do not run it
    #[arg(long, conflicts_with_all = ["explain", "analyse"])]
    pub(crate) pretty: bool,
    /// Show what is costly or probably not meant in the query, and do not run it
    #[arg(long, conflicts_with_all = ["explain", "analyse", "pretty"])]
    pub(crate) lint: bool,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// What a query may use. The defaults are Kusto's own.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// Rows of the result; 0 for no limit
    #[arg(long, value_name = "N", default_value_t = 500_000)]
    pub(crate) max_rows: u64,
    /// Megabytes of the result; 0 for no limit
    #[arg(long, value_name = "MB", default_value_t = 64)]
    pub(crate) max_mb: u64,
    /// Megabytes that the query may hold at a time
    #[arg(long, value_name = "MB", default_value_t = 4_096)]
    pub(crate) memory: usize,
    /// Seconds that the query may take
    #[arg(long, value_name = "SECONDS", default_value_t = 240)]
    pub(crate) timeout: u64,
    /// Parts of the query that run at a time; by default one for each processor
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
}

/// Which documents `externaldata` may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExternalData {
    /// Local files
    Local,
    /// Local files and `https` addresses, which are fetched
    Https,
}

/// How files are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FileFormat {
    /// Apache Parquet
    Parquet,
    /// JSON objects: one on every line, in an array, or under `records` or `value`
    #[value(alias = "ndjson")]
    Json,
    /// Comma-separated values with a header
    Csv,
    /// Tab-separated values with a header
    Tsv,
}

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum QueryFormat {
    /// For eyes; a chart where the query ends in `render`
    Table,
    /// An array of objects; of several results, an object with an array for each
    Json,
    /// An object on every line
    #[value(alias = "jsonl")]
    Ndjson,
    /// Comma-separated values with a header
    Csv,
    /// Tab-separated values with a header
    Tsv,
    /// A table for wikis and pull requests
    #[value(alias = "md")]
    Markdown,
    /// Apache Parquet; needs `--out`
    Parquet,
}
