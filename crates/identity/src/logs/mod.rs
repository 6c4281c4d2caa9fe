//! Objects of Microsoft Graph as rows of the log tables, the way Azure Monitor writes them.
//!
//! The rule is one: a member `camelCase` becomes a column `CamelCase`, objects and collections stay JSON. What differs
//! is a list per table: columns with another name, columns made of a part of a member, and columns that hold their JSON
//! as text.

mod row;
mod table;

pub use row::row;
pub use table::Table;
