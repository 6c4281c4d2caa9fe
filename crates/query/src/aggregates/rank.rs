//! `percentile` and `percentiles`: the nearest rank among the values of a group, by a sketch where there are many.
//!
//! Up to 131,072 values the rank is exact. Beyond, every second value of a sorted level goes on with twice its weight to the
//! next one (the compactor of Karnin, Lang and Liberty's sketch), which moves a rank by at most `levels / 32,768` of the whole.

use std::sync::Arc;

use azimuth_kql::types::ScalarType;
use azimuth_values::Value;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, LargeBinaryBuilder};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type};
use datafusion::error::Result;
use datafusion::logical_expr::EmitTo;

use super::call::{Called, unreadable};
use super::{Argument, Grouped, Outputs, each, only_column};
use crate::functions::number::{sortable, sorted_as};
use crate::rows;

/// Values that a group keeps before it estimates.
const EXACT: usize = 131_072;
/// Values of a level.
const LEVEL: usize = 32_768;

pub(super) fn grouped(called: &Arc<Called>) -> Option<Box<dyn Grouped>> {
    use ScalarType as T;
    let ty = only_column(&called.arguments)?;
    if !matches!(ty, T::Int | T::Long | T::Real | T::Datetime | T::Timespan) {
        return None;
    }
    let mut percentiles = Vec::new();
    for argument in &called.arguments[1..] {
        let Argument::Constant(value) = argument else { return None };
        match value.as_array() {
            Some(items) => percentiles.extend(items.iter().filter_map(|item| item.to_value().as_real())),
            None => percentiles.extend(value.as_real()),
        }
    }
    let is_array = called.name == "percentiles_array";
    let fits = |(place, output): &(usize, ScalarType)| {
        if is_array {
            (*place, *output) == (0, T::Dynamic)
        } else {
            *output == ty && *place < percentiles.len()
        }
    };
    if !called.outputs.iter().all(fits) {
        return None;
    }
    Some(Box::new(Ranks {
        ty,
        percentiles,
        is_array,
        outputs: called.outputs.clone(),
        groups: Vec::new(),
        bytes: 0,
    }))
}

struct Ranks {
    ty: ScalarType,
    percentiles: Vec<f64>,
    is_array: bool,
    outputs: Outputs,
    groups: Vec<Sketch>,
    bytes: usize,
}

/// Values as integers that sort as they do.
#[derive(Debug, Default)]
struct Sketch {
    values: Vec<i64>,
    /// Values that stand for 2, 4, 8, … others each
    levels: Vec<Vec<i64>>,
    /// Which of two neighbours the next compaction keeps
    is_odd: bool,
}

impl Sketch {
    /// Takes a value; how many bytes more that needs.
    fn push(&mut self, value: i64) -> usize {
        let before = self.values.capacity();
        self.values.push(value);
        let mut more = (self.values.capacity() - before) * 8;
        let most = if self.levels.is_empty() { EXACT } else { 2 * LEVEL };
        if self.values.len() > most {
            let values = std::mem::replace(&mut self.values, Vec::with_capacity(2 * LEVEL + 1));
            self.raise(values, 0);
            more += 2 * LEVEL * 8;
        }
        more
    }

    /// Puts half of the values of a level into the next one. The rank of no value moves by more than its weight.
    fn raise(&mut self, mut values: Vec<i64>, level: usize) {
        values.sort_unstable();
        // What has no neighbour stays, so that the weights still add up.
        if values.len() % 2 == 1
            && let Some(alone) = values.pop()
        {
            match level {
                0 => self.values.push(alone),
                _ => self.levels[level - 1].push(alone),
            }
        }
        let skipped = usize::from(self.is_odd);
        self.is_odd = !self.is_odd;
        if self.levels.len() == level {
            self.levels.push(Vec::new());
        }
        self.levels[level].extend(values.iter().skip(skipped).step_by(2));
        if self.levels[level].len() > 2 * LEVEL {
            let full = std::mem::take(&mut self.levels[level]);
            self.raise(full, level + 1);
        }
    }

