//! Percentiles by nearest rank, weighted or not, and the digests that `tdigest` keeps.
//!
//! All values are kept, with their weights, so that the rank is exact; a digest of more than 65,536 distinct values is
//! thinned to neighbours, which moves a rank by at most 1/32,768 of the whole each time.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::aggregate::{Accumulator, Aggregate};
use crate::compare;
use crate::context::Context;
use crate::function::Refusal;
use crate::json::Json;
use crate::value::Value;

/// Values that a digest keeps apart.
const MOST: usize = 65_536;

pub(crate) const TABLE: &[Aggregate] = &[
    Aggregate {
        names: &["percentile", "percentiles"],
        begin: |_, given| Ok(percentiles(given, 1, Shape::Columns)),
    },
    Aggregate { names: &["percentiles_array"], begin: |_, given| Ok(percentiles(given, 1, Shape::Array)) },
    Aggregate {
        names: &["percentilew", "percentilesw"],
        begin: |_, given| Ok(percentiles(given, 2, Shape::Columns)),
    },
    Aggregate { names: &["percentilesw_array"], begin: |_, given| Ok(percentiles(given, 2, Shape::Array)) },
    Aggregate { names: &["tdigest"], begin: tdigest },
    Aggregate { names: &["tdigest_merge"], begin: |_, _| Ok(Box::new(Merge(Digest::default()))) },
];

/// Values with their weights.
#[derive(Clone, Debug, Default)]
pub struct Digest {
    values: Vec<(Value, i64)>,
    sorted: bool,
}

impl Digest {
    /// Takes a value so many times.
    pub fn insert(&mut self, value: Value, weight: i64) {
        if weight > 0 && !value.is_null() && !value.as_real().is_some_and(f64::is_nan) {
            self.values.push((value, weight));
            self.sorted = false;
            if self.values.len() > 2 * MOST {
                self.thin();
            }
        }
    }

    /// Sorts, and adds up the weights of equal values.
    fn sort(&mut self) {
        if self.sorted {
            return;
        }
        self.values.sort_by(|(left, _), (right, _)| compare::total(left, right));
        self.values.dedup_by(|(next, weight), (kept, total)| {
            let same = compare::total(next, kept) == Ordering::Equal;
            if same {
                *total = total.saturating_add(*weight);
            }
            same
        });
        self.sorted = true;
    }

    fn thin(&mut self) {
        self.sort();
        if self.values.len() > MOST {
            self.values =
                self.values.chunks(2).map(|pair| (pair[pair.len() - 1].0.clone(), total(pair))).collect();
        }
    }

    /// Takes what another digest has seen.
    pub fn merge(&mut self, other: Self) {
        for (value, weight) in other.values {
            self.insert(value, weight);
        }
    }

    /// The value at each percentile (0 to 100): the smallest that at least so many per cent do not exceed. Null of an
    /// empty digest.
    pub fn at(&self, percentiles: &[f64]) -> Vec<Value> {
        let mut digest = self.clone();
        digest.sort();
        let total = total(&digest.values);
        let find = |percentile: &f64| {
            let rank = (percentile / 100.0 * total as f64).ceil().max(1.0) as i64;
            let mut seen = 0_i64;
            digest
                .values
                .iter()
                .find(|(_, weight)| {
                    seen = seen.saturating_add(*weight);
                    seen >= rank
                })
                .or(digest.values.last())
                .map(|(value, _)| value.clone())
                .unwrap_or_default()
        };
        percentiles.iter().map(find).collect()
    }

    /// The weight that does not exceed a value.
    pub fn rank(&self, value: &Value) -> i64 {
        let below = self.values.iter().filter(|(known, _)| compare::total(known, value) != Ordering::Greater);
        below.fold(0, |sum, (_, weight)| sum.saturating_add(*weight))
    }

    /// The share of the weight, in per cent, that does not exceed a value; null of an empty digest.
    pub fn percent_rank(&self, value: &Value) -> Value {
        let total = total(&self.values);
        if total == 0 { Value::Null } else { Value::Real(self.rank(value) as f64 / total as f64 * 100.0) }
    }

    /// The digest as a `dynamic`, as `tdigest()` gives it.
    pub fn to_value(&self) -> Value {
        let mut digest = self.clone();
        digest.thin();
        let (values, weights): (Vec<Json>, Vec<Json>) =
            digest.values.iter().map(|(value, weight)| (value.to_json(), Json::Long(*weight))).unzip();
        Value::Dynamic(Arc::new(Json::Array(vec![
            Json::string("tdigest"),
            Json::Array(values),
            Json::Array(weights),
        ])))
    }

