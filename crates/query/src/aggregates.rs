//! Kusto's aggregates inside plans: accumulators of the row functions, one for each group.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use azimuth_kql::types::ScalarType;
use azimuth_rows::{Ready, eval, null_of, type_of};
use azimuth_values::{Accumulator as Kusto, Aggregate, Value};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryBuilder, BooleanArray, StructArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, Expr, GroupsAccumulator, Signature, Volatility,
};

use crate::stage::{Stage, failed, unique};
use crate::{cells, functions, rows, wire};

/// An argument of an aggregate.
#[derive(Clone, Debug)]
pub(crate) enum Argument {
    /// The same for all rows
    Constant(Value),
    /// The next array, of that type
    Column(ScalarType),
}

/// What an aggregate gives: columns of its result by their place, with their types.
pub(crate) type Outputs = Vec<(usize, ScalarType)>;

/// A call of an aggregate.
struct Called {
    id: u64,
    name: &'static str,
    aggregate: &'static Aggregate,
    arguments: Vec<Argument>,
    outputs: Outputs,
    ty: DataType,
    signature: Signature,
    stage: Arc<Stage>,
}

/// An aggregate as a call over the arrays of the arguments that are no constants. Its result is a struct with a field for
/// each output.
pub(crate) fn call(
    stage: &Arc<Stage>,
    (name, aggregate): (&'static str, &'static Aggregate),
    arguments: Vec<Argument>,
    columns: Vec<Expr>,
    outputs: Outputs,
) -> Expr {
    let fields: Fields = outputs
        .iter()
        .map(|(place, ty)| Field::new(format!("p{place}"), rows::arrow_type(*ty), true))
        .collect();
    let called = Called {
        id: unique(),
        name,
        aggregate,
        arguments,
        outputs,
        ty: DataType::Struct(fields),
        signature: Signature::user_defined(Volatility::Immutable),
        stage: stage.clone(),
    };
    AggregateUDF::from(Shared(Arc::new(called))).call(columns)
}

/// An output of an aggregate, from the struct that it gives.
pub(crate) fn output(result: Expr, index: usize, ty: ScalarType) -> Expr {
    let arrow = rows::arrow_type(ty);
    functions::call(
        "output",
        &index.to_string(),
        Volatility::Immutable,
        arrow,
        vec![result],
        move |arrays, _| Ok(arrays[0].as_struct().column(index).clone()),
    )
}

/// The accumulators of groups.
struct Groups {
    called: Arc<Called>,
    types: Vec<azimuth_values::Type>,
    groups: Vec<Box<dyn Kusto>>,
    bytes: usize,
}

/// Bytes that a group is taken to need at least.
const GROUP_SIZE: usize = 128;

impl Groups {
    fn new(called: &Arc<Called>) -> Self {
        let types = called.arguments.iter().filter_map(|argument| match argument {
            Argument::Column(ty) => Some(type_of(*ty)),
            Argument::Constant(_) => None,
        });
        Self { called: called.clone(), types: types.collect(), groups: Vec::new(), bytes: 0 }
    }

    fn begin(&self) -> Result<Box<dyn Kusto>> {
        let known: Vec<Value> = self
            .called
            .arguments
            .iter()
            .map(|argument| match argument {
                Argument::Constant(value) => value.clone(),
                Argument::Column(_) => Value::Null,
            })
            .collect();
        self.called
            .stage
            .run(&Ready::default(), |run| Ok((self.called.aggregate.begin)(run.context, &known)?))
    }

    fn grow(&mut self, count: usize) -> Result<()> {
        while self.groups.len() < count {
            let fresh = self.begin()?;
            self.groups.push(fresh);
            self.bytes += GROUP_SIZE;
        }
        Ok(())
    }

    fn add(&mut self, arrays: &[ArrayRef], rows: impl Iterator<Item = (usize, usize)>) -> Result<()> {
        let mut values: Vec<Value> = self
            .called
            .arguments
            .iter()
            .map(|argument| match argument {
                Argument::Constant(value) => value.clone(),
                Argument::Column(_) => Value::Null,
            })
            .collect();
        let places: Vec<usize> = self
            .called
            .arguments
            .iter()
            .enumerate()
            .filter_map(|(place, argument)| matches!(argument, Argument::Column(_)).then_some(place))
            .collect();
        for (row, group) in rows {
            for ((place, array), ty) in places.iter().zip(arrays).zip(&self.types) {
                values[*place] = cells::value(array, row, *ty);
            }
            self.groups[group].add(&values).map_err(|refusal| failed(refusal.into()))?;
        }
        // Accumulators do not tell their size: what they were given is the most that they keep.
        self.bytes += arrays.iter().map(Array::get_array_memory_size).sum::<usize>() / 4;
        Ok(())
    }

