//! `top-nested`: the largest groups, and within each the largest of the next level.

use std::collections::HashMap;

use azimuth_kql::bound::TopNestedLevel;
use azimuth_values::{Value, compare};

use super::{group, size};
use crate::eval::{self, Env, eval, typed};
use crate::run::{Failure, Run};
use crate::table::{Row, key_of};

/// `top-nested`: for each level its value, then its aggregate.
pub(super) fn top_nested(
    run: &Run<'_>,
    rows: &[Row],
    levels: &[TopNestedLevel],
) -> Result<Vec<Row>, Failure> {
    let Some((level, deeper)) = levels.split_first() else { return Ok(vec![Vec::new()]) };
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut groups: Vec<(Value, Vec<Row>)> = Vec::new();
    for row in rows {
        let value = eval(&level.of, &Env::of(run, row))?;
        let place = *places.entry(key_of(std::slice::from_ref(&value))).or_insert_with(|| {
            groups.push((value, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(row.clone());
    }
    let mut ranked = groups
        .into_iter()
        .map(|(value, rows)| Ok((aggregated(run, level, &rows)?, value, rows)))
        .collect::<Result<Vec<_>, Failure>>()?;
    ranked.sort_by(|(left, ..), (right, ..)| {
        if level.is_descending { compare::total(right, left) } else { compare::total(left, right) }
    });
    let most = level.count.as_ref().map(|count| size(run, count)).transpose()?.unwrap_or(usize::MAX);
    let rest = ranked.split_off(most.min(ranked.len()));
    if let Some(others) = &level.others {
        let rows: Vec<Row> = rest.into_iter().flat_map(|(.., rows)| rows).collect();
        ranked.push((aggregated(run, level, &rows)?, eval::constant(run, others)?, rows));
    }
    let mut out = Vec::new();
    for (aggregate, value, rows) in ranked {
        for inner in top_nested(run, &rows, deeper)? {
            out.push([value.clone(), aggregate.clone()].into_iter().chain(inner).collect());
        }
    }
    run.count(out.len())?;
    Ok(out)
}

fn aggregated(run: &Run<'_>, level: &TopNestedLevel, rows: &[Row]) -> Result<Value, Failure> {
    let calls = group::aggregates_in([&level.by]);
    let mut accumulators = group::begin(run, &calls)?;
    for row in rows {
        group::add(run, &calls, &mut accumulators, row)?;
    }
    let computed = group::finish(&calls, &accumulators);
    let env = Env { computed: Some(&computed), ..Env::of(run, &[]) };
    Ok(typed(eval(&level.by, &env)?, level.by.ty))
}
