//! Window functions: `prev`, `next`, `row_number` and their kin, computed over all rows before the expressions above them.

use std::collections::{HashMap, HashSet};

use azimuth_kql::bound::{Call, Expr, ExprKind};
use azimuth_kql::functions::FunctionKind;
use azimuth_values::{Value, arithmetic, compare};

use crate::eval::{Env, address, eval};
use crate::run::{Failure, Run};
use crate::table::Row;

/// The values of expressions for every row, window functions included.
///
/// # Errors
/// See [`Failure`].
pub(crate) fn evaluate(run: &Run<'_>, exprs: &[Expr], rows: &[Row]) -> Result<Vec<Row>, Failure> {
    let mut windows = Vec::new();
    let mut entered = HashSet::new();
    exprs.iter().for_each(|expr| collect(expr, &mut windows, &mut entered));
    if windows.is_empty() {
        return rows
            .iter()
            .map(|row| exprs.iter().map(|expr| eval(expr, &Env::of(run, row))).collect())
            .collect();
    }
    let mut computed: Vec<HashMap<usize, Vec<Value>>> = vec![HashMap::new(); rows.len()];
    // Inner calls come before those that hold them.
    for call in windows {
        let values = window(run, call, rows, &computed)?;
        for (known, value) in computed.iter_mut().zip(values) {
            known.insert(address(call), vec![value]);
        }
    }
    rows.iter()
        .zip(&computed)
        .map(|(row, computed)| {
            let env = Env { computed: Some(computed), ..Env::of(run, row) };
            exprs.iter().map(|expr| eval(expr, &env)).collect()
        })
        .collect()
}

fn collect<'e>(expr: &'e Expr, found: &mut Vec<&'e Call>, entered: &mut HashSet<usize>) {
    if let ExprKind::Named(named) = &expr.kind
        && entered.insert(std::sync::Arc::as_ptr(named) as usize)
    {
        collect(&named.expr, found, entered);
    }
    expr.children().into_iter().for_each(|child| collect(child, found, entered));
    if let ExprKind::Call(call) = &expr.kind
        && call.function.kind == FunctionKind::Window
        && !found.iter().any(|known| std::ptr::eq(*known, call))
    {
        found.push(call);
    }
}

fn window(
    run: &Run<'_>,
    call: &Call,
    rows: &[Row],
    computed: &[HashMap<usize, Vec<Value>>],
) -> Result<Vec<Value>, Failure> {
    // The arguments of every row, in the order of the signature.
    let arguments: Vec<Vec<Value>> = rows
        .iter()
        .zip(computed)
        .map(|(row, computed)| {
            let env = Env { computed: Some(computed), ..Env::of(run, row) };
            call.arguments.iter().map(|argument| eval(argument, &env)).collect()
        })
        .collect::<Result<_, _>>()?;
    let name = call.function.name;
    match FUNCTIONS.iter().find(|(known, _)| *known == name) {
        Some((_, function)) => Ok(function(&arguments)),
        None => Err(Failure::Unsupported(format!("the window function `{name}`"))),
    }
}

/// A window function: a value for every row from the arguments of all rows.
type Window = fn(&[Vec<Value>]) -> Vec<Value>;

/// The window functions by name.
pub(crate) const FUNCTIONS: &[(&str, Window)] = &[
    ("next", |arguments| neighbour(arguments, 1)),
    ("prev", |arguments| neighbour(arguments, -1)),
    ("row_cumsum", row_cumsum),
    ("row_number", row_number),
    ("row_rank", |arguments| row_rank(arguments, true)),
    ("row_rank_dense", |arguments| row_rank(arguments, true)),
    ("row_rank_min", |arguments| row_rank(arguments, false)),
    ("row_window_session", row_window_session),
];

/// `prev(x, offset, default)`, `next(…)`.
fn neighbour(arguments: &[Vec<Value>], direction: i64) -> Vec<Value> {
    let at = |index: usize| {
        let row = &arguments[index];
        let offset = row.get(1).map_or(Some(1), Value::as_long)?.checked_mul(direction)?;
        let other = (index as i64).checked_add(offset)?;
        arguments.get(usize::try_from(other).ok()?)?.first().cloned()
    };
    (0..arguments.len())
        .map(|index| at(index).unwrap_or_else(|| arguments[index].get(2).cloned().unwrap_or_default()))
        .collect()
}

fn restarts(row: &[Value], index: usize) -> bool {
    row.get(index).and_then(Value::as_bool) == Some(true)
}

/// `row_number(start, restart)`.
fn row_number(arguments: &[Vec<Value>]) -> Vec<Value> {
    let mut number = 0;
    arguments
        .iter()
        .enumerate()
        .map(|(index, row)| {
            let start = row.first().and_then(Value::as_long).unwrap_or(1);
            number = if index == 0 || restarts(row, 1) { start } else { number + 1 };
            Value::Long(number)
        })
        .collect()
}

/// `row_cumsum(x, restart)`: a null counts as nothing.
fn row_cumsum(arguments: &[Vec<Value>]) -> Vec<Value> {
    let mut sum = Value::Null;
    arguments
        .iter()
        .map(|row| {
            let value = row.first().cloned().unwrap_or_default();
            sum = if sum.is_null() || restarts(row, 1) {
                value
            } else if value.is_null() {
                sum.clone()
            } else {
                arithmetic::add(&sum, &value)
            };
            sum.clone()
        })
        .collect()
}

/// `row_rank_dense(x, restart)` counts changes of the value, `row_rank_min` the rows before them.
fn row_rank(arguments: &[Vec<Value>], dense: bool) -> Vec<Value> {
    let (mut rank, mut count) = (0, 0);
    let mut last: Option<&Value> = None;
    arguments
        .iter()
        .map(|row| {
            let value = &row[0];
            if last.is_none() || restarts(row, 1) {
                (rank, count) = (1, 1);
            } else {
                count += 1;
                if last.is_none_or(|last| compare::total(last, value).is_ne()) {
                    rank = if dense { rank + 1 } else { count };
                }
            }
            last = Some(value);
            Value::Long(rank)
        })
        .collect()
}

/// `row_window_session(moment, longest, gap, restart)`: the moment at which the session of the row began. A moment as far from
/// the beginning as the longest, or as far from the one before as the gap, begins a new one.
fn row_window_session(arguments: &[Vec<Value>]) -> Vec<Value> {
    let mut start = Value::Null;
    let mut last = Value::Null;
    arguments
        .iter()
        .map(|row| {
            let at = &row[0];
            let within = |from: &Value, most: &Value| {
                compare::ordered(&arithmetic::subtract(at, from), most, std::cmp::Ordering::is_lt).as_bool()
                    == Some(true)
            };
            if start.is_null() || restarts(row, 3) || !within(&start, &row[1]) || !within(&last, &row[2]) {
                start = at.clone();
            }
            last = at.clone();
            start.clone()
        })
        .collect()
}
