//! Plugins that give the rows another shape, or some of them.

use std::collections::BTreeMap;

use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_values::aggregates::distinct::Sketch;
use azimuth_values::{Json, Refusal, Value, text};

use super::Call;
use crate::eval::{Env, eval, typed};
use crate::operators::basic::system_name;
use crate::run::Failure;
use crate::table::{Row, Table, null_of};

/// The type that values of one member share; `dynamic` if they differ.
fn common(known: Option<ScalarType>, json: &Json) -> Option<ScalarType> {
    let ty = match json {
        Json::Null => return known,
        Json::Bool(_) => ScalarType::Bool,
        Json::Long(_) => ScalarType::Long,
        Json::Real(_) => ScalarType::Real,
        Json::Decimal(_) => ScalarType::Decimal,
        Json::DateTime(_) => ScalarType::Datetime,
        Json::TimeSpan(_) => ScalarType::Timespan,
        Json::Guid(_) => ScalarType::Guid,
        Json::String(_) => ScalarType::String,
        Json::Array(_) | Json::Object(_) => ScalarType::Dynamic,
    };
    Some(match known {
        None => ty,
        Some(known) => known.common(ty).unwrap_or(ScalarType::Dynamic),
    })
}

/// `bag_unpack(column, prefix, columnsConflict, ignoredProperties)`: a column for every member, in the order of their names.
pub(super) fn bag_unpack(call: &Call<'_>) -> Result<Table, Failure> {
    let (bag, input) = (call.column(0)?, &call.input);
    let prefix = text::to_string(&call.named("OutputColumnPrefix", 1)?);
    let conflict = text::to_string(&call.named("columnsConflict", 2)?);
    let ignored = call.named("ignoredProperties", 3)?;
    let ignored = ignored.as_array().unwrap_or_default();
    let is_ignored =
        |name: &str| ignored.iter().any(|item| matches!(item, Json::String(ignored) if **ignored == *name));
    let mut members: BTreeMap<&str, Option<ScalarType>> = BTreeMap::new();
    for row in &input.rows {
        for (name, value) in row[bag].as_bag().unwrap_or_default() {
            if !is_ignored(name) {
                let known = members.entry(name).or_default();
                *known = common(*known, value);
            }
        }
    }
    let mut schema = Schema::new(Vec::new());
    // For each output column: a column of the input, or a member.
    let mut sources: Vec<Result<usize, &str>> = Vec::new();
    for (place, column) in input.schema.columns.iter().enumerate().filter(|(place, _)| *place != bag) {
        sources.push(Ok(place));
        schema.columns.push(column.clone());
    }
    for (name, ty) in &members {
        let column = Column::new(format!("{prefix}{name}"), ty.unwrap_or(ScalarType::Dynamic));
        match schema.index_of(&column.name) {
            None => {
                schema.columns.push(column);
                sources.push(Err(name));
            }
            Some(place) if conflict == "replace_source" => {
                schema.columns[place] = column;
                sources[place] = Err(name);
            }
            Some(_) if conflict == "keep_source" => {}
            Some(_) => {
                return Err(Failure::Refused(Refusal::new(format!(
                    "`bag_unpack` would make a second column `{}`; give a prefix, or columnsConflict='replace_source' or \
                     'keep_source'",
                    column.name
                ))));
            }
        }
    }
    let rows = input.rows.iter().map(|row| {
        let cells = sources.iter().zip(&schema.columns).map(|(source, column)| match source {
            Ok(place) => row[*place].clone(),
            Err(name) => match row[bag].as_json().and_then(|bag| bag.member(name)) {
                None | Some(Json::Null) => null_of(column.ty),
                Some(json) => typed(Value::dynamic(json.clone()), column.ty),
            },
        });
        cells.collect()
    });
    Ok(Table { rows: rows.collect(), schema })
}

/// `narrow()`: a row for every cell.
pub(super) fn narrow(call: &Call<'_>) -> Result<Table, Failure> {
    let input = &call.input;
    let cells = input.rows.iter().enumerate().flat_map(|(number, row)| {
        input.schema.columns.iter().zip(row).map(move |(column, cell)| {
            vec![
                Value::Long(number as i64),
                Value::string(column.name.as_str()),
                text::to_string(cell).into(),
            ]
        })
    });
    Ok(Table::new(call.schema.clone(), cells.collect()))
}

/// `preview(count)`: the first rows. The page says that the plugin gives a second table, the count of all; only the first
/// table is given.
pub(super) fn preview(call: &Call<'_>) -> Result<Table, Failure> {
    let count = usize::try_from(call.whole(0)?.unwrap_or(0)).unwrap_or(0);
    let rows = call.input.rows.iter().take(count).cloned().collect();
    Ok(Table::new(call.input.schema.clone(), rows))
}

/// `identity()`: the rows as they are.
pub(super) fn identity(call: &Call<'_>) -> Result<Table, Failure> {
    Ok(call.input.clone())
}

/// `estimate_rows_count()`: here the exact count.
pub(super) fn estimate_rows_count(call: &Call<'_>) -> Result<Table, Failure> {
    Ok(Table::new(call.schema.clone(), vec![vec![Value::Long(call.input.rows.len() as i64)]]))
}

