//! Walking a bound query.

use std::collections::HashSet;
use std::sync::Arc;

use azimuth_kql::bound::{Expr, ExprKind, InList, Input, PluginArgument, Rel, RelKind};

/// The inputs of an operator, in their order.
pub fn inputs(rel: &Rel) -> Vec<&Input> {
    match &rel.kind {
        RelKind::Table(_)
        | RelKind::HostFunction { .. }
        | RelKind::Datatable { .. }
        | RelKind::ExternalData { .. }
        | RelKind::Print { .. }
        | RelKind::Range { .. }
        | RelKind::Shared(_)
        | RelKind::Given
        | RelKind::Error => Vec::new(),
        RelKind::Filter { input, .. }
        | RelKind::Project { input, .. }
        | RelKind::Distinct { input }
        | RelKind::Summarize { input, .. }
        | RelKind::Count { input }
        | RelKind::Sort { input, .. }
        | RelKind::Top { input, .. }
        | RelKind::Take { input, .. }
        | RelKind::Sample { input, .. }
        | RelKind::SampleDistinct { input, .. }
        | RelKind::TopHitters { input, .. }
        | RelKind::TopNested { input, .. }
        | RelKind::Serialize { input }
        | RelKind::ParseKv { input, .. }
        | RelKind::Reduce { input, .. }
        | RelKind::GetSchema { input }
        | RelKind::Consume { input }
        | RelKind::As { input, .. } => vec![input],
        RelKind::Join(join) => vec![&join.left, &join.right],
        RelKind::Union { inputs, .. } => inputs.iter().map(|input| &input.rel).collect(),
        RelKind::MvExpand(expand) => vec![&expand.input],
        RelKind::MvApply(apply) => vec![&apply.expand.input, &apply.body],
        RelKind::MakeSeries(series) => vec![&series.input],
        RelKind::Parse(parse) => vec![&parse.input],
        RelKind::Partition { input, body, .. } => vec![input, body],
        RelKind::Scan(scan) => vec![&scan.input],
        RelKind::Evaluate(evaluate) => {
            let tables = evaluate.arguments.iter().filter_map(|argument| match argument {
                PluginArgument::Table(table) => Some(table),
                _ => None,
            });
            evaluate.input.iter().chain(tables).collect()
        }
        RelKind::MakeGraph(graph) => {
            std::iter::once(&graph.edges).chain(graph.nodes.iter().map(|(nodes, _)| nodes)).collect()
        }
        RelKind::GraphMarkComponents { graph, .. }
        | RelKind::GraphFilter { graph, .. }
        | RelKind::GraphToTable { graph, .. } => vec![graph],
        RelKind::GraphMatch(found) | RelKind::GraphShortestPaths(found) => vec![&found.graph],
    }
}

/// Visits an operator and all below it, an operator before its inputs.
pub fn walk<'r>(rel: &'r Rel, visit: &mut dyn FnMut(&'r Rel)) {
    visit(rel);
    inputs(rel).into_iter().for_each(|input| walk(input, visit));
}

/// As [`walk`], and into the tables of `in (table)` too.
pub fn walk_deep<'r>(rel: &'r Rel, entered: &mut HashSet<usize>, visit: &mut dyn FnMut(&'r Rel)) {
    visit(rel);
    let mut lists = Vec::new();
    for expr in exprs(rel) {
        walk_expr(expr, entered, &mut |inner| {
            if let ExprKind::In { list: InList::Table(table), .. } = &inner.kind {
                lists.push(table);
            }
        });
    }
    for inner in lists.into_iter().chain(inputs(rel)) {
        if entered.insert(Arc::as_ptr(inner) as usize) {
            walk_deep(inner, entered, visit);
        }
    }
}

