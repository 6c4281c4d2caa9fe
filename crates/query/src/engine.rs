//! From the text of a query to streams of batches.

use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use azimuth_diag::{Diagnostic, Severity};
use azimuth_kql::bind::{MemoryCatalog, Options};
use azimuth_kql::bound::{
    BoundQuery, Expr, ExprKind, InList, Input, Rel, RelKind, Render, ResultValue, Shared,
};
use azimuth_kql::types::{Column, Schema};
use azimuth_kql::values::Literal;
use azimuth_rows::{Ready, Table, open_operator, opened, tree};
use azimuth_values::Value;
use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{Field, Schema as ArrowSchema};
use datafusion::catalog::{MemTable, TableProvider};
use datafusion::common::Statistics;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::{FairSpillPool, MemoryConsumer};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::object_store::ObjectStore;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use datafusion::prelude::SessionConfig;
use futures_util::{Stream, StreamExt, stream};

use crate::barrier::BarrierPlanner;
use crate::error::QueryError;
use crate::expand::Expansion;
use crate::explain::{Explanation, Origin, Part, PlanNode, Totals};
use crate::guard::{Cancellation, Guard};
use crate::index::FileIndex;
use crate::limits::{Limits, Terms};
use crate::lower::Lowering;
use crate::operator::RowsPlanner;
use crate::ordered::OrderedPlanner;
use crate::progress::Progress;
use crate::rows;
use crate::series::Series;
use crate::stage::{Contexts, Host, HostDocuments, HostFunction, Stage};
use crate::table::QueryTable;
use crate::unary::UnaryPlanner;

/// How often a query is bound again: once for every operator whose columns its rows tell.
const MAX_BINDINGS: usize = 50;

/// How the engine works.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// The limits of every query
    pub limits: Limits,
    /// How many parts of a query run at a time
    pub parallelism: usize,
    /// What `rand` begins with
    pub seed: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self { limits: Limits::default(), parallelism: 2, seed: 0 }
    }
}

/// What one query is asked with beside its text.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Request options (`truncationmaxrecords`, `servertimeout` …), as `set` statements before those of the text
    pub options: Vec<(String, Value)>,
    /// Values of declared parameters, before those of the engine
    pub parameters: Vec<(String, Literal)>,
    /// Ends the query from outside
    pub cancellation: Cancellation,
    /// Tells how far the query is
    pub progress: Progress,
}

/// Tables, and queries over them.
pub struct Engine {
    config: Config,
    host: Arc<Host>,
    state: SessionState,
    /// The same with conditions tested while files are read, column after column: for those that let few rows through
    selective: SessionState,
    parameters: HashMap<String, Literal>,
    catalog: MemoryCatalog,
    tables: HashMap<String, Arc<QueryTable>>,
}

/// What a query answers with, one result after the other; most queries have one.
pub struct QueryResult {
    /// The results, in the order of the query
    pub results: Vec<ResultSet>,
    /// What was counted so far
    pub stats: Arc<Stats>,
}

/// A result of a query.
pub struct ResultSet {
    /// The name given by `as` or a branch of `fork`
    pub name: Option<String>,
    /// The columns: names and types of Kusto
    pub schema: Schema,
    /// How it asks to be drawn
    pub render: Option<Render>,
    /// The rows: arrays as [`crate::cells`] tells. Dropping the stream ends the query.
    pub batches: Pin<Box<dyn Stream<Item = Result<RecordBatch, QueryError>> + Send>>,
}

/// Counts of a query under way.
#[derive(Debug, Default)]
pub struct Stats {
    rows: AtomicU64,
    bytes: AtomicU64,
}