/// `rows_near(condition, count, count after)`: the rows around those that meet the condition.
pub(super) fn rows_near(call: &Call<'_>) -> Result<Table, Failure> {
    let Some(condition) = call.scalar(0) else { return Err(call.refused("needs a condition")) };
    let input = &call.input;
    let before = call.whole(1)?.unwrap_or(0);
    let after = call.whole(2)?.unwrap_or(before);
    let mut near = vec![false; input.rows.len()];
    for (index, row) in input.rows.iter().enumerate() {
        if eval(condition, &Env::of(call.run, row))?.as_bool() == Some(true) {
            let first = index.saturating_sub(usize::try_from(before).unwrap_or(0));
            let last = index.saturating_add(usize::try_from(after).unwrap_or(0)).min(input.rows.len() - 1);
            near[first..=last].fill(true);
        }
    }
    let rows = input.rows.iter().zip(near).filter(|(_, near)| *near).map(|(row, _)| row.clone()).collect();
    Ok(Table::new(input.schema.clone(), rows))
}

/// `schema_merge(PreserveOrder)`: the columns of several results of `getschema` as one. Types of a column go together in the
/// wider one. When the order is preserved, which is the default, a column that stands in another place than where it stood
/// first is an error, and so is one whose types do not go together; the row says so, as the page shows.
pub(super) fn schema_merge(call: &Call<'_>) -> Result<Table, Failure> {
    let keeps_order = call.named("PreserveOrder", 0)?.as_bool() != Some(false);
    let place = |name: &str| call.input.schema.index_of(name);
    let (Some(name_at), Some(ordinal_at), Some(type_at)) =
        (place("ColumnName"), place("ColumnOrdinal"), place("ColumnType"))
    else {
        return Err(call.refused("takes the rows of `getschema`; put `| getschema` before it"));
    };
    let mut merged: Vec<Merged> = Vec::new();
    for row in &call.input.rows {
        let name = text::to_string(&row[name_at]);
        let (ordinal, ty) = (row[ordinal_at].as_long().unwrap_or(-1), text::to_string(&row[type_at]));
        match merged.iter_mut().find(|known| known.name == name) {
            None => merged.push(Merged { name, ordinal, ty: Ok(ty) }),
            Some(known) => known.meet(ordinal, &ty, keeps_order),
        }
    }
    // A later column moves those behind it: what is kept in order stands where it stood first, and new ones among them.
    let rows = in_order(merged, keeps_order).into_iter().enumerate().map(|(place, column)| match column.ty {
        Ok(ty) => {
            let system = ScalarType::from_name(&ty).map_or("", system_name);
            vec![column.name.into(), Value::Int(place as i32), system.into(), ty.into()]
        }
        Err(why) => {
            let data = format!("ERROR(unknown CSL type:ERROR({why}))");
            vec![column.name.into(), Value::Int(-1), data.into(), format!("ERROR({why})").into()]
        }
    });
    Ok(Table::new(call.schema.clone(), rows.collect()))
}

/// A column of merged schemas.
struct Merged {
    name: String,
    ordinal: i64,
    ty: Result<String, &'static str>,
}

impl Merged {
    /// The column stands in one more schema.
    fn meet(&mut self, ordinal: i64, ty: &str, keeps_order: bool) {
        let Ok(known) = &self.ty else { return };
        let common = match (ScalarType::from_name(known), ScalarType::from_name(ty)) {
            (Some(left), Some(right)) => left.common(right),
            _ => None,
        };
        self.ty = match common {
            _ if keeps_order && ordinal != self.ordinal => Err("columns are out of order"),
            Some(common) => Ok(common.to_string()),
            None => Err("column types cannot be merged"),
        };
        self.ordinal = self.ordinal.max(ordinal);
    }
}

/// Sound columns in the order of their places, then those in error.
fn in_order(mut merged: Vec<Merged>, keeps_order: bool) -> Vec<Merged> {
    if keeps_order {
        merged.sort_by_key(|column| column.ty.is_err());
    } else {
        merged.sort_by_key(|column| column.ordinal);
    }
    merged
}

/// `dcount_intersect(hll, …)`: for each row, how many values are in the first set, in the first two, in the first three ….
pub(super) fn dcount_intersect(call: &Call<'_>) -> Result<Table, Failure> {
    let rows = call.input.rows.iter().map(|row| {
        let env = Env::of(call.run, row);
        let mut counts = Vec::new();
        let mut sets = Vec::new();
        for index in 0..call.count() {
            let set = call.scalar(index).map_or(Ok(Value::Null), |expr| eval(expr, &env))?;
            sets.extend(Sketch::from_value(&set));
            // A set that is none makes every count from here on null.
            counts.push(if sets.len() > index { Sketch::count_shared(&sets)? } else { Value::Null });
        }
        Ok::<Row, Failure>(row.iter().cloned().chain(counts).collect())
    });
    Ok(Table::new(call.schema.clone(), rows.collect::<Result<_, _>>()?))
}
