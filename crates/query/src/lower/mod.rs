//! Bound operators as logical plans of DataFusion: one lowering for each operator.
//!
//! - [`scalar`]: expressions, and predicates (where null and false are the same);
//! - [`basic`]: sources of constant rows, `where`, `project`, `distinct`, `take`, `count`, `union`;
//! - [`held`]: conditions of operators above, told to the tables below;
//! - [`order`]: `sort`, `top`; [`summarize`]; [`join`]; [`window`]: joins near in time; [`expand`]: `mv-expand`; [`series`]: `make-series`;
//! - everything else is one operator of the row engine inside the plan ([`crate::operator`]).
//!
//! Columns of plans are `c0`, `c1`, … by their place in the bound schema.

mod basic;
mod expand;
mod held;
mod join;
mod order;
pub(crate) mod scalar;
mod series;
mod summarize;
mod window;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use azimuth_kql::bound::{Expr as Bound, ExprKind, Input, Rel, RelKind};
use azimuth_kql::functions::FunctionKind;
use azimuth_kql::types::ScalarType;
use azimuth_rows::tree;
use datafusion::arrow::array::RecordBatch;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, ident};

use crate::functions::row;
use crate::operator;
use crate::pruned::First;
use crate::rows::column_name;
use crate::stage::Stage;
use crate::table::{NATIVE, QueryTable};
use scalar::Scalars;
pub(crate) use window::Window;

/// What lowering looks up.
#[derive(Clone)]
pub(crate) struct Lowering<'l> {
    pub(crate) stage: Arc<Stage>,
    pub(crate) tables: &'l HashMap<String, Arc<QueryTable>>,
    /// The rows of `materialize`
    pub(crate) shared: &'l HashMap<usize, Arc<Vec<RecordBatch>>>,
    /// A join, by its address, of which only rows within a window are wanted
    pub(crate) window: Option<(usize, Window)>,
    /// Set by lowering: conditions leave so few rows that files are better read for what passes them alone
    pub(crate) is_selective: Arc<AtomicBool>,
    /// Of the table that is read without conditions only these rows are wanted
    pub(crate) first: Option<First>,
}

impl Lowering<'_> {
    /// The plan of an operator.
    pub(crate) fn plan(&self, rel: &Input) -> Result<LogicalPlan> {
        self.plan_for(rel, &(0..rel.schema.columns.len()).collect())
    }

    /// The plan of an operator of which only these columns are read; others may be missing. Tables are wide, and the plan of
    /// a union of all of them would be as wide as all of them together.
    fn plan_for(&self, rel: &Input, needed: &Places) -> Result<LogicalPlan> {
        self.plan_under(rel, needed, &[])
    }

    /// The same, below conditions that every row has to meet: rows that do not meet them may be missing.
    fn plan_under(&self, rel: &Input, needed: &Places, held: &[Bound]) -> Result<LogicalPlan> {
        let width = rel.schema.columns.len();
        let needed = &needed.iter().copied().filter(|place| *place % NATIVE < width).collect::<Places>();
        match &rel.kind {
            RelKind::Table(name) => self.scan(&name.table, &held.iter().collect::<Vec<_>>(), rel, needed),
            RelKind::Datatable { .. } | RelKind::Print { .. } | RelKind::Range { .. } => {
                self.constant_rows(rel)
            }
            RelKind::GetSchema { .. } | RelKind::HostFunction { .. } => self.constant_rows(rel),
            RelKind::Shared(id) => self.shared(id.0, rel),
            RelKind::Filter { input, predicate } if !has_window(predicate) => {
                self.filter(input, predicate, needed, held)
            }
            RelKind::Project { input, columns } if !columns.iter().any(has_window) => {
                self.project(input, columns, needed, held)
            }
            RelKind::Distinct { input } => self.distinct(rel, input, held),
            RelKind::Count { input } | RelKind::Consume { input } => self.count(input),
            RelKind::Take { input, count } => self.take(input, count, needed),
            RelKind::Serialize { input } | RelKind::As { input, .. } => self.plan_under(input, needed, held),
            RelKind::Union { inputs, has_source, .. } => self.union(rel, inputs, *has_source, needed, held),
            RelKind::Sort { input, keys } if order::is_native(keys) => self.sort(input, keys, None, held),
            RelKind::Top { input, count, keys } if order::is_native(keys) => {
                self.sort(input, keys, Some(count), &[])
            }
            RelKind::Summarize { input, by, aggregates, has_by, output }
                if (!has_by || !by.is_empty()) && !by.iter().any(has_window) =>
            {
                self.summarize(input, by, aggregates, output, held)
            }
            RelKind::Join(join) if join::is_native(join) => self.join(join, held),
            RelKind::MakeSeries(series) => match self.series(rel, series)? {
                Some(plan) => Ok(plan),
                None => self.rows(rel, held),
            },
            RelKind::MvExpand(expand) if expand::is_native(expand) => self.expand(rel, expand, needed, held),
            _ => self.rows(rel, held),
        }
    }

    /// The name of the table's own column that sorts as a column does. It is read by [`NATIVE`] added to the column's place,
    /// and goes through plans under its own name, by which scans of files know it.
    fn sortable_column(&self, rel: &Rel, place: usize) -> Option<String> {
        match &rel.kind {
            RelKind::Table(name) => {
                let table = self.tables.get(&name.table)?;
                table.sortable(table.schema.index_of(&rel.schema.columns.get(place)?.name)?)
            }
            RelKind::Filter { input, predicate } if !has_window(predicate) => {
                self.sortable_column(input, place)
            }
            RelKind::Project { input, columns } if !columns.iter().any(has_window) => {
                match columns.get(place)?.kind {
                    ExprKind::Column(place) => self.sortable_column(input, place),
                    _ => None,
                }
            }
            RelKind::Serialize { input } | RelKind::As { input, .. } => self.sortable_column(input, place),
            _ => None,
        }
    }

    /// One operator of the row engine over the plans of what it reads: its inputs, and within bodies whatever does not
    /// depend on the rows they are given.
    fn rows(&self, rel: &Input, held: &[Bound]) -> Result<LogicalPlan> {
        let mut inputs = Vec::new();
        closed_inputs(rel, &mut inputs, &mut HashSet::new());
        let held = held::through(held, &|place| held::kept(rel, place));
        let children = inputs.iter().map(|input| {
            let all = (0..input.schema.columns.len()).collect();
            self.plan_under(input, &all, &held)
        });
        let children = children.collect::<Result<Vec<_>>>()?;
        operator::plan(&self.stage, rel, inputs, children)
    }

    /// What lowers expressions over the columns of an input.
    fn scalars(&self) -> Scalars<'_> {
        Scalars::new(&self.stage)
    }
}