impl Stats {
    /// Rows given so far.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Bytes of arrays given so far.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl ResultSet {
    /// All rows as a table.
    ///
    /// # Errors
    /// What ended the query.
    pub async fn table(mut self) -> Result<Table, QueryError> {
        let mut batches = Vec::new();
        while let Some(batch) = self.batches.next().await {
            batches.push(batch?);
        }
        Ok(rows::table(&batches, &self.schema))
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Engine")
            .field("config", &self.config)
            .field("tables", &self.tables.keys())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for ResultSet {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ResultSet")
            .field("name", &self.name)
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine without tables.
    ///
    /// # Errors
    /// When the engine below cannot be set up.
    pub fn new(config: Config) -> Result<Self, DataFusionError> {
        let session = SessionConfig::new()
            .with_target_partitions(config.parallelism.max(1))
            // Rows keep their order unless an operator gives it up.
            .with_round_robin_repartition(false)
            .with_enable_subquery_sort_elimination(false)
            .with_collect_statistics(true)
            // A thread that takes what others were to read has often taken all before they begin.
            .set_bool("datafusion.execution.enable_file_stream_work_stealing", false)
            .set_bool("datafusion.execution.parquet.pushdown_filters", false)
            // The order of what an aggregate has seen counts for `make_list`: no state of a row overtakes another.
            .set_bool("datafusion.optimizer.enable_distinct_aggregation_soft_limit", false);
        let pool = FairSpillPool::new(config.limits.memory);
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(pool)).build_arc()?;
        let state = SessionStateBuilder::new()
            .with_config(session)
            .with_runtime_env(runtime)
            .with_default_features()
            .build();
        let (catalog, tables) = (MemoryCatalog::new(), HashMap::new());
        let early = state.config().clone().set_bool("datafusion.execution.parquet.pushdown_filters", true);
        let selective = SessionStateBuilder::new_from_existing(state.clone()).with_config(early).build();
        let parameters = HashMap::new();
        Ok(Self { config, host: Arc::default(), state, selective, parameters, catalog, tables })
    }

    /// Adds or replaces a table; its columns are found in the provider by name. A provider's column
    /// [`INGESTION_COLUMN`](crate::INGESTION_COLUMN) tells when each row was ingested.
    ///
    /// # Errors
    /// When the provider lacks a column of the schema, or has it in a type that cannot be read as the schema's.
    pub fn register_table(
        &mut self,
        name: &str,
        provider: Arc<dyn TableProvider>,
        schema: Schema,
    ) -> Result<(), DataFusionError> {
        let table = QueryTable::new(provider, schema)?;
        self.add(name, table);
        Ok(())
    }

    /// Adds or replaces a table whose columns hold Kusto's cells already ([`crate::cells`]): results of other queries, tables
    /// in memory.
    ///
    /// # Errors
    /// When a column of the schema is missing, or its array is of another type.
    pub fn register_cells(
        &mut self,
        name: &str,
        provider: Arc<dyn TableProvider>,
        schema: Schema,
    ) -> Result<(), DataFusionError> {
        let table = QueryTable::of_cells(provider, schema)?;
        self.add(name, table);
        Ok(())
    }

    fn add(&mut self, name: &str, table: QueryTable) {
        self.catalog.add_table(name, table.visible());
        if table.has_ingestion_time() {
            self.catalog.add_ingestion_time(name);
        }
        self.tables.insert(name.to_owned(), Arc::new(table));
    }

    /// Lets tables lie in a store of files that has that address.
    pub fn register_store(&self, url: &ObjectStoreUrl, store: Arc<dyn ObjectStore>) {
        self.state.runtime_env().register_object_store(url.as_ref(), store);
    }

    /// Lets the scans of a table ask an index of its files before they read them. A table that is registered again has none.
    ///
    /// # Errors
    /// When there is no such table.
    pub fn register_index(&mut self, table: &str, index: Arc<dyn FileIndex>) -> Result<(), DataFusionError> {
        let known = self.tables.get_mut(table).ok_or_else(|| {
            DataFusionError::Plan(format!("there is no table `{table}`; register it before its index"))
        })?;
        Arc::make_mut(known).set_index(index);
        Ok(())
    }

    /// Adds or replaces a function that the host computes (`_GetWatchlist`). `parameters` as in `(alias:string)`; `schema` may
    /// be open: then the function's own columns count.
    ///
    /// # Errors
    /// The diagnostics, if the parameters do not parse.
    pub fn register_function(
        &mut self,
        name: &str,
        parameters: &str,
        schema: Schema,
        function: HostFunction,
    ) -> Result<(), Vec<Diagnostic>> {
        self.catalog.add_host_function(name, parameters, schema)?;
        Arc::make_mut(&mut self.host).functions.insert(name.to_owned(), function);
        Ok(())
    }

    /// Lets queries read documents outside (`externaldata`, `infer_storage_schema`), through the host: local files, or whatever
    /// else it wants to give, with its own limits of time. Without this such a query is refused.
    pub fn allow_documents(&mut self, documents: HostDocuments) {
        Arc::make_mut(&mut self.host).documents = Some(documents);
    }

    /// Adds or replaces a table in memory.
    ///
    /// # Errors
    /// When the engine below cannot hold it.
    pub fn register_rows(&mut self, name: &str, table: &Table) -> Result<(), DataFusionError> {
        let batch = rows::batch(&table.rows, &rows::types(&table.schema))?;
        let fields = table
            .schema
            .columns
            .iter()
            .map(|column| Field::new(&column.name, rows::arrow_type(column.ty), true));
        let cells = Arc::new(ArrowSchema::new(fields.collect::<Vec<_>>()));
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(cells.clone(), batch.columns().to_vec(), &options)?;
        self.register_cells(
            name,
            Arc::new(MemTable::try_new(cells, vec![vec![batch]])?),
            table.schema.clone(),
        )
    }

    /// Gives a value to a parameter that queries may declare (`declare query_parameters`); it is converted to the declared
    /// type.
    pub fn set_parameter(&mut self, name: &str, value: Literal) {
        self.parameters.insert(name.to_owned(), value);
    }

    /// The catalogue of the engine's tables, for editors and lints.
    pub fn catalog(&self) -> &MemoryCatalog {
        &self.catalog
    }

    /// The catalogue of the engine's tables; stored functions are added here.
    pub fn catalog_mut(&mut self) -> &mut MemoryCatalog {
        &mut self.catalog
    }

    /// Adds or replaces a table whose values are known to lie between others.
    pub(crate) fn register_learned(
        &mut self,
        name: &str,
        provider: Arc<dyn TableProvider>,
        schema: Schema,
        statistics: &Statistics,
    ) -> Result<(), DataFusionError> {
        let mut table = QueryTable::new(provider, schema)?;
        table.learn(statistics);
        self.add(name, table);
        Ok(())
    }

    pub(crate) fn config(&self) -> Config {
        self.config
    }

    /// The columns of a table.
    pub(crate) fn table_schema(&self, name: &str) -> Option<&Schema> {
        self.tables.get(name).map(|table| &*table.schema)
    }

    pub(crate) fn parameters(&self) -> &HashMap<String, Literal> {
        &self.parameters
    }

    /// The same tables and functions under another configuration, without values of parameters.
    pub(crate) fn with_config(&self, config: Config) -> Self {
        let of = |state: &SessionState| {
            let session = state.config().clone().with_target_partitions(config.parallelism.max(1));
            SessionStateBuilder::new_from_existing(state.clone()).with_config(session).build()
        };
        let (state, selective) = (of(&self.state), of(&self.selective));
        let (host, catalog, tables) = (self.host.clone(), self.catalog.clone(), self.tables.clone());
        Self { config, host, state, selective, parameters: HashMap::new(), catalog, tables }
    }

    pub(crate) fn state(&self) -> &SessionState {
        &self.state
    }

    /// Executes a query at a moment (ticks of 100 ns since 0001-01-01). What is computed once is computed now; the results
    /// are computed as their streams are read.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn query(&self, text: &str, now: i64) -> Result<QueryResult, QueryError> {
        self.query_with(text, now, &Settings::default()).await
    }

