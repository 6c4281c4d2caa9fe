//! `dcount` and `count_distinct`: a set of hashes for each group, small ones in a row.

use std::sync::Arc;

use azimuth_kql::types::ScalarType;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, LargeBinaryBuilder};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::common::hash_utils::{QualityRandomState, create_hashes};
use datafusion::error::Result;
use datafusion::logical_expr::EmitTo;
use hashbrown::HashTable;

use super::call::{Called, unreadable};
use super::{Grouped, each, only_column};

/// Values that are told apart exactly, as the row functions do.
const EXACT: usize = 65_536;
/// Hashes that are searched one after the other.
const FEW: usize = 12;
const PRECISION: u32 = 14;
const REGISTERS: usize = 1 << PRECISION;
const SEED: u64 = 0x5EED;

pub(super) fn grouped(called: &Arc<Called>) -> Option<Box<dyn Grouped>> {
    use ScalarType as T;
    let ty = only_column(&called.arguments)?;
    // Equal values of `dynamic` may be spelled differently.
    if matches!(ty, T::Dynamic | T::Unknown) || called.outputs != [(0, T::Long)] {
        return None;
    }
    let exact = if called.name == "dcount" { EXACT } else { usize::MAX };
    Some(Box::new(Distinct { exact, sets: Vec::new(), hashes: Vec::new(), bytes: 0 }))
}

/// The sets of groups.
struct Distinct {
    exact: usize,
    sets: Vec<Set>,
    hashes: Vec<u64>,
    bytes: usize,
}

/// Hashes of values.
enum Set {
    Few(Vec<u64>),
    Many(HashTable<u64>),
    /// The largest rank seen by each register of a HyperLogLog sketch
    Registers(Box<[u8]>),
}

impl Set {
    /// Takes a hash; how many bytes more that needs.
    fn insert(&mut self, hash: u64, exact: usize) -> usize {
        match self {
            Self::Few(few) => {
                if few.contains(&hash) {
                    return 0;
                }
                if few.len() < FEW {
                    let before = few.capacity();
                    few.push(hash);
                    return (few.capacity() - before) * 8;
                }
                let mut many = HashTable::with_capacity(2 * FEW);
                for known in few.iter() {
                    many.insert_unique(*known, *known, |hash| *hash);
                }
                many.insert_unique(hash, hash, |hash| *hash);
                let bytes = many.allocation_size();
                *self = Self::Many(many);
                bytes
            }
            Self::Many(many) => {
                let before = many.allocation_size();
                many.entry(hash, |known| *known == hash, |hash| *hash).or_insert(hash);
                if many.len() > exact {
                    let mut registers = Self::Registers(vec![0; REGISTERS].into());
                    many.iter().for_each(|hash| {
                        registers.insert(*hash, exact);
                    });
                    *self = registers;
                    return 0;
                }
                many.allocation_size() - before
            }
            Self::Registers(registers) => {
                let index = (hash >> (64 - PRECISION)) as usize;
                let rank = ((hash << PRECISION) | (1 << (PRECISION - 1))).leading_zeros() as u8 + 1;
                registers[index] = registers[index].max(rank);
                0
            }
        }
    }

