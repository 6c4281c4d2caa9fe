//! All frequent patterns.

use std::collections::{HashMap, HashSet};

use super::{Pattern, Rows};

/// What a search may cost.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Columns that are chosen for a pattern; those that follow from them (all rows of the pattern agree there) come for
    /// nothing
    pub dimensions: usize,
    /// Patterns found
    pub patterns: usize,
    /// Values looked at
    pub steps: usize,
}

impl Default for Effort {
    fn default() -> Self {
        Self { dimensions: 5, patterns: 10_000, steps: 200_000_000 }
    }
}

/// The patterns whose weights `is_enough`, each with all the values that its rows share: of patterns with the same rows the
/// longest. A weight that is too little has to stay too little for fewer rows. The search ends early at the limits of
/// `effort`; shorter patterns are found before longer ones that hold them.
pub fn frequent(rows: &Rows, effort: Effort, is_enough: impl Fn([f64; 2]) -> bool) -> Vec<Pattern> {
    let mut search = Search { rows, effort, is_enough, found: Vec::new(), known: HashSet::new(), steps: 0 };
    let all: Vec<usize> = (0..rows.rows.len()).collect();
    // Level by level, as patterns are made of shorter ones.
    let mut level = vec![(vec![None; rows.columns], all, 0)];
    for _ in 0..effort.dimensions.min(rows.columns) {
        let mut next = Vec::new();
        for (values, members, from) in level {
            search.extend(&values, &members, from, &mut next);
            if search.is_over() {
                return search.found;
            }
        }
        level = next;
    }
    search.found
}

/// A pattern as chosen, its rows, and the first column that may be chosen next.
type Candidate = (Vec<Option<u32>>, Vec<usize>, usize);

struct Search<'r, F> {
    rows: &'r Rows,
    effort: Effort,
    is_enough: F,
    found: Vec<Pattern>,
    known: HashSet<Vec<Option<u32>>>,
    steps: usize,
}

impl<F: Fn([f64; 2]) -> bool> Search<'_, F> {
    fn is_over(&self) -> bool {
        self.found.len() >= self.effort.patterns || self.steps >= self.effort.steps
    }

    fn extend(&mut self, values: &[Option<u32>], members: &[usize], from: usize, next: &mut Vec<Candidate>) {
        for column in from..self.rows.columns {
            if values[column].is_some() {
                continue;
            }
            self.steps = self.steps.saturating_add(members.len());
            let mut order: Vec<u32> = Vec::new();
            let mut groups: HashMap<u32, Vec<usize>> = HashMap::new();
            for row in members {
                if let Some(value) = self.rows.value(*row, column) {
                    groups.entry(value).or_insert_with(|| {
                        order.push(value);
                        Vec::new()
                    });
                    groups.entry(value).and_modify(|group| group.push(*row));
                }
            }
            for value in order {
                let group = groups.remove(&value).unwrap_or_default();
                let weights = self.rows.weight(group.iter().copied());
                if !(self.is_enough)(weights) {
                    continue;
                }
                let mut chosen = values.to_vec();
                chosen[column] = Some(value);
                let closed = self.closed(&chosen, &group);
                if self.known.insert(closed.clone()) {
                    self.found.push(Pattern { values: closed, weights });
                }
                next.push((chosen, group, column + 1));
                if self.is_over() {
                    return;
                }
            }
        }
    }

    /// With every value that all members share.
    fn closed(&mut self, values: &[Option<u32>], members: &[usize]) -> Vec<Option<u32>> {
        let Some((first, others)) = members.split_first() else { return values.to_vec() };
        let mut closed = self.rows.rows[*first].0.clone();
        for row in others {
            self.steps = self.steps.saturating_add(1);
            for (known, value) in closed.iter_mut().zip(&self.rows.rows[*row].0) {
                if known != value {
                    *known = None;
                }
            }
        }
        closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every set of columns and values, counted one by one.
    fn naive(rows: &Rows, least: f64) -> Vec<Pattern> {
        let mut found: Vec<Pattern> = Vec::new();
        for (row, _) in &rows.rows {
            for mask in 1..1_u32 << rows.columns {
                let keep = |(place, value): (usize, &Option<u32>)| value.filter(|_| mask >> place & 1 == 1);
                let values: Vec<Option<u32>> = row.iter().enumerate().map(keep).collect();
                let mut pattern = Pattern { values, weights: [0.0; 2] };
                if pattern.size() == 0 {
                    continue;
                }
                let members = |row: &&(Vec<Option<u32>>, [f64; 2])| {
                    let row = Pattern { values: row.0.clone(), weights: [0.0; 2] };
                    pattern.is_within(&row)
                };
                pattern.weights[0] = rows.rows.iter().filter(members).map(|row| row.1[0]).sum();
                if pattern.weights[0] >= least && !found.contains(&pattern) {
                    found.push(pattern);
                }
            }
        }
        // Of patterns with the same rows, the longest.
        let longer = |short: &Pattern, long: &Pattern| {
            short != long && short.is_within(long) && (short.weights[0] - long.weights[0]).abs() < 1e-9
        };
        let all = found.clone();
        found.retain(|pattern| !all.iter().any(|other| longer(pattern, other)));
        found
    }

    #[test]
    fn finds_what_counting_finds() {
        let mut seed = 7_u32;
        let mut random = |limit: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) % limit
        };
        for _ in 0..30 {
            let mut rows = Rows::new(4);
            for _ in 0..25 {
                let values = (0..4).map(|_| Some(random(3)).filter(|value| *value > 0)).collect();
                rows.add(values, [f64::from(random(3)), 0.0]);
            }
            let least = f64::from(random(6) + 2);
            let mut found = frequent(&rows, Effort::default(), |weights| weights[0] >= least);
            let mut wanted = naive(&rows, least);
            let key = |pattern: &Pattern| format!("{:?}", pattern.values);
            found.sort_by_key(key);
            wanted.sort_by_key(key);
            assert_eq!(found, wanted);
        }
    }

    #[test]
    fn ends_at_its_limits() {
        let mut rows = Rows::new(20);
        for row in 0..40_u32 {
            rows.add((0..20).map(|column| Some(row >> (column % 5) & 1)).collect(), [1.0, 0.0]);
        }
        let effort = Effort { patterns: 50, ..Effort::default() };
        assert_eq!(frequent(&rows, effort, |_| true).len(), 50);
    }
}
