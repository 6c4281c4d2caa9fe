//! What exists in an Azure estate, as an immutable in-memory snapshot that the engines read.
//!
//! ```text
//! exports or store ── key + JSON text ──▶ SnapshotBuilder ──▶ Snapshot (cheap to clone)
//!                                                              ├─ by key, type, scope, tag, reference
//!                                                              ├─ hierarchy   (management groups, subscriptions)
//!                                                              ├─ directory   (users, groups, roles, policies)
//!                                                              └─ evidence    (which lists were read to the end)
//! ```
//!
//! Architecture invariants: bodies are never rewritten; no file, socket or clock is touched; a snapshot
//! never changes after [`SnapshotBuilder::finish`].

pub mod access;
pub mod directory;
pub mod evidence;
pub mod hierarchy;
pub mod snapshot;

pub use evidence::Evidence;
pub use snapshot::{Entry, Snapshot, SnapshotBuilder};