    fn merge(&mut self, states: &ArrayRef, groups: impl Iterator<Item = usize>) -> Result<()> {
        let states = states.as_binary::<i32>();
        for (row, group) in groups.enumerate() {
            if states.is_null(row) {
                continue;
            }
            let state = wire::read(states.value(row)).ok_or_else(|| {
                DataFusionError::Internal("a state of an aggregate cannot be read".to_owned())
            })?;
            self.bytes += states.value(row).len() / 2;
            self.groups[group].merge(&state).map_err(|refusal| failed(refusal.into()))?;
        }
        Ok(())
    }

    fn states(&self, groups: &[Box<dyn Kusto>]) -> ArrayRef {
        let mut out = BinaryBuilder::new();
        for group in groups {
            out.append_value(wire::write(&group.state()));
        }
        Arc::new(out.finish())
    }

    fn results(&self, groups: &[Box<dyn Kusto>]) -> Result<ArrayRef> {
        let DataType::Struct(fields) = &self.called.ty else {
            return Err(DataFusionError::Internal("an aggregate gives a struct".to_owned()));
        };
        let all: Vec<Vec<Value>> = groups.iter().map(|group| group.finish_all()).collect();
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
        let arrays = self.called.outputs.iter().map(array).collect();
        Ok(Arc::new(StructArray::try_new_with_length(fields.clone(), arrays, None, groups.len())?))
    }
}

impl GroupsAccumulator for Groups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.grow(total_num_groups)?;
        let passes = |row: usize| filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
        let rows = group_indices.iter().copied().enumerate().filter(|(row, _)| passes(*row));
        self.add(values, rows)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let emitted = emit_to.take_needed(&mut self.groups);
        self.results(&emitted)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let emitted = emit_to.take_needed(&mut self.groups);
        if self.groups.is_empty() {
            self.bytes = 0;
        }
        Ok(vec![self.states(&emitted)])
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.grow(total_num_groups)?;
        self.merge(&values[0], group_indices.iter().copied())
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let count = values.first().map_or_else(|| filter.map_or(0, Array::len), Array::len);
        let mut each = Groups::new(&self.called);
        each.update_batch(values, &(0..count).collect::<Vec<_>>(), filter, count)?;
        Ok(vec![each.states(&each.groups)])
    }

    fn size(&self) -> usize {
        self.bytes
    }
}

/// The one group of an aggregation without groups.
struct Single(Mutex<Groups>);

impl Single {
    fn groups(&mut self) -> &mut Groups {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Single {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Single").finish_non_exhaustive()
    }
}

impl Accumulator for Single {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let groups = self.groups();
        groups.grow(1)?;
        let count = values.first().map_or(0, Array::len);
        groups.add(values, (0..count).map(|row| (row, 0)))
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let groups = self.groups();
        groups.grow(1)?;
        let results = groups.results(&groups.groups)?;
        ScalarValue::try_from_array(&results, 0)
    }

    fn size(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).bytes
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let groups = self.groups();
        groups.grow(1)?;
        Ok(vec![ScalarValue::try_from_array(&groups.states(&groups.groups), 0)?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let groups = self.groups();
        groups.grow(1)?;
        groups.merge(&states[0], std::iter::repeat_n(0, states[0].len()))
    }
}

impl fmt::Debug for Called {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}#{}", self.name, self.id)
    }
}

/// The call as plans hold it.
#[derive(Clone)]
struct Shared(Arc<Called>);

impl fmt::Debug for Shared {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl PartialEq for Shared {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Shared {}

impl Hash for Shared {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.id.hash(state);
    }
}

impl AggregateUDFImpl for Shared {
    fn name(&self) -> &str {
        self.0.name
    }

    fn signature(&self) -> &Signature {
        &self.0.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.0.ty.clone())
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Single(Mutex::new(Groups::new(&self.0)))))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[state]", args.name), DataType::Binary, true))])
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Groups::new(&self.0)))
    }
}
