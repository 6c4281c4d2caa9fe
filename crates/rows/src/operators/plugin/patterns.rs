//! `autocluster`, `basket`, `diffpatterns`, `diffpatterns_text`: patterns of the values that rows share.
//!
//! The algorithms are those of [`azimuth_values::patterns`]; here columns become numbers and back. A null or empty value is
//! part of no pattern, as it could not be told from the wildcard; a wildcard given for the column's type changes that.

use std::collections::HashMap;

use azimuth_kql::bound::PluginArgument;
use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_values::patterns::tokens::{self, Wanted};
use azimuth_values::patterns::{self, Effort, Pattern, Rows};
use azimuth_values::{Value, text};

use super::Call;
use crate::eval::{Env, eval};
use crate::run::Failure;
use crate::table::{Row, Table, key_of, null_of, type_of};

/// Cells that are looked at: columns times rows.
const MOST_CELLS: usize = 50_000_000;

/// An argument that may be `'~'`, which stands for the default.
fn given(call: &Call<'_>, name: &str, index: usize) -> Result<Option<Value>, Failure> {
    let value = call.named(name, index)?;
    Ok(Some(value).filter(|value| !value.is_null() && value.as_str() != Some("~")))
}

/// A number of an argument, cut to a range; the default without one.
fn number(
    call: &Call<'_>,
    name: &str,
    index: usize,
    default: f64,
    low: f64,
    high: f64,
) -> Result<f64, Failure> {
    Ok(given(call, name, index)?.and_then(|value| value.as_real()).unwrap_or(default).clamp(low, high))
}

/// The column of weights, if an argument names one.
fn weights(call: &Call<'_>, index: usize) -> Option<usize> {
    call.input_column(index)
}

/// The wildcards from an argument on, each for the columns of its type.
struct Wildcards(Vec<(ScalarType, Value)>);

impl Wildcards {
    fn new(call: &Call<'_>, from: usize) -> Result<Self, Failure> {
        let mut wildcards = Vec::new();
        for index in from..call.count() {
            if let Some(PluginArgument::Scalar(expr)) = call.evaluate.arguments.get(index) {
                let value = call.constant(index)?;
                if value.as_str() != Some("~") {
                    wildcards.push((expr.ty, value));
                }
            }
        }
        Ok(Self(wildcards))
    }

    fn of(&self, column: &Column) -> Value {
        let same = |(ty, _): &&(ScalarType, Value)| type_of(*ty) == type_of(column.ty);
        self.0.iter().find(same).map_or_else(|| null_of(column.ty), |(_, value)| value.clone())
    }
}

/// The values of the columns that patterns are made of, as numbers.
struct Coded {
    rows: Rows,
    /// For each column its values, by number
    values: Vec<Vec<Value>>,
    wildcards: Vec<Value>,
}

impl Coded {
    /// Reads the rows; `weigh` says what a row weighs in each set.
    fn new(
        call: &Call<'_>,
        left_out: &[usize],
        wildcards: &Wildcards,
        weigh: impl Fn(&Row) -> [f64; 2],
    ) -> Result<Self, Failure> {
        let columns = &call.input.schema.columns;
        if columns.len().saturating_mul(call.input.rows.len()) > MOST_CELLS {
            return Err(
                call.refused("looks at too many cells here; filter the rows or project fewer columns")
            );
        }
        let wildcards: Vec<Value> = columns.iter().map(|column| wildcards.of(column)).collect();
        let mut known: Vec<HashMap<Vec<u8>, u32>> = vec![HashMap::new(); columns.len()];
        let mut values: Vec<Vec<Value>> = vec![Vec::new(); columns.len()];
        let mut rows = Rows::new(columns.len());
        for row in &call.input.rows {
            let coded = row.iter().enumerate().map(|(place, value)| {
                if left_out.contains(&place) || *value == wildcards[place] || value.is_null() {
                    return None;
                }
                let next = values[place].len() as u32;
                Some(*known[place].entry(key_of(std::slice::from_ref(value))).or_insert_with(|| {
                    values[place].push(value.clone());
                    next
                }))
            });
            rows.add(coded.collect(), weigh(row));
        }
        Ok(Self { rows, values, wildcards })
    }

    /// The columns of a pattern as values.
    fn cells(&self, pattern: &Pattern) -> impl Iterator<Item = Value> {
        pattern.values.iter().enumerate().map(|(place, value)| match value {
            Some(number) => self.values[place][*number as usize].clone(),
            None => self.wildcards[place].clone(),
        })
    }
}

fn whole(weight: f64) -> Value {
    Value::Long(weight.round() as i64)
}

fn weight_of(row: &Row, column: Option<usize>) -> f64 {
    column.map_or(1.0, |column| row[column].as_real().unwrap_or_default())
}

/// Patterns of one set as rows: number, count, share in per cent, columns.
fn segments(call: &Call<'_>, coded: &Coded, patterns: &[Pattern]) -> Table {
    let total = coded.rows.total()[0];
    let rows = patterns.iter().enumerate().map(|(number, pattern)| {
        let weight = pattern.weights[0];
        let told = [Value::Long(number as i64), whole(weight), Value::Real(100.0 * weight / total)];
        told.into_iter().chain(coded.cells(pattern)).collect()
    });
    Table::new(call.schema.clone(), rows.collect())
}