    /// As [`Engine::query`], with request options and a way to end it.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn query_with(
        &self,
        text: &str,
        now: i64,
        settings: &Settings,
    ) -> Result<QueryResult, QueryError> {
        Ok(self.query_explained(text, now, settings).await?.1)
    }

    /// A query and its plan, which has not run.
    pub(crate) async fn query_explained(
        &self,
        text: &str,
        now: i64,
        settings: &Settings,
    ) -> Result<(Explanation, QueryResult), QueryError> {
        let prepared = self.prepared(text, now, settings).await?;
        let explanation = explained(&prepared, text, None);
        let stats = Arc::new(Stats::default());
        let mut results = Vec::new();
        for planned in prepared.results {
            let batches = self.stream(&planned.work, &prepared.guard)?;
            results.push(ResultSet {
                name: planned.name,
                schema: planned.schema,
                render: planned.render,
                batches: limited(batches, &prepared.guard, prepared.take, stats.clone()),
            });
        }
        Ok((explanation, QueryResult { results, stats }))
    }

    /// The plan of a query, and the operators that it was made of.
    pub(crate) async fn outline(
        &self,
        text: &str,
        now: i64,
        settings: &Settings,
    ) -> Result<(Explanation, Vec<Input>), QueryError> {
        let prepared = self.prepared(text, now, settings).await?;
        let explanation = explained(&prepared, text, None);
        let first = prepared.first.into_iter().map(|ran| ran.rel);
        let results = prepared.results.into_iter().filter_map(|planned| match planned.work {
            Work::Plan(_, rel) => Some(rel),
            Work::Ready(_) => None,
        });
        Ok((explanation, first.chain(results).collect()))
    }

    /// The plan of a query, for people: which operator became what. Parts that are computed to make the plan (`toscalar`,
    /// `materialize`, `in (table)`) have run and tell what was measured; the rest has not.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn explain(
        &self,
        text: &str,
        now: i64,
        settings: &Settings,
    ) -> Result<Explanation, QueryError> {
        let prepared = self.prepared(text, now, settings).await?;
        Ok(explained(&prepared, text, None))
    }

    /// Executes a query and drops its rows; tells its plan with what was measured at every operator.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub async fn analyse(
        &self,
        text: &str,
        now: i64,
        settings: &Settings,
    ) -> Result<Explanation, QueryError> {
        let started = tokio::time::Instant::now();
        let prepared = self.prepared(text, now, settings).await?;
        let planning = started.elapsed();
        let stats = Arc::new(Stats::default());
        for planned in &prepared.results {
            let batches = self.stream(&planned.work, &prepared.guard)?;
            let mut batches = limited(batches, &prepared.guard, prepared.take, stats.clone());
            while let Some(batch) = batches.next().await {
                batch?;
            }
        }
        let nanos = |time: std::time::Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let totals = Totals {
            rows: stats.rows(),
            bytes: stats.bytes(),
            planning_ns: nanos(planning),
            total_ns: nanos(started.elapsed()),
            most_memory: prepared.guard.most_memory(),
        };
        Ok(explained(&prepared, text, Some(totals)))
    }

    fn stream(&self, work: &Work, guard: &Arc<Guard>) -> Result<Batches, QueryError> {
        match work {
            Work::Ready(batch) => Ok(stream::iter([Ok(batch.clone())]).boxed()),
            Work::Plan(plan, _) => {
                guard.progress.watch(plan);
                let stream = execute_stream(plan.clone(), guard.task(&self.state))
                    .map_err(|error| guard.error(error))?;
                let guard = guard.clone();
                Ok(stream.map(move |batch| batch.map_err(|error| guard.error(error))).boxed())
            }
        }
    }

    /// What the binder knows beside the text.
    fn options(&self) -> Options {
        Options { parameters: self.parameters.clone(), ..Options::default() }
    }

    /// A query as plans, under the terms that its options make.
    async fn prepared(&self, text: &str, now: i64, settings: &Settings) -> Result<Prepared, QueryError> {
        let started = tokio::time::Instant::now();
        let mut options = self.options();
        options.parameters.extend(settings.parameters.iter().cloned());
        let bound = azimuth_kql::bind(text, &self.catalog, &options);
        // What a query sets for `bin_auto` is in its bound expressions.
        let set = bound.options.iter().filter(|(name, _)| !name.starts_with("query_bin_auto_"));
        let set: Vec<(String, Value)> =
            set.map(|(name, value)| (name.clone(), azimuth_rows::literal_value(value))).collect();
        let asked = settings.options.iter().chain(&set).map(|(name, value)| (name.as_str(), value));
        let terms = Terms::new(self.config.limits, now, asked)?;
        let guard = Guard::new(terms.limits, settings, started);
        let bound = match terms.time_scope {
            None => bound,
            // The text may have set it: what was bound before knew nothing of it.
            Some(_) => {
                options.time_scope = terms.time_scope;
                azimuth_kql::bind(text, &self.catalog, &options)
            }
        };
        let planned = self.planned(text, terms.now, bound, options, &guard);
        let (results, first) = guard.within(planned).await?;
        Ok(Prepared { guard, take: terms.take, results, first })
    }

    /// The results of a query as plans.
    async fn planned(
        &self,
        text: &str,
        now: i64,
        bound: BoundQuery,
        mut options: Options,
        guard: &Arc<Guard>,
    ) -> Result<(Vec<Planned>, Vec<Ran>), QueryError> {
        let mut bound = Some(bound);
        for _ in 0..MAX_BINDINGS {
            let bound = bound.take().unwrap_or_else(|| azimuth_kql::bind(text, &self.catalog, &options));
            let has_errors = bound.has_errors();
            let mut work = Preparation::new(self, bound, now, guard);
            let bound = work.bound.clone();
            if let Some(rel) = open_operator(&bound) {
                match work.columns(rel).await {
                    Ok(schema) => {
                        options.known.insert(rel.span, schema);
                        continue;
                    }
                    // What fails where the text is wrong fails because of that.
                    Err(error) if !has_errors => return Err(error),
                    Err(_) => {}
                }
            }
            if has_errors {
                let errors = bound.diagnostics.iter().filter(|found| found.severity == Severity::Error);
                return Err(QueryError::Invalid(errors.cloned().collect()));
            }
            let mut results = Vec::new();
            for result in &bound.results {
                let (schema, made) = match &result.value {
                    ResultValue::Table(rel) => {
                        (rel.schema.clone(), Work::Plan(work.physical(rel).await?, rel.clone()))
                    }
                    ResultValue::Scalar(expr) => {
                        work.expression(expr).await?;
                        let value = work.stage().constant(expr).map_err(|error| work.error(error))?;
                        let batch =
                            rows::batch(&[vec![value]], &[expr.ty]).map_err(|error| work.error(error))?;
                        (Schema::new(vec![Column::new("print_0", expr.ty)]), Work::Ready(batch))
                    }
                };
                results.push(Planned {
                    name: result.name.clone(),
                    schema,
                    render: result.render.clone(),
                    work: made,
                });
            }
            return Ok((results, work.ran));
        }
        Err(QueryError::Failed(azimuth_rows::Failure::Unsupported(
            "a query with so many operators whose columns the rows tell".to_owned(),
        )))
    }
}

