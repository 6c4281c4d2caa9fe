//! How far a query is.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::physical_plan::ExecutionPlan;

use crate::explain::read_of;

/// How far queries are. Clones are one: a query that was given one is seen through any of them, from whatever thread.
#[derive(Clone, Default)]
pub struct Progress(Arc<Mutex<Vec<Arc<dyn ExecutionPlan>>>>);

/// What was read until now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// Rows that tables gave
    pub rows: u64,
    /// Bytes read of files, where their format tells
    pub bytes: u64,
}

impl Progress {
    /// One that no query was given yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the queries read so far.
    pub fn scanned(&self) -> Scanned {
        let mut scanned = Scanned::default();
        for plan in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            add(plan, &mut scanned);
        }
        scanned
    }

    /// Looks at a plan that is about to run, too.
    pub(crate) fn watch(&self, plan: &Arc<dyn ExecutionPlan>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(plan.clone());
    }
}

fn add(plan: &Arc<dyn ExecutionPlan>, scanned: &mut Scanned) {
    let inputs = plan.children();
    if inputs.is_empty() {
        let (rows, bytes) = read_of(plan.as_ref());
        scanned.rows += rows;
        scanned.bytes += bytes;
    }
    inputs.into_iter().for_each(|input| add(input, scanned));
}

impl fmt::Debug for Progress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Progress").field(&self.scanned()).finish()
    }
}
