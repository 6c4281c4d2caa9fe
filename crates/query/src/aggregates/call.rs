//! An aggregate as DataFusion holds it.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use azimuth_kql::types::ScalarType;
use azimuth_values::Aggregate;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StructArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, Expr, GroupsAccumulator, Signature, Volatility,
};

use super::{Argument, Grouped, Outputs, grouped};
use crate::stage::{Stage, unique};
use crate::{functions, rows};

/// A call of an aggregate.
pub(super) struct Called {
    id: u64,
    pub(super) name: &'static str,
    pub(super) aggregate: &'static Aggregate,
    pub(super) arguments: Vec<Argument>,
    pub(super) outputs: Outputs,
    pub(super) stage: Arc<Stage>,
    fields: Fields,
    ty: DataType,
    signature: Signature,
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
        stage: stage.clone(),
        ty: DataType::Struct(fields.clone()),
        fields,
        signature: Signature::user_defined(Volatility::Immutable),
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

/// The groups of an aggregation.
struct Groups {
    called: Arc<Called>,
    inner: Box<dyn Grouped>,
}

impl Groups {
    fn new(called: &Arc<Called>) -> Self {
        Self { called: called.clone(), inner: grouped(called) }
    }

    fn results(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let arrays = self.inner.results(emit)?;
        let count = arrays.first().map_or(0, Array::len);
        Ok(Arc::new(StructArray::try_new_with_length(self.called.fields.clone(), arrays, None, count)?))
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
        self.inner.grow(total_num_groups)?;
        self.inner.update(values, group_indices, filter)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.results(emit_to)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.inner.states(emit_to)
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.inner.grow(total_num_groups)?;
        self.inner.merge(values, group_indices)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let count = values.first().map_or_else(|| filter.map_or(0, Array::len), Array::len);
        let mut each = grouped(&self.called);
        each.grow(count)?;
        each.update(values, &(0..count).collect::<Vec<_>>(), filter)?;
        each.states(EmitTo::All)
    }

    fn size(&self) -> usize {
        self.inner.size()
    }
}

/// The one group of an aggregation without groups.
struct Single(Mutex<One>);

struct One {
    groups: Groups,
    /// Zeros, as many as a batch has rows
    zeros: Vec<usize>,
}

impl One {
    /// The group of each of so many rows.
    fn all(&mut self, rows: usize) -> &[usize] {
        if self.zeros.len() < rows {
            self.zeros.resize(rows, 0);
        }
        &self.zeros[..rows]
    }
}

impl Single {
    fn new(called: &Arc<Called>) -> Self {
        Self(Mutex::new(One { groups: Groups::new(called), zeros: Vec::new() }))
    }

    fn one(&mut self) -> Result<&mut One> {
        let one = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        one.groups.inner.grow(1)?;
        Ok(one)
    }
}

impl fmt::Debug for Single {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Single").finish_non_exhaustive()
    }
}

impl Accumulator for Single {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let one = self.one()?;
        one.all(values.first().map_or(0, Array::len));
        one.groups.inner.update(values, &one.zeros[..values.first().map_or(0, Array::len)], None)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let results = self.one()?.groups.results(EmitTo::All)?;
        ScalarValue::try_from_array(&results, 0)
    }

    fn size(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).groups.inner.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let states = self.one()?.groups.inner.states(EmitTo::All)?;
        states.iter().map(|state| ScalarValue::try_from_array(state, 0)).collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let one = self.one()?;
        one.all(states[0].len());
        one.groups.inner.merge(states, &one.zeros[..states[0].len()])
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
        Ok(Box::new(Single::new(&self.0)))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let types = grouped(&self.0).state_types().into_iter().enumerate();
        Ok(types
            .map(|(index, ty)| Arc::new(Field::new(format!("{}[state {index}]", args.name), ty, true)) as _)
            .collect())
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Groups::new(&self.0)))
    }
}

/// A state that is none of ours.
pub(super) fn unreadable() -> DataFusionError {
    DataFusionError::Internal("a state of an aggregate cannot be read".to_owned())
}