type Batches = Pin<Box<dyn Stream<Item = Result<RecordBatch, QueryError>> + Send>>;

/// A query that is planned, and what watches over it.
struct Prepared {
    guard: Arc<Guard>,
    take: Option<u64>,
    results: Vec<Planned>,
    first: Vec<Ran>,
}

/// A result before it runs.
struct Planned {
    name: Option<String>,
    schema: Schema,
    render: Option<Render>,
    work: Work,
}

enum Work {
    Ready(RecordBatch),
    Plan(Arc<dyn ExecutionPlan>, Input),
}

/// A part of a query that ran so that the rest could be planned.
struct Ran {
    why: &'static str,
    plan: Arc<dyn ExecutionPlan>,
    rel: Input,
}

fn explained(prepared: &Prepared, text: &str, totals: Option<Totals>) -> Explanation {
    let origin = Origin { text };
    Explanation {
        first: prepared
            .first
            .iter()
            .map(|ran| Part { name: Some(ran.why.to_owned()), plan: origin.node(&ran.plan, &ran.rel, true) })
            .collect(),
        results: prepared
            .results
            .iter()
            .map(|planned| Part {
                name: planned.name.clone(),
                plan: match &planned.work {
                    Work::Ready(_) => PlanNode::constant(),
                    Work::Plan(plan, rel) => origin.node(plan, rel, totals.is_some()),
                },
            })
            .collect(),
        totals,
    }
}

