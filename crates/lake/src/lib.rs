//! Where telemetry is kept: a write-ahead log, Delta tables of Parquet files, and both as tables of queries.
//!
//! ```text
//! append ─▶ decode (NDJSON ─▶ columns) ─▶ log (group commit) ─▶ acknowledged, and visible
//!                                            │
//!                          memory ◀──────────┘        maintain: flush ─▶ Parquet + terms ─▶ Delta commit with the sequence
//!                            │                                  compact, retain, vacuum, drop the log
//!                            └── snapshot = memory ∪ files ─▶ azimuth-query
//! ```
//!
//! - [`Lake`]: [`Lake::open`], [`Lake::append`], [`Lake::snapshot`], [`Lake::maintain`];
//! - [`Snapshot`]: what queries see, of all tables at one moment: [`Snapshot::register`];
//! - [`Lake::check`], [`Lake::repair`]: every file against its checksum;
//! - [`Settings`]: retention, plans and legal holds;
//! - [`fault`]: faults of disks, for tests.
//!
//! Cargo features: `azure` and `s3` bring the clients of those stores; the lake takes any `ObjectStore`.
//!
//! Architecture invariants: an append that returned is on the disk, and every row of it is in exactly one place, memory or
//! files, in every snapshot from then on. What the log holds can be decoded again to the same rows. Delta tables are written so
//! that readers of the oldest protocol can read them.

mod append;
mod check;
mod column;
mod compact;
mod config;
mod datafile;
mod dead;
mod decode;
mod delta;
mod error;
pub mod fault;
mod files;
mod flush;
mod json;
mod lake;
mod log;
mod maintain;
mod moment;
mod repair;
mod retain;
mod scan;
mod schema;
mod settings;
mod snapshot;
mod state;
mod terms;
mod usage;

pub use append::{Batch, Receipt};
pub use check::{Checked, Finding, Wrong};
pub use config::Config;
pub use decode::DEAD_LETTERS;
pub use error::LakeError;
pub use lake::{Lake, Opened};
pub use maintain::Maintained;
pub use repair::Repaired;
pub use settings::{Hold, Plan, Settings, TableSettings};
pub use snapshot::{Snapshot, TableFacts};
pub use usage::Volume;