/// The operators below `rel` that can be computed where they stand alone, the highest ones only.
fn closed_inputs(rel: &Input, found: &mut Vec<Input>, seen: &mut HashSet<usize>) {
    for input in tree::inputs(rel) {
        if is_graph(input) || !tree::is_closed(input) {
            // Graphs are no rows: what they are made of is.
            closed_inputs(input, found, seen);
        } else if seen.insert(Arc::as_ptr(input) as usize) {
            found.push(input.clone());
        }
    }
}

fn is_graph(rel: &Input) -> bool {
    matches!(
        rel.kind,
        RelKind::MakeGraph(_) | RelKind::GraphMarkComponents { .. } | RelKind::GraphFilter { .. }
    )
}

/// Whether a window function occurs in an expression.
pub(crate) fn has_window(expr: &Bound) -> bool {
    let mut found = false;
    tree::walk_expr(expr, &mut HashSet::new(), &mut |inner| {
        found |= matches!(&inner.kind, ExprKind::Call(call) if call.function.kind == FunctionKind::Window);
    });
    found
}

/// A column of a plan.
pub(crate) fn column(place: usize) -> Expr {
    ident(column_name(place))
}

/// Columns of an input.
pub(crate) type Places = BTreeSet<usize>;

/// The columns that expressions read; one at least, as rows without columns are none to DataFusion.
fn reads<'e>(exprs: impl IntoIterator<Item = &'e Bound>) -> Places {
    let mut places: Places = exprs.into_iter().flat_map(|expr| row::columns(expr).into_keys()).collect();
    if places.is_empty() {
        places.insert(0);
    }
    places
}

/// A plan with these columns; those from [`NATIVE`] on keep their names.
pub(crate) fn named(input: LogicalPlan, columns: Vec<(usize, Expr)>) -> Result<LogicalPlan> {
    let named = columns.into_iter().map(|(place, expr)| match place {
        NATIVE.. => expr,
        _ => expr.alias(column_name(place)),
    });
    LogicalPlanBuilder::from(input).project(named.collect::<Vec<_>>())?.build()
}

/// A plan whose columns are these expressions, `c0`, `c1`, ….
pub(crate) fn projected(input: LogicalPlan, columns: Vec<Expr>) -> Result<LogicalPlan> {
    named(input, columns.into_iter().enumerate().collect())
}

/// Whether values of the type are equal exactly when their cells are.
pub(crate) fn is_plain_key(ty: ScalarType) -> bool {
    !matches!(ty, ScalarType::Real | ScalarType::Dynamic | ScalarType::Unknown)
}
