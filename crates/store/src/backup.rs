//! Copying a store while it is in use.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::Backup;

use crate::error::StoreError;
use crate::store::Store;

/// Pages copied between two looks at whether somebody wants the file: 16 MiB.
const STEP_PAGES: std::ffi::c_int = 1_024;

impl Store {
    /// Writes a copy of the newest committed state to `target`, a store of its own. Others may read and write
    /// meanwhile; the copy shows one moment. The file appears under its name only when it is complete and on the
    /// disk; one that is already there is never overwritten.
    ///
    /// # Errors
    /// [`StoreError::CannotOpen`] if `target` exists or cannot be made, otherwise what kept the copy from being
    /// read or written.
    pub fn backup_to(&self, target: impl AsRef<Path>) -> Result<(), StoreError> {
        let target = target.as_ref();
        let cannot = |source: std::io::Error| StoreError::CannotOpen {
            path: target.to_owned(),
            source: source.into(),
        };
        if target.try_exists().map_err(cannot)? {
            return Err(cannot(ErrorKind::AlreadyExists.into()));
        }
        let part = with_suffix(target, ".part");
        crate::open::create_private(&part)?;
        let copied = self.copy_to(&part).and_then(|()| {
            File::open(&part).and_then(|file| file.sync_all()).map_err(cannot)?;
            // A link fails where a rename would overwrite.
            fs::hard_link(&part, target).map_err(cannot)
        });
        let removed = fs::remove_file(&part).map_err(cannot);
        copied.and(removed)
    }

    fn copy_to(&self, part: &Path) -> Result<(), StoreError> {
        let reader = self.reader()?;
        // A read transaction holds the moment, so that writers do not make the copy start again.
        let transaction = reader.unchecked_transaction().map_err(|source| self.sorted(source))?;
        let sorted = |source| StoreError::sorted(part, source);
        let mut copy = Connection::open(part).map_err(sorted)?;
        let backup = Backup::new(&transaction, &mut copy).map_err(sorted)?;
        backup.run_to_completion(STEP_PAGES, Duration::ZERO, None).map_err(sorted)?;
        drop(backup);
        copy.close().map_err(|(_, source)| sorted(source))
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}
