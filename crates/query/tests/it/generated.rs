//! Queries made from the catalogue of functions: for every scalar function and every aggregate, calls whose arguments are of
//! the types that its signature takes, over columns and constants. Both engines have to answer alike.

use std::collections::BTreeMap;

use azimuth_kql::functions::{Accepts, Form, Function, FunctionKind, Parameter, Returns, Use, all};
use azimuth_kql::types::ScalarType as T;
use azimuth_query::QueryError;
use azimuth_rows::{Limits, Support, Table, support};
use azimuth_values::{Context, Value};

use crate::differential::{Both, Chance, bag, both};
use crate::support::{NOW, deep, last, runtime};

/// Calls of each function.
const CALLS: usize = 4;

/// Functions whose answers are not the same twice, or which tell of the engine.
const LEFT_OUT: &[&str] = &["assert", "new_guid", "rand", "ingestion_time", "extent_id", "extent_tags"];

/// An expression of a type, over the columns of the table where `with_columns`.
fn of_type(ty: T, chance: &mut Chance, with_columns: bool) -> String {
    let (column, constants): (&str, &[&str]) = match ty {
        T::Bool => ("b", &["true", "false", "bool(null)"]),
        T::Int => ("i", &["int(2)", "int(-7)", "int(null)"]),
        T::Long => ("l", &["0", "3", "-1", "60", "long(null)"]),
        T::Real => ("r", &["0.0", "1.5", "-2.25", "0.5", "real(nan)"]),
        T::Decimal => ("m", &["decimal(2.5)", "decimal(-1)"]),
        T::Datetime => {
            ("t", &["datetime(2022-09-29 01:02:03.4567)", "datetime(2020-02-29)", "datetime(null)"])
        }
        T::Timespan => ("p", &["1h", "90s", "-1d", "time(1.02:03:04.5)"]),
        T::Guid => ("g", &["guid(74be27de-1e4e-49d9-b579-fe0b331d3642)"]),
        T::String => (
            "s",
            &["'alpha'", "''", "'10.1.2.3/24'", "'a,b;c=d'", "'{\"a\":[1,2]}'", "'SGVsbG8='", "'yyyy-MM-dd'"],
        ),
        T::Dynamic | T::Unknown => (
            "d",
            &[
                "dynamic([1,2,3,4,5])",
                "dynamic([3.5,null,-1])",
                "dynamic({\"a\":1,\"b\":[1,2]})",
                "dynamic(['x','y'])",
                "dynamic(null)",
            ],
        ),
    };
    if with_columns && chance.next(2) == 0 { column.to_owned() } else { chance.pick(constants).to_owned() }
}

/// An argument for a parameter; the types of the arguments before it are known.
fn argument(parameter: &Parameter, before: &[(T, String)], chance: &mut Chance) -> Option<(T, String)> {
    let with_columns = parameter.form == Form::Any;
    if !parameter.values.is_empty() {
        return Some((T::String, format!("'{}'", chance.pick(parameter.values))));
    }
    if !matches!(
        parameter.form,
        Form::Any | Form::Constant | Form::Literal | Form::Column | Form::ColumnOrStar
    ) {
        return None;
    }
    let one_of = |types: &[T], chance: &mut Chance| types[chance.next(types.len() as u64) as usize];
    let numbers = [T::Int, T::Long, T::Real];
    let ty = match parameter.accepts {
        Accepts::Type(ty) => ty,
        Accepts::OneOf(types) => one_of(types, chance),
        Accepts::Any => one_of(&[T::Long, T::Real, T::String, T::Datetime, T::Bool, T::Dynamic], chance),
        Accepts::NotDynamic => one_of(&[T::Long, T::String, T::Datetime, T::Guid], chance),
        Accepts::Text | Accepts::TextAsIs | Accepts::AnyText => T::String,
        Accepts::Number | Accepts::NumberOrBool => one_of(&numbers, chance),
        Accepts::Integer => one_of(&[T::Int, T::Long], chance),
        Accepts::Summable => one_of(&[T::Long, T::Real, T::Datetime, T::Timespan], chance),
        Accepts::SameAs(place) => before.get(place).map_or(T::Long, |(ty, _)| *ty),
        Accepts::Common => before.last().map_or(T::Long, |(ty, _)| *ty),
        Accepts::Table => return None,
        Accepts::Array => {
            let arrays =
                ["dynamic([1,2,3,4,5])", "dynamic([2.5,null,-1.5])", "dynamic(['a','b','a'])", "dynamic([])"];
            return Some((T::Dynamic, chance.pick(&arrays).to_owned()));
        }
        Accepts::Bag => {
            let bags = ["dynamic({'a':1,'b':{'c':2}})", "dynamic({})", "bag_pack('k', l)"];
            let bag = chance.pick(if with_columns { &bags } else { &bags[..2] });
            return Some((T::Dynamic, bag.to_owned()));
        }
        _ => one_of(&[T::String, T::Dynamic], chance),
    };
    let text = match parameter.form {
        Form::Column => return Some((ty, of_column(ty))),
        Form::Literal if ty == T::String || parameter.accepts == Accepts::Any => "typeof(string)".to_owned(),
        _ => of_type(ty, chance, with_columns),
    };
    Some((ty, text))
}

fn of_column(ty: T) -> String {
    let mut first = Chance(0);
    loop {
        let text = of_type(ty, &mut first, true);
        if text.len() == 1 {
            return text;
        }
    }
}

