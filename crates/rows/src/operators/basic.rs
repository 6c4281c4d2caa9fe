//! Rows made, kept and divided: `datatable`, `range`, `where`, `partition`, `getschema`.

use std::cmp::Ordering;
use std::collections::HashMap;

use azimuth_kql::bound::{Expr, Input};
use azimuth_kql::types::{ScalarType, Schema};
use azimuth_values::{Value, arithmetic, compare};

use crate::eval::{self, typed};
use crate::run::{Failure, Run};
use crate::table::{Row, Table, key_of, null_of};
use crate::window;

/// `datatable`: constants under the types of the columns.
pub(super) fn datatable(run: &Run<'_>, rows: &[Vec<Expr>], schema: &Schema) -> Result<Vec<Row>, Failure> {
    let cell = |expr: &Expr, ty: ScalarType| {
        let value = typed(eval::constant(run, expr)?, ty);
        Ok(if value.is_null() { null_of(ty) } else { value })
    };
    rows.iter()
        .map(|row| row.iter().zip(&schema.columns).map(|(expr, column)| cell(expr, column.ty)).collect())
        .collect()
}

/// `range x from a to b step s`: both ends are part of it; a step away from the end gives nothing.
pub(super) fn range(run: &Run<'_>, from: &Expr, to: &Expr, step: &Expr) -> Result<Vec<Row>, Failure> {
    let (from, to, step) = (eval::constant(run, from)?, eval::constant(run, to)?, eval::constant(run, step)?);
    let zero = arithmetic::subtract(&step, &step);
    let past = match compare::compare(&step, &zero) {
        Some(Ordering::Greater) => Ordering::Greater,
        Some(Ordering::Less) => Ordering::Less,
        _ => return Ok(Vec::new()),
    };
    let mut rows: Vec<Row> = Vec::new();
    let mut at = from.clone();
    while compare::compare(&at, &to).is_some_and(|order| order != past) {
        run.count(1)?;
        rows.push(vec![at.clone()]);
        let steps = Value::Long(rows.len() as i64);
        let next = arithmetic::add(&from, &arithmetic::multiply(&step, &steps));
        if compare::compare(&next, &at) != Some(past) {
            break;
        }
        at = next;
    }
    Ok(rows)
}

/// `where`: rows for which the predicate is true.
pub(super) fn filter(run: &Run<'_>, table: &Table, predicate: &Expr) -> Result<Vec<Row>, Failure> {
    let verdicts = window::evaluate(run, std::slice::from_ref(predicate), &table.rows)?;
    let kept = table.rows.iter().zip(verdicts).filter(|(_, verdict)| verdict[0].as_bool() == Some(true));
    Ok(kept.map(|(row, _)| row.clone()).collect())
}

/// `partition by`: the body over the rows of each key, in the order the keys are first seen.
pub(super) fn partition(run: &Run<'_>, table: &Table, by: &Expr, body: &Input) -> Result<Vec<Row>, Failure> {
    let keys = window::evaluate(run, std::slice::from_ref(by), &table.rows)?;
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut parts: Vec<Table> = Vec::new();
    for (row, key) in table.rows.iter().zip(&keys) {
        let place = *places.entry(key_of(key)).or_insert_with(|| {
            parts.push(Table::new(table.schema.clone(), Vec::new()));
            parts.len() - 1
        });
        parts[place].rows.push(row.clone());
    }
    let mut rows = Vec::new();
    for part in &parts {
        rows.extend(run.table(body, Some(part))?.rows);
    }
    Ok(rows)
}

/// What the engine below the language calls a type.
pub(super) fn system_name(ty: ScalarType) -> &'static str {
    match ty {
        ScalarType::Bool => "System.SByte",
        ScalarType::Int => "System.Int32",
        ScalarType::Long => "System.Int64",
        ScalarType::Real => "System.Double",
        ScalarType::Decimal => "System.Data.SqlTypes.SqlDecimal",
        ScalarType::Datetime => "System.DateTime",
        ScalarType::Timespan => "System.TimeSpan",
        ScalarType::Guid => "System.Guid",
        ScalarType::String => "System.String",
        ScalarType::Dynamic | ScalarType::Unknown => "System.Object",
    }
}

/// `getschema`: name, place and types of each column.
pub(super) fn schema_rows(schema: &Schema) -> Vec<Row> {
    schema
        .columns
        .iter()
        .enumerate()
        .map(|(place, column)| {
            vec![
                Value::string(column.name.as_str()),
                Value::Long(place as i64),
                Value::string(system_name(column.ty)),
                Value::string(column.ty.name()),
            ]
        })
        .collect()
}