    /// Reads what [`Digest::to_value`] wrote; `None` for anything else.
    pub fn from_value(value: &Value) -> Option<Self> {
        let [Json::String(kind), Json::Array(values), Json::Array(weights)] = value.as_array()? else {
            return None;
        };
        if &**kind != "tdigest" || values.len() != weights.len() {
            return None;
        }
        let mut digest = Self::default();
        for (value, weight) in values.iter().zip(weights) {
            digest.insert(value.to_value(), weight.to_value().as_long()?);
        }
        Some(digest)
    }
}

/// The weight of all values.
fn total(values: &[(Value, i64)]) -> i64 {
    values.iter().fold(0, |sum, (_, weight)| sum.saturating_add(*weight))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Columns,
    Array,
}

/// `percentiles(x, p, …)`; the percentiles begin at an argument, and may be given as one array.
#[derive(Debug)]
struct Percentiles {
    digest: Digest,
    weighted: bool,
    percentiles: Vec<f64>,
    shape: Shape,
}

fn percentiles(given: &[Value], from: usize, shape: Shape) -> Box<dyn Accumulator> {
    let percentiles = given
        .get(from..)
        .unwrap_or_default()
        .iter()
        .flat_map(|value| match value.as_array() {
            Some(items) => items.iter().filter_map(|item| item.to_value().as_real()).collect(),
            None => value.as_real().into_iter().collect::<Vec<f64>>(),
        })
        .collect();
    Box::new(Percentiles { digest: Digest::default(), weighted: from == 2, percentiles, shape })
}

impl Accumulator for Percentiles {
    fn add(&mut self, arguments: &[Value]) -> Result<(), Refusal> {
        let weight = if self.weighted { arguments[1].as_long().unwrap_or_default() } else { 1 };
        self.digest.insert(arguments[0].clone(), weight);
        Ok(())
    }

    fn state(&self) -> Vec<Value> {
        vec![self.digest.to_value()]
    }

    fn merge(&mut self, state: &[Value]) -> Result<(), Refusal> {
        if let Some(other) = state.first().and_then(Digest::from_value) {
            self.digest.merge(other);
        }
        Ok(())
    }

    fn finish(&self) -> Value {
        let values = self.digest.at(&self.percentiles);
        match self.shape {
            Shape::Array => Value::array(values.iter().map(Value::to_json).collect()),
            Shape::Columns => values.into_iter().next().unwrap_or_default(),
        }
    }

    fn finish_all(&self) -> Vec<Value> {
        match self.shape {
            Shape::Array => vec![self.finish()],
            Shape::Columns => self.digest.at(&self.percentiles),
        }
    }
}

/// `tdigest(x, weight)`.
#[derive(Debug)]
struct Tdigest {
    digest: Digest,
    weighted: bool,
}

fn tdigest(_: &Context, given: &[Value]) -> Result<Box<dyn Accumulator>, Refusal> {
    Ok(Box::new(Tdigest { digest: Digest::default(), weighted: given.len() > 1 }))
}

impl Accumulator for Tdigest {
    fn add(&mut self, arguments: &[Value]) -> Result<(), Refusal> {
        let weight = if self.weighted { arguments[1].as_long().unwrap_or_default() } else { 1 };
        self.digest.insert(arguments[0].clone(), weight);
        Ok(())
    }

    fn state(&self) -> Vec<Value> {
        vec![self.digest.to_value()]
    }

    fn merge(&mut self, state: &[Value]) -> Result<(), Refusal> {
        if let Some(other) = state.first().and_then(Digest::from_value) {
            self.digest.merge(other);
        }
        Ok(())
    }

    fn finish(&self) -> Value {
        self.digest.to_value()
    }
}

/// `tdigest_merge(digest)`.
#[derive(Debug)]
struct Merge(Digest);

impl Accumulator for Merge {
    fn add(&mut self, arguments: &[Value]) -> Result<(), Refusal> {
        self.merge(arguments)
    }

    fn state(&self) -> Vec<Value> {
        vec![self.0.to_value()]
    }

    fn merge(&mut self, state: &[Value]) -> Result<(), Refusal> {
        if let Some(other) = state.first().and_then(Digest::from_value) {
            self.0.merge(other);
        }
        Ok(())
    }

    fn finish(&self) -> Value {
        self.0.to_value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weighted_ranks() {
        let mut digest = Digest::default();
        for (value, weight) in [(10, 8), (20, 6), (30, 3), (40, 1)] {
            digest.insert(Value::Long(value), weight);
        }
        assert_eq!(digest.at(&[50.0, 75.0, 99.9]), [Value::Long(20), Value::Long(20), Value::Long(40)]);
        let back = Digest::from_value(&digest.to_value()).unwrap();
        assert_eq!(back.at(&[0.0, 100.0]), [Value::Long(10), Value::Long(40)]);
        assert_eq!(Digest::default().at(&[50.0]), [Value::Null]);
    }
}
