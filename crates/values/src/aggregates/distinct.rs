//! Distinct values counted: `dcount`, `count_distinct`, and the sketches that `hll` keeps.
//!
//! The sets are exact up to 65,536 values; beyond, `dcount` goes on with a HyperLogLog sketch of 2^14 registers (standard
//! error 0.8 %), `count_distinct` stays exact.

use std::collections::HashSet;
use std::sync::Arc;

use super::sum::conditional;
use crate::aggregate::{Accumulator, Aggregate};
use crate::function::Refusal;
use crate::json::Json;
use crate::text;
use crate::value::Value;

/// Values that are told apart exactly.
const EXACT: usize = 65_536;
/// Sets that are not exact and can be intersected.
const MOST_ESTIMATED: usize = 8;
const PRECISION: u32 = 14;
const REGISTERS: usize = 1 << PRECISION;

pub(crate) const TABLE: &[Aggregate] = &[
    Aggregate { names: &["dcount"], begin: |_, _| Ok(Box::new(Distinct::new(EXACT, Sketch::count))) },
    Aggregate {
        names: &["dcountif"],
        begin: |_, _| Ok(Box::new(Predicate(conditional(Distinct::new(EXACT, Sketch::count))))),
    },
    Aggregate {
        names: &["count_distinct"],
        begin: |_, _| Ok(Box::new(Distinct::new(usize::MAX, Sketch::count))),
    },
    Aggregate {
        names: &["count_distinctif"],
        begin: |_, _| Ok(conditional(Distinct::new(usize::MAX, Sketch::count))),
    },
    Aggregate { names: &["hll"], begin: |_, _| Ok(Box::new(Distinct::new(EXACT, Sketch::to_value))) },
    Aggregate { names: &["hll_if"], begin: |_, _| Ok(conditional(Distinct::new(EXACT, Sketch::to_value))) },
    Aggregate { names: &["hll_merge"], begin: |_, _| Ok(Box::new(Merge(Sketch::new(EXACT)))) },
];

/// Distinct values, exact or by sketch.
#[derive(Clone, Debug)]
pub enum Sketch {
    /// Their hashes
    Exact(HashSet<u64>, usize),
    /// The largest rank seen by each register
    Registers(Box<[u8]>),
}

impl Sketch {
    /// An empty sketch that is exact up to so many values.
    pub fn new(exact: usize) -> Self {
        Self::Exact(HashSet::new(), exact)
    }

    /// Takes a value.
    pub fn insert(&mut self, value: &Value) {
        self.insert_hash(hash(value));
    }

    fn insert_hash(&mut self, hash: u64) {
        match self {
            Self::Exact(hashes, most) => {
                hashes.insert(hash);
                if hashes.len() > *most {
                    let mut registers = Self::Registers(vec![0; REGISTERS].into());
                    hashes.iter().for_each(|hash| registers.insert_hash(*hash));
                    *self = registers;
                }
            }
            Self::Registers(registers) => {
                let index = (hash >> (64 - PRECISION)) as usize;
                let rank = ((hash << PRECISION) | (1 << (PRECISION - 1))).leading_zeros() as u8 + 1;
                registers[index] = registers[index].max(rank);
            }
        }
    }

    /// Takes what another sketch has seen.
    pub fn merge(&mut self, other: &Self) {
        match (&mut *self, other) {
            (_, Self::Exact(hashes, _)) => hashes.iter().for_each(|hash| self.insert_hash(*hash)),
            (Self::Registers(mine), Self::Registers(theirs)) => {
                mine.iter_mut().zip(theirs.iter()).for_each(|(mine, theirs)| *mine = (*mine).max(*theirs));
            }
            (Self::Exact(hashes, _), Self::Registers(theirs)) => {
                let mut registers = Self::Registers(theirs.clone());
                hashes.iter().for_each(|hash| registers.insert_hash(*hash));
                *self = registers;
            }
        }
    }

    /// How many values.
    pub fn count(&self) -> Value {
        Value::Long(match self {
            Self::Exact(hashes, _) => hashes.len() as i64,
            Self::Registers(registers) => estimate(registers),
        })
    }

    /// How many values are in all of the sets: exactly where all are exact, else by the sizes of their unions (inclusion and
    /// exclusion).
    ///
    /// # Errors
    /// Of more than eight sets that are not exact: the estimate would be all error.
    pub fn count_shared(sets: &[Self]) -> Result<Value, Refusal> {
        let hashes = |set: &Self| match set {
            Self::Exact(hashes, _) => Some(hashes.clone()),
            Self::Registers(_) => None,
        };
        if let Some(exact) = sets.iter().map(hashes).collect::<Option<Vec<_>>>() {
            let shared = exact.into_iter().reduce(|mut shared, other| {
                shared.retain(|hash| other.contains(hash));
                shared
            });
            return Ok(Value::Long(shared.map_or(0, |shared| shared.len() as i64)));
        }
        if sets.len() > MOST_ESTIMATED {
            return Err(Refusal::new(format!(
                "more than {MOST_ESTIMATED} large sets cannot be intersected; filter before `hll`"
            )));
        }
        let mut count = 0;
        for chosen in 1..1_usize << sets.len() {
            let mut union = Self::new(EXACT);
            let members = sets.iter().enumerate().filter(|(place, _)| chosen >> place & 1 == 1);
            members.for_each(|(_, set)| union.merge(set));
            let size = union.count().as_long().unwrap_or_default();
            count += if chosen.count_ones() % 2 == 1 { size } else { -size };
        }
        Ok(Value::Long(count.max(0)))
    }

