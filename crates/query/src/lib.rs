//! KQL on Apache DataFusion: bound queries planned, executed, streamed and limited.
//!
//! ```text
//! text ─▶ azimuth-kql (bound tree) ─▶ lower (logical plan) ─▶ DataFusion ─▶ batches ─▶ limits ─▶ reader
//! ```
//!
//! - [`Engine`]: tables, and queries over them; [`QueryResult`]: streams of batches with their schemas;
//! - [`Engine::register_files`], [`Engine::register_delta`]: tables of files, and of Delta;
//! - [`cells`]: Kusto's values in Arrow arrays, and back; `native`: columns of files as such cells;
//! - `lower`: bound operators and expressions as plans of DataFusion;
//! - `functions`, `aggregates`: kernels, and the functions of `azimuth-values` inside plans;
//! - [`explain`]: plans for people, with what was measured of each operator;
//! - `guard`, `limits`: what ends a query before its time; [`Progress`]: how far it is;
//! - [`index`]: what whoever keeps files can say of them before they are read;
//! - [`Task`]: queries as they travel to another process;
//! - `operator`: whatever has no plan of its own, as one operator of the row engine inside the plan;
//! - `unary`, `passing`: what nodes of our own have in common; `expand` (lists unrolled
//!   within arrays), `series` (groups on an axis), `ordered`, `barrier`: the nodes;
//!
//! Architecture invariants: every answer is the row engine's answer, only faster; what is not supported is an error that
//! names it. The clock and chance come in with the query.

mod aggregates;
mod barrier;
pub mod cells;
mod delta;
mod engine;
mod error;
mod expand;
pub mod explain;
mod export;
mod files;
mod functions;
mod guard;
pub mod index;
mod json;
mod limits;
mod lower;
mod native;
mod operator;
mod ordered;
mod passing;
mod probe;
mod progress;
mod pruned;
mod records;
mod rows;
mod series;
mod stage;
mod table;
mod task;
mod unary;
mod wire;

/// A part of a result.
pub use datafusion::arrow::array::RecordBatch as Batch;
pub use delta::{DeltaError, DeltaOpened, DeltaVersion};
pub use engine::{Config, Engine, QueryResult, ResultSet, Settings, Stats};
pub use error::{OverBudget, QueryError, ServiceError};
pub use explain::Explanation;
pub use export::ParquetFile;
pub use files::{Columns, Format};
pub use guard::Cancellation;
pub use limits::Limits;
pub use progress::{Progress, Scanned};
pub use records::BadRecord;
pub use rows::table;
pub use stage::{HostDocuments, HostFunction};
pub use table::{INGESTION_COLUMN, schema_of};
pub use task::{BadTask, Task};