/// The expressions of an operator itself, not those of its inputs.
pub fn exprs(rel: &Rel) -> Vec<&Expr> {
    let mut found: Vec<&Expr> = Vec::new();
    match &rel.kind {
        RelKind::Table(_)
        | RelKind::Shared(_)
        | RelKind::Given
        | RelKind::Distinct { .. }
        | RelKind::Count { .. }
        | RelKind::Serialize { .. }
        | RelKind::Union { .. }
        | RelKind::GetSchema { .. }
        | RelKind::Consume { .. }
        | RelKind::As { .. }
        | RelKind::MakeGraph(_)
        | RelKind::GraphMarkComponents { .. }
        | RelKind::GraphToTable { .. }
        | RelKind::Error => {}
        RelKind::HostFunction { arguments, .. } => found.extend(arguments),
        RelKind::Datatable { rows } => found.extend(rows.iter().flatten()),
        RelKind::ExternalData { uris, properties } => {
            found.extend(uris);
            found.extend(properties.iter().map(|(_, value)| value));
        }
        RelKind::Print { columns } | RelKind::Project { columns, .. } => found.extend(columns),
        RelKind::Range { from, to, step } => found.extend([from, to, step]),
        RelKind::Filter { predicate, .. } | RelKind::GraphFilter { predicate, .. } => found.push(predicate),
        RelKind::Summarize { by, aggregates, .. } => found.extend(by.iter().chain(aggregates)),
        RelKind::Sort { keys, .. } => found.extend(keys.iter().map(|key| &key.value)),
        RelKind::Top { count, keys, .. } => {
            found.push(count);
            found.extend(keys.iter().map(|key| &key.value));
        }
        RelKind::Take { count, .. } | RelKind::Sample { count, .. } => found.push(count),
        RelKind::SampleDistinct { count, of, .. } => found.extend([count, of]),
        RelKind::TopHitters { count, of, by, .. } => found.extend([count, of].into_iter().chain(by)),
        RelKind::TopNested { levels, .. } => {
            for level in levels {
                found.extend(level.count.iter().chain(&level.others).chain([&level.of, &level.by]));
            }
        }
        RelKind::Join(join) => found.extend(join.keys.iter().flat_map(|(left, right)| [left, right])),
        RelKind::MvExpand(expand) => {
            found.extend(expand.columns.iter().map(|column| &column.value).chain(&expand.limit));
        }
        RelKind::MvApply(apply) => {
            let expand = &apply.expand;
            found.extend(expand.columns.iter().map(|column| &column.value).chain(&expand.limit));
        }
        RelKind::MakeSeries(series) => {
            found.extend(
                series.by.iter().chain([&series.on, &series.step]).chain(&series.from).chain(&series.to),
            );
            found.extend(series.series.iter().flat_map(|(value, default)| [value, default]));
        }
        RelKind::Parse(parse) => found.push(&parse.value),
        RelKind::ParseKv { value, properties, .. } => {
            found.push(value);
            found.extend(properties.iter().flat_map(|(_, values)| values));
        }
        RelKind::Partition { by, .. } => found.push(by),
        RelKind::Scan(scan) => {
            found.extend(scan.order.iter().map(|key| &key.value).chain(&scan.partition).chain(&scan.declare));
            for step in &scan.steps {
                found.push(&step.condition);
                found.extend(step.assignments.iter().map(|(_, value)| value));
            }
        }
        RelKind::Reduce { by, properties, .. } => {
            found.push(by);
            found.extend(properties.iter().map(|(_, value)| value));
        }
        RelKind::Evaluate(evaluate) => {
            for argument in &evaluate.arguments {
                match argument {
                    PluginArgument::Scalar(expr) => found.push(expr),
                    PluginArgument::Aggregate(call) => found.extend(&call.arguments),
                    PluginArgument::Star | PluginArgument::Table(_) => {}
                }
            }
        }
        RelKind::GraphMatch(graph) | RelKind::GraphShortestPaths(graph) => {
            found.extend(graph.filter.iter().chain(&graph.project));
            let hops = graph.elements.iter().filter_map(|element| element.hops.as_ref());
            found.extend(hops.flat_map(|(least, most)| [least, most]));
        }
    }
    found
}

/// Visits an expression and all below it, named values too (each once).
pub fn walk_expr<'e>(expr: &'e Expr, entered: &mut HashSet<usize>, visit: &mut dyn FnMut(&'e Expr)) {
    visit(expr);
    if let ExprKind::Named(named) = &expr.kind
        && entered.insert(Arc::as_ptr(named) as usize)
    {
        walk_expr(&named.expr, entered, visit);
    }
    for child in expr.children() {
        walk_expr(child, entered, visit);
    }
}

/// Whether an operator can be computed where it stands alone: it does not begin with the rows that an enclosing one gives.
pub fn is_closed(rel: &Rel) -> bool {
    match &rel.kind {
        RelKind::Given => false,
        // Their bodies begin with rows that they give themselves.
        RelKind::Partition { input, .. } => is_closed(input),
        RelKind::MvApply(apply) => is_closed(&apply.expand.input),
        _ => inputs(rel).into_iter().all(|input| is_closed(input)),
    }
}
