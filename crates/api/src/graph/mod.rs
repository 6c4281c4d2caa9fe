//! Microsoft Graph over HTTP: the directory, conditional access, roles, and what is reported about them.
//!
//! - `sets`: which collections there are, who may read and write them, and what a new member gets;
//! - `request`: the request, who may do what, and the envelope of errors;
//! - `entity`: reading, making, changing and deleting; `list`: `$filter`, `$search`, `$select`, `$expand`, `$count`, `$top`;
//! - `links`: members, owners and what somebody is a member of; `actions`: everything that is no plain reading or writing.
//!
//! Objects are documents `graph:/{collection}/{id}`, as the collector and the imports write them. Source of the rules: the Microsoft
//! Graph REST reference, v1.0 and beta; both are answered alike.

mod actions;
mod credentials;
mod entity;
mod links;
mod list;
mod request;
mod serve;
mod sets;

pub use credentials::{Application, Credentials, NoCredentials};
pub use serve::{handles, router};
pub use sets::collections;
