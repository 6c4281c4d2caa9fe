//! The store itself: one connection that writes, a few that read.

use std::fmt;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use azimuth_host::{AsOf, Change, Clock, Document, Documents, DocumentsError, Sequence, Write, WriteOutcome};
use azimuth_ids::DocumentKey;
use rusqlite::Connection;

use crate::error::StoreError;
use crate::open::{Access, Options, Place, Purpose};
use crate::{read, write};

/// Reading connections kept open between reads.
const SPARE_READERS: usize = 8;

/// A document store in one SQLite file. Share it by reference or `Arc`; all methods may run at the same time.
///
/// Reads do not wait for writes nor writes for reads, except in [`Store::in_memory`]. Writes wait for each other.
pub struct Store {
    place: Place,
    /// `None` if opened for reading.
    writing: Option<Writing>,
    readers: Mutex<Vec<Connection>>,
}

struct Writing {
    clock: Arc<dyn Clock>,
    connection: Mutex<Connection>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store at `path`, or makes it there if the file is missing or empty. Commits survive power loss.
    ///
    /// # Errors
    /// [`StoreError`] says what stands in the way and what to do.
    pub fn open(path: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        Self::open_with(path, clock, Options::default())
    }

    /// Like [`Store::open`] with other settings.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open_with(
        path: impl AsRef<Path>,
        clock: Arc<dyn Clock>,
        options: Options,
    ) -> Result<Self, StoreError> {
        Self::writable(Place::new(path.as_ref(), Access::Write, options)?, clock)
    }

    /// Opens an existing store for reading; commits and imports then fail. Others may write meanwhile.
    ///
    /// Works on a read-only folder too, as long as nobody has left unfinished work beside the file.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let mut place = Place::new(path.as_ref(), Access::Read, Options::default())?;
        let connection = match place.connect_checked() {
            Err(StoreError::CannotOpen { .. } | StoreError::ReadOnly { .. }) if is_at_rest(&place.path) => {
                place.access = Access::Immutable;
                place.connect_checked()
            }
            other => other,
        }?;
        Ok(Self { place, writing: None, readers: Mutex::new(vec![connection]) })
    }

    /// A store in memory, gone when dropped. Here a commit waits for running reads and the other way round.
    ///
    /// # Errors
    /// [`StoreError`] if memory is short.
    pub fn in_memory(clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let path = PathBuf::from(format!("/azimuth-{}", COUNT.fetch_add(1, Ordering::Relaxed)));
        Self::writable(Place { path, access: Access::Memory, options: Options::default() }, clock)
    }

    fn writable(place: Place, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let connection = Mutex::new(place.connect_or_create()?);
        Ok(Self { place, writing: Some(Writing { clock, connection }), readers: Mutex::default() })
    }

    /// The file's absolute path (for a store in memory an invented one).
    pub fn path(&self) -> &Path {
        &self.place.path
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn sorted(&self, source: rusqlite::Error) -> StoreError {
        self.place.sorted(source)
    }

    /// The writing connection and the clock. A panic of an earlier holder has rolled its transaction back.
    pub(crate) fn writer(&self) -> Result<(MutexGuard<'_, Connection>, &dyn Clock), StoreError> {
        let writing = self.writing.as_ref().ok_or_else(|| StoreError::read_only(&self.place.path))?;
        let connection = writing.connection.lock().unwrap_or_else(PoisonError::into_inner);
        Ok((connection, &*writing.clock))
    }

    /// A reading connection: a spare one or a new one.
    pub(crate) fn reader(&self) -> Result<Reader<'_>, StoreError> {
        let spare = self.spare_readers().pop();
        let connection = match spare {
            Some(connection) => connection,
            None => self.place.connect(Purpose::Read)?,
        };
        Ok(Reader { store: self, connection: Some(connection) })
    }

    fn spare_readers(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether no write-ahead log with unfinished work lies beside the file.
fn is_at_rest(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).map_or(true, |log| log.len() == 0)
}

/// A reading connection on loan; it returns to the store when dropped.
pub(crate) struct Reader<'s> {
    store: &'s Store,
    connection: Option<Connection>,
}

impl Deref for Reader<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("only `drop` takes the connection")
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let mut spare = self.store.spare_readers();
        if spare.len() < SPARE_READERS {
            spare.extend(self.connection.take());
        }
    }
}

impl Documents for Store {
    fn read(&self, key: &DocumentKey, as_of: AsOf) -> Result<Option<Document>, DocumentsError> {
        Ok(read::document(self, key, as_of)?)
    }

    fn commit(&self, actor: &str, writes: Vec<Write>) -> Result<Vec<WriteOutcome>, DocumentsError> {
        write::commit(self, actor, &writes)
    }

    fn scan(&self, as_of: AsOf, visit: &mut dyn FnMut(Document) -> bool) -> Result<(), DocumentsError> {
        Ok(read::scan(self, as_of, visit)?)
    }

    fn changes(&self, after: Sequence, limit: usize) -> Result<Vec<Change>, DocumentsError> {
        Ok(read::changes(self, after, limit)?)
    }

    fn history(&self, key: &DocumentKey, limit: usize) -> Result<Vec<Change>, DocumentsError> {
        Ok(read::history(self, key, limit)?)
    }

    fn last_sequence(&self) -> Result<Sequence, DocumentsError> {
        Ok(read::last_sequence(self)?)
    }
}
