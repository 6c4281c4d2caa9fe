//! Delta tables in local folders: any version, as it was then.
//!
//! The published protocol, as far as reading needs it ("Delta Transaction Log Protocol"):
//!
//! - [`log`]: commits and checkpoints, which version a moment means, the files of a version;
//! - [`action`]: the entries of the log; [`types`]: the schema and the values of partitions;
//! - [`scan`]: the table as a provider: files are left out by partition and by what the log says of their values.
//!
//! What would change the answer and is not done here is refused by name: deletion vectors, column mapping, reader features that
//! are not known. Nothing outside the folder of the table is read, whatever its log says.

mod action;
mod log;
mod scan;
mod types;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use azimuth_kql::types::{Column, Schema};
use azimuth_values::calendar;
use datafusion::error::DataFusionError;

use crate::engine::Engine;
use crate::native;

/// Which state of a table is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeltaVersion {
    /// The last one
    #[default]
    Latest,
    /// The one of that number, from 0
    Version(u64),
    /// The last one at a moment (ticks of 100 ns since 0001-01-01)
    Timestamp(i64),
}

/// A table that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeltaOpened {
    /// The version that is read
    pub version: u64,
    /// Its columns
    pub schema: Schema,
    /// Its files
    pub files: usize,
}

/// Why a Delta table cannot be read.
#[derive(Debug)]
pub enum DeltaError {
    /// The folder has no log
    NotATable(PathBuf),
    /// There is no such version
    NoVersion {
        /// What was asked for, in words
        wanted: String,
        /// The first and the last one that can be read
        known: Option<(u64, u64)>,
    },
    /// The table needs what is not supported
    Unsupported(String),
    /// The log is not what the protocol says
    BadLog {
        /// The file of the log
        file: PathBuf,
        /// What is wrong
        why: String,
    },
    /// A file cannot be read
    Io(PathBuf, std::io::Error),
}

impl fmt::Display for DeltaError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotATable(path) => {
                write!(
                    out,
                    "`{}` is no Delta table: it has no folder `_delta_log` with commits",
                    path.display()
                )
            }
            Self::NoVersion { wanted, known: Some((first, last)) } => {
                write!(out, "the Delta table has no {wanted}; versions {first} to {last} can be read")
            }
            Self::NoVersion { wanted, known: None } => write!(out, "the Delta table has no {wanted}"),
            Self::Unsupported(what) => write!(out, "the Delta table has {what}, which is not supported"),
            Self::BadLog { file, why } => write!(out, "the Delta log `{}`: {why}", file.display()),
            Self::Io(path, _) => write!(out, "`{}` cannot be read", path.display()),
        }
    }
}

impl std::error::Error for DeltaError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(_, error) => Some(error),
            _ => None,
        }
    }
}

impl From<DeltaError> for DataFusionError {
    fn from(error: DeltaError) -> Self {
        Self::External(Box::new(error))
    }
}

impl Engine {
    /// Adds or replaces a table that is a Delta table in a local folder, as it was at a version. Columns of bytes, which no type
    /// of Kusto holds, are left out.
    ///
    /// # Errors
    /// A [`DeltaError`] within, when there is no such table or version, the log is damaged, or the table needs what is not
    /// supported.
    pub fn register_delta(
        &mut self,
        name: &str,
        path: &Path,
        version: DeltaVersion,
    ) -> Result<DeltaOpened, DataFusionError> {
        let snapshot = log::open(path, version)?;
        let provider = scan::DeltaTable::new(path, &snapshot)?;
        let fields = snapshot.fields.iter();
        let columns = fields
            .filter_map(|field| Some(Column::new(field.name(), native::kusto_type(field.data_type())?)));
        let schema = Schema::new(columns.collect());
        let (version, files) = (snapshot.version, snapshot.files.len());
        self.register_table(name, Arc::new(provider), schema.clone())?;
        Ok(DeltaOpened { version, schema, files })
    }
}

/// A moment of the log, in milliseconds since 1970, as ticks.
fn ticks(millis: i64) -> i64 {
    millis.saturating_mul(10_000).saturating_add(calendar::UNIX_EPOCH)
}
