//! What all functions and operators of one plan share: the bound query, what is computed of it already, and the moment.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use azimuth_kql::bound::{BoundQuery, TableName};
use azimuth_kql::types::Schema;
use azimuth_rows::{Failure, Limits, Ready, Run, Source, Table};
use azimuth_values::{Context, Refusal, Value};
use datafusion::error::DataFusionError;

use crate::guard::Guard;

/// The bound query as far as it is executed: scalars of `toscalar` and lists of `in (table)` are ready before a plan that
/// uses them is made.
pub(crate) struct Stage {
    pub(crate) bound: Arc<BoundQuery>,
    pub(crate) ready: Ready,
    pub(crate) limits: Limits,
    contexts: Arc<Contexts>,
    host: Arc<Host>,
}

/// Contexts that are free: one is used by one thread at a time, and keeps compiled patterns for the next.
pub(crate) struct Contexts {
    now: i64,
    seed: AtomicU64,
    free: Mutex<Vec<Context>>,
    guard: Arc<Guard>,
}

impl Contexts {
    pub(crate) fn new(now: i64, seed: u64, guard: Arc<Guard>) -> Self {
        Self { now, seed: AtomicU64::new(seed), free: Mutex::default(), guard }
    }

    fn take(&self) -> Context {
        let known = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        known.unwrap_or_else(|| {
            // Every thread has its own sequence of chance.
            Context::new(self.now, self.seed.fetch_add(0x9E37_79B9, Ordering::Relaxed))
        })
    }

    fn give(&self, context: Context) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(context);
    }
}

/// A function that the host computes: its rows, with their columns, from constant arguments.
pub type HostFunction = Arc<dyn Fn(&[Value]) -> Result<Table, Refusal> + Send + Sync>;

/// A document outside that `externaldata` asks for, by its address: packed ones as they are.
pub type HostDocuments = Arc<dyn Fn(&str) -> Result<Vec<u8>, Refusal> + Send + Sync>;

/// What the host gives beside tables.
#[derive(Clone, Default)]
pub(crate) struct Host {
    pub(crate) functions: HashMap<String, HostFunction>,
    pub(crate) documents: Option<HostDocuments>,
}

/// Tables are read by plans: an operator that asks for one was planned wrongly. The rest is the host's.
impl Source for Host {
    fn function(&self, name: &str, arguments: &[Value], schema: &Schema) -> Result<Table, Refusal> {
        let function = self
            .functions
            .get(name)
            .ok_or_else(|| Refusal::new(format!("the function `{name}` is not available here")))?;
        let made = function(arguments)?;
        if schema.is_open {
            return Ok(made);
        }
        // The columns that the binder knows, found by name.
        let places: Vec<_> = schema.columns.iter().map(|column| made.schema.index_of(&column.name)).collect();
        let rows = made.rows.iter().map(|row| {
            let cell =
                |place: &Option<usize>| place.and_then(|place| row.get(place).cloned()).unwrap_or_default();
            places.iter().map(cell).collect()
        });
        Ok(Table::new(schema.clone(), rows.collect()))
    }

    fn document(&self, address: &str) -> Result<Vec<u8>, Refusal> {
        match &self.documents {
            Some(documents) => documents(address),
            None => Nothing.document(address),
        }
    }

    fn table(&self, name: &TableName, _: &Schema) -> Result<Table, Refusal> {
        Err(Refusal::new(format!("the table `{}` cannot be read within this operator", name.table)))
    }
}

/// A source that allows nothing.
struct Nothing;

impl Source for Nothing {
    fn table(&self, name: &TableName, _: &Schema) -> Result<Table, Refusal> {
        Err(Refusal::new(format!("there is no table `{}`", name.table)))
    }
}

impl Stage {
    pub(crate) fn new(
        bound: Arc<BoundQuery>,
        ready: Ready,
        limits: Limits,
        contexts: Arc<Contexts>,
        host: Arc<Host>,
    ) -> Arc<Self> {
        Arc::new(Self { bound, ready, limits, contexts, host })
    }

    /// Does something with a run of the row engine in which `inputs` are ready too.
    pub(crate) fn run<T>(
        &self,
        inputs: &Ready,
        work: impl FnOnce(&Run<'_>) -> Result<T, Failure>,
    ) -> Result<T, DataFusionError> {
        let context = self.contexts.take();
        let is_over = || self.contexts.guard.is_over();
        let run = Run::new(&self.bound, &*self.host, &context, self.limits).interruptible(&is_over);
        let done = work(&run.with(&self.ready).with(inputs));
        self.contexts.give(context);
        done.map_err(failed)
    }

    /// A constant expression.
    pub(crate) fn constant(&self, expr: &azimuth_kql::bound::Expr) -> Result<Value, DataFusionError> {
        self.run(&Ready::default(), |run| azimuth_rows::eval::constant(run, expr))
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Stage").finish_non_exhaustive()
    }
}

/// A failure of the row engine as it travels through plans.
pub(crate) fn failed(failure: Failure) -> DataFusionError {
    DataFusionError::External(Box::new(failure))
}

/// A number that nothing else of this process has: tells functions and operators of ours apart.
pub(crate) fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
