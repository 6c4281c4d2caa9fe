//! Sums and averages of spans and moments, sums of decimals, and bits put together: one running value for each group.

use std::sync::Arc;

use azimuth_kql::types::ScalarType;
use azimuth_rows::type_of;
use azimuth_values::{Type, Value, arithmetic};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type, UInt64Type};
use datafusion::error::Result;
use datafusion::logical_expr::EmitTo;

use super::call::Called;
use super::{Grouped, each, only_column};
use crate::{cells, rows};

pub(super) fn grouped(called: &Arc<Called>) -> Option<Box<dyn Grouped>> {
    use ScalarType as T;
    let ty = only_column(&called.arguments)?;
    let [(0, output)] = called.outputs[..] else { return None };
    match (called.name, ty, output) {
        ("sum", T::Timespan, T::Timespan) => Some(Box::new(Wholes {
            nothing: Some(0),
            combine: |left, right| left.checked_add(right).unwrap_or(left),
            groups: Vec::new(),
        })),
        ("sum", T::Decimal, T::Decimal) => Some(Box::new(Decimals { groups: Vec::new() })),
        ("avg", T::Datetime | T::Timespan, output) if output == ty => {
            Some(Box::new(Ticks { ty: type_of(ty), groups: Vec::new() }))
        }
        ("binary_all_and", T::Int | T::Long, T::Long) => bits(|left, right| left & right),
        ("binary_all_or", T::Int | T::Long, T::Long) => bits(|left, right| left | right),
        ("binary_all_xor", T::Int | T::Long, T::Long) => bits(|left, right| left ^ right),
        _ => None,
    }
}

fn bits(combine: fn(i64, i64) -> i64) -> Option<Box<dyn Grouped>> {
    Some(Box::new(Wholes { nothing: None, combine, groups: Vec::new() }))
}

/// Whole numbers put together, two by two.
struct Wholes {
    /// The result of no numbers
    nothing: Option<i64>,
    combine: fn(i64, i64) -> i64,
    groups: Vec<Option<i64>>,
}

impl Grouped for Wholes {
    fn state_types(&self) -> Vec<DataType> {
        vec![DataType::Int64]
    }

    fn grow(&mut self, groups: usize) -> Result<()> {
        self.groups.resize(groups.max(self.groups.len()), None);
        Ok(())
    }

    fn update(
        &mut self,
        columns: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
    ) -> Result<()> {
        let numbers = cast(&columns[0], &DataType::Int64)?;
        let numbers = numbers.as_primitive::<Int64Type>();
        each(groups, filter, |row, group| {
            if numbers.is_valid(row) {
                let (known, number) = (&mut self.groups[group], numbers.value(row));
                *known = Some(known.map_or(number, |known| (self.combine)(known, number)));
            }
        });
        Ok(())
    }

    fn merge(&mut self, states: &[ArrayRef], groups: &[usize]) -> Result<()> {
        self.update(states, groups, None)
    }

    fn states(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let groups = emit.take_needed(&mut self.groups);
        Ok(vec![Arc::new(groups.into_iter().collect::<Int64Array>())])
    }

    fn results(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let groups = emit.take_needed(&mut self.groups);
        let results = groups.into_iter().map(|known| known.or(self.nothing));
        Ok(vec![Arc::new(results.collect::<Int64Array>())])
    }

    fn size(&self) -> usize {
        self.groups.capacity() * 16
    }
}

/// Decimals added up.
struct Decimals {
    groups: Vec<Value>,
}

impl Grouped for Decimals {
    fn state_types(&self) -> Vec<DataType> {
        vec![DataType::Utf8View]
    }

    fn grow(&mut self, groups: usize) -> Result<()> {
        self.groups.resize(groups.max(self.groups.len()), Value::Null);
        Ok(())
    }

    fn update(
        &mut self,
        columns: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
    ) -> Result<()> {
        each(groups, filter, |row, group| {
            let value = cells::value(&columns[0], row, Type::Decimal);
            let known = &mut self.groups[group];
            let next = if known.is_null() { value } else { arithmetic::add(known, &value) };
            if !next.is_null() {
                *known = next;
            }
        });
        Ok(())
    }

    fn merge(&mut self, states: &[ArrayRef], groups: &[usize]) -> Result<()> {
        self.update(states, groups, None)
    }

    fn states(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let groups = emit.take_needed(&mut self.groups);
        Ok(vec![cells::array(&groups, Type::Decimal)])
    }

    fn results(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let groups = emit.take_needed(&mut self.groups);
        let sum = |known: &Value| if known.is_null() { Value::Long(0) } else { known.clone() };
        Ok(vec![rows::array(&groups.iter().map(sum).collect::<Vec<_>>(), ScalarType::Decimal)])
    }

    fn size(&self) -> usize {
        self.groups.capacity() * size_of::<Value>()
    }
}

/// The average of ticks.
struct Ticks {
    ty: Type,
    groups: Vec<(i128, i64)>,
}

impl Grouped for Ticks {
    fn state_types(&self) -> Vec<DataType> {
        // The sum in two halves, and the count.
        vec![DataType::Int64, DataType::UInt64, DataType::Int64]
    }

    fn grow(&mut self, groups: usize) -> Result<()> {
        self.groups.resize(groups.max(self.groups.len()), (0, 0));
        Ok(())
    }

    fn update(
        &mut self,
        columns: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
    ) -> Result<()> {
        let ticks = columns[0].as_primitive::<Int64Type>();
        each(groups, filter, |row, group| {
            if ticks.is_valid(row) {
                let (sum, count) = &mut self.groups[group];
                *sum += i128::from(ticks.value(row));
                *count += 1;
            }
        });
        Ok(())
    }

    fn merge(&mut self, states: &[ArrayRef], groups: &[usize]) -> Result<()> {
        let (high, low) = (states[0].as_primitive::<Int64Type>(), states[1].as_primitive::<UInt64Type>());
        let counts = states[2].as_primitive::<Int64Type>();
        for (row, group) in groups.iter().enumerate() {
            let (sum, count) = &mut self.groups[*group];
            *sum += (i128::from(high.value(row)) << 64) | i128::from(low.value(row));
            *count += counts.value(row);
        }
        Ok(())
    }

    fn states(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        use datafusion::arrow::array::UInt64Array;
        let groups = emit.take_needed(&mut self.groups);
        let high: Int64Array = groups.iter().map(|(sum, _)| Some((sum >> 64) as i64)).collect();
        let low: UInt64Array = groups.iter().map(|(sum, _)| Some(*sum as u64)).collect();
        let counts: Int64Array = groups.iter().map(|(_, count)| Some(*count)).collect();
        Ok(vec![Arc::new(high), Arc::new(low), Arc::new(counts)])
    }

    fn results(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let groups = emit.take_needed(&mut self.groups);
        let mean = |(sum, count): &(i128, i64)| {
            let mean = sum.checked_div(i128::from(*count))?;
            i64::try_from(mean).ok()
        };
        debug_assert!(matches!(self.ty, Type::DateTime | Type::TimeSpan));
        Ok(vec![Arc::new(groups.iter().map(mean).collect::<Int64Array>())])
    }

    fn size(&self) -> usize {
        self.groups.capacity() * 32
    }
}
