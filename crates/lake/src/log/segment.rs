//! Files of the log: named by the first sequence that they may hold, read from their beginning to the last whole record.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::record::{self, Record};
use crate::error::LakeError;

/// The first bytes of a segment; the digits are the version.
const MAGIC: &[u8; 8] = b"AZLOG001";

/// A segment that is not written any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Closed {
    pub(crate) path: PathBuf,
    /// The last sequence in it; that before its first if it is empty
    pub(crate) last: u64,
}

/// Makes a new segment and brings its name to the disk.
pub(crate) fn create(folder: &Path, first: u64) -> io::Result<(File, PathBuf)> {
    let path = folder.join(format!("{first:020}.log"));
    let mut file = File::options().write(true).create_new(true).open(&path)?;
    file.write_all(MAGIC)?;
    file.sync_all()?;
    sync_folder(folder)?;
    Ok((file, path))
}

/// The length of the head of a segment.
pub(crate) const HEAD_BYTES: u64 = MAGIC.len() as u64;

/// Brings the names in a folder to the disk.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The segments of a folder, in order.
pub(crate) fn list(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_segment = path.extension().is_some_and(|ending| ending == "log");
        let first = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
        if let (true, Some(first)) = (is_segment, first) {
            found.push((first, path));
        }
    }
    found.sort();
    Ok(found)
}

/// What a segment was found to hold.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Scanned {
    /// The last sequence
    pub(crate) last: Option<u64>,
    /// Bytes up to the end of the last whole record
    pub(crate) good: u64,
    /// Bytes behind it
    pub(crate) rest: u64,
}

/// What takes the records of a log.
pub(crate) type Each<'e> = dyn FnMut(Record<&[u8]>) -> Result<(), LakeError> + 'e;

/// Reads a segment up to the first record that is not whole.
pub(crate) fn scan(path: &Path, each: &mut Each<'_>) -> Result<Scanned, LakeError> {
    let bytes = fs::read(path).map_err(|source| LakeError::Log { path: path.to_owned(), source })?;
    let mut scanned = Scanned::default();
    if bytes.starts_with(MAGIC) {
        let mut at = MAGIC.len();
        while let Some((record, taken)) = record::read(&bytes[at..]) {
            scanned.last = Some(record.sequence);
            each(record)?;
            at += taken;
        }
        scanned.good = at as u64;
    }
    scanned.rest = bytes.len() as u64 - scanned.good;
    Ok(scanned)
}

/// Cuts what lies behind the last whole record: the writes that a crash ended. The bytes are kept beside the segment, as
/// `….torn`: nothing of the log is ever destroyed unseen.
pub(crate) fn cut(path: &Path, good: u64) -> Result<(), LakeError> {
    let failed = |source| LakeError::Log { path: path.to_owned(), source };
    let bytes = fs::read(path).map_err(failed)?;
    let good = good.max(HEAD_BYTES) as usize;
    if let Some(rest) = bytes.get(good..).filter(|rest| !rest.is_empty()) {
        fs::write(path.with_extension("torn"), rest).map_err(failed)?;
    }
    let mut kept = bytes;
    kept.truncate(good);
    if !kept.starts_with(MAGIC) {
        kept = MAGIC.to_vec();
    }
    // Written anew and renamed: a crash leaves the one or the other.
    let fresh = path.with_extension("cut");
    let mut file = File::create(&fresh).map_err(failed)?;
    file.write_all(&kept).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&fresh, path).map_err(failed)?;
    path.parent().map_or(Ok(()), sync_folder).map_err(failed)
}
