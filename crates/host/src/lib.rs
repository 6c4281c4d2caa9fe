//! What services may ask of their surroundings, as small traits with an in-memory implementation.
//!
//! - [`Clock`]: the time now. Engines take a [`jiff::Timestamp`] instead; only services hold a clock.
//! - [`Documents`]: the control-plane documents: versioned, with etags, a change feed and reads as of any
//!   time. `azimuth-store` implements it on SQLite; [`MemoryDocuments`] here serves tests.
//!
//! Architecture invariant: no file, socket or database is touched in this crate.

mod clock;
mod documents;
mod memory;

pub use clock::{Clock, ManualClock, SystemClock};
pub use documents::{
    AsOf, Change, ChangeKind, Document, Documents, DocumentsError, Etag, Precondition, Sequence, Write,
    WriteOutcome,
};
pub use memory::MemoryDocuments;
