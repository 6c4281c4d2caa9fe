//! The row of each group with the largest or smallest key, or just one of its rows: `arg_max`, `arg_min`, `take_any`, and
//! `min` and `max` of what DataFusion does not order as Kusto does.

use std::cmp::Ordering;
use std::sync::Arc;

use azimuth_kql::types::ScalarType;
use azimuth_rows::{null_of, type_of};
use azimuth_values::{Type, Value, compare};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringViewArray, new_null_array};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type};
use datafusion::error::Result;
use datafusion::logical_expr::EmitTo;

use super::call::Called;
use super::kept::Kept;
use super::{Argument, Grouped, each, emitted};
use crate::functions::number::sortable;
use crate::{cells, json, rows};

pub(super) fn grouped(called: &Arc<Called>) -> Option<Box<dyn Grouped>> {
    let types = called.arguments.iter().map(|argument| match argument {
        Argument::Column(ty) => Some(*ty),
        Argument::Constant(_) => None,
    });
    let types: Vec<ScalarType> = types.collect::<Option<_>>()?;
    let known = |(place, ty): &(usize, ScalarType)| types.get(*place) == Some(ty);
    if types.is_empty() || !called.outputs.iter().all(known) {
        return None;
    }
    let rule = match called.name {
        "arg_max" | "argmax" | "max" => Rule::Key(Keys::new(types[0]), Ordering::Greater),
        "arg_min" | "argmin" | "min" => Rule::Key(Keys::new(types[0]), Ordering::Less),
        // With one column the function looks for a value that is there.
        super::FIRST_ROW => Rule::Any(ScalarType::Unknown),
        "take_any" | "any" => Rule::Any(if types.len() == 1 { types[0] } else { ScalarType::Unknown }),
        _ => return None,
    };
    let is_extreme = matches!(called.name, "min" | "max");
    let nothing = |ty: ScalarType| match ty {
        ty if is_extreme => new_null_array(&rows::arrow_type(ty), 1),
        ty => rows::array([&null_of(ty)], ty),
    };
    let places: Vec<usize> = called.outputs.iter().map(|(place, _)| *place).collect();
    let mut kept: Vec<ArrayRef> = called.outputs.iter().map(|(_, ty)| nothing(*ty)).collect();
    // The key travels with states, whether or not it is asked for.
    let is_key_kept = !places.contains(&0) && matches!(rule, Rule::Key(..));
    if is_key_kept {
        kept.push(nothing(types[0]));
    }
    let kept_types = kept.iter().map(|array| array.data_type().clone()).collect();
    let key =
        if is_key_kept { places.len() } else { places.iter().position(|place| *place == 0).unwrap_or(0) };
    Some(Box::new(Best {
        rule,
        places,
        key,
        is_key_kept,
        kept_types,
        seen: Vec::new(),
        kept: Kept::new(kept),
    }))
}

/// Which row is kept.
enum Rule {
    /// That with the least or greatest key, of equal ones the first
    Key(Keys, Ordering),
    /// The first; of a column of that type one that holds something, if there is one
    Any(ScalarType),
}

/// What is known of a group.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Nothing,
    /// Rows, but with a key (or, of `take_any`, a value) that gives way to others
    Null,
    Value,
}

struct Best {
    rule: Rule,
    /// Of the arguments those that are kept
    places: Vec<usize>,
    /// The key among the kept columns
    key: usize,
    /// The key is kept behind the others, for states
    is_key_kept: bool,
    kept_types: Vec<DataType>,
    seen: Vec<Seen>,
    kept: Kept,
}

/// The best key so far of each group.
enum Keys {
    /// Numbers, moments and spans
    Whole(Vec<i64>),
    /// Reals, as integers that sort as they do
    Real(Vec<i64>),
    Text(Vec<Vec<u8>>),
    Value(Vec<Value>, Type),
}

impl Keys {
    fn new(ty: ScalarType) -> Self {
        use ScalarType as T;
        match ty {
            T::Int | T::Long | T::Datetime | T::Timespan => Self::Whole(Vec::new()),
            T::Real => Self::Real(Vec::new()),
            T::String => Self::Text(Vec::new()),
            _ => Self::Value(Vec::new(), type_of(ty)),
        }
    }

    fn grow(&mut self, groups: usize) {
        match self {
            Self::Whole(keys) | Self::Real(keys) => keys.resize(groups.max(keys.len()), 0),
            Self::Text(keys) => keys.resize(groups.max(keys.len()), Vec::new()),
            Self::Value(keys, _) => keys.resize(groups.max(keys.len()), Value::Null),
        }
    }

    fn take(&mut self, emit: EmitTo) {
        match self {
            Self::Whole(keys) | Self::Real(keys) => drop(emit.take_needed(keys)),
            Self::Text(keys) => drop(emit.take_needed(keys)),
            Self::Value(keys, _) => drop(emit.take_needed(keys)),
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Whole(keys) | Self::Real(keys) => keys.capacity() * 8,
            Self::Text(keys) => keys.capacity() * 48,
            Self::Value(keys, _) => keys.capacity() * 64,
        }
    }
}

/// Compares the keys of rows with those of their groups and keeps the better ones.
fn contest<K>(
    array: &dyn Array,
    rows: impl FnOnce(&mut dyn FnMut(usize, usize)),
    (seen, kept): (&mut [Seen], &mut Kept),
    keys: &mut [K],
    is_better: impl Fn(usize, &K) -> bool,
    key: impl Fn(usize) -> K,
) {
    rows(&mut |row, group| {
        if array.is_null(row) {
            if seen[group] == Seen::Nothing {
                seen[group] = Seen::Null;
                kept.set(group, row);
            }
        } else if seen[group] != Seen::Value || is_better(row, &keys[group]) {
            seen[group] = Seen::Value;
            keys[group] = key(row);
            kept.set(group, row);
        }
    });
}