/// What has to be computed before a plan can be made: scalars, shared tables, lists of `in (table)`.
struct Preparation<'e> {
    engine: &'e Engine,
    bound: Arc<BoundQuery>,
    ready: Ready,
    tables: HashMap<usize, Arc<Vec<RecordBatch>>>,
    contexts: Arc<Contexts>,
    seen: HashSet<usize>,
    guard: Arc<Guard>,
    ran: Vec<Ran>,
}

type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T, QueryError>> + Send + 'a>>;

impl<'e> Preparation<'e> {
    fn new(engine: &'e Engine, bound: BoundQuery, now: i64, guard: &Arc<Guard>) -> Self {
        Self {
            engine,
            bound: Arc::new(bound),
            ready: Ready::default(),
            tables: HashMap::new(),
            contexts: Arc::new(Contexts::new(now, engine.config.seed, guard.clone())),
            seen: HashSet::new(),
            guard: guard.clone(),
            ran: Vec::new(),
        }
    }

    fn error(&self, error: DataFusionError) -> QueryError {
        self.guard.error(error)
    }

    fn stage(&self) -> Arc<Stage> {
        let limits = azimuth_rows::Limits { rows: self.engine.config.limits.row_engine };
        let (bound, ready, contexts) = (self.bound.clone(), self.ready.clone(), self.contexts.clone());
        Stage::new(bound, ready, limits, contexts, self.engine.host.clone())
    }

