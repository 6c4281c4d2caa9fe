//! `stdev` and `variance`: count, mean and the sum of squared distances of each group (Welford's recurrence; parts meet by
//! Chan's).

use std::sync::Arc;

use azimuth_kql::types::ScalarType;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::error::Result;
use datafusion::logical_expr::EmitTo;

use super::call::Called;
use super::{Grouped, each, only_column};

pub(super) fn grouped(called: &Arc<Called>) -> Option<Box<dyn Grouped>> {
    use ScalarType as T;
    let ty = only_column(&called.arguments)?;
    if !matches!(ty, T::Int | T::Long | T::Real) || called.outputs != [(0, T::Real)] {
        return None;
    }
    let lost = if matches!(called.name, "stdevp" | "variancep") { 0.0 } else { 1.0 };
    let is_root = matches!(called.name, "stdev" | "stdevp");
    Some(Box::new(Moments { lost, is_root, groups: Vec::new() }))
}

struct Moments {
    /// Degrees of freedom that are lost
    lost: f64,
    /// The deviation is wanted, not the variance
    is_root: bool,
    groups: Vec<Moment>,
}

#[derive(Clone, Copy, Default)]
struct Moment {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moment {
    fn add(&mut self, number: f64) {
        self.count += 1.0;
        let distance = number - self.mean;
        self.mean += distance / self.count;
        self.squares += distance * (number - self.mean);
    }

    fn merge(&mut self, other: Self) {
        if other.count > 0.0 {
            let total = self.count + other.count;
            let distance = other.mean - self.mean;
            self.squares += other.squares + distance * distance * self.count * other.count / total;
            self.mean += distance * other.count / total;
            self.count = total;
        }
    }
}

impl Grouped for Moments {
    fn state_types(&self) -> Vec<DataType> {
        vec![DataType::Float64; 3]
    }

    fn grow(&mut self, groups: usize) -> Result<()> {
        self.groups.resize(groups.max(self.groups.len()), Moment::default());
        Ok(())
    }

    fn update(
        &mut self,
        columns: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
    ) -> Result<()> {
        let numbers = cast(&columns[0], &DataType::Float64)?;
        let numbers = numbers.as_primitive::<Float64Type>();
        each(groups, filter, |row, group| {
            if numbers.is_valid(row) {
                self.groups[group].add(numbers.value(row));
            }
        });
        Ok(())
    }

    fn merge(&mut self, states: &[ArrayRef], groups: &[usize]) -> Result<()> {
        let [count, mean, squares] = [0, 1, 2].map(|place| states[place].as_primitive::<Float64Type>());
        for (row, group) in groups.iter().enumerate() {
            let (count, mean, squares) = (count.value(row), mean.value(row), squares.value(row));
            self.groups[*group].merge(Moment { count, mean, squares });
        }
        Ok(())
    }

    fn states(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let groups = emit.take_needed(&mut self.groups);
        let array = |part: fn(&Moment) -> f64| {
            Arc::new(groups.iter().map(|moment| Some(part(moment))).collect::<Float64Array>()) as ArrayRef
        };
        Ok(vec![array(|moment| moment.count), array(|moment| moment.mean), array(|moment| moment.squares)])
    }

    fn results(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let groups = emit.take_needed(&mut self.groups);
        let result = |moment: &Moment| {
            // Of too few values there is no variance.
            let variance =
                if moment.count <= self.lost { 0.0 } else { moment.squares / (moment.count - self.lost) };
            Some(if self.is_root { variance.sqrt() } else { variance })
        };
        Ok(vec![Arc::new(groups.iter().map(result).collect::<Float64Array>())])
    }

    fn size(&self) -> usize {
        self.groups.capacity() * size_of::<Moment>()
    }
}