/// `autocluster(size weight, weight column, seeds, wildcards …)`.
pub(super) fn autocluster(call: &Call<'_>) -> Result<Table, Failure> {
    let size_weight = number(call, "SizeWeight", 0, 0.5, 0.0, 1.0)?;
    let weights = weights(call, 1);
    let seeds = number(call, "NumSeeds", 2, 25.0, 1.0, 1_000.0)? as usize;
    let wildcards = Wildcards::new(call, 3)?;
    let left_out: Vec<usize> = weights.into_iter().collect();
    let coded = Coded::new(call, &left_out, &wildcards, |row| [weight_of(row, weights), 0.0])?;
    let found = patterns::clusters(&coded.rows, size_weight, seeds);
    Ok(segments(call, &coded, &found))
}

/// `basket(threshold, weight column, dimensions, wildcards …)`.
pub(super) fn basket(call: &Call<'_>) -> Result<Table, Failure> {
    let threshold = number(call, "Threshold", 0, 0.05, 0.015, 1.0)?;
    let weights = weights(call, 1);
    let dimensions = number(call, "MaxDimensions", 2, 5.0, 1.0, 100.0)? as usize;
    let wildcards = Wildcards::new(call, 3)?;
    let left_out: Vec<usize> = weights.into_iter().collect();
    let coded = Coded::new(call, &left_out, &wildcards, |row| [weight_of(row, weights), 0.0])?;
    let total = coded.rows.total()[0];
    let effort = Effort { dimensions, ..Effort::default() };
    let mut found =
        patterns::frequent(&coded.rows, effort, |weight| weight[0] > 0.0 && weight[0] >= threshold * total);
    found.sort_by(|left, right| right.weights[0].total_cmp(&left.weights[0]));
    Ok(segments(call, &coded, &found))
}

/// `diffpatterns(split column, value A, value B, weight column, threshold, dimensions, wildcards …)`.
pub(super) fn diffpatterns(call: &Call<'_>) -> Result<Table, Failure> {
    let split = call.column(0)?;
    let sides = [text::to_string(&call.constant(1)?), text::to_string(&call.constant(2)?)];
    let weights = weights(call, 3);
    let threshold = number(call, "Threshold", 4, 0.05, 0.015, 1.0)?;
    let dimensions = number(call, "MaxDimensions", 5, 10.0, 1.0, 100.0)? as usize;
    let wildcards = Wildcards::new(call, 6)?;
    let left_out: Vec<usize> = weights.into_iter().chain([split]).collect();
    let coded = Coded::new(call, &left_out, &wildcards, |row| {
        let side = text::to_string(&row[split]);
        let weight = weight_of(row, weights);
        [0, 1].map(|set| if side == sides[set] { weight } else { 0.0 })
    })?;
    let found = patterns::contrast(&coded.rows, threshold, Effort { dimensions, ..Effort::default() });
    let rows = found.iter().enumerate().map(|(number, contrast)| {
        let [a, b] = contrast.pattern.weights;
        let percent = contrast.shares.map(|share| 100.0 * share);
        let told = [
            Value::Long(number as i64),
            whole(a),
            whole(b),
            Value::Real(percent[0]),
            Value::Real(percent[1]),
            Value::Real(100.0 * contrast.difference()),
        ];
        told.into_iter().chain(coded.cells(&contrast.pattern)).collect()
    });
    Ok(Table::new(call.schema.clone(), rows.collect()))
}

/// `diffpatterns_text(text column, condition, least words, threshold, most words)`: texts taken apart at white space.
pub(super) fn diffpatterns_text(call: &Call<'_>) -> Result<Table, Failure> {
    let (column, Some(condition)) = (call.column(0)?, call.scalar(1)) else {
        return Err(call.refused("needs a condition as its second argument"));
    };
    let least = number(call, "MinTokens", 2, 1.0, 0.0, 200.0)? as usize;
    let threshold = number(call, "Threshold", 3, 0.05, 0.015, 1.0)?;
    let most = number(call, "MaxTokens", 4, 20.0, 1.0, 20.0)? as usize;
    let mut known: HashMap<&str, u32> = HashMap::new();
    let mut words: Vec<&str> = Vec::new();
    let mut texts = Vec::new();
    for row in &call.input.rows {
        let is_true = eval(condition, &Env::of(call.run, row))?.as_bool() == Some(true);
        let mut coded = Vec::new();
        for word in row[column].as_str().unwrap_or_default().split_whitespace() {
            let next = words.len() as u32;
            coded.push(*known.entry(word).or_insert_with(|| {
                words.push(word);
                next
            }));
        }
        call.run.count(coded.len())?;
        texts.push((coded, usize::from(!is_true)));
    }
    let found = tokens::contrast(&texts, Wanted { least, most, threshold });
    let totals = [0, 1].map(|set| texts.iter().filter(|(_, of)| *of == set).count() as f64);
    let rows = found.iter().map(|found| {
        let word = |token: &Option<u32>| token.map_or("*", |token| words[token as usize]);
        let pattern: Vec<&str> = found.tokens.iter().map(word).collect();
        let percent = |set: usize| {
            let share = 100.0 * found.counts[set] as f64 / totals[set];
            Value::Real(if share.is_finite() { share } else { 0.0 })
        };
        let count = |set: usize| Value::Long(found.counts[set].cast_signed());
        vec![count(0), count(1), percent(0), percent(1), pattern.join(" ").into()]
    });
    let schema = Schema::new(vec![
        Column::new("Count_of_True", ScalarType::Long),
        Column::new("Count_of_False", ScalarType::Long),
        Column::new("Percent_of_True", ScalarType::Real),
        Column::new("Percent_of_False", ScalarType::Real),
        Column::new("Pattern", ScalarType::String),
    ]);
    Ok(Table::new(schema, rows.collect()))
}
