//! KQL on Apache DataFusion: bound queries planned, executed, streamed and limited.
//!
//! - [`cells`]: Kusto's values in Arrow arrays, and back.

pub mod cells;
