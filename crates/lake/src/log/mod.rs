//! The write-ahead log: what was acknowledged is on the disk, whatever happens afterwards.
//!
//! ```text
//! producers ─▶ queue ─▶ one committer: group ─▶ write ─▶ fdatasync ─▶ publish in order ─▶ answers
//! ```
//!
//! One thread writes; whatever waits when it comes back from the disk is written together and brought to the disk by one call.
//! Rows are published in the order of their sequence and only when they are durable, so that what queries see is always a
//! prefix of the log. A group that fails is taken back from the file; if that fails too, the log takes nothing more until it is
//! opened anew: after a failed sync nobody knows what the system wrote.

mod identities;
mod record;
mod segment;
mod writer;

use std::fs::{self, File};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub(crate) use identities::{Counted, Identities};
pub(crate) use record::{Kind, MAX_NAME, Record};
use segment::{Closed, Each};
use writer::Writer;

use crate::error::LakeError;
use crate::fault::Faults;

/// Bytes that are written together at most, if they are of several batches.
const MAX_GROUP: usize = 16 << 20;

/// How the log is kept.
#[derive(Clone)]
pub(crate) struct Options {
    /// A segment that has so many bytes is closed
    pub(crate) segment_bytes: u64,
    pub(crate) faults: Option<Faults>,
}

/// A batch on its way to the disk.
pub(crate) struct Entry<T> {
    pub(crate) kind: Kind,
    pub(crate) received: i64,
    pub(crate) table: String,
    pub(crate) identity: String,
    pub(crate) payload: bytes::Bytes,
    pub(crate) counted: Counted,
    /// What is published when the record is durable
    pub(crate) staged: T,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Committed {
    /// 0 for a batch that was there before
    pub(crate) sequence: u64,
    pub(crate) counted: Counted,
    pub(crate) is_duplicate: bool,
}

type Answer = oneshot::Sender<Result<Committed, LakeError>>;

enum Message<T> {
    Append(Box<Entry<T>>, Answer),
    /// Closes the segment and carries the identities over
    Rotate(oneshot::Sender<Result<(), LakeError>>),
}

/// The log of a lake that is open.
pub(crate) struct Log<T> {
    sender: Mutex<Option<Sender<Message<T>>>>,
    committer: Mutex<Option<JoinHandle<()>>>,
    closed: Arc<Mutex<Vec<Closed>>>,
    /// Held as long as the log is open
    _lock: File,
}

/// What opening found.
#[derive(Debug, Default)]
pub(crate) struct Replayed {
    /// The last sequence; 0 if there is none
    pub(crate) last: u64,
    /// Bytes of writes that a crash ended
    pub(crate) torn_bytes: u64,
}

/// Takes the lock of a folder, which ends with the file.
pub(crate) fn lock(folder: &Path) -> Result<File, LakeError> {
    let path = folder.join("lock");
    let failed = |source| LakeError::Log { path: path.clone(), source };
    fs::create_dir_all(folder).map_err(failed)?;
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(LakeError::InUse(folder.to_owned())),
        Err(fs::TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Reads all records of the log in order, and cuts what a crash left at its end.
pub(crate) fn replay(folder: &Path, is_salvage: bool, each: &mut Each<'_>) -> Result<Replayed, LakeError> {
    let failed = |source| LakeError::Log { path: folder.to_owned(), source };
    let segments = segment::list(folder).map_err(failed)?;
    let mut replayed = Replayed::default();
    for (place, (first, path)) in segments.iter().enumerate() {
        replayed.last = replayed.last.max(first.saturating_sub(1));
        let scanned = segment::scan(path, each)?;
        replayed.last = replayed.last.max(scanned.last.unwrap_or_default());
        if scanned.rest > 0 {
            // Closed segments were whole on the disk before the next one began.
            if place + 1 < segments.len() && !is_salvage {
                return Err(LakeError::DamagedLog { path: path.clone(), at: scanned.good });
            }
            replayed.torn_bytes += scanned.rest;
            segment::cut(path, scanned.good)?;
        }
    }
    Ok(replayed)
}

impl<T: Send + 'static> Log<T> {
    /// Begins a new segment behind what was replayed. `publish` is told every group that is durable, in order.
    pub(crate) fn start(
        folder: &Path,
        lock: File,
        last: u64,
        identities: Identities,
        options: &Options,
        publish: impl FnMut(Vec<(u64, T)>) + Send + 'static,
    ) -> Result<Self, LakeError> {
        let failed = |source| LakeError::Log { path: folder.to_owned(), source };
        let mut closed = Vec::new();
        let segments = segment::list(folder).map_err(failed)?;
        for (place, (first, path)) in segments.iter().enumerate() {
            // One that nothing was written to would have the name of the next.
            if *first == last + 1 {
                fs::remove_file(path).map_err(failed)?;
                continue;
            }
            let last = segments.get(place + 1).map_or(last, |(next, _)| next - 1);
            closed.push(Closed { path: path.clone(), last });
        }
        let closed = Arc::new(Mutex::new(closed));
        let writer = Writer::create(folder, last, closed.clone(), options.clone()).map_err(failed)?;
        let (sender, receiver) = channel();
        let committer = std::thread::Builder::new()
            .name("lake-log".to_owned())
            .spawn(move || commit(&receiver, writer, identities, publish))
            .map_err(failed)?;
        Ok(Self {
            sender: Mutex::new(Some(sender)),
            committer: Mutex::new(Some(committer)),
            closed,
            _lock: lock,
        })
    }

    fn send(&self, message: Message<T>) -> Result<(), LakeError> {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        sender.as_ref().and_then(|sender| sender.send(message).ok()).ok_or(LakeError::Closed)
    }

    /// Appends a batch; returns when it is on the disk and published. Dropping the future does not take it back.
    pub(crate) async fn append(&self, entry: Entry<T>) -> Result<Committed, LakeError> {
        let (answer, answered) = oneshot::channel();
        self.send(Message::Append(Box::new(entry), answer))?;
        answered.await.map_err(|_| LakeError::Closed)?
    }

    /// Closes the segment under way, so that it can be dropped.
    pub(crate) async fn rotate(&self) -> Result<(), LakeError> {
        let (answer, answered) = oneshot::channel();
        self.send(Message::Rotate(answer))?;
        answered.await.map_err(|_| LakeError::Closed)?
    }

    /// Drops closed segments whose records all are elsewhere: those up to a sequence. Returns how many.
    pub(crate) fn drop_up_to(&self, sequence: u64) -> Result<usize, LakeError> {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        let (gone, kept): (Vec<_>, Vec<_>) = closed.drain(..).partition(|one| one.last <= sequence);
        *closed = kept;
        for Closed { path, .. } in &gone {
            fs::remove_file(path).map_err(|source| LakeError::Log { path: path.clone(), source })?;
        }
        Ok(gone.len())
    }

    /// The last sequence of closed segments, if there are any.
    pub(crate) fn first_closed(&self) -> Option<u64> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner).first().map(|one| one.last)
    }
}

