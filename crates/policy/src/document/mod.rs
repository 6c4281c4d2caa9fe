//! A resource as the engine sees it: slots for everything the policies of its type ask about.
//!
//! ```text
//!   JSON text ──read──► slots of the root row ──► slots of array rows …
//!                ▲
//!            Layout: a trie of the paths that the policies use
//! ```
//!
//! Reading walks the JSON text and the [`Layout`] together: members that no policy asks about are skipped without being
//! looked at, members that some policy asks about end in a numbered slot. Every member of an array that policies look
//! into gets a row of slots of its own. After that a path is a short list of slot numbers.

mod layout;
mod read;
mod scan;
mod slots;
mod tree;

pub(crate) use layout::{Form, Layout, LayoutBuilder};
pub use read::ReadError;
pub(crate) use scan::{has_member, top_level_text};
pub use slots::Slots;
pub(crate) use slots::{Document, Presence, Row, SlotKind, full_budget};
pub(crate) use tree::{Found, find, value_of_text};
