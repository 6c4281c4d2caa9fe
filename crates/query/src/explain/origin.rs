//! Which operator of a query a node of a plan came from.
//!
//! Optimizers keep no account of that. The plan and the bound query are walked side by side: both are chains that branch at
//! joins and unions, and between two branches the order is nearly kept. A node is named by the next operator below that
//! becomes such nodes. Where that finds nothing, a node has the name of its kind and no place in the query.

use azimuth_kql::bound::{Input, Rel, RelKind};
use azimuth_rows::tree;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::{ExecutionPlan, displayable};

use super::{PlanNode, measure};
use crate::operator::RowsExec;

/// The query whose plans are told.
pub(crate) struct Origin<'q> {
    pub(crate) text: &'q str,
}

/// What operators become: nodes of a kind come from operators of the kind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Filter,
    Project,
    Aggregate,
    Sort,
    Limit,
    Join,
    Union,
    Source,
    Expand,
    /// Between parts that run side by side
    Exchange,
    /// Passes rows on
    Idle,
    Other,
}

/// A place in the bound query: this operator, which may have named a node already, or one below it.
#[derive(Clone, Copy)]
struct At<'r> {
    rel: &'r Rel,
    is_used: bool,
}

impl Origin<'_> {
    /// The plan of an operator, told.
    pub(crate) fn node(
        &self,
        plan: &std::sync::Arc<dyn ExecutionPlan>,
        rel: &Input,
        has_run: bool,
    ) -> PlanNode {
        self.tell(plan.as_ref(), Some(At { rel, is_used: false }), has_run)
    }

    fn tell(&self, plan: &dyn ExecutionPlan, at: Option<At<'_>>, has_run: bool) -> PlanNode {
        let kind = kind(plan.name().split('(').next().unwrap_or_default());
        let children = plan.children();
        if let ([only], Kind::Idle) = (children.as_slice(), kind) {
            return self.tell(only.as_ref(), at, has_run);
        }
        let line = displayable(plan).one_line().to_string();
        let line = line.trim();
        let mut node = PlanNode {
            engine: plan.name().to_owned(),
            detail: line.strip_prefix(plan.name()).unwrap_or(line).trim_start_matches([':', ' ']).to_owned(),
            measured: if has_run { measure::measured(plan) } else { None },
            ..PlanNode::default()
        };
        if let Some(rows) = plan.downcast_ref::<RowsExec>() {
            let (rel, inputs) = rows.origin();
            self.name(&mut node, rel);
            let told = children.iter().zip(inputs).map(|(child, input)| {
                self.tell(child.as_ref(), Some(At { rel: input, is_used: false }), has_run)
            });
            node.inputs = told.collect();
            return node;
        }
        let is_partial = plan
            .downcast_ref::<AggregateExec>()
            .is_some_and(|aggregate| matches!(aggregate.mode(), AggregateMode::Partial));
        let found = at.and_then(|at| next(at, kind, is_partial));
        match found {
            Some(found) => self.name(&mut node, found.rel),
            None => node.operator = generic(kind, plan.name()).to_owned(),
        }
        let below = found.or(at);
        let inputs = found.map(|found| tree::inputs(found.rel)).unwrap_or_default();
        node.inputs = children
            .iter()
            .enumerate()
            .map(|(index, child)| {
                let at = match (kind, children.len()) {
                    (_, 0 | 1) => below,
                    (Kind::Join, _) => side(child.as_ref(), index)
                        .and_then(|side| inputs.get(side))
                        .map(|rel| At { rel, is_used: false }),
                    (_, count) if count == inputs.len() => {
                        inputs.get(index).map(|rel| At { rel, is_used: false })
                    }
                    _ => None,
                };
                self.tell(child.as_ref(), at, has_run)
            })
            .collect();
        node
    }

    fn name(&self, node: &mut PlanNode, rel: &Rel) {
        node.operator = match &rel.kind {
            RelKind::Table(table) => table.table.clone(),
            kind => name(kind).to_owned(),
        };
        let (start, end) = (rel.span.start as usize, rel.span.end as usize);
        let Some(text) = self.text.get(start..end).filter(|text| !text.trim().is_empty()) else { return };
        node.place = Some((start, end));
        node.query = Some(text.split_whitespace().collect::<Vec<_>>().join(" "));
    }
}

