//! Why the store did not do what was asked, and what to do about it.

use std::path::{Path, PathBuf};

use azimuth_host::DocumentsError;
use rusqlite::ErrorCode;
use thiserror::Error;

/// Why a store file could not be opened, read or written. Nothing of a failed write is kept.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file holds something else: text, another program's database, an archive.
    #[error("`{path}` is not an Azimuth store; name another file or move this one away")]
    NotAStore {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer Azimuth.
    #[error(
        "`{path}` has store format {found}, this Azimuth reads formats up to {supported}; upgrade Azimuth to open it"
    )]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// The format version in the file.
        found: i64,
        /// The newest format version that this program reads.
        supported: i64,
    },
    /// Another process or thread held the file for longer than the busy timeout.
    #[error("`{path}` is locked by another process; wait until it has finished, or end it, and try again")]
    Locked {
        /// The file.
        path: PathBuf,
        /// The failure beneath.
        #[source]
        source: rusqlite::Error,
    },
    /// The disk, the quota or [`Options::max_bytes`](crate::Options::max_bytes) is exhausted.
    #[error("no space left to write `{path}`; nothing was changed, free some space and try again")]
    Full {
        /// The file.
        path: PathBuf,
        /// The failure beneath.
        #[source]
        source: rusqlite::Error,
    },
    /// The bytes of the file contradict themselves.
    #[error("`{path}` is damaged ({detail}); restore it from a backup")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// A write was asked of a store, file or folder that only allows reading.
    #[error(
        "`{path}` cannot be written; open it for writing and check the permissions of the file and its folder"
    )]
    ReadOnly {
        /// The file.
        path: PathBuf,
        /// The failure beneath, if the system refused; `None` if the store was opened for reading.
        #[source]
        source: Option<rusqlite::Error>,
    },
    /// There is no such file, or the system does not let us at it.
    #[error(
        "cannot open `{path}`; check that it exists, that its folder exists and that both may be accessed"
    )]
    CannotOpen {
        /// The file.
        path: PathBuf,
        /// The failure beneath.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The system failed while the file was read or written.
    #[error("cannot access `{path}`; check the disk and try again")]
    Failed {
        /// The file.
        path: PathBuf,
        /// The failure beneath.
        #[source]
        source: rusqlite::Error,
    },
}

impl StoreError {
    /// Sorts a failure of SQLite by what its reader can do about it.
    pub(crate) fn sorted(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match &source {
            rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Locked { path, source },
                ErrorCode::DiskFull => Self::Full { path, source },
                ErrorCode::DatabaseCorrupt => Self::Damaged { path, detail: source.to_string() },
                ErrorCode::NotADatabase => Self::NotAStore { path },
                ErrorCode::ReadOnly | ErrorCode::PermissionDenied => {
                    Self::ReadOnly { path, source: Some(source) }
                }
                ErrorCode::CannotOpen => Self::CannotOpen { path, source: source.into() },
                // A short read of the main file means that its end is missing.
                ErrorCode::SystemIoFailure
                    if failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHORT_READ =>
                {
                    Self::Damaged { path, detail: "the file ends too early".to_owned() }
                }
                _ => Self::Failed { path, source },
            },
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..)
            | rusqlite::Error::QueryReturnedNoRows => Self::Damaged { path, detail: source.to_string() },
            _ => Self::Failed { path, source },
        }
    }

    pub(crate) fn damaged(path: &Path, detail: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), detail: detail.into() }
    }

    pub(crate) fn read_only(path: &Path) -> Self {
        Self::ReadOnly { path: path.to_owned(), source: None }
    }
}

impl From<StoreError> for DocumentsError {
    /// The message is this error's; the chain goes on with the failure beneath it.
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        let source: Option<Box<dyn std::error::Error + Send + Sync>> = match error {
            StoreError::Locked { source, .. }
            | StoreError::Full { source, .. }
            | StoreError::Failed { source, .. } => Some(source.into()),
            StoreError::ReadOnly { source, .. } => source.map(Into::into),
            StoreError::CannotOpen { source, .. } => Some(source),
            StoreError::NotAStore { .. } | StoreError::NewerFormat { .. } | StoreError::Damaged { .. } => {
                None
            }
        };
        Self::Unavailable { message, source }
    }
}