    /// The plan of an operator; what it needs is computed first.
    async fn physical(&mut self, rel: &Input) -> Result<Arc<dyn ExecutionPlan>, QueryError> {
        self.operator(rel).await?;
        let is_selective = Arc::new(AtomicBool::new(false));
        let lowering = Lowering {
            stage: self.stage(),
            tables: &self.engine.tables,
            shared: &self.tables,
            window: None,
            is_selective: is_selective.clone(),
            first: None,
        };
        let plan = lowering.plan(rel).map_err(|error| self.error(error))?;
        let state = match is_selective.load(Ordering::Relaxed) {
            true => &self.engine.selective,
            false => &self.engine.state,
        };
        physical(state, &plan).await.map_err(|error| self.error(error))
    }

    async fn batches(&mut self, rel: &Input, why: &'static str) -> Result<Vec<RecordBatch>, QueryError> {
        let plan = self.physical(rel).await?;
        self.guard.progress.watch(&plan);
        self.ran.push(Ran { why, plan: plan.clone(), rel: rel.clone() });
        let mut batches =
            execute_stream(plan, self.guard.task(&self.engine.state)).map_err(|error| self.error(error))?;
        // What is kept whole until the query ends counts as memory of the query.
        let memory = MemoryConsumer::new("rows").register(&self.guard.pool());
        let mut kept = Vec::new();
        while let Some(batch) = batches.next().await {
            let batch = batch.map_err(|error| self.error(error))?;
            memory.try_grow(batch.get_array_memory_size()).map_err(|error| self.error(error))?;
            kept.push(batch);
        }
        self.guard.keep(memory);
        Ok(kept)
    }

    /// Computes what an operator and all below it need.
    fn operator<'a>(&'a mut self, rel: &'a Rel) -> Later<'a, ()> {
        Box::pin(async move {
            if let RelKind::Shared(id) = rel.kind {
                self.shared(id.0).await?;
            }
            for expr in tree::exprs(rel) {
                self.expression(expr).await?;
            }
            for input in tree::inputs(rel) {
                self.operator(input).await?;
            }
            Ok(())
        })
    }

    /// Computes what an expression needs.
    fn expression<'a>(&'a mut self, expr: &'a Expr) -> Later<'a, ()> {
        Box::pin(async move {
            let (mut scalars, mut lists) = (Vec::new(), Vec::new());
            tree::walk_expr(expr, &mut self.seen, &mut |inner| match &inner.kind {
                ExprKind::Shared(id) => scalars.push(id.0),
                ExprKind::In { list: InList::Table(rel), .. } => lists.push(rel),
                _ => {}
            });
            for id in scalars {
                self.shared(id).await?;
            }
            for rel in lists {
                let address = Ready::address(rel);
                if !self.ready.tables.contains_key(&address) && tree::is_closed(rel) {
                    let batches = self.batches(rel, "in (table)").await?;
                    self.ready.tables.insert(address, Arc::new(rows::table(&batches, &rel.schema)));
                }
            }
            Ok(())
        })
    }

