//! `make-series` after its aggregation: the values of each group on the axis, as JSON arrays.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use azimuth_kql::types::ScalarType;
use azimuth_rows::{Row, eval, key_of, series_axis, type_of};
use azimuth_values::{Json, Value};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringViewBuilder,
};
use datafusion::arrow::compute::{max, min};
use datafusion::arrow::datatypes::{Int64Type, SchemaRef};
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::metrics::{BaselineMetrics, RecordOutput};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures_util::{StreamExt, stream};

use crate::stage::{failed, unique};
use crate::unary::{self, Unary};
use crate::{cells, rows};

/// An axis of moments, spans or longs; all numbers in ticks or as they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    pub(crate) ty: ScalarType,
    pub(crate) from: Option<i64>,
    pub(crate) to: Option<i64>,
    pub(crate) step: i64,
    /// The end is a point
    pub(crate) is_end_inclusive: bool,
    /// Without groups there is a series of nothing, too
    pub(crate) is_nonempty: bool,
}

impl Axis {
    fn value(&self, number: i64) -> Value {
        match self.ty {
            ScalarType::Datetime => Value::DateTime(number),
            ScalarType::Timespan => Value::TimeSpan(number),
            _ => Value::Long(number),
        }
    }

    /// The points, if the rows lie in the bins `least` to `most`, and the bin of the first point. Bins are counted from the
    /// beginning of the axis, or, if that is not given, from zero.
    fn points(&self, bins: Option<(i64, i64)>) -> Result<(Vec<Value>, i64)> {
        let at = |bin: i64| self.from.unwrap_or(0).wrapping_add(bin.wrapping_mul(self.step));
        let positions: Vec<Value> =
            bins.iter().flat_map(|(least, most)| [at(*least), at(*most)]).map(|at| self.value(at)).collect();
        let step =
            if self.ty == ScalarType::Long { Value::Long(self.step) } else { Value::TimeSpan(self.step) };
        let ends = (self.from.map(|from| self.value(from)), self.to.map(|to| self.value(to)));
        let points = series_axis(&positions, ends.0, ends.1, &step, self.is_end_inclusive).map_err(failed)?;
        Ok((points, if self.from.is_some() { 0 } else { bins.map_or(0, |(least, _)| least) }))
    }
}

/// What is put on the axis.
pub(crate) struct Series {
    id: u64,
    axis: Axis,
    /// How many columns are the group's
    keys: usize,
    /// The types of the series, and what stands at points without rows
    values: Vec<ScalarType>,
    defaults: Vec<Json>,
    types: Vec<ScalarType>,
}

/// A plan of series over groups: the columns of the input are the group, the bin of the point, and a value for each series.
pub(crate) fn plan(
    input: LogicalPlan,
    axis: Axis,
    keys: usize,
    (values, defaults): (Vec<ScalarType>, Vec<Json>),
    types: &[ScalarType],
) -> Result<LogicalPlan> {
    let series = Series { id: unique(), axis, keys, values, defaults, types: types.to_vec() };
    unary::plan(input, series, rows::arrow_schema(types.iter().copied()))
}

/// The points of a group that have rows, with their values as JSON.
type Points = Vec<(usize, Box<str>)>;

