//! An operator of the row engine inside a plan: its inputs are collected (or taken batch by batch, where rows do not see each
//! other), become rows, and the one operator runs over them.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use async_trait::async_trait;
use azimuth_kql::bound::{Input, RelKind};
use azimuth_kql::types::Schema;
use azimuth_rows::{Failure, Ready, Table};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::Session;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DFSchema, DFSchemaRef};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{
    Expr, Extension, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore,
};
use datafusion::physical_expr::{Distribution, EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::metrics::{
    BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet, RecordOutput,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::explain::name;
use crate::rows;
use crate::stage::{Stage, failed, unique};

/// Rows of a batch that an operator gives.
const BATCH: usize = 8192;
/// Rows given at a time to an operator whose rows do not see each other.
const BY_BATCH: usize = 1024;

/// What the node and its execution share.
struct Operator {
    id: u64,
    stage: Arc<Stage>,
    rel: Input,
    /// The operators whose rows the inputs are
    inputs: Vec<Input>,
    /// Rows of the input do not see each other
    by_batch: bool,
}

impl Operator {
    /// The rows of the operator over those of its inputs.
    fn rows(&self, inputs: Vec<Table>) -> Result<Vec<RecordBatch>> {
        let tables =
            self.inputs.iter().map(|input| Ready::address(input)).zip(inputs.into_iter().map(Arc::new));
        let ready = Ready { tables: tables.collect(), ..Ready::default() };
        let made = self.stage.run(&ready, |run| run.table(&self.rel, None))?;
        let types = rows::types(&self.rel.schema);
        made.rows.chunks(BATCH).map(|chunk| rows::batch(chunk, &types)).collect()
    }
}

/// The operator as a node of a logical plan.
#[derive(Clone)]
pub(crate) struct RowsNode {
    operator: Arc<Operator>,
    children: Vec<LogicalPlan>,
    schema: DFSchemaRef,
}

/// A plan of one operator over the plans of its inputs.
pub(crate) fn plan(
    stage: &Arc<Stage>,
    rel: &Input,
    inputs: Vec<Input>,
    children: Vec<LogicalPlan>,
) -> Result<LogicalPlan> {
    let schema = rows::arrow_schema(rows::types(&rel.schema));
    let by_batch = inputs.len() == 1
        && match &rel.kind {
            RelKind::MvExpand(_) | RelKind::Parse(_) | RelKind::ParseKv { .. } => true,
            RelKind::MvApply(apply) => !apply.has_context_id,
            _ => false,
        };
    let operator = Operator { id: unique(), stage: stage.clone(), rel: rel.clone(), inputs, by_batch };
    let schema = Arc::new(DFSchema::try_from(schema)?);
    let node = RowsNode { operator: Arc::new(operator), children, schema };
    Ok(LogicalPlan::Extension(Extension { node: Arc::new(node) }))
}

impl fmt::Debug for RowsNode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Rows: {}", name(&self.operator.rel.kind))
    }
}

impl PartialEq for RowsNode {
    fn eq(&self, other: &Self) -> bool {
        self.operator.id == other.operator.id && self.children == other.children
    }
}

impl Eq for RowsNode {}

impl PartialOrd for RowsNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.operator.id.partial_cmp(&other.operator.id)
    }
}

impl Hash for RowsNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.operator.id.hash(state);
    }
}

impl UserDefinedLogicalNodeCore for RowsNode {
    fn name(&self) -> &str {
        "Rows"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        self.children.iter().collect()
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Rows: {}", name(&self.operator.rel.kind))
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, children: Vec<LogicalPlan>) -> Result<Self> {
        Ok(Self { children, ..self.clone() })
    }

    fn necessary_children_exprs(&self, _: &[usize]) -> Option<Vec<Vec<usize>>> {
        // Columns are places: all of them stay.
        Some(self.children.iter().map(|child| (0..child.schema().fields().len()).collect()).collect())
    }
}

/// Plans [`RowsNode`]s.
pub(crate) struct RowsPlanner;

#[async_trait]
impl ExtensionPlanner for RowsPlanner {
    async fn plan_extension(
        &self,
        _: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        _: &dyn Session,
        _: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<RowsNode>() else { return Ok(None) };
        Ok(Some(Arc::new(RowsExec::new(&node.operator, physical_inputs.to_vec()))))
    }
}

