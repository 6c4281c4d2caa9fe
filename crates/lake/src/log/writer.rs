//! The end of the log that is written.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::identities::Identities;
use super::record::{Kind, Record};
use super::segment::{self, Closed, HEAD_BYTES};
use super::{LakeError, Options};
use crate::fault::{Fault, Operation};

/// The segment under way, and the group that is gathered for it.
pub(super) struct Writer {
    folder: PathBuf,
    options: Options,
    closed: Arc<Mutex<Vec<Closed>>>,
    file: File,
    path: PathBuf,
    /// Bytes of the segment that are known to be right
    good: u64,
    /// The last sequence that was given out
    last: u64,
    group: Vec<u8>,
    /// A failure could not be taken back
    is_broken: bool,
}

impl Writer {
    pub(super) fn create(
        folder: &Path,
        last: u64,
        closed: Arc<Mutex<Vec<Closed>>>,
        options: Options,
    ) -> io::Result<Self> {
        let (file, path) = segment::create(folder, last + 1)?;
        Ok(Self {
            folder: folder.to_owned(),
            options,
            closed,
            file,
            path,
            good: HEAD_BYTES,
            last,
            group: Vec::new(),
            is_broken: false,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn begin(&mut self) {
        self.group.clear();
    }

    /// Adds a record to the group; returns its sequence.
    pub(super) fn add(
        &mut self,
        kind: Kind,
        received: i64,
        table: &str,
        identity: &str,
        payload: &[u8],
    ) -> u64 {
        self.last += 1;
        let record = Record {
            sequence: self.last,
            kind,
            received,
            table: table.to_owned(),
            identity: identity.to_owned(),
            payload,
        };
        record.write(&mut self.group);
        self.last
    }

    /// Brings the group to the disk, or takes it back.
    pub(super) fn commit(&mut self) -> io::Result<()> {
        if self.is_broken {
            return Err(io::Error::other("an earlier failure could not be taken back; open the lake again"));
        }
        if self.group.is_empty() {
            return Ok(());
        }
        let result = self.write_group();
        match result {
            Ok(()) => {
                self.good += self.group.len() as u64;
                if self.good >= self.options.segment_bytes {
                    // The group is safe; a segment that cannot be closed now is closed later.
                    drop(self.next_segment());
                }
                Ok(())
            }
            Err(error) => {
                self.take_back();
                Err(error)
            }
        }
    }

    fn fault(&self, operation: Operation) -> Option<Fault> {
        self.options.faults.as_ref().and_then(|faults| faults(operation, &self.path.to_string_lossy()))
    }

    fn write_group(&mut self) -> io::Result<()> {
        if let Some(fault) = self.fault(Operation::LogWrite) {
            if let Fault::Short(bytes) = fault {
                self.file.write_all(&self.group[..bytes.min(self.group.len())])?;
            }
            return Err(fault.error());
        }
        self.file.write_all(&self.group)?;
        if let Some(fault) = self.fault(Operation::LogSync) {
            return Err(fault.error());
        }
        self.file.sync_data()
    }

    /// Removes what a failed group left, durably: it was not acknowledged, and must not lie before what will be.
    fn take_back(&mut self) {
        let good = self.good;
        let taken = self
            .file
            .set_len(good)
            .and_then(|()| self.file.seek(SeekFrom::Start(good)).map(drop))
            .and_then(|()| self.file.sync_all());
        self.is_broken = taken.is_err();
    }

    /// Closes the segment and begins the next.
    fn next_segment(&mut self) -> io::Result<()> {
        let (file, path) = segment::create(&self.folder, self.last + 1)?;
        let path = std::mem::replace(&mut self.path, path);
        self.file = file;
        self.good = HEAD_BYTES;
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        closed.push(Closed { path, last: self.last });
        Ok(())
    }

    /// Closes the segment, unless it is empty; the next one begins with the identities that the closed ones know.
    pub(super) fn rotate(&mut self, identities: &Identities) -> Result<(), LakeError> {
        let failed = |path: &Path, source| LakeError::Log { path: path.to_owned(), source };
        if self.good > HEAD_BYTES {
            self.next_segment().map_err(|error| failed(&self.path, error))?;
        }
        if !identities.is_empty() {
            self.begin();
            self.add(Kind::Identities, 0, "", "", &identities.to_json());
            self.commit().map_err(|error| failed(&self.path, error))?;
        }
        Ok(())
    }
}
