//! The embedded document store: every document with all its versions, in one SQLite file.
//!
//! [`Store`] implements [`Documents`](azimuth_host::Documents) – batches that are all or nothing, etags, a change
//! feed, reads as of any past moment – and adds what only a store on disk needs: [`Store::import`] for any number
//! of writes in one transaction, [`Store::load`] to read everything on several threads, [`Store::check`] and
//! [`Store::backup_to`]. Failures of the file are [`StoreError`]s; seen through the trait they become
//! [`DocumentsError::Unavailable`](azimuth_host::DocumentsError::Unavailable) with the same message.
//!
//! ```
//! use std::sync::Arc;
//!
//! use azimuth_host::{AsOf, Documents, SystemClock, Write};
//! use azimuth_ids::DocumentKey;
//! use azimuth_store::Store;
//!
//! let store = Store::in_memory(Arc::new(SystemClock))?;
//! let key = DocumentKey::graph("users/ada")?;
//! store.commit("ada", vec![Write::put(key.clone(), r#"{"displayName":"Ada"}"#)])?;
//! store.commit("ada", vec![Write::delete(key.clone())])?;
//! assert!(store.read(&key, AsOf::Now)?.is_none());
//! assert!(store.read(&key, AsOf::Sequence(1))?.is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The stored format
//!
//! Format 1. The file says `azmS` in its application id (byte 68) and its format in `user_version` (byte 60).
//! Pages have 16 KiB: measured against 4, 8, 32 and 64, larger ones import up to a sixth faster but make every
//! small commit write more, smaller ones halve the speed because a body fills most of a page.
//!
//! | table | column | meaning |
//! |---|---|---|
//! | `documents` | `id` | counted from 1 in the order of first appearance; rows are never removed |
//! | | `hash` | FNV-1a of the key, 64 bits, as a signed number; indexed |
//! | | `current` | the newest version |
//! | | `deleted` | 1 if the newest version is a deletion |
//! | | `key` | the text of the [`DocumentKey`](azimuth_ids::DocumentKey) |
//! | `versions` | `sequence` | position in the feed, counted from 1 without gaps; rows are never changed |
//! | | `document` | `documents.id`; indexed together with `sequence` |
//! | | `previous` | the version before, NULL for the first |
//! | | `body` | the JSON text, NULL for a deletion |
//! | `commits` | `first`, `last` | the positions that one batch made; `last` is the primary key |
//! | | `time` | when, in nanoseconds since 1970, never less than in the row before; indexed |
//! | | `actor` | who |
//!
//! - A body is written once and never moves: an update appends a version and changes two numbers.
//! - A moment is a position in the feed. A time is first turned into one through `commits`. As the feed only
//!   grows, readers on different connections agree on a state by agreeing on a number.
//! - The current state is read through `documents.current` and touches no old version.
//! - Keys are found by hash because an index of the texts would be most of the work of an import.
//!
//! Architecture invariants: nothing outside this crate knows SQL; no row of `versions` or `commits` is ever
//! changed or removed; every format that was released has a fixture in `tests/fixtures` that opens for ever.

mod backup;
mod check;
mod error;
mod format;
mod import;
mod load;
mod open;
mod read;
mod store;
mod write;

pub use check::CheckReport;
pub use error::StoreError;
pub use import::{ImportMode, ImportSummary};
pub use load::Loaded;
pub use open::{Durability, Options};
pub use store::Store;
