//! Any aggregate, by one accumulator of the row functions for each group.

use std::sync::Arc;

use azimuth_kql::types::ScalarType;
use azimuth_rows::{Ready, eval, null_of, type_of};
use azimuth_values::{Accumulator as Kusto, Type, Value};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, LargeBinaryBuilder};
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::EmitTo;

use super::call::{Called, unreadable};
use super::{Argument, Grouped, each};
use crate::stage::failed;
use crate::{cells, rows, wire};

/// Bytes that a group is taken to need at least.
const GROUP_SIZE: usize = 128;

/// The accumulators of groups.
pub(super) struct Rows {
    called: Arc<Called>,
    /// The arguments; those that are columns are put in for each row
    values: Vec<Value>,
    /// The places of the columns among the arguments, with their types
    columns: Vec<(usize, Type)>,
    groups: Vec<Box<dyn Kusto>>,
    bytes: usize,
}

impl Rows {
    pub(super) fn new(called: &Arc<Called>) -> Self {
        let value = |argument: &Argument| match argument {
            Argument::Constant(value) => value.clone(),
            Argument::Column(_) => Value::Null,
        };
        let column = |(place, argument): (usize, &Argument)| match argument {
            Argument::Constant(_) => None,
            Argument::Column(ty) => Some((place, type_of(*ty))),
        };
        Self {
            called: called.clone(),
            values: called.arguments.iter().map(value).collect(),
            columns: called.arguments.iter().enumerate().filter_map(column).collect(),
            groups: Vec::new(),
            bytes: 0,
        }
    }

    fn begin(&self) -> Result<Box<dyn Kusto>> {
        self.called
            .stage
            .run(&Ready::default(), |run| Ok((self.called.aggregate.begin)(run.context, &self.values)?))
    }

    fn taken(&mut self, emit: EmitTo) -> Vec<Box<dyn Kusto>> {
        let taken = emit.take_needed(&mut self.groups);
        if self.groups.is_empty() {
            self.bytes = 0;
        }
        taken
    }
}

impl Grouped for Rows {
    fn state_types(&self) -> Vec<DataType> {
        vec![DataType::LargeBinary]
    }

    fn grow(&mut self, groups: usize) -> Result<()> {
        while self.groups.len() < groups {
            self.columns.iter().for_each(|(place, _)| self.values[*place] = Value::Null);
            let fresh = self.begin()?;
            self.groups.push(fresh);
            self.bytes += GROUP_SIZE;
        }
        Ok(())
    }

    fn update(
        &mut self,
        columns: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
    ) -> Result<()> {
        let mut refused = Ok(());
        each(groups, filter, |row, group| {
            for ((place, ty), array) in self.columns.iter().zip(columns) {
                self.values[*place] = cells::value(array, row, *ty);
            }
            if refused.is_ok() {
                refused = self.groups[group].add(&self.values);
            }
        });
        // Accumulators do not tell their size: what they were given is the most that they keep.
        self.bytes += columns.iter().map(Array::get_array_memory_size).sum::<usize>() / 4;
        refused.map_err(|refusal| failed(refusal.into()))
    }

    fn merge(&mut self, states: &[ArrayRef], groups: &[usize]) -> Result<()> {
        let states = states[0].as_binary::<i64>();
        for (row, group) in groups.iter().enumerate() {
            if states.is_null(row) {
                continue;
            }
            let state = wire::read(states.value(row)).ok_or_else(unreadable)?;
            self.bytes += states.value(row).len() / 2;
            self.groups[*group].merge(&state).map_err(|refusal| failed(refusal.into()))?;
        }
        Ok(())
    }

    fn states(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let mut out = LargeBinaryBuilder::new();
        for group in self.taken(emit) {
            out.append_value(wire::write(&group.state()));
        }
        Ok(vec![Arc::new(out.finish())])
    }

    fn results(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let all: Vec<Vec<Value>> = self.taken(emit).iter().map(|group| group.finish_all()).collect();
        let array = |(place, ty): &(usize, ScalarType)| {
            let values: Vec<Value> = all
                .iter()
                .map(|values| match values.get(*place) {
                    Some(value) => eval::typed(value.clone(), *ty),
                    None => null_of(*ty).clone(),
                })
                .collect();
            rows::array(&values, *ty)
        };
        Ok(self.called.outputs.iter().map(array).collect())
    }

    fn size(&self) -> usize {
        self.bytes
    }
}
