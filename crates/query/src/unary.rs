//! Operators of our own with one input, as nodes of plans.
//!
//! DataFusion asks for a node of the logical plan, one of the physical plan and a planner between them. All three are written
//! here once; an operator says what it does with its rows ([`Unary`]).

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::Session;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DFSchema, DFSchemaRef};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{
    Expr, Extension, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore,
};
use datafusion::physical_expr::{Distribution, EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};

/// What an operator does. Its columns are places: the input keeps all of them.
pub(crate) trait Unary: fmt::Debug + Eq + Hash + Send + Sync + 'static {
    /// The names of the logical and the physical node.
    const NAMES: (&'static str, &'static str);

    /// All rows of the input have to come together.
    const IS_WHOLE: bool;

    /// Columns on which no condition can be tested before the operator; `None` for all.
    fn own_columns(&self) -> Option<HashSet<String>>;

    /// The rows, from those of a part of the input.
    fn rows(
        self: Arc<Self>,
        input: SendableRecordBatchStream,
        schema: SchemaRef,
        context: &TaskContext,
        metrics: BaselineMetrics,
    ) -> SendableRecordBatchStream;
}

/// The plan of an operator over another.
///
/// # Errors
/// When two columns of the schema have one name.
pub(crate) fn plan<U: Unary>(input: LogicalPlan, operator: U, schema: SchemaRef) -> Result<LogicalPlan> {
    let schema = Arc::new(DFSchema::try_from(schema)?);
    let node = Node { operator: Arc::new(operator), input, schema };
    Ok(LogicalPlan::Extension(Extension { node: Arc::new(node) }))
}

struct Node<U> {
    operator: Arc<U>,
    input: LogicalPlan,
    schema: DFSchemaRef,
}

impl<U: Unary> fmt::Debug for Node<U> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(U::NAMES.0)
    }
}

impl<U: Unary> PartialEq for Node<U> {
    fn eq(&self, other: &Self) -> bool {
        self.operator == other.operator && self.input == other.input
    }
}

impl<U: Unary> Eq for Node<U> {}

impl<U: Unary> PartialOrd for Node<U> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl<U: Unary> Hash for Node<U> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.operator.hash(state);
        self.input.hash(state);
    }
}

impl<U: Unary> UserDefinedLogicalNodeCore for Node<U> {
    fn name(&self) -> &str {
        U::NAMES.0
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        let all = || self.schema.fields().iter().map(|field| field.name().clone()).collect();
        self.operator.own_columns().unwrap_or_else(all)
    }

    fn fmt_for_explain(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}", self.operator)
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        let (operator, schema) = (self.operator.clone(), self.schema.clone());
        Ok(Self { operator, input: only(inputs)?, schema })
    }

    fn necessary_children_exprs(&self, _: &[usize]) -> Option<Vec<Vec<usize>>> {
        Some(vec![(0..self.input.schema().fields().len()).collect()])
    }
}

/// The one input.
pub(crate) fn only<T>(inputs: Vec<T>) -> Result<T> {
    inputs.into_iter().next().ok_or_else(|| DataFusionError::Internal("no input".to_owned()))
}

/// Plans the operators of a kind.
pub(crate) struct UnaryPlanner<U>(PhantomData<U>);

impl<U> UnaryPlanner<U> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

#[async_trait]
impl<U: Unary> ExtensionPlanner for UnaryPlanner<U> {
    async fn plan_extension(
        &self,
        _: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        _: &dyn Session,
        _: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<Node<U>>() else { return Ok(None) };
        let schema = node.schema.inner().clone();
        Ok(Some(Arc::new(Exec::new(node.operator.clone(), schema, physical_inputs[0].clone()))))
    }
}

#[derive(Debug)]
struct Exec<U> {
    operator: Arc<U>,
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl<U: Unary> Exec<U> {
    fn new(operator: Arc<U>, schema: SchemaRef, input: Arc<dyn ExecutionPlan>) -> Self {
        let parts = if U::IS_WHOLE { 1 } else { input.properties().partitioning.partition_count() };
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(parts),
            if U::IS_WHOLE { EmissionType::Final } else { EmissionType::Incremental },
            Boundedness::Bounded,
        );
        Self { operator, input, properties: Arc::new(properties), metrics: ExecutionPlanMetricsSet::new() }
    }
}

impl<U: Unary> DisplayAs for Exec<U> {
    fn fmt_as(&self, _: DisplayFormatType, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(U::NAMES.1)
    }
}

impl<U: Unary> ExecutionPlan for Exec<U> {
    fn name(&self) -> &str {
        U::NAMES.1
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        vec![match U::IS_WHOLE {
            true => Distribution::SinglePartition,
            false => Distribution::UnspecifiedDistribution,
        }]
    }

    // As for operators of the row engine: what is sorted above must not be sorted below instead.
    fn maintains_input_order(&self) -> Vec<bool> {
        vec![false]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self::new(self.operator.clone(), self.schema(), only(children)?)))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context.clone())?;
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        Ok(self.operator.clone().rows(input, self.schema(), &context, metrics))
    }
}
