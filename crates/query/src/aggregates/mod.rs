//! Kusto's aggregates inside plans.
//!
//! - [`call`]: an aggregate as DataFusion holds it, whatever computes it;
//! - [`Grouped`]: what an aggregate keeps of all groups;
//! - [`best`], [`distinct`], [`collect`], [`rank`], [`moments`], [`fold`]: the aggregates that queries use most, over arrays;
//! - [`rows`]: every other aggregate, by one accumulator of the row functions for each group.
//!
//! All of them give what the row functions give. Where those estimate (`dcount` of more than 65,536 values, percentiles of
//! more than 131,072), these estimate too, by sketches of their own.

mod best;
mod call;
mod collect;
mod distinct;
mod fold;
mod kept;
mod moments;
mod pairs;
mod rank;
mod rows;

use std::sync::Arc;

use azimuth_kql::types::ScalarType;
use azimuth_values::Value;
use datafusion::arrow::array::{Array, ArrayRef, BooleanArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::EmitTo;

pub(crate) use call::{call, output};

use call::Called;

/// An argument of an aggregate.
#[derive(Clone, Debug)]
pub(crate) enum Argument {
    /// The same for all rows
    Constant(Value),
    /// The next array, of that type
    Column(ScalarType),
}

/// The name of an aggregate that gives the first row of a group, as it is: `take_any` of several columns.
pub(crate) const FIRST_ROW: &str = "first_row";

/// What an aggregate gives: columns of its result by their place, with their types.
pub(crate) type Outputs = Vec<(usize, ScalarType)>;

/// What an aggregate keeps of its groups, which are numbered from zero.
trait Grouped: Send {
    /// The types of the arrays of [`Grouped::states`].
    fn state_types(&self) -> Vec<DataType>;

    /// There are so many groups now; new ones have seen nothing.
    fn grow(&mut self, groups: usize) -> Result<()>;

    /// Takes rows: the group of each, and which of them count.
    fn update(&mut self, columns: &[ArrayRef], groups: &[usize], filter: Option<&BooleanArray>)
    -> Result<()>;

    /// Takes what others have seen of groups.
    fn merge(&mut self, states: &[ArrayRef], groups: &[usize]) -> Result<()>;

    /// Gives away what was seen of the first groups; the others move up.
    fn states(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>>;

    /// The results of the first groups, an array for each output; the others move up.
    fn results(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>>;

    /// Bytes in use.
    fn size(&self) -> usize;
}

/// What computes an aggregate.
fn grouped(called: &Arc<Called>) -> Box<dyn Grouped> {
    let native = match called.name {
        "arg_max" | "argmax" | "arg_min" | "argmin" | "max" | "min" | "take_any" | "any" | FIRST_ROW => {
            best::grouped(called)
        }
        "dcount" | "count_distinct" => distinct::grouped(called),
        "make_set" | "makeset" | "make_list" | "makelist" | "make_list_with_nulls" => {
            collect::grouped(called)
        }
        "percentile" | "percentiles" | "percentiles_array" => rank::grouped(called),
        "stdev" | "stdevp" | "variance" | "variancep" => moments::grouped(called),
        "sum" | "avg" | "binary_all_and" | "binary_all_or" | "binary_all_xor" => fold::grouped(called),
        _ => None,
    };
    native.unwrap_or_else(|| Box::new(rows::Rows::new(called)))
}

/// Calls `work` with every row that counts and its group.
fn each(groups: &[usize], filter: Option<&BooleanArray>, mut work: impl FnMut(usize, usize)) {
    match filter {
        None => groups.iter().enumerate().for_each(|(row, &group)| work(row, group)),
        Some(filter) => groups.iter().enumerate().for_each(|(row, &group)| {
            if filter.is_valid(row) && filter.value(row) {
                work(row, group);
            }
        }),
    }
}

/// How many groups go.
fn emitted(emit: EmitTo, groups: usize) -> usize {
    match emit {
        EmitTo::All => groups,
        EmitTo::First(count) => count,
    }
}

/// The type of an aggregate's only column.
fn only_column(arguments: &[Argument]) -> Option<ScalarType> {
    match arguments {
        [Argument::Column(ty), rest @ ..]
            if rest.iter().all(|argument| matches!(argument, Argument::Constant(_))) =>
        {
            Some(*ty)
        }
        _ => None,
    }
}
