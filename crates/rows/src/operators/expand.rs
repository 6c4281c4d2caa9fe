//! `mv-expand` and `mv-apply`.

use azimuth_kql::bound::{ApplyColumn, MvApply, MvExpand};
use azimuth_kql::types::ScalarType;
use azimuth_values::functions::convert;
use azimuth_values::{Json, Value, text};

use crate::eval::{self, Env, eval};
use crate::run::{Failure, Run};
use crate::table::{Row, Table, null_of};

/// `mv-expand`: for each row, the rows that come of it. Arrays go side by side, the shorter filled with null; a null
/// counts as one item, an empty array as none.
pub(super) fn expand(
    run: &Run<'_>,
    expand: &MvExpand,
    rows: &[Row],
    kept: Option<&[usize]>,
    width: usize,
) -> Result<Vec<Vec<Row>>, Failure> {
    let limit = match &expand.limit {
        Some(limit) => {
            eval::constant(run, limit)?.as_long().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(0)
        }
        None => usize::MAX,
    };
    let replaced: Vec<usize> = expand.columns.iter().map(|column| column.output).collect();
    rows.iter()
        .map(|row| {
            let env = Env::of(run, row);
            let lists = expand
                .columns
                .iter()
                .map(|column| Ok(items_of(&eval(&column.value, &env)?, expand.is_bag_array)))
                .collect::<Result<Vec<_>, Failure>>()?;
            let count = lists.iter().map(Vec::len).max().unwrap_or(0).min(limit);
            run.count_wide(count, width)?;
            Ok((0..count)
                .map(|index| {
                    let mut out: Row = match kept {
                        Some(kept) => kept.iter().map(|&place| row[place].clone()).collect(),
                        None => row.clone(),
                    };
                    out.resize(width, Value::Null);
                    for ((list, column), &place) in lists.iter().zip(&expand.columns).zip(&replaced) {
                        out[place] = list
                            .get(index)
                            .map_or_else(|| null_of(column.ty), |item| item_as(item, column.ty));
                    }
                    if let Some(place) = expand.index_column {
                        out[place] = Value::Long(index as i64);
                    }
                    out
                })
                .collect())
        })
        .collect()
}

/// What a value expands to.
pub fn items_of(value: &Value, bag_array: bool) -> Vec<Json> {
    match value.to_json() {
        Json::Array(items) => items,
        Json::Object(members) if bag_array => {
            members.into_iter().map(|(name, value)| Json::Array(vec![Json::String(name), value])).collect()
        }
        Json::Object(members) => members.into_iter().map(|member| Json::Object(vec![member])).collect(),
        scalar => vec![scalar],
    }
}

/// An item under the type of `to typeof(…)`: a text is no number, and becomes none.
pub fn item_as(item: &Json, ty: ScalarType) -> Value {
    let value = Value::dynamic(item.clone());
    match ty {
        ScalarType::Dynamic | ScalarType::Unknown => value,
        ScalarType::String => text::to_string(&value).into(),
        ScalarType::Datetime => convert::to_datetime(&value),
        ScalarType::Timespan => convert::to_timespan(&value),
        ScalarType::Guid => convert::to_guid(&value),
        _ if matches!(item, Json::String(_)) => Value::Null,
        ScalarType::Bool => convert::to_bool(&value),
        _ if matches!(item, Json::Bool(_)) => Value::Null,
        ScalarType::Int => convert::to_int(&value),
        ScalarType::Long => convert::to_long(&value),
        ScalarType::Real => convert::to_real(&value),
        ScalarType::Decimal => convert::to_decimal(&value),
    }
}

/// `mv-apply`: the body over the expansion of each row, beside the columns of the row.
pub(super) fn apply(run: &Run<'_>, apply: &MvApply, rows: &[Row]) -> Result<Vec<Row>, Failure> {
    let width = apply.given.columns.len();
    let mut out = Vec::new();
    let expansions = expand(run, &apply.expand, rows, Some(&apply.kept), width)?;
    for (id, (row, mut expanded)) in rows.iter().zip(expansions).enumerate() {
        if apply.has_context_id {
            for row in &mut expanded {
                if let Some(last) = row.last_mut() {
                    *last = Value::Long(id as i64);
                }
            }
        }
        let given = Table::new(apply.given.clone(), expanded);
        for made in run.table(&apply.body, Some(&given))?.rows {
            let cells = apply.output.iter().map(|column| match column {
                ApplyColumn::Input(place) => row[*place].clone(),
                ApplyColumn::Body(place) => made[*place].clone(),
            });
            out.push(cells.collect());
        }
    }
    Ok(out)
}
