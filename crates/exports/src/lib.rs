//! Reading what Azure tools export, whatever its shape, and writing it back canonically.
//!
//! ```text
//! bytes ─ archive ─ encoding ─ reader ─┬─ lines (NDJSON) ─┬─ classify ─ shapes/* ─ Imported ─ merge ─ export
//!                                      ├─ values          │
//!                                      └─ CSV ────────────┘
//! ```
//!
//! - [`read`] takes one file's bytes and hands every document to a sink; [`read_parallel`] does so on threads.
//! - [`merge`] makes the documents of many files one sorted set.
//! - [`export_ndjson`] writes such a set in the one canonical spelling, which [`read`] takes back unchanged.
//! - [`canonical`] is the spelling itself.
//!
//! Shapes are told from the content, never from file names. A damaged record costs that record alone: it is
//! reported with file, line and JSON path, and reading goes on behind it.
//!
//! ```
//! let listing = br#"{"value":[{"id":"/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/web",
//!     "name":"web","properties":{}}]}"#;
//! let mut keys = Vec::new();
//! let report = azimuth_exports::read("groups.json", listing, &mut |document| keys.push(document.key));
//! assert_eq!(report.documents, 1);
//! assert_eq!(keys[0].as_str(), "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourcegroups/web");
//! ```
//!
//! Architecture invariants: this crate opens no file and reads no clock; no input makes it panic, recurse
//! without bound or expand without limit; every record ends as a document or in a diagnostic.

#![expect(clippy::result_large_err, reason = "a diagnostic is the error of a record, not of a hot path")]

mod document;
mod read;
mod reader;
mod report;

mod archive;
mod classify;
mod csv;
mod encoding;
mod export;
mod json;
mod merge;
mod path;
mod shapes;

pub use document::{Completeness, FileReport, Imported, Shape};
pub use export::{export_ndjson, write_ndjson};
pub use json::canonical::canonical;
pub use merge::{Merged, merge, merge_parallel};
pub use read::{read, read_parallel};
pub use shapes::template::TEMPLATE_CODE;