    fn merge_registers(&mut self, theirs: &[u8], exact: usize) {
        if let Self::Registers(mine) = self {
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine = (*mine).max(*theirs));
            return;
        }
        let known = std::mem::replace(self, Self::Registers(theirs.into()));
        known.for_each(|hash| {
            self.insert(hash, exact);
        });
    }

    fn for_each(&self, mut work: impl FnMut(u64)) {
        match self {
            Self::Few(few) => few.iter().for_each(|hash| work(*hash)),
            Self::Many(many) => many.iter().for_each(|hash| work(*hash)),
            Self::Registers(_) => {}
        }
    }

    fn count(&self) -> i64 {
        match self {
            Self::Few(few) => few.len() as i64,
            Self::Many(many) => many.len() as i64,
            Self::Registers(registers) => estimate(registers),
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

impl Distinct {
    fn taken(&mut self, emit: EmitTo) -> Vec<Set> {
        let taken = emit.take_needed(&mut self.sets);
        if self.sets.is_empty() {
            self.bytes = 0;
        }
        taken
    }
}

impl Grouped for Distinct {
    fn state_types(&self) -> Vec<DataType> {
        vec![DataType::LargeBinary]
    }

    fn grow(&mut self, groups: usize) -> Result<()> {
        if groups > self.sets.len() {
            self.bytes += (groups - self.sets.len()) * size_of::<Set>();
            self.sets.resize_with(groups, || Set::Few(Vec::new()));
        }
        Ok(())
    }

    fn update(
        &mut self,
        columns: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
    ) -> Result<()> {
        let column = hashable(&columns[0]);
        self.hashes.clear();
        self.hashes.resize(column.len(), 0);
        create_hashes([&column], &QualityRandomState::with_seed(SEED), &mut self.hashes)?;
        let (sets, hashes, bytes, exact) = (&mut self.sets, &self.hashes, &mut self.bytes, self.exact);
        let nulls = column.nulls().filter(|nulls| nulls.null_count() > 0);
        each(groups, filter, |row, group| {
            if nulls.is_none_or(|nulls| nulls.is_valid(row)) {
                *bytes += sets[group].insert(hashes[row], exact);
            }
        });
        Ok(())
    }

    fn merge(&mut self, states: &[ArrayRef], groups: &[usize]) -> Result<()> {
        let states = states[0].as_binary::<i64>();
        for (row, group) in groups.iter().enumerate() {
            let Some((kind, content)) = states.value(row).split_first() else { continue };
            match kind {
                0 => {
                    let (hashes, _) = content.as_chunks::<8>();
                    for hash in hashes {
                        self.bytes += self.sets[*group].insert(u64::from_le_bytes(*hash), self.exact);
                    }
                }
                1 if content.len() == REGISTERS => {
                    self.bytes += REGISTERS;
                    self.sets[*group].merge_registers(content, self.exact);
                }
                _ => return Err(unreadable()),
            }
        }
        Ok(())
    }

    fn states(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let mut out = LargeBinaryBuilder::new();
        let mut state = Vec::new();
        for set in self.taken(emit) {
            state.clear();
            match &set {
                Set::Registers(registers) => {
                    state.push(1);
                    state.extend_from_slice(registers);
                }
                exact => {
                    state.push(0);
                    exact.for_each(|hash| state.extend_from_slice(&hash.to_le_bytes()));
                }
            }
            out.append_value(&state);
        }
        Ok(vec![Arc::new(out.finish())])
    }

    fn results(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let counts = self.taken(emit);
        Ok(vec![Arc::new(counts.iter().map(|set| Some(set.count())).collect::<Int64Array>())])
    }

    fn size(&self) -> usize {
        self.bytes + self.hashes.capacity() * 8
    }
}

/// The column with one bit pattern for each number: reals as their bits, and one NaN. Zero and minus zero are two values, as
/// they are written differently.
fn hashable(column: &ArrayRef) -> ArrayRef {
    let Some(reals) = column.as_primitive_opt::<Float64Type>() else { return column.clone() };
    let bits = |number: f64| if number.is_nan() { f64::NAN } else { number }.to_bits().cast_signed();
    Arc::new(reals.iter().map(|number| number.map(bits)).collect::<Int64Array>())
}

/// A hash of one value, for tests of what sets hold.
#[cfg(test)]
fn hash(value: i64) -> u64 {
    use std::hash::BuildHasher as _;
    QualityRandomState::with_seed(SEED).hash_one(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_become_sketches_and_meet() {
        let mut sets = [Set::Few(Vec::new()), Set::Few(Vec::new())];
        for number in 0..200_000 {
            sets[usize::from(number % 2 == 0)].insert(hash(number), EXACT);
        }
        let [mut odd, even] = sets;
        for set in [&odd, &even] {
            assert!((set.count() - 100_000).abs() < 2_500, "{}", set.count());
        }
        let Set::Registers(theirs) = &even else { panic!("a sketch") };
        odd.merge_registers(theirs, EXACT);
        assert!((odd.count() - 200_000).abs() < 5_000, "{}", odd.count());
        let mut few = Set::Few(Vec::new());
        few.insert(hash(-1), EXACT);
        few.merge_registers(theirs, EXACT);
        assert!((few.count() - even.count()).abs() <= 2);
    }

    #[test]
    fn exact_sets_are_exact() {
        let mut set = Set::Few(Vec::new());
        for number in 0..3 * EXACT as i64 {
            set.insert(hash(number % 50_000), EXACT);
        }
        assert_eq!(set.count(), 50_000);
    }
}
