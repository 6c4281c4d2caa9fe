//! Faults of disks, made on purpose: tests ask what happens when a disk is full, a write is short or a sync fails.

use std::io;
use std::sync::Arc;

/// What is about to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Writing to the log
    LogWrite,
    /// Bringing what was written of the log to the disk
    LogSync,
    /// Writing a file of a table
    Put,
    /// Deleting a file of a table
    Delete,
}

/// What is to go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The disk is full before the first byte
    Full,
    /// So many bytes are written, then the disk is full
    Short(usize),
    /// The operation fails, and whether it was done is not known
    Failed,
}

/// Decides, operation by operation, what goes wrong; gets the path of the file.
pub type Faults = Arc<dyn Fn(Operation, &str) -> Option<Fault> + Send + Sync>;

impl Fault {
    pub(crate) fn error(self) -> io::Error {
        match self {
            Self::Full | Self::Short(_) => io::Error::from(io::ErrorKind::StorageFull),
            Self::Failed => io::Error::other("an input or output error"),
        }
    }
}
