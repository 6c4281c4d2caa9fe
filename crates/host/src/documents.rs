//! The document store as a trait.

use std::fmt;
use std::sync::Arc;

use azimuth_ids::DocumentKey;
use jiff::Timestamp;
use serde::Serialize;
use thiserror::Error;

/// Position in the change feed: every committed change has its own, counted from 1, never reused.
pub type Sequence = u64;

/// The version of a document as a client sees it; changes with every write of that document.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Etag(pub String);

impl Etag {
    /// The etag of the version that the change `sequence` made: `W/"…"` as Azure prints them.
    pub fn of(sequence: Sequence) -> Self {
        Self(format!("W/\"{sequence:016x}\""))
    }
}

impl fmt::Display for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One version of one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its name.
    pub key: DocumentKey,
    /// The JSON text, exactly as written.
    pub body: Arc<str>,
    /// The change that made this version.
    pub sequence: Sequence,
    /// When that change was committed.
    pub modified: Timestamp,
}

impl Document {
    /// The version's etag.
    pub fn etag(&self) -> Etag {
        Etag::of(self.sequence)
    }
}

/// What must hold for a write to go through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing (`If-Match` absent).
    #[default]
    None,
    /// The document exists, at any version (`If-Match: *`).
    Exists,
    /// The document does not exist (`If-None-Match: *`).
    Absent,
    /// The document is at this version (`If-Match: etag`).
    Matches(Etag),
}

/// One wanted change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Which document.
    pub key: DocumentKey,
    /// The new JSON text, or `None` to delete.
    pub body: Option<Arc<str>>,
    /// What must hold.
    pub precondition: Precondition,
}

impl Write {
    /// Writes `body` whatever was there.
    pub fn put(key: DocumentKey, body: impl Into<Arc<str>>) -> Self {
        Self { key, body: Some(body.into()), precondition: Precondition::None }
    }

    /// Deletes the document if it is there.
    pub fn delete(key: DocumentKey) -> Self {
        Self { key, body: None, precondition: Precondition::None }
    }

    /// The same write under `precondition`.
    #[must_use]
    pub fn when(mut self, precondition: Precondition) -> Self {
        self.precondition = precondition;
        self
    }
}

/// What became of one write of a committed batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WriteOutcome {
    /// The document is new.
    Created(Sequence),
    /// The document has a new version.
    Updated(Sequence),
    /// The body was byte for byte the current one; no change was recorded.
    Unchanged(Sequence),
    /// The document is gone.
    Deleted(Sequence),
    /// There was nothing to delete.
    Absent,
}

/// The kind of a recorded change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// The first version, or the first after a deletion.
    Created,
    /// A further version.
    Updated,
    /// The end of the document.
    Deleted,
}

/// One entry of the change feed: who changed what, when, from what to what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its position.
    pub sequence: Sequence,
    /// When it was committed.
    pub time: Timestamp,
    /// Who made it: a principal, or the name of an import.
    pub actor: String,
    /// Which document.
    pub key: DocumentKey,
    /// What happened.
    pub kind: ChangeKind,
    /// The body before, if there was one.
    pub before: Option<Arc<str>>,
    /// The body after, if there is one.
    pub after: Option<Arc<str>>,
}

/// The moment a read speaks of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AsOf {
    /// The newest committed state.
    #[default]
    Now,
    /// The state at a time: all changes committed at or before it.
    Time(Timestamp),
    /// The state after a change.
    Sequence(Sequence),
}

/// Why the store did not do what was asked. Nothing of a failed batch is kept.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DocumentsError {
    /// A precondition did not hold; `current` is the etag found, if the document exists.
    #[error("`{key}` is not at the expected version")]
    PreconditionFailed {
        /// The document.
        key: DocumentKey,
        /// Its present version.
        current: Option<Etag>,
    },
    /// The batch writes one document twice.
    #[error("`{key}` is written twice in one batch")]
    DuplicateWrite {
        /// The document.
        key: DocumentKey,
    },
    /// The store cannot be read or written: disk full, damaged file, locked by another process.
    #[error("{message}")]
    Unavailable {
        /// What was attempted and what to do.
        message: String,
        /// The failure beneath.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

/// Control-plane documents with versions, history and a change feed.
///
/// A batch is one transaction: after a crash all of its changes are there or none. Times in the feed never
/// decrease, even if the clock jumps back: a commit takes the later of the clock and the last commit's time.
pub trait Documents: Send + Sync {
    /// The document as of a moment.
    ///
    /// # Errors
    /// [`DocumentsError::Unavailable`].
    fn read(&self, key: &DocumentKey, as_of: AsOf) -> Result<Option<Document>, DocumentsError>;

    /// Commits all writes or none; outcomes come in the order of the writes. `actor` is recorded in the feed.
    ///
    /// # Errors
    /// [`DocumentsError`]; then nothing was changed.
    fn commit(&self, actor: &str, writes: Vec<Write>) -> Result<Vec<WriteOutcome>, DocumentsError>;

    /// Calls `visit` with every document that exists as of a moment, in the order of keys. `visit` ends the
    /// scan by returning `false`.
    ///
    /// # Errors
    /// [`DocumentsError::Unavailable`].
    fn scan(&self, as_of: AsOf, visit: &mut dyn FnMut(Document) -> bool) -> Result<(), DocumentsError>;

    /// At most `limit` changes after position `after`, oldest first.
    ///
    /// # Errors
    /// [`DocumentsError::Unavailable`].
    fn changes(&self, after: Sequence, limit: usize) -> Result<Vec<Change>, DocumentsError>;

    /// The whole history of one document, oldest first, at most `limit` changes.
    ///
    /// # Errors
    /// [`DocumentsError::Unavailable`].
    fn history(&self, key: &DocumentKey, limit: usize) -> Result<Vec<Change>, DocumentsError>;

    /// The position of the newest change; 0 when empty.
    ///
    /// # Errors
    /// [`DocumentsError::Unavailable`].
    fn last_sequence(&self) -> Result<Sequence, DocumentsError>;
}