    /// Computes an entry of the shared ones.
    async fn shared(&mut self, id: usize) -> Result<(), QueryError> {
        if self.ready.shared.contains_key(&id) || self.tables.contains_key(&id) {
            return Ok(());
        }
        let bound = self.bound.clone();
        let Shared { rel, scalar } = &bound.shared[id];
        let why = if scalar.is_some() { "toscalar" } else { "materialize" };
        let batches = self.batches(rel, why).await?;
        if scalar.is_some() {
            let first: Vec<RecordBatch> = batches
                .iter()
                .find(|batch| batch.num_rows() > 0)
                .map(|batch| batch.slice(0, 1))
                .into_iter()
                .collect();
            self.ready.shared.insert(id, Arc::new(rows::table(&first, &rel.schema)));
        } else {
            self.tables.insert(id, Arc::new(batches));
        }
        Ok(())
    }

    /// The columns that an operator's rows tell.
    async fn columns(&mut self, rel: &Rel) -> Result<Schema, QueryError> {
        self.operator(rel).await?;
        let mut inputs = Ready::default();
        for input in tree::inputs(rel) {
            let batches = self.batches(input, "columns that rows tell").await?;
            inputs.tables.insert(Ready::address(input), Arc::new(rows::table(&batches, &input.schema)));
        }
        self.stage().run(&inputs, |run| opened(run, rel)).map_err(|error| self.error(error))
    }
}

async fn physical(
    state: &SessionState,
    plan: &LogicalPlan,
) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
    let optimized = state.optimize(plan)?;
    let planner = DefaultPhysicalPlanner::with_extension_planners(vec![
        Arc::new(RowsPlanner),
        Arc::new(OrderedPlanner),
        Arc::new(BarrierPlanner),
        Arc::new(UnaryPlanner::<Expansion>::new()),
        Arc::new(UnaryPlanner::<Series>::new()),
    ]);
    pausing(planner.create_physical_plan(&optimized, state).await?)
}

/// Lets operators that make many rows of few pause now and then: whoever reads them without end would never let the deadline
/// be looked at.
fn pausing(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
    let paused = plan.transform_up(|node| {
        let multiplies =
            node.name().ends_with("JoinExec") || matches!(node.name(), "ExpandExec" | "UnnestExec");
        Ok(match multiplies {
            true => Transformed::yes(Arc::new(CooperativeExec::new(node)) as Arc<dyn ExecutionPlan>),
            false => Transformed::no(node),
        })
    });
    paused.data()
}

/// A stream that ends at the limits; with `take`, in silence after so many rows.
fn limited(batches: Batches, guard: &Arc<Guard>, take: Option<u64>, stats: Arc<Stats>) -> Batches {
    let state = (batches, guard.reader(), take.unwrap_or(u64::MAX));
    stream::unfold(Some(state), move |state| {
        let stats = stats.clone();
        async move {
            let (mut batches, reader, left) = state?;
            if left == 0 {
                return None;
            }
            let guard = &reader.0;
            let next = guard.within(async { batches.next().await.transpose() }).await.transpose()?;
            let checked = next.and_then(|batch| {
                let kept = usize::try_from(left).unwrap_or(usize::MAX).min(batch.num_rows());
                let batch = batch.slice(0, kept);
                let rows = kept as u64 + stats.rows.fetch_add(kept as u64, Ordering::Relaxed);
                let size = batch.columns().iter().map(sliced_size).sum::<u64>();
                let bytes = size + stats.bytes.fetch_add(size, Ordering::Relaxed);
                if rows > guard.limits.rows {
                    Err(QueryError::TooManyRows(guard.limits.rows))
                } else if bytes > guard.limits.bytes {
                    Err(QueryError::TooManyBytes(guard.limits.bytes))
                } else {
                    Ok(batch)
                }
            });
            let state = match &checked {
                Ok(batch) => Some((batches, reader, left - batch.num_rows() as u64)),
                Err(_) => None,
            };
            Some((checked, state))
        }
    })
    .boxed()
}

/// Bytes of the values of an array, whatever lies around them in its buffers.
fn sliced_size(array: &datafusion::arrow::array::ArrayRef) -> u64 {
    use datafusion::arrow::array::{Array, AsArray};
    match array.as_string_view_opt() {
        Some(texts) => texts.lengths().map(u64::from).sum::<u64>() + 16 * texts.len() as u64,
        None => {
            array.to_data().get_slice_memory_size().unwrap_or_else(|_| array.get_array_memory_size()) as u64
        }
    }
}
