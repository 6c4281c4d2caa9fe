//! JSON as people write it, with the place of every value.
//!
//! The deployment service reads templates leniently: comments, trailing commas, single quotes, bare property
//! names, strings over several lines and a byte order mark are all accepted, and so they are here.

mod node;
mod parse;
mod source;

pub use node::{Member, Node, NodeKind, Span};
pub use source::Source;

pub(crate) use parse::parse;