/// The next operator that becomes nodes of the kind; a node more of the operator that was found last, if there is none below.
/// Columns that are computed between two operators with nodes of their own belong to the lower one.
fn next(at: At<'_>, kind: Kind, prefers_used: bool) -> Option<At<'_>> {
    let again = (at.is_used && becomes(&at.rel.kind, kind)).then_some(at);
    if prefers_used && again.is_some() {
        return again;
    }
    let At { mut rel, mut is_used } = at;
    loop {
        if !is_used {
            if becomes(&rel.kind, kind) {
                return Some(At { rel, is_used: true });
            }
            let is_border =
                [Kind::Aggregate, Kind::Join, Kind::Union].iter().any(|border| becomes(&rel.kind, *border));
            if kind == Kind::Project && is_border {
                return Some(At { rel, is_used: false });
            }
        }
        is_used = false;
        match tree::inputs(rel).as_slice() {
            [only] => rel = only,
            _ => return again,
        }
    }
}

/// Which side of a join the rows of a node are: its columns are named by side.
fn side(plan: &dyn ExecutionPlan, place: usize) -> Option<usize> {
    let schema = plan.schema();
    let has = |letter: char| schema.fields().iter().any(|field| field.name().starts_with(letter));
    match (has('l'), has('r')) {
        (true, false) => Some(0),
        (false, true) => Some(1),
        (false, false) => Some(place),
        (true, true) => None,
    }
}

fn becomes(rel: &RelKind, kind: Kind) -> bool {
    match kind {
        Kind::Filter => matches!(rel, RelKind::Filter { .. }),
        Kind::Project => matches!(rel, RelKind::Project { .. }),
        Kind::Aggregate => matches!(
            rel,
            RelKind::Summarize { .. }
                | RelKind::Distinct { .. }
                | RelKind::Count { .. }
                | RelKind::Consume { .. }
        ),
        Kind::Sort => matches!(rel, RelKind::Sort { .. } | RelKind::Top { .. }),
        Kind::Limit => matches!(rel, RelKind::Take { .. } | RelKind::Top { .. }),
        Kind::Join => matches!(rel, RelKind::Join(_)),
        Kind::Union => matches!(rel, RelKind::Union { .. }),
        Kind::Source => matches!(
            rel,
            RelKind::Table(_)
                | RelKind::Datatable { .. }
                | RelKind::Print { .. }
                | RelKind::Range { .. }
                | RelKind::Shared(_)
                | RelKind::HostFunction { .. }
                | RelKind::ExternalData { .. }
                | RelKind::GetSchema { .. }
        ),
        Kind::Expand => matches!(rel, RelKind::MvExpand(_)),
        Kind::Exchange | Kind::Idle | Kind::Other => false,
    }
}

fn kind(name: &str) -> Kind {
    match name {
        "FilterExec" => Kind::Filter,
        "ProjectionExec" => Kind::Project,
        "AggregateExec" => Kind::Aggregate,
        "SortExec" | "PartialSortExec" => Kind::Sort,
        "GlobalLimitExec" | "LocalLimitExec" => Kind::Limit,
        "HashJoinExec"
        | "SortMergeJoinExec"
        | "NestedLoopJoinExec"
        | "CrossJoinExec"
        | "SymmetricHashJoinExec"
        | "PiecewiseMergeJoinExec" => Kind::Join,
        "UnionExec" | "InterleaveExec" => Kind::Union,
        "DataSourceExec" | "EmptyExec" | "PlaceholderRowExec" => Kind::Source,
        "ExpandExec" => Kind::Expand,
        "RepartitionExec" | "CoalescePartitionsExec" | "SortPreservingMergeExec" => Kind::Exchange,
        "CooperativeExec" | "BarrierExec" | "OrderedExec" | "OutputRequirementExec" | "BufferExec" => {
            Kind::Idle
        }
        _ => Kind::Other,
    }
}

/// What a node is called that is not known to come from the query.
fn generic(kind: Kind, name: &str) -> &str {
    match kind {
        Kind::Filter => "where",
        Kind::Project => "project",
        Kind::Aggregate => "summarize",
        Kind::Sort => "sort",
        Kind::Limit => "take",
        Kind::Join => "join",
        Kind::Union => "union",
        Kind::Source => "rows",
        Kind::Expand => "mv-expand",
        Kind::Exchange if name == "RepartitionExec" => "exchange",
        Kind::Exchange => "merge",
        Kind::Idle | Kind::Other => name,
    }
}

/// The operator as queries write it.
pub(crate) fn name(kind: &RelKind) -> &'static str {
    match kind {
        RelKind::Table(_) => "table",
        RelKind::HostFunction { .. } => "host function",
        RelKind::Datatable { .. } => "datatable",
        RelKind::ExternalData { .. } => "externaldata",
        RelKind::Print { .. } => "print",
        RelKind::Range { .. } => "range",
        RelKind::Shared(_) => "materialize",
        RelKind::Given => "given rows",
        RelKind::Filter { .. } => "where",
        RelKind::Project { .. } => "project",
        RelKind::Distinct { .. } => "distinct",
        RelKind::Summarize { .. } => "summarize",
        RelKind::Count { .. } => "count",
        RelKind::Sort { .. } => "sort",
        RelKind::Top { .. } => "top",
        RelKind::Take { .. } => "take",
        RelKind::Sample { .. } => "sample",
        RelKind::SampleDistinct { .. } => "sample-distinct",
        RelKind::TopHitters { .. } => "top-hitters",
        RelKind::TopNested { .. } => "top-nested",
        RelKind::Serialize { .. } => "serialize",
        RelKind::Join(join) if join.is_lookup => "lookup",
        RelKind::Join(_) => "join",
        RelKind::Union { .. } => "union",
        RelKind::MvExpand(_) => "mv-expand",
        RelKind::MvApply(_) => "mv-apply",
        RelKind::MakeSeries(_) => "make-series",
        RelKind::Parse(_) => "parse",
        RelKind::ParseKv { .. } => "parse-kv",
        RelKind::Partition { .. } => "partition",
        RelKind::Scan(_) => "scan",
        RelKind::Reduce { .. } => "reduce",
        RelKind::GetSchema { .. } => "getschema",
        RelKind::Evaluate(_) => "evaluate",
        RelKind::Consume { .. } => "consume",
        RelKind::As { .. } => "as",
        RelKind::MakeGraph(_) => "make-graph",
        RelKind::GraphMarkComponents { .. } => "graph-mark-components",
        RelKind::GraphFilter { .. } => "graph-where",
        RelKind::GraphMatch(_) => "graph-match",
        RelKind::GraphShortestPaths(_) => "graph-shortest-paths",
        RelKind::GraphToTable { .. } => "graph-to-table",
        RelKind::Error => "error",
    }
}
