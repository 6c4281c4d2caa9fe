//! The tabular operators, one module a family.

mod basic;
mod expand;
pub(crate) mod graph;
mod group;
mod join;
mod nested;
mod order;
mod parse;
pub(crate) mod plugin;
mod reduce;
mod scan;
mod series;

pub use expand::{item_as, items_of};
pub use series::axis as series_axis;

use azimuth_kql::bound::{Expr, Rel, RelKind};
use azimuth_values::Value;

use crate::eval;
use crate::run::{Failure, Run};
use crate::table::{Row, Table};

/// The rows of an operator.
///
/// # Errors
/// See [`Failure`].
pub(crate) fn rows(run: &Run<'_>, rel: &Rel, given: Option<&Table>) -> Result<Vec<Row>, Failure> {
    match &rel.kind {
        RelKind::Table(name) => Ok(run.source.table(name, &rel.schema)?.rows),
        RelKind::HostFunction { name, arguments } => {
            let arguments = arguments
                .iter()
                .map(|argument| eval::constant(run, argument))
                .collect::<Result<Vec<_>, _>>()?;
            Ok(run.source.function(name, &arguments, &rel.schema)?.rows)
        }
        RelKind::Datatable { rows } => basic::datatable(run, rows, &rel.schema),
        RelKind::Print { columns } => Ok(crate::window::evaluate(run, columns, &[Vec::new()])?),
        RelKind::Range { from, to, step } => basic::range(run, from, to, step),
        RelKind::Shared(id) => Ok(run.shared(*id)?.rows.clone()),
        RelKind::Given => given
            .map(|given| given.rows.clone())
            .ok_or_else(|| Failure::Unsupported("rows of an enclosing operator here".to_owned())),
        RelKind::Filter { input, predicate } => basic::filter(run, &run.table(input, given)?, predicate),
        RelKind::Project { input, columns } => {
            crate::window::evaluate(run, columns, &run.table(input, given)?.rows)
        }
        RelKind::Distinct { input } => Ok(group::distinct(run.table(input, given)?.rows)),
        RelKind::Summarize { input, by, aggregates, has_by, output } => {
            group::summarize(run, &run.table(input, given)?, by, aggregates, *has_by, output)
        }
        RelKind::Count { input } => Ok(vec![vec![Value::Long(run.table(input, given)?.rows.len() as i64)]]),
        RelKind::Sort { input, keys } => order::sort(run, run.table(input, given)?.rows, keys),
        RelKind::Top { input, count, keys } => {
            let mut rows = order::sort(run, run.table(input, given)?.rows, keys)?;
            rows.truncate(size(run, count)?);
            Ok(rows)
        }
        RelKind::Take { input, count } => {
            let mut rows = run.table(input, given)?.rows;
            rows.truncate(size(run, count)?);
            Ok(rows)
        }
        RelKind::Sample { input, count } => {
            Ok(order::sample(run, &run.table(input, given)?.rows, size(run, count)?))
        }
        RelKind::SampleDistinct { input, count, of } => {
            let values =
                crate::window::evaluate(run, std::slice::from_ref(of), &run.table(input, given)?.rows)?;
            let mut rows = group::distinct(values);
            rows.truncate(size(run, count)?);
            Ok(rows)
        }
        RelKind::TopHitters { input, count, of, by } => {
            let table = run.table(input, given)?;
            let count = size(run, count)?;
            group::top_hitters(run, &table, count, of, by.as_ref())
        }
        RelKind::Serialize { input } | RelKind::As { input, .. } => Ok(run.table(input, given)?.rows),
        RelKind::Join(join) => {
            let (left, right) = (run.table(&join.left, given)?, run.table(&join.right, given)?);
            join::join(run, join, &left, &right)
        }
        RelKind::Union { inputs, has_source, is_fuzzy } => {
            join::union(run, inputs, *has_source, *is_fuzzy, &rel.schema, given)
        }
        RelKind::MvExpand(expand) => {
            let table = run.table(&expand.input, given)?;
            Ok(expand::expand(run, expand, &table.rows, None, rel.schema.columns.len())?
                .into_iter()
                .flatten()
                .collect())
        }
        RelKind::MvApply(apply) => {
            let table = run.table(&apply.expand.input, given)?;
            expand::apply(run, apply, &table.rows)
        }
        RelKind::TopNested { input, levels } => {
            nested::top_nested(run, &run.table(input, given)?.rows, levels)
        }
        RelKind::MakeSeries(make) => series::make_series(run, make, &run.table(&make.input, given)?),
        RelKind::Scan(scan) => scan::scan(run, scan, run.table(&scan.input, given)?.rows),
        RelKind::MakeGraph(_) | RelKind::GraphMarkComponents { .. } | RelKind::GraphFilter { .. } => {
            graph::to_table(run, &graph::graph(run, rel, given)?, false, &[])
        }
        RelKind::GraphMatch(found) => {
            graph::matches(run, &graph::graph(run, &found.graph, given)?, found, false)
        }
        RelKind::GraphShortestPaths(found) => {
            graph::matches(run, &graph::graph(run, &found.graph, given)?, found, true)
        }
        RelKind::GraphToTable { graph: inner, is_nodes, ids } => {
            graph::to_table(run, &graph::graph(run, inner, given)?, *is_nodes, ids)
        }
        RelKind::Evaluate(evaluate) => plugin::rows(run, evaluate, &rel.schema, given),
        RelKind::Reduce { input, by, properties } => {
            reduce::reduce(run, &run.table(input, given)?.rows, by, properties)
        }
        RelKind::Parse(parse) => parse::parse(run, parse, run.table(&parse.input, given)?.rows, &rel.schema),
        RelKind::ParseKv { input, value, keys, properties } => {
            parse::parse_kv(run, run.table(input, given)?.rows, value, keys, properties, &rel.schema)
        }
        RelKind::Partition { input, by, body, .. } => {
            basic::partition(run, &run.table(input, given)?, by, body)
        }
        RelKind::GetSchema { input } => Ok(basic::schema_rows(&input.schema)),
        RelKind::Consume { input } => {
            let count = run.table(input, given)?.rows.len();
            Ok(vec![vec![Value::Long(count as i64)]])
        }
        RelKind::ExternalData { uris, properties } => {
            crate::external::rows(run, uris, properties, &rel.schema)
        }
        RelKind::Error => Err(Failure::Unsupported("an operator with an error".to_owned())),
    }
}

/// A constant count; what is negative or no number is none.
fn size(run: &Run<'_>, count: &Expr) -> Result<usize, Failure> {
    let count = eval::constant(run, count)?;
    let whole = count.as_long().or_else(|| count.as_real().map(|count| count as i64)).unwrap_or_default();
    Ok(usize::try_from(whole).unwrap_or(0))
}
