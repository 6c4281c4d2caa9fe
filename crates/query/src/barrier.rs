//! Columns that are not written out below where they are computed.
//!
//! DataFusion pushes a condition below the projection that computes its columns by putting the expressions in their place.
//! `extend x = iff(a, f(x), x)`, said thirteen times, comes to 2¹³ of them. A barrier stops conditions on such columns, in the
//! logical plan and, where filters are pushed once more, in the physical one.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::DFSchemaRef;
use datafusion::error::Result;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{
    Expr, Extension, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore,
};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};

use crate::passing::PassingExec;
use crate::unary::only;

/// A node that passes rows on, and conditions on other columns than these.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Barrier {
    columns: Vec<String>,
    input: LogicalPlan,
}

/// The plan behind a barrier for conditions on the columns.
pub(crate) fn plan(input: LogicalPlan, columns: Vec<String>) -> LogicalPlan {
    LogicalPlan::Extension(Extension { node: Arc::new(Barrier { columns, input }) })
}

impl PartialOrd for Barrier {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.columns.partial_cmp(&other.columns).filter(|order| order.is_ne() || self == other)
    }
}

impl UserDefinedLogicalNodeCore for Barrier {
    fn name(&self) -> &str {
        "Barrier"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        self.input.schema()
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        self.columns.iter().cloned().collect()
    }

    fn fmt_for_explain(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Barrier: {}", self.columns.join(", "))
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        Ok(Self { input: only(inputs)?, columns: self.columns.clone() })
    }

    fn necessary_children_exprs(&self, output: &[usize]) -> Option<Vec<Vec<usize>>> {
        Some(vec![output.to_vec()])
    }

    fn supports_limit_pushdown(&self) -> bool {
        true
    }
}

/// Plans barriers.
pub(crate) struct BarrierPlanner;

#[async_trait]
impl ExtensionPlanner for BarrierPlanner {
    async fn plan_extension(
        &self,
        _: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        _: &dyn Session,
        _: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        if node.as_any().downcast_ref::<Barrier>().is_none() {
            return Ok(None);
        }
        let input = physical_inputs[0].clone();
        Ok(Some(Arc::new(PassingExec { name: "BarrierExec", order: None, input })))
    }
}
