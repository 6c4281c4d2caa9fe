//! A bound query executed.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
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
    /// The rows of a table, each with the values of `schema`'s columns in their order. The schema of a table that the catalogue
    /// says to have times of ingestion may end with
    /// [`INGESTION_TIME`](azimuth_kql::bind::INGESTION_TIME).
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

    /// The bytes of a document outside, for `externaldata`: packed ones as they are. Off without a host that allows it: a
    /// query must not read what whoever runs it did not mean it to read.
    ///
    /// # Errors
    /// When the host does not allow it, or there is no such document. What follows `?` or `;` in the address may be a secret,
    /// and has no place in the message.
    fn document(&self, address: &str) -> Result<Vec<u8>, Refusal> {
        Err(Refusal::new(format!(
            "reading `{}` from outside is not allowed here; let the host allow `externaldata`, or load the document as a table",
            crate::external::shown(address)
        )))
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
    /// More cells (rows times columns) than the limit
    TooManyCells(u64),
    /// Whoever runs the query asked for its end
    Interrupted,
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
            Self::TooManyCells(limit) => write!(
                out,
                "the query makes more than {limit} cells; filter earlier, or keep fewer columns with `project`"
            ),
            Self::Interrupted => out.write_str("the query was interrupted"),
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

/// What another engine has computed of a query already.
#[derive(Clone, Debug, Default)]
pub struct Ready {
    /// Operators, by [`Ready::address`]
    pub tables: HashMap<usize, Arc<Table>>,
    /// Entries of [`BoundQuery::shared`], by their place
    pub shared: HashMap<usize, Arc<Table>>,
}

impl Ready {
    /// What tells an operator from others of its query: where it lies.
    pub fn address(rel: &Rel) -> usize {
        std::ptr::from_ref(rel) as usize
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
    ready: Vec<&'a Ready>,
    /// The members of `in (table)`, by the address of the table
    lists: RefCell<HashMap<usize, Arc<Vec<Value>>>>,
    rows_left: Cell<u64>,
    cells_left: Cell<u64>,
    limits: Limits,
    interrupt: Option<Interrupt<'a>>,
    steps: Cell<u32>,
}

/// Whether a query has to end before its time: asked now and then while it runs.
pub type Interrupt<'a> = &'a (dyn Fn() -> bool + 'a);

/// Cells for every row of [`Limits::rows`]: rows are bounded, and so is what they hold.
const CELLS_PER_ROW: u64 = 8;
/// Steps between two questions for an interrupt.
const STEPS: u32 = 4096;

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
        let rows_left = Cell::new(limits.rows);
        let cells_left = Cell::new(limits.rows.saturating_mul(CELLS_PER_ROW));
        Self {
            source,
            context,
            query,
            shared,
            ready: Vec::new(),
            lists: RefCell::default(),
            rows_left,
            cells_left,
            limits,
            interrupt: None,
            steps: Cell::new(0),
        }
    }

    /// The same run, which ends with [`Failure::Interrupted`] soon after `interrupt` says so.
    #[must_use]
    pub fn interruptible(mut self, interrupt: Interrupt<'a>) -> Self {
        self.interrupt = Some(interrupt);
        self
    }

    /// A step of work that may be one of very many.
    ///
    /// # Errors
    /// [`Failure::Interrupted`].
    pub fn step(&self) -> Result<(), Failure> {
        let steps = self.steps.get() + 1;
        if steps < STEPS {
            self.steps.set(steps);
            return Ok(());
        }
        self.steps.set(0);
        self.check()
    }

    fn check(&self) -> Result<(), Failure> {
        match self.interrupt {
            Some(interrupt) if interrupt() => Err(Failure::Interrupted),
            _ => Ok(()),
        }
    }

    /// The same run, which takes what is ready instead of computing it.
    #[must_use]
    pub fn with(mut self, ready: &'a Ready) -> Self {
        for (place, table) in &ready.shared {
            if let Some(cell) = self.shared.get_mut(*place) {
                *cell = OnceCell::from(table.clone());
            }
        }
        self.ready.push(ready);
        self
    }

    /// The rows of an operator; `given` are those that the body of `partition` and its kin begins with.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn table(&self, rel: &Rel, given: Option<&Table>) -> Result<Table, Failure> {
        let address = Ready::address(rel);
        if let Some(table) = self.ready.iter().find_map(|ready| ready.tables.get(&address)) {
            return Ok(Table::clone(table));
        }
        let rows = operators::rows(self, rel, given)?;
        self.count_wide(rows.len(), rel.schema.columns.len())?;
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

    /// The members of a table on the right of `in`: computed once, as nothing in it depends on the row.
    ///
    /// # Errors
    /// See [`Failure`].
    pub(crate) fn list(
        &self,
        rel: &Rel,
        members: impl FnOnce(Table) -> Vec<Value>,
    ) -> Result<Arc<Vec<Value>>, Failure> {
        let address = Ready::address(rel);
        if let Some(known) = self.lists.borrow().get(&address) {
            return Ok(known.clone());
        }
        let found = Arc::new(members(self.table(rel, None)?));
        self.lists.borrow_mut().insert(address, found.clone());
        Ok(found)
    }

    /// Counts rows against the limit.
    ///
    /// # Errors
    /// [`Failure::TooManyRows`].
    pub fn count(&self, rows: usize) -> Result<(), Failure> {
        if rows > 64 {
            self.check()?;
        } else {
            self.step()?;
        }
        match self.rows_left.get().checked_sub(rows as u64) {
            Some(left) => {
                self.rows_left.set(left);
                Ok(())
            }
            None => Err(Failure::TooManyRows(self.limits.rows)),
        }
    }

    /// Counts rows of a width against the limits.
    ///
    /// # Errors
    /// [`Failure::TooManyRows`], [`Failure::TooManyCells`].
    pub fn count_wide(&self, rows: usize, width: usize) -> Result<(), Failure> {
        self.count(rows)?;
        match self.cells_left.get().checked_sub((rows as u64).saturating_mul(width as u64)) {
            Some(left) => {
                self.cells_left.set(left);
                Ok(())
            }
            None => Err(Failure::TooManyCells(self.limits.rows.saturating_mul(CELLS_PER_ROW))),
        }
    }
}