    fn merge(&mut self, level: usize, values: impl Iterator<Item = i64>) -> usize {
        if level == 0 {
            return values.map(|value| self.push(value)).sum();
        }
        while self.levels.len() < level {
            self.levels.push(Vec::new());
        }
        let before = self.levels[level - 1].len();
        self.levels[level - 1].extend(values);
        let more = (self.levels[level - 1].len() - before) * 8;
        if self.levels[level - 1].len() > 2 * LEVEL {
            let full = std::mem::take(&mut self.levels[level - 1]);
            self.raise(full, level);
        }
        more
    }

    /// The value at each percentile: the smallest that at least so many per cent do not exceed.
    fn at(&mut self, percentiles: &[f64]) -> Option<Vec<i64>> {
        let rank = |percentile: f64, total: i64| (percentile / 100.0 * total as f64).ceil().max(1.0) as i64;
        if self.levels.is_empty() {
            let last = self.values.len().checked_sub(1)?;
            let place = |percentile: f64| (rank(percentile, self.values.len() as i64) as usize - 1).min(last);
            if let [percentile] = percentiles {
                let place = place(*percentile);
                return Some(vec![*self.values.select_nth_unstable(place).1]);
            }
            let places: Vec<usize> = percentiles.iter().map(|percentile| place(*percentile)).collect();
            self.values.sort_unstable();
            return Some(places.into_iter().map(|place| self.values[place]).collect());
        }
        let raised = self
            .levels
            .iter()
            .enumerate()
            .flat_map(|(level, values)| values.iter().map(move |value| (*value, 2_i64 << level)));
        let mut all: Vec<(i64, i64)> = self.values.iter().map(|value| (*value, 1)).chain(raised).collect();
        all.sort_unstable();
        let total: i64 = all.iter().map(|(_, weight)| weight).sum();
        let find = |percentile: &f64| {
            let (rank, mut seen) = (rank(*percentile, total), 0);
            let found = all.iter().find(|(_, weight)| {
                seen += weight;
                seen >= rank
            });
            found.or(all.last()).map(|(value, _)| *value)
        };
        percentiles.iter().map(find).collect()
    }
}

impl Ranks {
    fn taken(&mut self, emit: EmitTo) -> Vec<Sketch> {
        let taken = emit.take_needed(&mut self.groups);
        if self.groups.is_empty() {
            self.bytes = 0;
        }
        taken
    }

    fn value(&self, number: i64) -> Value {
        match self.ty {
            ScalarType::Real => Value::Real(sorted_as(number)),
            ScalarType::Datetime => Value::DateTime(number),
            ScalarType::Timespan => Value::TimeSpan(number),
            ScalarType::Int => i32::try_from(number).map_or(Value::Null, Value::Int),
            _ => Value::Long(number),
        }
    }
}

impl Grouped for Ranks {
    fn state_types(&self) -> Vec<DataType> {
        vec![DataType::LargeBinary]
    }

    fn grow(&mut self, groups: usize) -> Result<()> {
        if groups > self.groups.len() {
            self.bytes += (groups - self.groups.len()) * size_of::<Sketch>();
            self.groups.resize_with(groups, Sketch::default);
        }
        Ok(())
    }

    fn update(
        &mut self,
        columns: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
    ) -> Result<()> {
        let column = &columns[0];
        let (all, bytes) = (&mut self.groups, &mut self.bytes);
        if let Some(numbers) = column.as_primitive_opt::<Int64Type>() {
            each(groups, filter, |row, group| {
                if numbers.is_valid(row) {
                    *bytes += all[group].push(numbers.value(row));
                }
            });
        } else if let Some(numbers) = column.as_primitive_opt::<Float64Type>() {
            each(groups, filter, |row, group| {
                if numbers.is_valid(row) && !numbers.value(row).is_nan() {
                    *bytes += all[group].push(sortable(numbers.value(row)));
                }
            });
        } else {
            let numbers = column.as_primitive::<Int32Type>();
            each(groups, filter, |row, group| {
                if numbers.is_valid(row) {
                    *bytes += all[group].push(i64::from(numbers.value(row)));
                }
            });
        }
        Ok(())
    }

