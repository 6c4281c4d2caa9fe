//! KQL over rows in memory: one operator is one plain function from rows to rows.
//!
//! This is the slow and obvious reading of a bound query. The planned engine is held against it, and leaves to it the
//! operators that are not worth a plan of their own (`scan`, graphs, `mv-apply`, most plugins): those see a bounded
//! number of rows.
//!
//! - [`run`]: a bound query over a [`Source`], its results as [`Table`]s;
//! - [`eval`]: one scalar expression over one row;
//! - [`operators`]: one module a family of operators;
//! - [`support()`]: what of the language is executed, and why the rest is not.
//!
//! Architecture invariant: no file, clock or randomness; tables come from the [`Source`], the moment with the
//! [`Context`](azimuth_values::Context). Every operator counts the rows it makes, and ends the query at the [`Limits`].

pub mod eval;
pub mod expect;
mod external;
pub mod operators;
mod query;
mod run;
mod support;
mod table;
pub mod tree;
mod window;

pub use operators::{item_as, items_of, series_axis};
pub use query::{QueryError, open_operator, opened, query};
pub use run::{Failure, Interrupt, Limits, Ready, Run, Source, run};
pub use support::{Support, support};
pub use table::{Row, Table, key_of, literal_value, null_of, type_of};
