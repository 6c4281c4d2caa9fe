//! `evaluate`: the plugins.
//!
//! The columns of some depend on the rows (`bag_unpack`, `pivot`): they give a whole [`Table`], whose schema the driver
//! hands back to the binder.

use std::collections::{BTreeMap, HashMap};

use azimuth_kql::bound::{Evaluate, Expr, ExprKind, PluginArgument};
use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_values::functions::ip;
use azimuth_values::{Json, Refusal, Value, text};

use super::{activity, geo_plugin, group};
use crate::eval::{self, Env, eval, typed};
use crate::run::{Failure, Run};
use crate::table::{Row, Table, key_of, null_of};

/// The rows of a plugin under the columns that the binder knows.
pub(super) fn rows(
    run: &Run<'_>,
    evaluate: &Evaluate,
    schema: &Schema,
    given: Option<&Table>,
) -> Result<Vec<Row>, Failure> {
    let made = table(run, evaluate, schema, given)?;
    let places: Vec<Option<usize>> =
        schema.columns.iter().map(|column| made.schema.index_of(&column.name)).collect();
    let cast = |row: &Row| -> Row {
        places
            .iter()
            .zip(&schema.columns)
            .map(|(place, column)| match place {
                Some(place) => {
                    let from = made.schema.columns[*place].ty;
                    let value = eval::converted(&row[*place], from, column.ty);
                    if value.is_null() { null_of(column.ty) } else { typed(value, column.ty) }
                }
                None => null_of(column.ty),
            })
            .collect()
    };
    Ok(made.rows.iter().map(cast).collect())
}

/// What a plugin gives, with the columns that its rows tell.
pub(crate) fn table(
    run: &Run<'_>,
    evaluate: &Evaluate,
    schema: &Schema,
    given: Option<&Table>,
) -> Result<Table, Failure> {
    let input = evaluate.input.as_ref().map(|input| run.table(input, given)).transpose()?.unwrap_or_default();
    match evaluate.plugin.name {
        "bag_unpack" => bag_unpack(run, evaluate, &input),
        "pivot" => pivot(run, evaluate, &input),
        "narrow" => Ok(narrow(&input, schema)),
        "ipv4_lookup" | "ipv6_lookup" => ip_lookup(run, evaluate, &input, schema, given),
        "geo_polygon_lookup" | "geo_line_lookup" => geo_plugin::lookup(run, evaluate, &input, schema, given),
        "rows_near" => rows_near(run, evaluate, &input),
        "preview" | "dcount_intersect" => {
            let count = whole(run, evaluate, 0)?.unwrap_or(0);
            let mut input = input;
            input.rows.truncate(usize::try_from(count).unwrap_or(0));
            Ok(input)
        }
        "active_users_count" => activity::active_users_count(run, evaluate, &input, schema),
        "session_count" => activity::session_count(run, evaluate, &input, schema),
        "schema_merge" => Ok(schema_merge(&input, schema)),
        other => Err(Failure::Unsupported(format!("the plugin `{other}`"))),
    }
}

pub(super) fn scalar(evaluate: &Evaluate, index: usize) -> Option<&Expr> {
    match evaluate.arguments.get(index) {
        Some(PluginArgument::Scalar(expr)) => Some(expr),
        _ => None,
    }
}

pub(super) fn constant(run: &Run<'_>, evaluate: &Evaluate, index: usize) -> Result<Value, Failure> {
    scalar(evaluate, index).map_or(Ok(Value::Null), |expr| eval::constant(run, expr))
}

fn whole(run: &Run<'_>, evaluate: &Evaluate, index: usize) -> Result<Option<i64>, Failure> {
    Ok(constant(run, evaluate, index)?.as_long())
}

