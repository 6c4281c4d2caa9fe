//! A few patterns for many rows.

use std::collections::HashMap;

use super::{Pattern, Rows};

/// Rows that seeds are tried against; more of them count in the result only.
const LOOKED_AT: usize = 20_000;
/// Share of all rows that a pattern has to hold.
const LEAST_SHARE: f64 = 0.05;
/// Share of its rows that no better pattern holds.
const LEAST_NEW: f64 = 0.5;
/// Patterns given.
const MOST: usize = 20;

/// Patterns that balance how much of the rows they hold and how much they tell of them, best first.
///
/// The score of a pattern is the geometric mean of both with the weights `size_weight` and `1 - size_weight`. What a value
/// tells is the share of the rows that do not have it. From each of the `seeds` heaviest rows a pattern grows: the value that
/// scores best is added as long as there is one, and the best on the way is kept. Patterns whose rows better ones hold for
/// the most part are left out, and so are those of less than a twentieth of all rows.
pub fn clusters(rows: &Rows, size_weight: f64, seeds: usize) -> Vec<Pattern> {
    let total = rows.total()[0];
    if total <= 0.0 {
        return Vec::new();
    }
    let shares = shares(rows, total);
    let mut order: Vec<usize> = (0..rows.rows.len()).collect();
    // Stable: what came first stays first among equals.
    order.sort_by(|left, right| rows.rows[*right].1[0].total_cmp(&rows.rows[*left].1[0]));
    order.truncate(LOOKED_AT);
    let mut grown: Vec<(f64, Pattern, Vec<usize>)> = Vec::new();
    for seed in spread(order.len(), seeds).into_iter().map(|place| order[place]) {
        if let Some(found) = grow(rows, &shares, &order, seed, size_weight, total)
            && !grown.iter().any(|(_, known, _)| known.values == found.1.values)
        {
            grown.push(found);
        }
    }
    grown.sort_by(|left, right| right.0.total_cmp(&left.0));
    let mut covered = vec![false; rows.rows.len()];
    let mut kept = Vec::new();
    for (_, pattern, members) in grown {
        let weight = |row: &usize| rows.rows[*row].1[0];
        let all: f64 = members.iter().map(weight).sum();
        let new: f64 = members.iter().filter(|row| !covered[**row]).map(weight).sum();
        if new >= LEAST_NEW * all && all >= LEAST_SHARE * total && kept.len() < MOST {
            members.iter().for_each(|row| covered[*row] = true);
            kept.push(pattern);
        }
    }
    kept
}

/// For each column the share of the rows of each of its values.
fn shares(rows: &Rows, total: f64) -> Vec<HashMap<u32, f64>> {
    (0..rows.columns)
        .map(|column| {
            let mut shares: HashMap<u32, f64> = HashMap::new();
            for (values, weights) in &rows.rows {
                if let Some(value) = values[column] {
                    *shares.entry(value).or_default() += weights[0] / total;
                }
            }
            shares
        })
        .collect()
}

/// So many places of a list: half from its beginning, half evenly from the rest.
fn spread(length: usize, count: usize) -> Vec<usize> {
    let first = count.div_ceil(2).min(length);
    let others = (count - count.div_ceil(2)).min(length - first);
    (0..first).chain((0..others).map(|place| first + place * (length - first) / others)).collect()
}

/// The best pattern that grows from the values of a row, with its score and rows.
fn grow(
    rows: &Rows,
    shares: &[HashMap<u32, f64>],
    order: &[usize],
    seed: usize,
    size_weight: f64,
    total: f64,
) -> Option<(f64, Pattern, Vec<usize>)> {
    let score = |size: f64, told: f64| {
        (size / total).powf(size_weight) * (told / rows.columns as f64).powf(1.0 - size_weight)
    };
    let mut values: Vec<Option<u32>> = vec![None; rows.columns];
    let (mut members, mut told): (Vec<usize>, f64) = (order.to_vec(), 0.0);
    let mut best: Option<(f64, Vec<Option<u32>>)> = None;
    loop {
        let candidates = (0..rows.columns).filter(|column| values[*column].is_none()).filter_map(|column| {
            let value = rows.value(seed, column)?;
            let has = |row: &&usize| rows.value(**row, column) == Some(value);
            let size: f64 = members.iter().filter(has).map(|row| rows.rows[*row].1[0]).sum();
            let told = told + 1.0 - shares[column].get(&value).copied().unwrap_or_default();
            Some((score(size, told), column, value, told))
        });
        let Some((score, column, value, more)) = candidates.max_by(|left, right| left.0.total_cmp(&right.0))
        else {
            break;
        };
        values[column] = Some(value);
        told = more;
        members.retain(|row| rows.value(*row, column) == Some(value));
        if best.as_ref().is_none_or(|(known, _)| score > *known) {
            best = Some((score, values.clone()));
        }
    }
    let (score, values) = best?;
    let pattern = Pattern { values, weights: [0.0; 2] };
    let holds = |row: &usize| {
        pattern
            .values
            .iter()
            .enumerate()
            .all(|(column, value)| value.is_none() || rows.value(*row, column) == *value)
    };
    let members: Vec<usize> = (0..rows.rows.len()).filter(holds).collect();
    let weights = rows.weight(members.iter().copied());
    Some((score, Pattern { weights, ..pattern }, members))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_common_and_telling_comes_first() {
        let mut rows = Rows::new(3);
        // Two clear groups in noise of the third column.
        for row in 0..60 {
            rows.add(vec![Some(1), Some(1), Some(row)], [1.0, 0.0]);
        }
        for row in 0..30 {
            rows.add(vec![Some(2), Some(2), Some(row)], [1.0, 0.0]);
        }
        rows.add(vec![Some(3), Some(3), Some(99)], [1.0, 0.0]);
        let found = clusters(&rows, 0.5, 25);
        let values: Vec<_> =
            found.iter().map(|pattern| (pattern.values.clone(), pattern.weights[0])).collect();
        assert_eq!(values, [(vec![Some(1), Some(1), None], 60.0), (vec![Some(2), Some(2), None], 30.0)]);
        assert_eq!(clusters(&Rows::new(3), 0.5, 25), []);
    }

    #[test]
    fn seeds_are_spread() {
        assert_eq!(spread(10, 4), [0, 1, 2, 6]);
        assert_eq!(spread(2, 25), [0, 1]);
        assert_eq!(spread(0, 25), []);
    }
}