/// A call of a function: the text, or nothing if its arguments cannot be made up.
fn call(function: &Function, chance: &mut Chance) -> Option<String> {
    let signatures = function.signatures;
    let signature = &signatures[chance.next(signatures.len() as u64) as usize];
    if matches!(signature.returns, Returns::Table) {
        return None;
    }
    let mut arguments: Vec<(T, String)> = Vec::new();
    // Neighbours that repeat do so as a group.
    let groups = signature
        .parameters
        .chunk_by(|left, right| left.most > 1 && left.most == right.most && left.least == right.least);
    for group in groups {
        let least = group[0].least;
        let more = if group[0].most > least { chance.next(2) as usize } else { 0 };
        for _ in 0..least + more {
            for parameter in group {
                arguments.push(argument(parameter, &arguments, chance)?);
            }
        }
    }
    let texts: Vec<&str> = arguments.iter().map(|(_, text)| text.as_str()).collect();
    Some(format!("{}({})", function.name, texts.join(", ")))
}

/// What became of the queries.
#[derive(Default)]
struct Tally {
    alike: usize,
    refused: usize,
    unbound: BTreeMap<&'static str, String>,
    covered: BTreeMap<&'static str, usize>,
    differ: Vec<String>,
}

/// A null text is an empty one.
fn without_nulls(mut table: Table) -> Table {
    for row in &mut table.rows {
        for (cell, column) in row.iter_mut().zip(&table.schema.columns) {
            if column.ty == T::String && cell.is_null() {
                *cell = Value::string("");
            }
        }
    }
    table
}

fn ask(both: &Both, name: &'static str, text: &str, tally: &mut Tally) {
    let context = Context::new(NOW, 1);
    let slow = azimuth_rows::query(text, &both.catalog, both, &context, Limits::default());
    let fast = runtime().block_on(last(&both.engine, text));
    match (slow, fast) {
        (Ok((_, slow)), Ok(fast)) => {
            let (slow, fast) = (without_nulls(slow.last().cloned().unwrap_or_default()), without_nulls(fast));
            tally.alike += 1;
            *tally.covered.entry(name).or_default() += 1;
            if slow.schema != fast.schema || bag(&slow) != bag(&fast) {
                tally.differ.push(format!(
                    "{text}\n rows {:?}\n plan {:?}",
                    slow.rows.first(),
                    fast.rows.first()
                ));
            }
        }
        (Err(azimuth_rows::QueryError::Invalid(found)), Err(QueryError::Invalid(_))) => {
            tally.unbound.insert(name, format!("{text}: {}", found[0].message));
        }
        (Err(_), Err(_)) => {
            tally.refused += 1;
            *tally.covered.entry(name).or_default() += 1;
        }
        // The limits of results are the planned engine's own.
        (Ok(_), Err(QueryError::TooManyBytes(_))) => tally.refused += 1,
        (Ok(_), Err(error)) => tally.differ.push(format!("{text}\n only the plan fails: {error}")),
        (Err(error), Ok(_)) => tally.differ.push(format!("{text}\n only the rows fail: {error:?}")),
    }
}

/// Asks for every function of a use, and says what came of it.
fn every(usage: Use, seed: u64, query: impl Fn(&str) -> String) {
    let both = both(seed);
    let mut chance = Chance(seed);
    let mut tally = Tally::default();
    let mut functions: Vec<&Function> = all(usage)
        .filter(|function| function.alias_of.is_none() && support(function) == Support::Runs)
        .filter(|function| matches!(function.kind, FunctionKind::Scalar | FunctionKind::Aggregate))
        .filter(|function| !LEFT_OUT.contains(&function.name))
        .collect();
    functions.sort_by_key(|function| function.name);
    for function in &functions {
        for _ in 0..CALLS {
            if let Some(call) = call(function, &mut chance) {
                let text = query(&call);
                let asked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    ask(&both, function.name, &text, &mut tally);
                }));
                if asked.is_err() {
                    tally.differ.push(format!("{text}\n panics"));
                }
            }
        }
    }
    let bare: Vec<_> = functions
        .iter()
        .filter(|function| !tally.covered.contains_key(function.name))
        .map(|function| tally.unbound.get(function.name).cloned().unwrap_or_else(|| function.name.to_owned()))
        .collect();
    eprintln!(
        "{} of {} functions, {} queries answered alike, {} refused by both",
        tally.covered.len(),
        functions.len(),
        tally.alike,
        tally.refused
    );
    assert!(tally.differ.is_empty(), "{}", tally.differ.join("\n"));
    assert!(bare.len() * 20 <= functions.len(), "no call of these binds:\n{}", bare.join("\n"));
}

/// Beginnings of chance: one by default, `SEEDS=n` for more.
fn seeds() -> std::ops::Range<u64> {
    let count = std::env::var("SEEDS").ok().and_then(|count| count.parse().ok()).unwrap_or(1);
    11..11 + count
}

#[test]
fn every_scalar_function() {
    deep(|| {
        seeds().for_each(|seed| {
            every(Use::Scalar, seed, |call| format!("T | project x = tostring({call}), l | take 1000"));
        });
    });
}

#[test]
fn every_aggregate() {
    deep(|| {
        seeds().for_each(|seed| {
            every(Use::Aggregate, seed, |call| format!("T | summarize x = {call} by b | project-away b"));
        });
    });
}
