//! Walking a bound query.

use azimuth_kql::bound::{PluginArgument, Rel, RelKind};

/// The inputs of an operator, in their order.
pub fn inputs(rel: &Rel) -> Vec<&Rel> {
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
        RelKind::Union { inputs, .. } => inputs.iter().map(|input| &*input.rel).collect(),
        RelKind::MvExpand(expand) => vec![&expand.input],
        RelKind::MvApply(apply) => vec![&apply.expand.input, &apply.body],
        RelKind::MakeSeries(series) => vec![&series.input],
        RelKind::Parse(parse) => vec![&parse.input],
        RelKind::Partition { input, body, .. } => vec![input, body],
        RelKind::Scan(scan) => vec![&scan.input],
        RelKind::Evaluate(evaluate) => {
            let tables = evaluate.arguments.iter().filter_map(|argument| match argument {
                PluginArgument::Table(table) => Some(&**table),
                _ => None,
            });
            evaluate.input.iter().map(|input| &**input).chain(tables).collect()
        }
        RelKind::MakeGraph(graph) => {
            std::iter::once(&*graph.edges).chain(graph.nodes.iter().map(|(nodes, _)| &**nodes)).collect()
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
