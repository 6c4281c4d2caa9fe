//! Lints.
mod workspace;

pub use workspace::{Entry, Object as PolicyObject, Workspace};