    /// The sketch as a `dynamic`, as `hll()` gives it.
    pub fn to_value(&self) -> Value {
        let items = match self {
            Self::Exact(hashes, most) => {
                let mut sorted: Vec<u64> = hashes.iter().copied().collect();
                sorted.sort_unstable();
                let most = i64::try_from(*most).unwrap_or(i64::MAX);
                vec![
                    Json::string("exact"),
                    Json::Long(most),
                    Json::Array(sorted.into_iter().map(|hash| Json::Long(hash.cast_signed())).collect()),
                ]
            }
            Self::Registers(registers) => vec![
                Json::string("hll"),
                Json::Long(i64::from(PRECISION)),
                Json::Array(registers.iter().map(|rank| Json::Long(i64::from(*rank))).collect()),
            ],
        };
        Value::Dynamic(Arc::new(Json::Array(items)))
    }

    /// Reads what [`Sketch::to_value`] wrote; `None` for anything else.
    pub fn from_value(value: &Value) -> Option<Self> {
        let [Json::String(kind), Json::Long(number), Json::Array(items)] = value.as_array()? else {
            return None;
        };
        let numbers: Option<Vec<i64>> = items.iter().map(|item| item.to_value().as_long()).collect();
        match &**kind {
            "exact" => {
                let hashes = numbers?.into_iter().map(i64::cast_unsigned).collect();
                Some(Self::Exact(hashes, usize::try_from(*number).ok()?))
            }
            "hll" if items.len() == REGISTERS => {
                let ranks: Option<Vec<u8>> =
                    numbers?.into_iter().map(|rank| u8::try_from(rank).ok()).collect();
                Some(Self::Registers(ranks?.into()))
            }
            _ => None,
        }
    }
}

/// The estimate of HyperLogLog with linear counting for few values (Flajolet et al. 2007).
fn estimate(registers: &[u8]) -> i64 {
    let size = registers.len() as f64;
    let sum: f64 = registers.iter().map(|rank| 0.5_f64.powi(i32::from(*rank))).sum();
    let raw = 0.7213 / (1.0 + 1.079 / size) * size * size / sum;
    let empty = registers.iter().filter(|rank| **rank == 0).count();
    let estimate = if raw <= 2.5 * size && empty > 0 { size * (size / empty as f64).ln() } else { raw };
    estimate.round() as i64
}

fn hash(value: &Value) -> u64 {
    let text = text::to_string(value);
    let kind = u64::from(matches!(value, Value::String(_)));
    twox_hash::XxHash64::oneshot(kind, text.as_bytes())
}

/// `dcount(x, accuracy)`: nulls do not count.
#[derive(Debug)]
struct Distinct {
    sketch: Sketch,
    result: fn(&Sketch) -> Value,
}

impl Distinct {
    fn new(exact: usize, result: fn(&Sketch) -> Value) -> Self {
        Self { sketch: Sketch::new(exact), result }
    }
}

impl Accumulator for Distinct {
    fn add(&mut self, arguments: &[Value]) -> Result<(), Refusal> {
        if !arguments[0].is_null() {
            self.sketch.insert(&arguments[0]);
        }
        Ok(())
    }

    fn state(&self) -> Vec<Value> {
        vec![self.sketch.to_value()]
    }

    fn merge(&mut self, state: &[Value]) -> Result<(), Refusal> {
        if let Some(other) = state.first().and_then(Sketch::from_value) {
            self.sketch.merge(&other);
        }
        Ok(())
    }

    fn finish(&self) -> Value {
        (self.result)(&self.sketch)
    }
}

/// `dcountif(x, predicate, accuracy)`: the predicate is the second argument.
#[derive(Debug)]
struct Predicate(Box<dyn Accumulator>);

impl Accumulator for Predicate {
    fn add(&mut self, arguments: &[Value]) -> Result<(), Refusal> {
        self.0.add(arguments.get(..2).unwrap_or(arguments))
    }

    fn state(&self) -> Vec<Value> {
        self.0.state()
    }

    fn merge(&mut self, state: &[Value]) -> Result<(), Refusal> {
        self.0.merge(state)
    }

    fn finish(&self) -> Value {
        self.0.finish()
    }
}

/// `hll_merge(sketch)`.
#[derive(Debug)]
struct Merge(Sketch);

impl Accumulator for Merge {
    fn add(&mut self, arguments: &[Value]) -> Result<(), Refusal> {
        self.merge(arguments)
    }

    fn state(&self) -> Vec<Value> {
        vec![self.0.to_value()]
    }

    fn merge(&mut self, state: &[Value]) -> Result<(), Refusal> {
        if let Some(other) = state.first().and_then(Sketch::from_value) {
            self.0.merge(&other);
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
    fn sketches_estimate_and_travel() {
        let mut sketch = Sketch::new(EXACT);
        for number in 0..200_000 {
            sketch.insert(&Value::Long(number));
        }
        let count = sketch.count().as_long().unwrap();
        assert!((count - 200_000).abs() < 4_000, "{count}");
        let mut copy = Sketch::new(EXACT);
        copy.merge(&Sketch::from_value(&sketch.to_value()).unwrap());
        assert_eq!(copy.count(), sketch.count());
    }
}
