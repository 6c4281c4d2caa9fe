//! `summarize`, `distinct` and `top-hitters`.

use std::collections::{HashMap, HashSet};

use azimuth_kql::bound::{Call, Expr, ExprKind, SummaryColumn};
use azimuth_values::{Accumulator, Value, aggregate, arithmetic, compare};

use crate::eval::{Env, address, eval, typed};
use crate::run::{Failure, Run};
use crate::table::{Row, Table, key_of};
use crate::window;

/// `distinct *`: the first of equal rows.
pub(super) fn distinct(rows: Vec<Row>) -> Vec<Row> {
    let mut seen = HashSet::new();
    rows.into_iter().filter(|row| seen.insert(key_of(row))).collect()
}

/// The aggregates in expressions, each once.
pub(super) fn aggregates_in<'e>(exprs: impl IntoIterator<Item = &'e Expr>) -> Vec<&'e Call> {
    fn collect<'e>(expr: &'e Expr, found: &mut Vec<&'e Call>, entered: &mut HashSet<usize>) {
        match &expr.kind {
            ExprKind::Aggregate(call) => {
                if !found.iter().any(|known| std::ptr::eq(*known, call)) {
                    found.push(call);
                }
            }
            ExprKind::Named(named) => {
                if entered.insert(std::sync::Arc::as_ptr(named) as usize) {
                    collect(&named.expr, found, entered);
                }
            }
            _ => expr.children().into_iter().for_each(|child| collect(child, found, entered)),
        }
    }
    let (mut found, mut entered) = (Vec::new(), HashSet::new());
    exprs.into_iter().for_each(|expr| collect(expr, &mut found, &mut entered));
    found
}

/// Fresh accumulators for calls; their constant arguments are evaluated for them.
pub(super) fn begin(run: &Run<'_>, calls: &[&Call]) -> Result<Vec<Box<dyn Accumulator>>, Failure> {
    calls
        .iter()
        .map(|call| {
            let name = call.function.name;
            let known =
                aggregate(name).ok_or_else(|| Failure::Unsupported(format!("the aggregate `{name}`")))?;
            let given = call
                .arguments
                .iter()
                .map(|argument| {
                    if argument.is_constant() { eval(argument, &Env::of(run, &[])) } else { Ok(Value::Null) }
                })
                .collect::<Result<Vec<_>, _>>()?;
            Ok((known.begin)(run.context, &given)?)
        })
        .collect()
}

/// Gives a row to accumulators.
pub(super) fn add(
    run: &Run<'_>,
    calls: &[&Call],
    accumulators: &mut [Box<dyn Accumulator>],
    row: &[Value],
) -> Result<(), Failure> {
    for (call, accumulator) in calls.iter().zip(accumulators) {
        let env = Env::of(run, row);
        let arguments =
            call.arguments.iter().map(|argument| eval(argument, &env)).collect::<Result<Vec<_>, _>>()?;
        accumulator.add(&arguments)?;
    }
    Ok(())
}

/// What accumulators have come to, for the expressions above them.
pub(super) fn finish(calls: &[&Call], accumulators: &[Box<dyn Accumulator>]) -> HashMap<usize, Vec<Value>> {
    calls
        .iter()
        .zip(accumulators)
        .map(|(call, accumulator)| (address(call), accumulator.finish_all()))
        .collect()
}

/// `summarize`: groups in the order they are first seen; without `by`, one group even of nothing.
pub(super) fn summarize(
    run: &Run<'_>,
    table: &Table,
    by: &[Expr],
    aggregates: &[Expr],
    has_by: bool,
    output: &[SummaryColumn],
) -> Result<Vec<Row>, Failure> {
    let calls = aggregates_in(aggregates);
    let keys = window::evaluate(run, by, &table.rows)?;
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut groups: Vec<(Row, Vec<Box<dyn Accumulator>>)> = Vec::new();
    if !has_by {
        places.insert(Vec::new(), 0);
        groups.push((Vec::new(), begin(run, &calls)?));
    }
    for (row, key) in table.rows.iter().zip(keys) {
        let bytes = key_of(&key);
        let place = match places.get(&bytes) {
            Some(place) => *place,
            None => {
                places.insert(bytes, groups.len());
                groups.push((key, begin(run, &calls)?));
                groups.len() - 1
            }
        };
        add(run, &calls, &mut groups[place].1, row)?;
    }
    groups
        .iter()
        .map(|(key, accumulators)| {
            let computed = finish(&calls, accumulators);
            let env = Env { computed: Some(&computed), ..Env::of(run, &[]) };
            output
                .iter()
                .map(|column| match column {
                    SummaryColumn::Group(index) => Ok(key[*index].clone()),
                    SummaryColumn::Aggregate(index) => {
                        let expr = &aggregates[*index];
                        Ok(typed(eval(expr, &env)?, expr.ty))
                    }
                })
                .collect()
        })
        .collect()
}

/// `top-hitters`: the values with the largest weights, exactly.
pub(super) fn top_hitters(
    run: &Run<'_>,
    table: &Table,
    count: usize,
    of: &Expr,
    by: Option<&Expr>,
) -> Result<Vec<Row>, Failure> {
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut groups: Vec<Row> = Vec::new();
    for row in &table.rows {
        let env = Env::of(run, row);
        let value = eval(of, &env)?;
        let weight = by.map_or(Ok(Value::Long(1)), |by| eval(by, &env))?;
        let place = *places.entry(key_of(std::slice::from_ref(&value))).or_insert_with(|| {
            groups.push(vec![value.clone(), Value::Null]);
            groups.len() - 1
        });
        let sum = &mut groups[place][1];
        if !weight.is_null() {
            *sum = if sum.is_null() { weight } else { arithmetic::add(sum, &weight) };
        }
    }
    groups.sort_by(|left, right| compare::total(&right[1], &left[1]));
    groups.truncate(count);
    Ok(groups)
}
