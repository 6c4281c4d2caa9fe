//! `pivot`.

use std::collections::{BTreeMap, HashMap};

use azimuth_kql::bound::{Expr, ExprKind, PluginArgument};
use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_values::text;

use super::Call;
use crate::eval::typed;
use crate::operators::group;
use crate::run::{Failure, Run};
use crate::table::{Row, Table, key_of};

/// The accumulators of a row, by the column that they make.
type Cells = HashMap<String, Vec<Box<dyn azimuth_values::Accumulator>>>;

/// `pivot(column, aggregate, others …)`: a column for every value of the first one, in their order.
pub(super) fn pivot(plugin: &Call<'_>) -> Result<Table, Failure> {
    let (run, input, key) = (plugin.run, &plugin.input, plugin.column(0)?);
    let call = plugin.evaluate.arguments.iter().find_map(|argument| match argument {
        PluginArgument::Aggregate(call) => Some(call),
        _ => None,
    });
    let named: Vec<usize> = (1..plugin.count()).filter_map(|index| plugin.column(index).ok()).collect();
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
