//! `make-series`: the rows of each group on a regular axis.

use std::cmp::Ordering;
use std::collections::HashMap;

use azimuth_kql::bound::{Expr, MakeSeries};
use azimuth_values::{Accumulator, Json, Value, arithmetic, compare};

use super::group;
use crate::eval::{self, Env, eval, typed};
use crate::run::{Failure, Run};
use crate::table::{Row, Table, key_of};

/// Points of an axis: the service's own limit.
const MAX_POINTS: usize = 1_048_576;

type Cells = HashMap<usize, Vec<Box<dyn Accumulator>>>;

/// `make-series`: groups, then one array for each series, then the axis.
pub(super) fn make_series(run: &Run<'_>, series: &MakeSeries, table: &Table) -> Result<Vec<Row>, Failure> {
    let constant = |expr: &Option<Expr>| expr.as_ref().map(|expr| eval::constant(run, expr)).transpose();
    let (from, to) = (constant(&series.from)?, constant(&series.to)?);
    let step = eval::constant(run, &series.step)?;
    let positions: Vec<Value> =
        table.rows.iter().map(|row| eval(&series.on, &Env::of(run, row))).collect::<Result<_, _>>()?;
    let axis = axis(&positions, from, to, &step, series.is_end_inclusive)?;
    let exprs: Vec<&Expr> = series.series.iter().map(|(value, _)| value).collect();
    let calls = group::aggregates_in(exprs.iter().copied());
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut groups: Vec<(Row, Cells)> = Vec::new();
    if series.by.is_empty() && (!table.rows.is_empty() || series.is_nonempty) {
        places.insert(Vec::new(), 0);
        groups.push((Vec::new(), Cells::new()));
    }
    for (row, position) in table.rows.iter().zip(&positions) {
        let Some(point) = point_of(position, &axis, &step) else { continue };
        let env = Env::of(run, row);
        let key = series.by.iter().map(|by| eval(by, &env)).collect::<Result<Vec<_>, _>>()?;
        let bytes = key_of(&key);
        let place = *places.entry(bytes).or_insert_with(|| {
            groups.push((key, Cells::new()));
            groups.len() - 1
        });
        let cells = &mut groups[place].1;
        if let std::collections::hash_map::Entry::Vacant(empty) = cells.entry(point) {
            empty.insert(group::begin(run, &calls)?);
        }
        if let Some(accumulators) = cells.get_mut(&point) {
            group::add(run, &calls, accumulators, row)?;
        }
    }
    let defaults: Vec<Json> = series
        .series
        .iter()
        .map(|(value, default)| Ok(typed(eval::constant(run, default)?, value.ty).to_json()))
        .collect::<Result<_, Failure>>()?;
    let axis: Vec<Json> = axis.iter().map(Value::to_json).collect();
    groups
        .into_iter()
        .map(|(key, cells)| {
            run.count(axis.len())?;
            let mut arrays: Vec<Vec<Json>> =
                defaults.iter().map(|default| vec![default.clone(); axis.len()]).collect();
            for (point, accumulators) in &cells {
                let computed = group::finish(&calls, accumulators);
                let env = Env { computed: Some(&computed), ..Env::of(run, &[]) };
                for (array, expr) in arrays.iter_mut().zip(&exprs) {
                    array[*point] = typed(eval(expr, &env)?, expr.ty).to_json();
                }
            }
            let arrays = arrays.into_iter().chain([axis.clone()]).map(Value::array);
            Ok(key.into_iter().chain(arrays).collect())
        })
        .collect()
}

/// The points of the axis. Without a first one it begins at the bin of the smallest position, without an end it reaches the
/// largest.
///
/// # Errors
/// When there are more points than the service allows.
pub fn axis(
    positions: &[Value],
    from: Option<Value>,
    to: Option<Value>,
    step: &Value,
    inclusive: bool,
) -> Result<Vec<Value>, Failure> {
    let known = || positions.iter().filter(|position| !position.is_null());
    let least = known().min_by(|left, right| compare::total(left, right));
    let most = known().max_by(|left, right| compare::total(left, right));
    let start = match (from, least) {
        (Some(from), _) => from,
        (None, Some(least)) => arithmetic::bin(least, step),
        (None, None) => return Ok(Vec::new()),
    };
    let (end, inclusive) = match (to, most) {
        (Some(to), _) => (to, inclusive),
        (None, Some(most)) => (most.clone(), true),
        (None, None) => return Ok(Vec::new()),
    };
    let mut points = Vec::new();
    loop {
        let steps = Value::Long(points.len() as i64);
        let at = if points.is_empty() {
            start.clone()
        } else {
            arithmetic::add(&start, &arithmetic::multiply(step, &steps))
        };
        match compare::compare(&at, &end) {
            Some(Ordering::Less) => {}
            Some(Ordering::Equal) if inclusive => {}
            _ => return Ok(points),
        }
        if points.last().is_some_and(|last| compare::compare(&at, last) != Some(Ordering::Greater)) {
            return Ok(points);
        }
        if points.len() == MAX_POINTS {
            return Err(Failure::Refused(azimuth_values::Refusal::new(format!(
                "the axis of `make-series` has more than {MAX_POINTS} points; take a longer step"
            ))));
        }
        points.push(at);
    }
}

/// The point whose bin holds a position.
fn point_of(position: &Value, axis: &[Value], step: &Value) -> Option<usize> {
    if position.is_null() {
        return None;
    }
    let after = axis.partition_point(|point| compare::total(point, position).is_le());
    let point = after.checked_sub(1)?;
    let end = arithmetic::add(&axis[point], step);
    (compare::compare(position, &end) == Some(Ordering::Less)).then_some(point)
}
