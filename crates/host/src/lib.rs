//! What services may ask of their surroundings, as small traits with an in-memory implementation.
//!
//! - [`Clock`]: the time now. Engines take a [`jiff::Timestamp`] instead; only services hold a clock.
//! - [`Documents`]: the control-plane documents: versioned, with etags, a change feed and reads as of any
//!   time. `azimuth-store` implements it on SQLite; [`MemoryDocuments`] here serves tests.
//! - [`Fork`]: documents of a store as of a position, with changes of their own, for trying what would be.
//! - [`Telemetry`]: tables of what happened, appended to and asked in KQL.
//!
//! Architecture invariant: no file, socket or database is touched in this crate.

mod clock;
mod documents;
mod fork;
mod memory;
mod telemetry;

pub use clock::{Clock, ManualClock, NotBefore, SystemClock};
pub use documents::{
    AsOf, Change, ChangeKind, Document, Documents, DocumentsError, Etag, Precondition, Sequence, Write,
    WriteOutcome,
};
pub use fork::Fork;
pub use memory::MemoryDocuments;
pub use telemetry::{
    Answer, AnswerTable, AppendError, AskError, Batch, Cells, Column, ColumnType, Pages, Pending, Question,
    Receipt, Record, Scope, Statistics, TableSchema, Telemetry, Window,
};
