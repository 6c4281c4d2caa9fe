//! The embedded document store.
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