/// The operator as a node of a physical plan.
pub(crate) struct RowsExec {
    operator: Arc<Operator>,
    children: Vec<Arc<dyn ExecutionPlan>>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl RowsExec {
    /// The bound operator, and those whose rows its inputs are.
    pub(crate) fn origin(&self) -> (&Input, &[Input]) {
        (&self.operator.rel, &self.operator.inputs)
    }

    fn new(operator: &Arc<Operator>, children: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        let schema = rows::arrow_schema(rows::types(&operator.rel.schema));
        let partitions = match (operator.by_batch, children.first()) {
            (true, Some(child)) => child.properties().partitioning.partition_count(),
            _ => 1,
        };
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(partitions),
            if operator.by_batch { EmissionType::Incremental } else { EmissionType::Final },
            Boundedness::Bounded,
        );
        let metrics = ExecutionPlanMetricsSet::new();
        Self { operator: operator.clone(), children, properties: Arc::new(properties), metrics }
    }
}

impl fmt::Debug for RowsExec {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "RowsExec: {}", name(&self.operator.rel.kind))
    }
}

impl DisplayAs for RowsExec {
    fn fmt_as(&self, _: DisplayFormatType, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "RowsExec: {}", name(&self.operator.rel.kind))
    }
}

impl ExecutionPlan for RowsExec {
    fn name(&self) -> &str {
        "RowsExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        let wanted = || {
            if self.operator.by_batch {
                Distribution::UnspecifiedDistribution
            } else {
                Distribution::SinglePartition
            }
        };
        self.children.iter().map(|_| wanted()).collect()
    }

    // What is sorted above must not be sorted below instead: these are other columns. Orders below that count are kept by
    // nodes of their own.
    fn maintains_input_order(&self) -> Vec<bool> {
        vec![false; self.children.len()]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false; self.children.len()]
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.children.iter().collect()
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
        Ok(Arc::new(Self::new(&self.operator, children)))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let schema: SchemaRef = self.schema();
        let operator = self.operator.clone();
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        if operator.by_batch {
            let input = self.children[0].execute(partition, context)?;
            let counted = metrics.clone();
            // A row may become very many: a few at a time are computed, and no more before those were read.
            let parts = input.flat_map(|batch| {
                stream::iter(match batch {
                    Ok(batch) => slices(&batch, BY_BATCH).into_iter().map(Ok).collect(),
                    Err(error) => vec![Err(error)],
                })
            });
            let made = parts
                .map(move |batch| {
                    let batch = batch?;
                    let _time = metrics.elapsed_compute().timer();
                    let made = operator.rows(vec![rows::table(&[batch], &operator.inputs[0].schema)])?;
                    Ok::<_, DataFusionError>(stream::iter(made.into_iter().map(Ok)))
                })
                .try_flatten()
                .inspect_ok(move |batch| record(&counted, batch));
            return Ok(Box::pin(RecordBatchStreamAdapter::new(schema, made)));
        }
        let inputs = self
            .children
            .iter()
            .map(|child| child.execute(0, context.clone()))
            .collect::<Result<Vec<_>>>()?;
        let counted = metrics.clone();
        let made = async move {
            let memory = MemoryConsumer::new("rows").register(context.memory_pool());
            let mut tables = Vec::with_capacity(inputs.len());
            for (mut input, rel) in inputs.into_iter().zip(&operator.inputs) {
                let (types, mut rows) = (rows::types(&rel.schema), Vec::new());
                while let Some(batch) = input.next().await {
                    let batch = batch?;
                    let _time = metrics.elapsed_compute().timer();
                    // A row of values takes a multiple of its bytes in arrays.
                    memory.try_grow(batch.get_array_memory_size().saturating_mul(4))?;
                    rows::push(&mut rows, &batch, &types);
                    if rows.len() as u64 > operator.stage.limits.rows {
                        return Err(failed(Failure::TooManyRows(operator.stage.limits.rows)));
                    }
                }
                tables.push(Table::new(Schema::clone(&rel.schema), rows));
            }
            let time = metrics.elapsed_compute().timer();
            let batches = operator.rows(tables)?;
            drop((time, memory));
            Ok::<_, DataFusionError>(stream::iter(batches.into_iter().map(Ok)))
        };
        let made = stream::once(made).try_flatten().inspect_ok(move |batch| record(&counted, batch));
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, made)))
    }
}

/// A batch in parts of at most so many rows.
fn slices(batch: &RecordBatch, rows: usize) -> Vec<RecordBatch> {
    let starts = (0..batch.num_rows()).step_by(rows);
    starts.map(|start| batch.slice(start, rows.min(batch.num_rows() - start))).collect()
}

fn record(metrics: &BaselineMetrics, batch: &RecordBatch) {
    batch.record_output(metrics);
}
