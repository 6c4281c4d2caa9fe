//! Plans for people: what each operator of a query became, and what was measured when it ran.
//!
//! - [`Explanation`]: the plan as a tree that serialises, and as text (`Display`);
//! - `origin`: which operator of the query a node of the plan came from;
//! - `measure`: rows, bytes, time, and what files were read of.
//!
//! Nothing is estimated: a plan that has not run has no figures.

mod measure;
mod origin;
mod text;

use serde::Serialize;

pub(crate) use measure::read_of;
pub use measure::{Measured, Read};
pub(crate) use origin::{Origin, name};

/// A query as it is executed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// What runs before the rest is planned: `toscalar`, `materialize`, `in (table)`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub first: Vec<Part>,
    /// The results, in the order of the query
    pub results: Vec<Part>,
    /// What the whole query took; `None` if it has not run
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totals: Option<Totals>,
}

/// One plan of a query.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Part {
    /// The name of the result, or why the part runs first
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its last operator
    pub plan: PlanNode,
}

/// An operator of a plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PlanNode {
    /// The operator of the query (`where`, `summarize`), the table, or what the engine adds (`exchange`, `merge`)
    pub operator: String,
    /// Its text in the query, on one line; `None` where it is not known or not from the query
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// Where that text is: the first byte, and the one behind the last
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<(usize, usize)>,
    /// The name of the operator in DataFusion
    pub engine: String,
    /// What DataFusion says of it
    pub detail: String,
    /// What was measured; `None` if it has not run
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
    /// The operators whose rows it reads
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<PlanNode>,
}

/// What a query took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Rows of all results
    pub rows: u64,
    /// Bytes of all results, as arrays
    pub bytes: u64,
    /// Time until the plans were made, in nanoseconds; what runs first is part of it
    pub planning_ns: u64,
    /// Time until the last row, in nanoseconds
    pub total_ns: u64,
    /// The most memory that operators held at a time, in bytes
    pub most_memory: u64,
}

impl PlanNode {
    /// A result that is a constant.
    pub(crate) fn constant() -> Self {
        Self { operator: "constant".to_owned(), engine: "constant".to_owned(), ..Self::default() }
    }

    /// Visits the node and all below it, a node before its inputs.
    pub fn walk<'n>(&'n self, visit: &mut dyn FnMut(&'n Self)) {
        visit(self);
        self.inputs.iter().for_each(|input| input.walk(visit));
    }
}

impl Explanation {
    /// What was read of files by all parts together.
    pub fn read(&self) -> Read {
        let mut total = Read::default();
        for part in self.first.iter().chain(&self.results) {
            part.plan.walk(&mut |node| {
                if let Some(read) = node.measured.as_ref().and_then(|measured| measured.read.as_ref()) {
                    total.add(read);
                }
            });
        }
        total
    }
}
