//! What Azure emits, and the tables that it goes to.
//!
//! - [`tables`]: the public tables of Azure Monitor, Microsoft Sentinel and Microsoft Defender, with their columns.
//!
//! Architecture invariant: pure. Records come in as bytes, rows go out; no file, socket or clock.

pub mod tables;
