//! `sort`, `top` and `sample`.

use std::cmp::Ordering;

use azimuth_kql::bound::{Expr, SortKey};
use azimuth_values::compare;

use crate::run::{Failure, Run};
use crate::table::Row;
use crate::window;

/// `sort by`: rows that tie keep their order.
pub(crate) fn sort(run: &Run<'_>, rows: Vec<Row>, keys: &[SortKey]) -> Result<Vec<Row>, Failure> {
    let exprs: Vec<Expr> = keys.iter().map(|key| key.value.clone()).collect();
    let values = window::evaluate(run, &exprs, &rows)?;
    let mut ordered: Vec<(Row, Row)> = values.into_iter().zip(rows).collect();
    ordered.sort_by(|(left, _), (right, _)| {
        let by_key = |(index, key): (usize, &SortKey)| {
            let (left, right) = (&left[index], &right[index]);
            match (left.is_null(), right.is_null()) {
                (true, true) => Ordering::Equal,
                (true, false) => {
                    if key.nulls_first {
                        Ordering::Less
                    } else {
                        Ordering::Greater
                    }
                }
                (false, true) => {
                    if key.nulls_first {
                        Ordering::Greater
                    } else {
                        Ordering::Less
                    }
                }
                (false, false) if key.is_descending => compare::total(right, left),
                (false, false) => compare::total(left, right),
            }
        };
        keys.iter().enumerate().map(by_key).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    });
    Ok(ordered.into_iter().map(|(_, row)| row).collect())
}

/// `sample`: so many rows by chance (Algorithm R), in the order they had.
pub(super) fn sample(run: &Run<'_>, rows: &[Row], count: usize) -> Vec<Row> {
    let mut kept: Vec<usize> = (0..count.min(rows.len())).collect();
    for index in kept.len()..rows.len() {
        let place = (run.context.random() % (index as u64 + 1)) as usize;
        if let Some(slot) = kept.get_mut(place) {
            *slot = index;
        }
    }
    kept.sort_unstable();
    kept.into_iter().filter_map(|index| rows.get(index).cloned()).collect()
}
