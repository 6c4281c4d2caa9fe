//! Rows whose order counts: a node above a sort that asks for its order, so that no optimizer takes the sort for idle.
//!
//! SQL has no order inside a plan; Kusto has: `sort … | extend row_number()`, `sort … | summarize make_list(…)`.

use std::cmp::Ordering as Order;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::DFSchemaRef;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{
    Expr, Extension, LogicalPlan, SortExpr, UserDefinedLogicalNode, UserDefinedLogicalNodeCore,
};
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};

use crate::passing::PassingExec;
use crate::unary::only;

/// The node of a logical plan; the keys are columns of the input.
#[derive(Clone, Debug)]
pub(crate) struct OrderedNode {
    keys: Vec<SortExpr>,
    input: LogicalPlan,
}

/// A sorted plan whose order counts.
pub(crate) fn plan(input: LogicalPlan, keys: Vec<SortExpr>) -> LogicalPlan {
    LogicalPlan::Extension(Extension { node: Arc::new(OrderedNode { keys, input }) })
}

impl PartialEq for OrderedNode {
    fn eq(&self, other: &Self) -> bool {
        self.keys == other.keys && self.input == other.input
    }
}

impl Eq for OrderedNode {}

impl PartialOrd for OrderedNode {
    fn partial_cmp(&self, _: &Self) -> Option<Order> {
        None
    }
}

impl Hash for OrderedNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.keys.hash(state);
        self.input.hash(state);
    }
}

impl UserDefinedLogicalNodeCore for OrderedNode {
    fn name(&self) -> &str {
        "Ordered"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        self.input.schema()
    }

    fn expressions(&self) -> Vec<Expr> {
        self.keys.iter().map(|key| key.expr.clone()).collect()
    }

    fn fmt_for_explain(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Ordered")
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        let keys = exprs.into_iter().zip(&self.keys).map(|(expr, key)| SortExpr { expr, ..key.clone() });
        Ok(Self { keys: keys.collect(), input: only(inputs)? })
    }

    fn necessary_children_exprs(&self, output: &[usize]) -> Option<Vec<Vec<usize>>> {
        let mut wanted = output.to_vec();
        for key in &self.keys {
            let Expr::Column(column) = &key.expr else { return None };
            wanted.push(self.input.schema().maybe_index_of_column(column)?);
        }
        wanted.sort_unstable();
        wanted.dedup();
        Some(vec![wanted])
    }

    fn supports_limit_pushdown(&self) -> bool {
        true
    }
}

/// Plans [`OrderedNode`]s.
pub(crate) struct OrderedPlanner;

#[async_trait]
impl ExtensionPlanner for OrderedPlanner {
    async fn plan_extension(
        &self,
        planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        session: &dyn Session,
        context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<OrderedNode>() else { return Ok(None) };
        let keys = node.keys.iter().map(|key| {
            let expr = planner.create_physical_expr(&key.expr, node.input.schema(), session, context)?;
            let options = datafusion::arrow::compute::SortOptions {
                descending: !key.asc,
                nulls_first: key.nulls_first,
            };
            Ok(PhysicalSortExpr { expr, options })
        });
        let keys = LexOrdering::new(keys.collect::<Result<Vec<_>>>()?)
            .ok_or_else(|| DataFusionError::Internal("an order without keys".to_owned()))?;
        let input = physical_inputs[0].clone();
        Ok(Some(Arc::new(PassingExec { name: "OrderedExec", order: Some(keys), input })))
    }
}
