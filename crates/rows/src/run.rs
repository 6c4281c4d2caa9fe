//! A bound query executed.

use std::cell::{Cell, OnceCell};
use std::fmt;
use std::sync::Arc;

use azimuth_kql::bound::{BoundQuery, Rel, ResultValue, SharedId, TableName};
use azimuth_kql::types::{Column, Schema};
use azimuth_values::{Context, Refusal, Value};

use crate::eval;
use crate::operators;
use crate::table::Table;

/// Where tables come from.
pub trait Source {
    /// The rows of a table, each with the values of `schema`'s columns in their order.
    ///
    /// # Errors
    /// When the table cannot be read.
    fn table(&self, name: &TableName, schema: &Schema) -> Result<Table, Refusal>;

    /// The rows of a function that the host computes.
    ///
    /// # Errors
    /// When there is none of that name, or it fails.
    fn function(&self, name: &str, arguments: &[Value], schema: &Schema) -> Result<Table, Refusal> {
        let _ = (arguments, schema);
        Err(Refusal::new(format!("the function `{name}` is not available here")))
    }
}

/// How much a query may do.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Rows made by all operators together
    pub rows: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { rows: 10_000_000 }
    }
}

/// Why a query ended without a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A function refused, or a value made the query impossible
    Refused(Refusal),
    /// More rows than the limit
    TooManyRows(u64),
    /// Something that this engine does not do
    Unsupported(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(out),
            Self::TooManyRows(limit) => {
                write!(out, "the query makes more than {limit} rows; filter or aggregate earlier")
            }
            Self::Unsupported(what) => write!(out, "{what} is not supported"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A query under way.
pub struct Run<'a> {
    /// Tables
    pub source: &'a dyn Source,
    /// Moment, chance, patterns
    pub context: &'a Context,
    query: &'a BoundQuery,
    shared: Vec<OnceCell<Arc<Table>>>,
    rows_left: Cell<u64>,
    limits: Limits,
}

/// Executes a bound query: one table for each of its results. A scalar result is a table of one cell.
///
/// # Errors
/// See [`Failure`].
pub fn run(
    query: &BoundQuery,
    source: &dyn Source,
    context: &Context,
    limits: Limits,
) -> Result<Vec<Table>, Failure> {
    let run = Run::new(query, source, context, limits);
    query
        .results
        .iter()
        .map(|result| match &result.value {
            ResultValue::Table(rel) => run.table(rel, None),
            ResultValue::Scalar(expr) => {
                let value = eval::constant(&run, expr)?;
                let schema = Schema::new(vec![Column::new("print_0", expr.ty)]);
                Ok(Table::new(schema, vec![vec![value]]))
            }
        })
        .collect()
}

impl<'a> Run<'a> {
    /// A run of a query.
    pub fn new(query: &'a BoundQuery, source: &'a dyn Source, context: &'a Context, limits: Limits) -> Self {
        let shared = query.shared.iter().map(|_| OnceCell::new()).collect();
        Self { source, context, query, shared, rows_left: Cell::new(limits.rows), limits }
    }

    /// The rows of an operator; `given` are those that the body of `partition` and its kin begins with.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn table(&self, rel: &Rel, given: Option<&Table>) -> Result<Table, Failure> {
        let rows = operators::rows(self, rel, given)?;
        self.count(rows.len())?;
        Ok(Table::new(rel.schema.clone(), rows))
    }

    /// A table that is computed once.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn shared(&self, id: SharedId) -> Result<Arc<Table>, Failure> {
        let cell = &self.shared[id.0];
        if let Some(table) = cell.get() {
            return Ok(table.clone());
        }
        let table = Arc::new(self.table(&self.query.shared[id.0].rel, None)?);
        Ok(cell.get_or_init(|| table).clone())
    }

    /// Counts rows against the limit.
    ///
    /// # Errors
    /// [`Failure::TooManyRows`].
    pub fn count(&self, rows: usize) -> Result<(), Failure> {
        match self.rows_left.get().checked_sub(rows as u64) {
            Some(left) => {
                self.rows_left.set(left);
                Ok(())
            }
            None => Err(Failure::TooManyRows(self.limits.rows)),
        }
    }
}
