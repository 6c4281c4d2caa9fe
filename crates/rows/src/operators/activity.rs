//! Plugins over who did something when.

use std::collections::{BTreeMap, HashMap, HashSet};

use azimuth_kql::bound::Evaluate;
use azimuth_kql::types::Schema;
use azimuth_values::{Value, arithmetic, compare};

use super::plugin::{column, constant};
use crate::run::{Failure, Run};
use crate::table::{Row, Table, key_of};

/// The rows of one combination of dimensions: for each id its moments, in order.
struct Group {
    dimensions: Row,
    moments: HashMap<Vec<u8>, Vec<Value>>,
}

/// Rows by the dimensions and ids that a plugin names: its first two columns, and those from a place on.
fn groups(evaluate: &Evaluate, input: &Table, from: usize) -> Result<Vec<Group>, Failure> {
    let (id, timeline) = (column(evaluate, 0)?, column(evaluate, 1)?);
    let dimensions = (from..evaluate.arguments.len())
        .map(|index| column(evaluate, index))
        .collect::<Result<Vec<_>, _>>()?;
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for row in &input.rows {
        let key: Row = dimensions.iter().map(|&place| row[place].clone()).collect();
        let place = *places.entry(key_of(&key)).or_insert_with(|| {
            groups.push(Group { dimensions: key, moments: HashMap::new() });
            groups.len() - 1
        });
        groups[place].moments.entry(key_of(&row[id..=id])).or_default().push(row[timeline].clone());
    }
    for moments in groups.iter_mut().flat_map(|group| group.moments.values_mut()) {
        moments.sort_by(compare::total);
    }
    Ok(groups)
}

fn is(truth: &Value) -> bool {
    truth.as_bool() == Some(true)
}

/// The bin of a moment, counted from the beginning of the range.
fn bin(at: &Value, start: &Value, size: &Value) -> Value {
    match at {
        Value::DateTime(_) => {
            let steps = arithmetic::divide(&arithmetic::subtract(at, start), size)
                .as_real()
                .unwrap_or_default()
                .floor();
            arithmetic::add(start, &arithmetic::multiply(size, &Value::Long(steps as i64)))
        }
        at => arithmetic::bin(at, size),
    }
}

/// `active_users_count(id, timeline, start, end, lookback, period, active periods, bin, dimensions …)`: for each bin the
/// ids with a moment in it before which they were there in enough periods of the window that ends with it.
pub(super) fn active_users_count(
    run: &Run<'_>,
    evaluate: &Evaluate,
    input: &Table,
    schema: &Schema,
) -> Result<Table, Failure> {
    let given = (2..8).map(|index| constant(run, evaluate, index)).collect::<Result<Vec<_>, _>>()?;
    let [start, end, lookback, period, needed, size] = given.as_slice() else { return Ok(Table::default()) };
    let needed = usize::try_from(needed.as_long().unwrap_or(1)).unwrap_or(usize::MAX);
    let mut rows = Vec::new();
    for group in groups(evaluate, input, 8)? {
        let mut active: BTreeMap<Vec<u8>, (Value, HashSet<&[u8]>)> = BTreeMap::new();
        for (id, moments) in &group.moments {
            for at in moments {
                if !is(&compare::ordered(at, start, std::cmp::Ordering::is_ge))
                    || !is(&compare::ordered(at, end, std::cmp::Ordering::is_le))
                {
                    continue;
                }
                let first = arithmetic::subtract(at, lookback);
                let periods: HashSet<Vec<u8>> = moments
                    .iter()
                    .filter(|moment| {
                        is(&compare::ordered(moment, &first, std::cmp::Ordering::is_gt))
                            && is(&compare::ordered(moment, at, std::cmp::Ordering::is_le))
                    })
                    .map(|moment| key_of(&[arithmetic::bin(moment, period)]))
                    .collect();
                if periods.len() >= needed {
                    let bin = bin(at, start, size);
                    active
                        .entry(key_of(std::slice::from_ref(&bin)))
                        .or_insert_with(|| (bin, HashSet::new()))
                        .1
                        .insert(id);
                }
                run.count(1)?;
            }
        }
        for (bin, ids) in active.into_values() {
            let counted = [Value::Long(ids.len() as i64)];
            rows.push(std::iter::once(bin).chain(group.dimensions.iter().cloned()).chain(counted).collect());
        }
    }
    Ok(Table::new(schema.clone(), rows))
}

/// `session_count(id, timeline, start, end, bin, lookback, dimensions …)`: for each bin the sessions that begin in it. A
/// session begins where an id was not there for the length of the look-back window.
pub(super) fn session_count(
    run: &Run<'_>,
    evaluate: &Evaluate,
    input: &Table,
    schema: &Schema,
) -> Result<Table, Failure> {
    let given = (2..6).map(|index| constant(run, evaluate, index)).collect::<Result<Vec<_>, _>>()?;
    let [start, end, size, lookback] = given.as_slice() else { return Ok(Table::default()) };
    let mut rows = Vec::new();
    for group in groups(evaluate, input, 6)? {
        let mut counts: Vec<(Value, i64)> = Vec::new();
        let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
        for moments in group.moments.values() {
            let mut last: Option<&Value> = None;
            for at in moments {
                let begins = last.is_none_or(|last| {
                    let gap = arithmetic::subtract(at, last);
                    is(&compare::ordered(&gap, lookback, std::cmp::Ordering::is_ge))
                });
                last = Some(at);
                let inside = is(&compare::ordered(at, start, std::cmp::Ordering::is_ge))
                    && is(&compare::ordered(at, end, std::cmp::Ordering::is_le));
                if inside {
                    let bin = bin(at, start, size);
                    let place = *places.entry(key_of(std::slice::from_ref(&bin))).or_insert_with(|| {
                        counts.push((bin, 0));
                        counts.len() - 1
                    });
                    counts[place].1 += i64::from(begins);
                }
                run.count(1)?;
            }
        }
        counts.sort_by(|(left, _), (right, _)| compare::total(left, right));
        for (bin, count) in counts {
            rows.push(
                std::iter::once(bin)
                    .chain(group.dimensions.iter().cloned())
                    .chain([Value::Long(count)])
                    .collect(),
            );
        }
    }
    Ok(Table::new(schema.clone(), rows))
}
