//! What Azure emits, and the tables that it goes to.
//!
//! - [`tables`]: the public tables of Azure Monitor, Microsoft Sentinel and Microsoft Defender, with their columns;
//! - [`record`]: a row and its table, or why there is none;
//! - [`fit`]: values in the types of columns, and names of columns that nobody declared;
//! - [`syslog`] and [`cef`]: what devices send.
//!
//! Architecture invariant: pure. Records come in as bytes, rows go out; no file, socket or clock.

pub mod cef;
pub mod fit;
pub mod record;
pub mod syslog;
pub mod tables;
