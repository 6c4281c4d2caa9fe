//! What Azure emits, and the tables that it goes to.
//!
//! - [`reader`]: bytes of any source in, rows of tables and dead letters out; [`mod@format`] tells how bytes are written;
//! - `shapes`: which service wrote a record, and which table it goes to, one file for each service;
//! - [`layout`]: records brought to the columns of their table; [`fit`]: values in the types of columns, and names of columns
//!   that nobody declared;
//! - [`tables`]: the public tables of Azure Monitor, Microsoft Sentinel and Microsoft Defender, with their columns;
//! - [`syslog`] and [`cef`]: what devices send;
//! - [`transform`]: transformations of data collection rules;
//! - [`record`]: a row and its table, or why there is none; [`json`]: objects without trees.
//!
//! Architecture invariant: pure. Records come in as bytes, rows go out; no file, socket or clock. Who listens on a socket, opens a
//! file or reads a broker's topic pushes the bytes into a [`Reader`].

pub mod cef;
pub mod fit;
pub mod format;
pub mod json;
pub mod layout;
pub mod reader;
pub mod record;
mod separated;
mod shapes;
pub mod syslog;
pub mod tables;
pub mod transform;

pub use format::Format;
pub use reader::{Counts, DeadLetter, Reader, Sink, Source};
pub use record::{Cell, Fault, Record, Row};
