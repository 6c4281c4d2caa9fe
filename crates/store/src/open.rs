//! Opening a store file: is it ours, may we, in which mode, with which settings.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::error::StoreError;
use crate::format;

/// What a commit that has returned survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process and the loss of power: every commit waits for the disk.
    #[default]
    PowerLoss,
    /// The end of the process. After a loss of power the last commits may be missing; what is there is whole.
    ProcessEnd,
}

/// Settings of one opened store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// What commits survive.
    pub durability: Durability,
    /// How long a write waits for other writers before it fails with [`StoreError::Locked`].
    pub busy_timeout: Duration,
    /// Memory in bytes for pages that a write has changed; larger transactions spill to the write-ahead log.
    pub cache_bytes: u32,
    /// The size in bytes beyond which the file must not grow; `None` leaves it to the disk.
    pub max_bytes: Option<u64>,
}

impl Default for Options {
    /// Survives power loss, waits 30 seconds for other writers, changes 64 MiB in memory, no limit of size.
    fn default() -> Self {
        Self {
            durability: Durability::PowerLoss,
            busy_timeout: Duration::from_secs(30),
            cache_bytes: 64 << 20,
            max_bytes: None,
        }
    }
}

/// Where the pages are and how they may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// A file, for reading and writing.
    Write,
    /// A file, for reading.
    Read,
    /// A file on which nobody can write, in a folder in which we cannot: read without any lock.
    Immutable,
    /// Pages in memory, under a name that all connections of one store share.
    Memory,
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Write,
    Read,
}

/// Enough to open further connections to a store.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    pub(crate) access: Access,
    pub(crate) options: Options,
}

/// Memory for pages of a reading connection. Little, so that it stays in the processor's cache while loading.
/// Mapping the file instead was measured to be no faster, and would turn a bad disk into a signal that ends us.
const READ_CACHE_KIB: i64 = 1_024;
/// Pages in the write-ahead log after which a commit moves them to the main file: 64 MiB.
const CHECKPOINT_PAGES: i64 = 4_096;
/// The write-ahead log is cut back to this size once its pages have moved.
const LOG_BYTES: i64 = CHECKPOINT_PAGES * format::PAGE_BYTES as i64;

impl Place {
    /// The file at `path`, made absolute: SQLite gives some relative names a meaning of their own.
    pub(crate) fn new(path: &Path, access: Access, options: Options) -> Result<Self, StoreError> {
        let path = std::path::absolute(path)
            .map_err(|source| StoreError::CannotOpen { path: path.to_owned(), source: source.into() })?;
        Ok(Self { path, access, options })
    }

    pub(crate) fn sorted(&self, source: rusqlite::Error) -> StoreError {
        StoreError::sorted(&self.path, source)
    }

    /// A connection to a store that is known to be ours.
    pub(crate) fn connect(&self, purpose: Purpose) -> Result<Connection, StoreError> {
        self.raw_connection()
            .and_then(|connection| self.tune(&connection, purpose).map(|()| connection))
            .map_err(|source| self.sorted(source))
    }

    fn raw_connection(&self) -> rusqlite::Result<Connection> {
        let base = OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
        let write = OpenFlags::SQLITE_OPEN_READ_WRITE;
        let connection = match self.access {
            Access::Write => Connection::open_with_flags(&self.path, base | write),
            Access::Read => Connection::open_with_flags(&self.path, base | OpenFlags::SQLITE_OPEN_READ_ONLY),
            Access::Immutable => Connection::open_with_flags(
                file_uri(&self.path, "immutable=1"),
                base | OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
            ),
            Access::Memory => Connection::open_with_flags(
                file_uri(&self.path, "vfs=memdb"),
                base | write | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_URI,
            ),
        }?;
        connection.busy_timeout(self.options.busy_timeout)?;
        // The file may come from anywhere: no code in its schema is trusted, no page is taken at its word.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        Ok(connection)
    }

    fn tune(&self, connection: &Connection, purpose: Purpose) -> rusqlite::Result<()> {
        connection.set_prepared_statement_cache_capacity(32);
        if purpose == Purpose::Read {
            connection.pragma_update(None, "query_only", true)?;
            connection.pragma_update(None, "cache_size", -READ_CACHE_KIB)?;
            return Ok(());
        }
        let synchronous = match self.options.durability {
            Durability::PowerLoss => "FULL",
            Durability::ProcessEnd => "NORMAL",
        };
        connection.pragma_update(None, "synchronous", synchronous)?;
        connection.pragma_update(None, "cache_size", -i64::from(self.options.cache_bytes / 1_024))?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
        if let Some(bytes) = self.options.max_bytes {
            let pages = i64::try_from(bytes / u64::from(format::PAGE_BYTES)).unwrap_or(i64::MAX).max(1);
            connection.pragma_update(None, "max_page_count", pages)?;
        }
        Ok(())
    }

    /// Opens the writing connection, making the store first if the file is new or empty.
    pub(crate) fn connect_or_create(&self) -> Result<Connection, StoreError> {
        if self.access == Access::Write {
            create_private(&self.path)?;
            check_header(&self.path)?;
        }
        let mut connection = self.raw_connection().map_err(|source| self.sorted(source))?;
        // SQLite opens a file that it may not write for reading, without a word.
        if connection.is_readonly("main").map_err(|source| self.sorted(source))? {
            return Err(StoreError::read_only(&self.path));
        }
        // The test of ownership only reads, so another program's database stays as it is.
        if self.is_empty(&connection)? {
            self.create(&mut connection)?;
        }
        self.tune(&connection, Purpose::Write).map_err(|source| self.sorted(source))?;
        Ok(connection)
    }

