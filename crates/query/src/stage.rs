//! What all functions and operators of one plan share: the bound query, what is computed of it already, and the moment.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use azimuth_kql::bound::{BoundQuery, TableName};
use azimuth_kql::types::Schema;
use azimuth_rows::{Failure, Limits, Ready, Run, Source, Table};
use azimuth_values::{Context, Refusal};
use datafusion::error::DataFusionError;

/// The bound query as far as it is executed: scalars of `toscalar` and lists of `in (table)` are ready before a plan that
/// uses them is made.
pub(crate) struct Stage {
    pub(crate) bound: Arc<BoundQuery>,
    pub(crate) ready: Ready,
    pub(crate) limits: Limits,
    contexts: Arc<Contexts>,
}

/// Contexts that are free: one is used by one thread at a time, and keeps compiled patterns for the next.
pub(crate) struct Contexts {
    now: i64,
    seed: AtomicU64,
    free: Mutex<Vec<Context>>,
}

impl Contexts {
    pub(crate) fn new(now: i64, seed: u64) -> Self {
        Self { now, seed: AtomicU64::new(seed), free: Mutex::default() }
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

/// Tables are read by plans: an operator that asks for one was planned wrongly.
struct NoTables;

impl Source for NoTables {
    fn table(&self, name: &TableName, _: &Schema) -> Result<Table, Refusal> {
        Err(Refusal::new(format!("the table `{}` cannot be read within this operator", name.table)))
    }
}

impl Stage {
    pub(crate) fn new(
        bound: Arc<BoundQuery>,
        ready: Ready,
        limits: Limits,
        contexts: Arc<Contexts>,
    ) -> Arc<Self> {
        Arc::new(Self { bound, ready, limits, contexts })
    }

    /// Does something with a run of the row engine in which `inputs` are ready too.
    pub(crate) fn run<T>(
        &self,
        inputs: &Ready,
        work: impl FnOnce(&Run<'_>) -> Result<T, Failure>,
    ) -> Result<T, DataFusionError> {
        let context = self.contexts.take();
        let done = work(&Run::new(&self.bound, &NoTables, &context, self.limits).with(&self.ready).with(inputs));
        self.contexts.give(context);
        done.map_err(failed)
    }

    /// A constant expression.
    pub(crate) fn constant(&self, expr: &azimuth_kql::bound::Expr) -> Result<azimuth_values::Value, DataFusionError> {
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