impl<T> Drop for Log<T> {
    fn drop(&mut self) {
        drop(self.sender.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(committer) = self.committer.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // A committer that panicked has answered nobody.
            drop(committer.join());
        }
    }
}

/// The committer: until nobody can send any more.
fn commit<T>(
    receiver: &Receiver<Message<T>>,
    mut writer: Writer,
    mut identities: Identities,
    mut publish: impl FnMut(Vec<(u64, T)>),
) {
    let mut pending = None;
    while let Some(message) = pending.take().or_else(|| receiver.recv().ok()) {
        let first = match message {
            Message::Append(entry, answer) => (entry, answer),
            Message::Rotate(answer) => {
                // Whoever asked may have gone.
                drop(answer.send(writer.rotate(&identities)));
                continue;
            }
        };
        let mut bytes = first.0.payload.len();
        let mut group = vec![first];
        while bytes < MAX_GROUP && pending.is_none() {
            match receiver.try_recv() {
                Ok(Message::Append(entry, answer)) => {
                    bytes += entry.payload.len();
                    group.push((entry, answer));
                }
                Ok(other) => pending = Some(other),
                Err(_) => break,
            }
        }
        commit_group(group, &mut writer, &mut identities, &mut publish);
    }
}

fn commit_group<T>(
    group: Vec<(Box<Entry<T>>, Answer)>,
    writer: &mut Writer,
    identities: &mut Identities,
    publish: &mut impl FnMut(Vec<(u64, T)>),
) {
    let (mut staged, mut answers, mut fresh) = (Vec::new(), Vec::new(), Vec::new());
    writer.begin();
    for (entry, answer) in group {
        let entry = *entry;
        let has_identity = !entry.identity.is_empty();
        let within = fresh.iter().find(|(table, identity, _)| {
            has_identity && *table == entry.table && *identity == entry.identity
        });
        let known = match within {
            Some((_, _, counted)) => Some(*counted),
            None if has_identity => identities.find(&entry.table, &entry.identity),
            None => None,
        };
        if let Some(counted) = known {
            answers.push((answer, Committed { sequence: 0, counted, is_duplicate: true }));
            continue;
        }
        let counted = entry.counted;
        let sequence = writer.add(entry.kind, entry.received, &entry.table, &entry.identity, &entry.payload);
        if has_identity {
            fresh.push((entry.table, entry.identity, counted));
        }
        staged.push((sequence, entry.staged));
        answers.push((answer, Committed { sequence, counted, is_duplicate: false }));
    }
    match writer.commit() {
        Ok(()) => {
            for (table, identity, counted) in fresh {
                identities.insert(&table, &identity, counted);
            }
            publish(staged);
            for (answer, committed) in answers {
                drop(answer.send(Ok(committed)));
            }
        }
        Err(error) => {
            let (path, kind) = (writer.path().to_owned(), error.kind());
            for (answer, _) in answers {
                let source = std::io::Error::new(kind, error.to_string());
                drop(answer.send(Err(LakeError::Log { path: path.clone(), source })));
            }
        }
    }
}

#[cfg(test)]
mod tests;
