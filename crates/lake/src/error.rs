//! What can go wrong.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use datafusion::error::DataFusionError;
use thiserror::Error;

/// Why the lake did not do what was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LakeError {
    /// Another process has the lake open
    #[error("`{}` is in use by another process; stop it first", .0.display())]
    InUse(PathBuf),
    /// More rows wait in memory than the lake may hold
    #[error("more rows wait to be written than may be kept in memory; try again in {} s", .retry_after.as_secs().max(1))]
    Busy {
        /// When it is worth trying again
        retry_after: Duration,
    },
    /// What was asked for makes no sense; the text says what to do
    #[error("{0}")]
    Refused(String),
    /// There is no such table
    #[error("there is no table `{0}`")]
    NoSuchTable(String),
    /// The log could not be written or read
    #[error("the log `{}` failed", path.display())]
    Log {
        /// The file
        path: PathBuf,
        /// What the system says
        #[source]
        source: io::Error,
    },
    /// A segment of the log that was closed is not as it was written
    #[error("the log segment `{}` is damaged at byte {at}; run `azimuth lake repair`", path.display())]
    DamagedLog {
        /// The file
        path: PathBuf,
        /// Where the first record is that cannot be read
        at: u64,
    },
    /// A file of a table could not be written or read
    #[error("the file store failed")]
    Store(#[from] object_store::Error),
    /// The Delta log of a table is not what the protocol says
    #[error("the Delta log of `{table}`: {why}")]
    Delta {
        /// The table
        table: String,
        /// What is wrong
        why: String,
    },
    /// Columns could not be written or read
    #[error("the columns of `{table}` could not be written or read")]
    Columns {
        /// The table
        table: String,
        /// What Arrow says
        #[source]
        source: DataFusionError,
    },
    /// The lake is closing
    #[error("the lake is closing")]
    Closed,
}

impl LakeError {
    pub(crate) fn columns(table: &str, source: impl Into<DataFusionError>) -> Self {
        Self::Columns { table: table.to_owned(), source: source.into() }
    }

    pub(crate) fn delta(table: &str, why: impl Into<String>) -> Self {
        Self::Delta { table: table.to_owned(), why: why.into() }
    }
}
