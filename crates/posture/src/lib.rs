//! The controls of operational security for Azure, each ending in proof or counterexample.
//!
//! ```text
//! Snapshot + Options ──▶ assess ──▶ Assessment: one Verdict for each Control
//!                          │          Proven      what was checked, and how many objects
//!                          │          Violated    the object, the path, the value seen, the value wanted
//!                          │          Unknown     the evidence missing and the command that brings it
//!                          │          NotApplicable   why
//!                          └─ Context: indexes that several controls share, built once
//! ```
//!
//! [`controls()`] lists the catalogue in the order of the guidance; each control is one file below
//! `src/controls/`, with its texts and its decision. [`exposure`] is the network reasoning behind NW-4 and DD-2
//! and can be asked by itself.
//!
//! Architecture invariants: nothing here reads a file, a clock or a socket. `Proven` is never said on the
//! strength of an absence that no evidence document backs. A finding is never summed up as a bare percentage.

mod assessment;
mod body;
mod command;
mod context;
mod control;
mod controls;
pub mod exposure;
mod reference;
mod verdict;

pub use assessment::{Assessment, ControlResult, EstateSummary, History, Options, Version, assess};
pub use context::Context;
pub use control::{Area, Control, EvidenceNeed, Reference, Severity};
pub use controls::{control, controls, nearest_control};
pub use reference::reference_page;
pub use verdict::{Checked, Counterexample, MissingEvidence, Verdict};
