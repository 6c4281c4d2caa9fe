//! How a lake is kept.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use azimuth_host::{Clock, SystemClock};
use object_store::ObjectStore;

use crate::fault::Faults;

/// How a lake is kept. [`Config::new`] has values for a machine with two cores.
#[derive(Clone)]
pub struct Config {
    /// The folder of the log, and of the tables if they have no other store
    pub folder: PathBuf,
    /// Where the tables are, if not in the folder
    pub store: Option<Arc<dyn ObjectStore>>,
    /// Rows of a table are written to files when they take so many bytes of memory
    pub flush_bytes: usize,
    /// … or when the oldest of them is that old
    pub flush_age: Duration,
    /// Appends are refused while rows that are not in files take more memory
    pub memory_bytes: usize,
    /// A larger batch is refused
    pub batch_bytes: usize,
    /// A segment of the log is closed when it has so many bytes
    pub segment_bytes: u64,
    /// Identities of batches that are remembered
    pub identities: usize,
    /// Files of fewer bytes are put together
    pub small_file_bytes: u64,
    /// So many small files of a day are put together at a time
    pub small_files: usize,
    /// Files that no version has are deleted when they are that old: queries under way may still read them
    pub grace: Duration,
    /// Damaged closed segments of the log are read as far as they go, instead of being refused
    pub is_salvage: bool,
    /// The clock
    pub clock: Arc<dyn Clock>,
    /// Faults made on purpose
    pub faults: Option<Faults>,
}

impl Config {
    /// A lake in a folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            store: None,
            flush_bytes: 128 << 20,
            flush_age: Duration::from_secs(60),
            memory_bytes: 1 << 30,
            batch_bytes: 64 << 20,
            segment_bytes: 64 << 20,
            identities: 65_536,
            small_file_bytes: 32 << 20,
            small_files: 8,
            grace: Duration::from_secs(3_600),
            is_salvage: false,
            clock: Arc::new(SystemClock),
            faults: None,
        }
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Config")
            .field("folder", &self.folder)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