pub(super) fn column(evaluate: &Evaluate, index: usize) -> Result<usize, Failure> {
    match scalar(evaluate, index).map(|expr| &expr.kind) {
        Some(ExprKind::Column(column) | ExprKind::RightColumn(column)) => Ok(*column),
        _ => Err(Failure::Refused(Refusal::new(format!(
            "argument {} of `{}` has to be a column",
            index + 1,
            evaluate.plugin.name
        )))),
    }
}

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
fn bag_unpack(run: &Run<'_>, evaluate: &Evaluate, input: &Table) -> Result<Table, Failure> {
    let bag = column(evaluate, 0)?;
    let (mut prefix, mut conflict, mut ignored) = (String::new(), "error".to_owned(), Vec::new());
    for index in 1..evaluate.arguments.len() {
        match constant(run, evaluate, index)? {
            value if value.as_array().is_some() => {
                ignored = value
                    .as_array()
                    .unwrap_or_default()
                    .iter()
                    .map(|item| text::to_string(&item.to_value()))
                    .collect();
            }
            Value::String(word) if matches!(&*word, "error" | "replace_source" | "keep_source") => {
                conflict = word.to_string();
            }
            value => prefix = text::to_string(&value),
        }
    }
    let mut members: BTreeMap<&str, Option<ScalarType>> = BTreeMap::new();
    for row in &input.rows {
        for (name, value) in row[bag].as_bag().unwrap_or_default() {
            if !ignored.iter().any(|ignored| **ignored == **name) {
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

/// The accumulators of a row, by the column that they make.
type Cells = HashMap<String, Vec<Box<dyn azimuth_values::Accumulator>>>;

/// `pivot(column, aggregate, others …)`: a column for every value of the first one, in their order.
fn pivot(run: &Run<'_>, evaluate: &Evaluate, input: &Table) -> Result<Table, Failure> {
    let key = column(evaluate, 0)?;
    let call = evaluate.arguments.iter().find_map(|argument| match argument {
        PluginArgument::Aggregate(call) => Some(call),
        _ => None,
    });
    let named: Vec<usize> =
        (1..evaluate.arguments.len()).filter_map(|index| column(evaluate, index).ok()).collect();
    let used: Vec<usize> = call
        .map(|call| {
            let column = |argument: &Expr| match argument.kind {
                ExprKind::Column(column) => Some(column),
                _ => None,
            };
            call.arguments.iter().filter_map(column).collect()
        })
        .unwrap_or_default();
    let kept: Vec<usize> = if named.is_empty() {
        (0..input.schema.columns.len()).filter(|place| *place != key && !used.contains(place)).collect()
    } else {
        named
    };
    let calls: Vec<_> = call.into_iter().collect();
    let mut names: BTreeMap<String, ()> = BTreeMap::new();
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut groups: Vec<(Row, Cells)> = Vec::new();
    for row in &input.rows {
        let by: Row = kept.iter().map(|&place| row[place].clone()).collect();
        let place = *places.entry(key_of(&by)).or_insert_with(|| {
            groups.push((by, HashMap::new()));
            groups.len() - 1
        });
        let name = text::to_string(&row[key]);
        names.insert(name.clone(), ());
        let cells = &mut groups[place].1;
        if !cells.contains_key(&name) {
            let begun = if calls.is_empty() { vec![counter(run)?] } else { group::begin(run, &calls)? };
            cells.insert(name.clone(), begun);
        }
        if let Some(accumulators) = cells.get_mut(&name) {
            if calls.is_empty() {
                accumulators[0].add(&[])?;
            } else {
                group::add(run, &calls, accumulators, row)?;
            }
        }
    }
    let ty = call.map_or(ScalarType::Long, |call| aggregate_type(call, &input.schema));
    let mut schema = Schema::new(kept.iter().map(|&place| input.schema.columns[place].clone()).collect());
    let first = schema.columns.len();
    schema.columns.extend(names.keys().map(|name| Column::new(name.clone(), ty)));
    // Nothing counted is zero; of other aggregates it is what they give for no rows.
    let empty =
        if calls.is_empty() { counter(run)?.finish() } else { group::begin(run, &calls)?[0].finish() };
    let rows = groups.into_iter().map(|(mut row, cells)| {
        row.extend(schema.columns[first..].iter().map(|column| {
            let value = cells
                .get(&column.name)
                .map_or_else(|| empty.clone(), |accumulators| accumulators[0].finish());
            typed(value, ty)
        }));
        row
    });
    Ok(Table { rows: rows.collect(), schema })
}

fn counter(run: &Run<'_>) -> Result<Box<dyn azimuth_values::Accumulator>, Failure> {
    let count =
        azimuth_values::aggregate("count").ok_or_else(|| Failure::Unsupported("`count`".to_owned()))?;
    Ok((count.begin)(run.context, &[])?)
}

/// The type of an aggregate's value, by what it is of.
fn aggregate_type(call: &azimuth_kql::bound::Call, input: &Schema) -> ScalarType {
    use azimuth_kql::functions::Returns;
    let argument = |index: usize| match call.arguments.get(index) {
        Some(Expr { kind: ExprKind::Column(column), .. }) => {
            input.columns.get(*column).map(|column| column.ty)
        }
        Some(expr) => Some(expr.ty),
        None => None,
    };
    match call.function.signatures.first().map(|signature| signature.returns) {
        Some(Returns::Argument(index)) => argument(index).unwrap_or(ScalarType::Dynamic),
        Some(Returns::ArgumentLong(index)) => match argument(index) {
            Some(ScalarType::Int) => ScalarType::Long,
            other => other.unwrap_or(ScalarType::Dynamic),
        },
        Some(returns) if returns.fixed().is_some() => returns.fixed().unwrap_or(ScalarType::Dynamic),
        _ => argument(0).unwrap_or(ScalarType::Dynamic),
    }
}

/// `narrow()`: a row for every cell.
fn narrow(input: &Table, schema: &Schema) -> Table {
    let cells = input.rows.iter().enumerate().flat_map(|(number, row)| {
        input.schema.columns.iter().zip(row).map(move |(column, cell)| {
            vec![
                Value::Long(number as i64),
                Value::string(column.name.as_str()),
                text::to_string(cell).into(),
            ]
        })
    });
    Table::new(schema.clone(), cells.collect())
}

/// `ipv4_lookup(table, address, network, keys …, return_unmatched)`: the rows of the table whose network holds the address.
fn ip_lookup(
    run: &Run<'_>,
    evaluate: &Evaluate,
    input: &Table,
    schema: &Schema,
    given: Option<&Table>,
) -> Result<Table, Failure> {
    let Some(PluginArgument::Table(rel)) = evaluate.arguments.first() else {
        return Err(Failure::Unsupported(format!("`{}` without a table", evaluate.plugin.name)));
    };
    let lookup = run.table(rel, given)?;
    let address = column(evaluate, 1)?;
    let network = column(evaluate, 2)?;
    let (mut keys, mut unmatched) = (Vec::new(), false);
    for index in 3..evaluate.arguments.len() {
        match scalar(evaluate, index) {
            Some(Expr { kind: ExprKind::Column(place) | ExprKind::RightColumn(place), .. }) => {
                // A key has one name on both sides.
                let name =
                    &lookup.schema.columns.get(*place).map(|column| column.name.clone()).unwrap_or_default();
                if let Some(left) = input.schema.index_of(name) {
                    keys.push((left, *place));
                }
            }
            Some(expr) => unmatched = eval::constant(run, expr)?.as_bool() == Some(true),
            None => {}
        }
    }
    let six = evaluate.plugin.name == "ipv6_lookup";
    let within = |address: &Value, network: &Value| -> bool {
        let (Some(address), Some(network)) = (address.as_str(), network.as_str()) else { return false };
        if six {
            ip::net6(address).zip(ip::net6(network)).is_some_and(|(address, network)| {
                let cut = ip::Net6 { prefix: network.prefix, ..address };
                address.prefix >= network.prefix && cut.cut() == network.cut()
            })
        } else {
            ip::net4(address).zip(ip::net4(network)).is_some_and(|(address, network)| {
                let cut = ip::Net4 { prefix: network.prefix, ..address };
                address.prefix >= network.prefix && cut.cut() == network.cut()
            })
        }
    };
    // Which side stands first, the binder knows.
    let lookup_first = schema.columns.first().map(|column| &column.name)
        == lookup.schema.columns.first().map(|column| &column.name)
        && input.schema.columns.first().map(|column| &column.name)
            != schema.columns.first().map(|column| &column.name);
    let joined = |row: &Row, other: &[Value]| -> Row {
        if lookup_first {
            other.iter().chain(row).cloned().collect()
        } else {
            row.iter().chain(other).cloned().collect()
        }
    };
    let mut rows = Vec::new();
    for row in &input.rows {
        let mut met = false;
        for other in &lookup.rows {
            let same =
                keys.iter().all(|&(left, right)| key_of(&row[left..=left]) == key_of(&other[right..=right]));
            if same && within(&row[address], &other[network]) {
                met = true;
                rows.push(joined(row, other));
            }
        }
        if unmatched && !met {
            let nothing: Row = lookup.schema.columns.iter().map(|column| null_of(column.ty)).collect();
            rows.push(joined(row, &nothing));
        }
        run.count(1)?;
    }
    Ok(Table::new(schema.clone(), rows))
}

/// `rows_near(condition, count, count after, window)`: the rows around those that meet the condition.
fn rows_near(run: &Run<'_>, evaluate: &Evaluate, input: &Table) -> Result<Table, Failure> {
    let Some(condition) = scalar(evaluate, 0) else {
        return Err(Failure::Unsupported("`rows_near` without a condition".to_owned()));
    };
    let before = whole(run, evaluate, 1)?.unwrap_or(0);
    let after = whole(run, evaluate, 2)?.unwrap_or(before);
    let mut near = vec![false; input.rows.len()];
    for (index, row) in input.rows.iter().enumerate() {
        if eval(condition, &Env::of(run, row))?.as_bool() == Some(true) {
            let first = index.saturating_sub(usize::try_from(before).unwrap_or(0));
            let last = index.saturating_add(usize::try_from(after).unwrap_or(0)).min(input.rows.len() - 1);
            near[first..=last].fill(true);
        }
    }
    let rows = input.rows.iter().zip(near).filter(|(_, near)| *near).map(|(row, _)| row.clone()).collect();
    Ok(Table::new(input.schema.clone(), rows))
}

/// `schema_merge(preserve_order)`: the columns of several schemas as one; a column that stands elsewhere in a later schema
/// is out of order.
fn schema_merge(input: &Table, schema: &Schema) -> Table {
    let name = |row: &Row| row.first().map(text::to_string).unwrap_or_default();
    let mut merged: Vec<Row> = Vec::new();
    for row in &input.rows {
        if !merged.iter().any(|known| name(known) == name(row)) {
            let mut row = row.clone();
            if let Some(place) = row.get_mut(1) {
                *place = Value::Long(merged.len() as i64);
            }
            merged.push(row);
        }
    }
    Table::new(schema.clone(), merged)
}