impl Series {
    fn of_batches(
        &self,
        batches: &[RecordBatch],
        schema: SchemaRef,
        memory: &MemoryReservation,
    ) -> Result<RecordBatch> {
        let bins = |batch: &RecordBatch| {
            let bins = batch.column(self.keys).as_primitive::<Int64Type>();
            Some((min(bins)?, max(bins)?))
        };
        let range =
            batches.iter().filter_map(bins).reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
        let (points, first) = self.axis.points(range)?;
        let mut groups: Vec<Row> = Vec::new();
        let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
        if self.keys == 0 && (self.axis.is_nonempty || batches.iter().any(|batch| batch.num_rows() > 0)) {
            places.insert(Vec::new(), 0);
            groups.push(Row::new());
        }
        // For each series and group the texts of the points that have rows.
        let mut texts: Vec<Vec<Points>> = vec![vec![Vec::new(); groups.len()]; self.values.len()];
        for batch in batches {
            let bins = batch.column(self.keys).as_primitive::<Int64Type>();
            let keys = batch.project(&(0..self.keys).collect::<Vec<_>>())?;
            let mut rows_of_keys = Vec::with_capacity(batch.num_rows());
            rows::push(&mut rows_of_keys, &keys, &self.types[..self.keys]);
            for (row, key) in rows_of_keys.into_iter().enumerate() {
                let point = bins.is_valid(row).then(|| bins.value(row).checked_sub(first)).flatten();
                let Some(point) =
                    point.and_then(|point| usize::try_from(point).ok()).filter(|point| *point < points.len())
                else {
                    continue;
                };
                let group = *places.entry(key_of(&key)).or_insert_with(|| {
                    groups.push(key);
                    texts.iter_mut().for_each(|series| series.push(Vec::new()));
                    groups.len() - 1
                });
                for (index, (series, ty)) in texts.iter_mut().zip(&self.values).enumerate() {
                    let value = cells::value(batch.column(self.keys + 1 + index), row, type_of(*ty));
                    let text = eval::typed(value, *ty).to_json().to_kept_text();
                    series[group].push((point, text.into()));
                }
            }
        }
        let mut columns: Vec<ArrayRef> = (0..self.keys)
            .map(|place| rows::array(groups.iter().map(|key| &key[place]), self.types[place]))
            .collect();
        for (series, default) in texts.iter().zip(&self.defaults) {
            let default = default.to_kept_text();
            let mut array = StringViewBuilder::with_capacity(groups.len());
            let mut all: Vec<&str> = Vec::new();
            for known in series {
                all.clear();
                all.resize(points.len(), &default);
                known.iter().for_each(|(point, text)| all[*point] = text);
                let text = format!("[{}]", all.join(","));
                memory.try_grow(text.len())?;
                array.append_value(text);
            }
            columns.push(Arc::new(array.finish()));
        }
        // All groups have the same axis, and show the same text.
        let axis = Json::Array(points.iter().map(Value::to_json).collect()).to_kept_text();
        let mut shown = StringViewBuilder::with_capacity(groups.len()).with_deduplicate_strings();
        groups.iter().for_each(|_| shown.append_value(&axis));
        columns.push(Arc::new(shown.finish()));
        let options = RecordBatchOptions::new().with_row_count(Some(groups.len()));
        Ok(RecordBatch::try_new_with_options(schema, columns, &options)?)
    }
}

impl fmt::Debug for Series {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Series: {:?}", self.axis)
    }
}

// Values have no equality that would do; a series is itself.
impl PartialEq for Series {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Series {}

impl Hash for Series {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl Unary for Series {
    const NAMES: (&'static str, &'static str) = ("Series", "SeriesExec");
    const IS_WHOLE: bool = true;

    fn own_columns(&self) -> Option<HashSet<String>> {
        None
    }

    fn rows(
        self: Arc<Self>,
        mut input: SendableRecordBatchStream,
        schema: SchemaRef,
        context: &TaskContext,
        metrics: BaselineMetrics,
    ) -> SendableRecordBatchStream {
        let memory = MemoryConsumer::new("series").register(context.memory_pool());
        let columns = schema.clone();
        let rows = async move {
            let mut batches = Vec::new();
            while let Some(batch) = input.next().await {
                let batch = batch?;
                memory.try_grow(batch.get_array_memory_size().saturating_mul(4))?;
                batches.push(batch);
            }
            let _time = metrics.elapsed_compute().timer();
            self.of_batches(&batches, columns, &memory).record_output(&metrics)
        };
        Box::pin(RecordBatchStreamAdapter::new(schema, stream::once(rows)))
    }
}