    fn merge(&mut self, states: &[ArrayRef], groups: &[usize]) -> Result<()> {
        let states = states[0].as_binary::<i64>();
        for (row, group) in groups.iter().enumerate() {
            let (mut rest, mut level) = (states.value(row), 0);
            while let Some((length, after)) = rest.split_first_chunk::<4>() {
                let length = u32::from_le_bytes(*length) as usize * 8;
                let (values, after) = after.split_at_checked(length).ok_or_else(unreadable)?;
                let (values, _) = values.as_chunks::<8>();
                self.bytes +=
                    self.groups[*group].merge(level, values.iter().map(|bytes| i64::from_le_bytes(*bytes)));
                (rest, level) = (after, level + 1);
            }
        }
        Ok(())
    }

    fn states(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let (mut out, mut state) = (LargeBinaryBuilder::new(), Vec::new());
        for sketch in self.taken(emit) {
            state.clear();
            for values in std::iter::once(&sketch.values).chain(&sketch.levels) {
                state.extend_from_slice(&(values.len() as u32).to_le_bytes());
                values.iter().for_each(|value| state.extend_from_slice(&value.to_le_bytes()));
            }
            out.append_value(&state);
        }
        Ok(vec![Arc::new(out.finish())])
    }

    fn results(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let found: Vec<Option<Vec<i64>>> =
            self.taken(emit).iter_mut().map(|sketch| sketch.at(&self.percentiles)).collect();
        let output = |(place, ty): &(usize, ScalarType)| {
            let cell = |found: &Option<Vec<i64>>| match found {
                Some(found) if self.is_array => {
                    Value::array(found.iter().map(|number| self.value(*number).to_json()).collect())
                }
                Some(found) => found.get(*place).map_or(Value::Null, |number| self.value(*number)),
                None if self.is_array => {
                    Value::array(vec![azimuth_values::Json::Null; self.percentiles.len()])
                }
                None => Value::Null,
            };
            rows::array(&found.iter().map(cell).collect::<Vec<_>>(), *ty)
        };
        Ok(self.outputs.iter().map(output).collect())
    }

    fn size(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_exact_of_few_and_near_of_many() {
        let mut few = Sketch::default();
        few.merge(0, [5, 1, 4, 2, 3].into_iter());
        assert_eq!(few.at(&[0.0, 20.0, 21.0, 50.0, 100.0, 250.0]), Some(vec![1, 1, 2, 3, 5, 5]));
        assert_eq!(few.at(&[50.0]), Some(vec![3]));
        assert_eq!(Sketch::default().at(&[50.0]), None);
        // Two parts of a million numbers, in an order far from sorted.
        let mut parts = [Sketch::default(), Sketch::default()];
        let total = 1_000_000_i64;
        for number in 0..total {
            parts[usize::from(number % 3 == 0)].push(number * 611_953 % total);
        }
        let [mut sketch, other] = parts;
        sketch.merge(0, other.values.into_iter());
        for (level, values) in other.levels.into_iter().enumerate() {
            sketch.merge(level + 1, values.into_iter());
        }
        let weight: usize = sketch.values.len()
            + sketch
                .levels
                .iter()
                .enumerate()
                .map(|(level, values)| values.len() << (level + 1))
                .sum::<usize>();
        assert_eq!(weight, total as usize);
        for percentile in [1.0, 25.0, 50.0, 99.0] {
            let found = sketch.at(&[percentile]).unwrap()[0];
            assert!(
                (found as f64 / total as f64 - percentile / 100.0).abs() < 0.0005,
                "{percentile}: {found}"
            );
        }
    }
}