    fn create(&self, connection: &mut Connection) -> Result<(), StoreError> {
        let sorted = |source| self.sorted(source);
        connection.pragma_update(None, "page_size", format::PAGE_BYTES).map_err(sorted)?;
        if self.access == Access::Write {
            self.use_log(connection)?;
        }
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sorted)?;
        // Another process may have been quicker.
        if self.is_empty(&transaction)? {
            format::create(&transaction).map_err(sorted)?;
        }
        transaction.commit().map_err(sorted)
    }

    /// Switches a new file to write-ahead logging. SQLite does not wait for other connections here; we do.
    fn use_log(&self, connection: &Connection) -> Result<(), StoreError> {
        let deadline = Instant::now() + self.options.busy_timeout;
        loop {
            let changed = connection.pragma_update(None, "journal_mode", "WAL");
            match changed.map_err(|source| self.sorted(source)) {
                Err(StoreError::Locked { .. }) if Instant::now() < deadline => {
                    thread::sleep(Duration::from_millis(5));
                }
                result => return result,
            }
        }
    }

    /// Opens a reading connection to an existing store, having checked that it is one.
    pub(crate) fn connect_checked(&self) -> Result<Connection, StoreError> {
        check_header(&self.path)?;
        let connection = self.raw_connection().map_err(|source| self.sorted(source))?;
        if self.is_empty(&connection)? {
            return Err(StoreError::NotAStore { path: self.path.clone() });
        }
        self.tune(&connection, Purpose::Read).map_err(|source| self.sorted(source))?;
        Ok(connection)
    }

    /// Whether the file holds nothing at all. A file that holds something must be a store that we can read.
    fn is_empty(&self, connection: &Connection) -> Result<bool, StoreError> {
        // One moment for all questions: another process may be making the store right now.
        let moment = if connection.is_autocommit() { Some(connection.unchecked_transaction()) } else { None };
        let _moment = moment.transpose().map_err(|source| self.sorted(source))?;
        let number = |pragma: &str| {
            connection
                .pragma_query_value(None, pragma, |row| row.get::<_, i64>(0))
                .map_err(|source| self.sorted(source))
        };
        let application = number("application_id")?;
        let found = number("user_version")?;
        if application == 0 && found == 0 {
            let is_empty = connection
                .query_row("SELECT count(*) = 0 FROM sqlite_schema", (), |row| row.get(0))
                .map_err(|source| self.sorted(source))?;
            return if is_empty { Ok(true) } else { Err(StoreError::NotAStore { path: self.path.clone() }) };
        }
        if application != i64::from(format::APPLICATION_ID) {
            return Err(StoreError::NotAStore { path: self.path.clone() });
        }
        if found > format::FORMAT_VERSION {
            let supported = format::FORMAT_VERSION;
            return Err(StoreError::NewerFormat { path: self.path.clone(), found, supported });
        }
        let is_ours = found == format::FORMAT_VERSION
            && format::is_ours(connection).map_err(|source| self.sorted(source))?;
        if is_ours { Ok(false) } else { Err(StoreError::damaged(&self.path, "its tables are not a store's")) }
    }
}

/// Makes the file if it is not there, readable by its owner only: an estate is nobody else's business.
/// SQLite gives its companion files the same permissions.
pub(crate) fn create_private(path: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(StoreError::CannotOpen { path: path.to_owned(), source: source.into() }),
    }
}

/// Refuses what is no database, or another program's, before SQLite sees it.
fn check_header(path: &Path) -> Result<(), StoreError> {
    let mut header = Vec::with_capacity(100);
    File::open(path)
        .and_then(|file| file.take(100).read_to_end(&mut header))
        .map_err(|source| StoreError::CannotOpen { path: path.to_owned(), source: source.into() })?;
    if header.is_empty() {
        return Ok(());
    }
    let application =
        header.get(68..72).map(|bytes| i32::from_be_bytes(bytes.try_into().expect("four bytes")));
    // Zero: not yet moved from the write-ahead log, or not a store; SQLite will tell.
    let may_be_ours = header.starts_with(b"SQLite format 3\0")
        && application.is_some_and(|id| id == 0 || id == format::APPLICATION_ID);
    if may_be_ours { Ok(()) } else { Err(StoreError::NotAStore { path: path.to_owned() }) }
}

/// `file:` URI of a path, everything but letters, digits and `/._-` escaped.
fn file_uri(path: &Path, query: &str) -> String {
    use std::fmt::Write;

    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            write!(uri, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    uri.push('?');
    uri.push_str(query);
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a read-only folder leads to, which a test that runs as root cannot make.
    #[test]
    fn a_store_at_rest_can_be_read_without_locks() {
        let folder = tempfile::tempdir().unwrap();
        let mut place =
            Place::new(&folder.path().join("a b%?#.db"), Access::Write, Options::default()).unwrap();
        drop(place.connect_or_create().unwrap());
        place.access = Access::Immutable;
        let connection = place.connect_checked().unwrap();
        assert!(format::is_ours(&connection).unwrap());
        let refused = connection.execute("DELETE FROM documents", ()).unwrap_err();
        assert!(matches!(place.sorted(refused), StoreError::ReadOnly { .. }));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no companion files");
    }
}
