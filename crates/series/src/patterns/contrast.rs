//! Patterns that tell two sets apart.

use super::{Effort, Pattern, Rows, frequent};

/// A pattern with its shares of both sets.
#[derive(Clone, Debug, PartialEq)]
pub struct Contrast {
    /// The pattern
    pub pattern: Pattern,
    /// Its share of each set, from 0 to 1; 0 of an empty set
    pub shares: [f64; 2],
}

impl Contrast {
    /// By how much the shares differ, from 0 to 1.
    pub fn difference(&self) -> f64 {
        (self.shares[0] - self.shares[1]).abs()
    }
}

/// Patterns whose shares of the two sets differ by `threshold` or more, the largest difference first. Of patterns of which
/// one is a part of the other only the one that differs more is given; of equals the longer.
pub fn contrast(rows: &Rows, threshold: f64, effort: Effort) -> Vec<Contrast> {
    let total = rows.total();
    let share =
        |weights: [f64; 2]| [0, 1].map(|set| if total[set] > 0.0 { weights[set] / total[set] } else { 0.0 });
    // Shares can differ by so much only where one of them is as large.
    let found = frequent(rows, effort, |weights| share(weights).into_iter().any(|share| share >= threshold));
    let mut found: Vec<Contrast> = found
        .into_iter()
        .map(|pattern| Contrast { shares: share(pattern.weights), pattern })
        .filter(|contrast| contrast.difference() >= threshold)
        .collect();
    found.sort_by(|left, right| {
        let longer = right.pattern.size().cmp(&left.pattern.size());
        right.difference().total_cmp(&left.difference()).then(longer)
    });
    let mut kept: Vec<Contrast> = Vec::new();
    for contrast in found {
        let is_told = |known: &Contrast| {
            known.pattern.is_within(&contrast.pattern) || contrast.pattern.is_within(&known.pattern)
        };
        if !kept.iter().any(is_told) {
            kept.push(contrast);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_told_once() {
        let mut rows = Rows::new(2);
        rows.add(vec![Some(1), Some(5)], [60.0, 10.0]);
        rows.add(vec![Some(2), Some(5)], [30.0, 80.0]);
        rows.add(vec![Some(3), Some(6)], [10.0, 10.0]);
        let found = contrast(&rows, 0.05, Effort::default());
        let told: Vec<_> = found.iter().map(|contrast| contrast.pattern.values.clone()).collect();
        assert_eq!(told, [vec![Some(1), Some(5)], vec![Some(2), Some(5)]]);
        assert!((found[0].difference() - 0.5).abs() < 1e-9);
    }
}