impl Best {
    /// Takes rows: their key (of `take_any` its first column), and which of them count.
    fn consider(&mut self, key: &ArrayRef, rows: impl FnOnce(&mut dyn FnMut(usize, usize))) {
        let state = (self.seen.as_mut_slice(), &mut self.kept);
        match &mut self.rule {
            Rule::Key(Keys::Whole(keys), wanted) => {
                if let Some(array) = key.as_primitive_opt::<Int64Type>() {
                    let (values, wanted) = (array.values(), *wanted);
                    let is_better = |row: usize, best: &i64| values[row].cmp(best) == wanted;
                    contest(array, rows, state, keys, is_better, |row| values[row]);
                } else if let Some(array) = key.as_primitive_opt::<Int32Type>() {
                    let (values, wanted) = (array.values(), *wanted);
                    let is_better = |row: usize, best: &i64| i64::from(values[row]).cmp(best) == wanted;
                    contest(array, rows, state, keys, is_better, |row| i64::from(values[row]));
                }
            }
            Rule::Key(Keys::Real(keys), wanted) => {
                let array = key.as_primitive::<Float64Type>();
                let value = |row: usize| sortable(array.value(row));
                let is_better = |row: usize, best: &i64| value(row).cmp(best) == *wanted;
                contest(array, rows, state, keys, is_better, value);
            }
            Rule::Key(Keys::Text(keys), wanted) => {
                let array = key.as_string_view();
                let is_better =
                    |row: usize, best: &Vec<u8>| array.value(row).as_bytes().cmp(best.as_slice()) == *wanted;
                contest(array, rows, state, keys, is_better, |row| array.value(row).into());
            }
            Rule::Key(Keys::Value(keys, ty), wanted) => {
                let value = |row: usize| cells::value(key, row, *ty);
                let is_better = |row: usize, best: &Value| compare::total(&value(row), best) == *wanted;
                contest(key, rows, state, keys, is_better, value);
            }
            Rule::Any(ty) => {
                let (seen, kept) = state;
                let ty = *ty;
                let texts: Option<&StringViewArray> = match ty {
                    ScalarType::String | ScalarType::Dynamic => key.as_string_view_opt(),
                    _ => None,
                };
                let empty = if ty == ScalarType::Dynamic { "\"\"" } else { "" };
                rows(&mut |row, group| {
                    if seen[group] == Seen::Value {
                        return;
                    }
                    // Of several columns the first row is taken as it is.
                    let is_there = ty == ScalarType::Unknown
                        || key.is_valid(row) && texts.is_none_or(|texts| texts.value(row) != empty);
                    if is_there || seen[group] == Seen::Nothing {
                        seen[group] = if is_there { Seen::Value } else { Seen::Null };
                        kept.set(group, row);
                    }
                });
            }
        }
    }

    /// The column that rows are judged by, with its nulls.
    fn key_of(&self, column: &ArrayRef) -> Result<ArrayRef> {
        match &self.rule {
            Rule::Key(Keys::Value(_, Type::Dynamic), _) | Rule::Any(ScalarType::Dynamic) => {
                json::without_nulls(column)
            }
            _ => Ok(column.clone()),
        }
    }

    fn take(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        if let Rule::Key(keys, _) = &mut self.rule {
            keys.take(emit);
        }
        self.kept.taken(emit)
    }
}

impl Grouped for Best {
    fn state_types(&self) -> Vec<DataType> {
        self.kept_types.iter().cloned().chain([DataType::Boolean]).collect()
    }

    fn grow(&mut self, groups: usize) -> Result<()> {
        self.seen.resize(groups.max(self.seen.len()), Seen::Nothing);
        self.kept.grow(groups);
        if let Rule::Key(keys, _) = &mut self.rule {
            keys.grow(groups);
        }
        Ok(())
    }

    fn update(
        &mut self,
        columns: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
    ) -> Result<()> {
        let key = self.key_of(&columns[0])?;
        self.consider(&key, |work| each(groups, filter, work));
        let mut kept: Vec<ArrayRef> = self.places.iter().map(|place| columns[*place].clone()).collect();
        if self.is_key_kept {
            kept.push(columns[0].clone());
        }
        self.kept.keep(&kept)
    }

    fn merge(&mut self, states: &[ArrayRef], groups: &[usize]) -> Result<()> {
        let (has_row, kept) = states.split_last().ok_or_else(super::call::unreadable)?;
        let has_row = has_row.as_boolean();
        // Without a column to look at (`take_any` of which another output is used) any column will do.
        let key = self.key_of(&kept[self.key])?;
        self.consider(&key, |work| each(groups, Some(has_row), work));
        self.kept.keep(kept)
    }

    fn states(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let mut states = self.take(emit)?;
        let seen = emit.take_needed(&mut self.seen);
        let has_row: BooleanArray = seen.iter().map(|seen| Some(*seen != Seen::Nothing)).collect();
        states.push(Arc::new(has_row));
        Ok(states)
    }

    fn results(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let mut results = self.take(emit)?;
        self.seen.drain(..emitted(emit, self.seen.len()));
        results.truncate(self.places.len());
        Ok(results)
    }

    fn size(&self) -> usize {
        let keys = match &self.rule {
            Rule::Key(keys, _) => keys.size(),
            Rule::Any(_) => 0,
        };
        self.kept.size() + self.seen.capacity() + keys
    }
}
