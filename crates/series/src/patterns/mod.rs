//! Patterns of discrete attributes: rows that share values in some of their columns.
//!
//! Values are numbers here (whoever calls keeps what they stand for), and rows carry two weights, one for each of two sets:
//! patterns of a single set leave the second at zero.
//!
//! - [`frequent()`]: all patterns with enough weight, as Apriori finds them (R. Agrawal and R. Srikant, *Fast algorithms for
//!   mining association rules*, 1994), without those that say less about the same rows;
//! - [`clusters()`]: a few patterns that tell much about many rows, grown from seeds (M. Fried and others, *Algorithms for
//!   telemetry data mining using discrete attributes*, 2017, "Seed-Expand");
//! - [`contrast()`]: patterns whose shares of the two sets differ;
//! - [`tokens`]: the same for the words of texts.

mod clusters;
mod contrast;
mod frequent;
pub mod tokens;

pub use clusters::clusters;
pub use contrast::{Contrast, contrast};
pub use frequent::{Effort, frequent};

use std::collections::HashMap;

/// Rows of values, equal ones together.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    columns: usize,
    rows: Vec<(Vec<Option<u32>>, [f64; 2])>,
    places: HashMap<Vec<Option<u32>>, usize>,
}

/// A pattern: for each column a value, or none where it does not matter.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// The value of each column that is part of the pattern
    pub values: Vec<Option<u32>>,
    /// The weights of the rows that have all of them, in both sets
    pub weights: [f64; 2],
}

impl Rows {
    /// No rows, of so many columns.
    pub fn new(columns: usize) -> Self {
        Self { columns, ..Self::default() }
    }

    /// Takes a row; a value that can be part of no pattern is none. A row with another number of columns is not taken, nor is
    /// one without a weight.
    pub fn add(&mut self, values: Vec<Option<u32>>, weights: [f64; 2]) {
        let weights = weights.map(|weight| if weight.is_finite() { weight.max(0.0) } else { 0.0 });
        if values.len() != self.columns || weights == [0.0; 2] {
            return;
        }
        let next = self.rows.len();
        let place = *self.places.entry(values.clone()).or_insert(next);
        if place == next {
            self.rows.push((values, [0.0; 2]));
        }
        let known = &mut self.rows[place].1;
        known[0] += weights[0];
        known[1] += weights[1];
    }

    /// The weight of all rows, in both sets.
    pub fn total(&self) -> [f64; 2] {
        self.weight(0..self.rows.len())
    }

    fn weight(&self, rows: impl IntoIterator<Item = usize>) -> [f64; 2] {
        let mut sum = [0.0; 2];
        for row in rows {
            sum[0] += self.rows[row].1[0];
            sum[1] += self.rows[row].1[1];
        }
        sum
    }

    fn value(&self, row: usize, column: usize) -> Option<u32> {
        self.rows[row].0[column]
    }
}

impl Pattern {
    /// How many columns it names.
    pub fn size(&self) -> usize {
        self.values.iter().flatten().count()
    }

    /// Whether every value of this pattern is one of another's.
    pub fn is_within(&self, other: &Self) -> bool {
        self.values.iter().zip(&other.values).all(|(mine, theirs)| mine.is_none() || mine == theirs)
    }
}
