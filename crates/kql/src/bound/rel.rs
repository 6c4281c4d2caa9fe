//! Bound tabular operators.

use std::sync::Arc;

use super::{Call, Expr, SharedId};
use crate::ast::{EdgeDirection, StarPlace};
use crate::functions::Function;
use crate::syntax::Span;
use crate::types::{ScalarType, Schema};

/// A tabular expression: an operator over its inputs.
#[derive(Clone, Debug)]
pub struct Rel {
    /// The operator.
    pub kind: RelKind,
    /// Its columns.
    pub schema: Schema,
    /// Where the operator is in the query.
    pub span: Span,
}

/// An input of an operator.
pub type Input = Arc<Rel>;

/// The tabular operators.
#[derive(Clone, Debug)]
pub enum RelKind {
    /// A table of the catalogue; its schema are the columns that the catalogue told.
    Table(TableName),
    /// A function that the host provides (`_GetWatchlist`): its schema is the catalogue's.
    HostFunction {
        /// The function.
        name: String,
        /// Constant arguments, defaults filled in.
        arguments: Vec<Expr>,
    },
    /// `datatable`: rows of constant expressions, converted to the types of the columns.
    Datatable {
        /// The rows.
        rows: Vec<Vec<Expr>>,
    },
    /// `externaldata`
    ExternalData {
        /// Constant addresses.
        uris: Vec<Expr>,
        /// `format`, `ignoreFirstRecord` …
        properties: Vec<(String, Expr)>,
    },
    /// `print`: one row.
    Print {
        /// One expression for each column.
        columns: Vec<Expr>,
    },
    /// `range`: one column, from a value to a value, both inclusive.
    Range {
        /// The first value.
        from: Expr,
        /// The last value.
        to: Expr,
        /// The distance.
        step: Expr,
    },
    /// The rows of a `materialize`.
    Shared(SharedId),
    /// The rows given to the body of `partition`, `fork`, `mv-apply` and `make-graph partitioned-by`.
    Given,
    /// `where`
    Filter {
        /// Rows.
        input: Input,
        /// The condition; rows where it is false or null go.
        predicate: Expr,
    },
    /// `project`, `extend`, `project-away` …: one expression for each column.
    Project {
        /// Rows.
        input: Input,
        /// One expression for each column.
        columns: Vec<Expr>,
    },
    /// `distinct`, of all columns of the input.
    Distinct {
        /// Rows.
        input: Input,
    },
    /// `summarize`: first the groups, then the aggregates.
    Summarize {
        /// Rows.
        input: Input,
        /// The groups; none for `summarize` without `by`, which gives one row always.
        by: Vec<Expr>,
        /// Expressions over aggregates.
        aggregates: Vec<Expr>,
        /// `by` was written (a query without rows has no groups then).
        has_by: bool,
        /// Where each output column comes from: a group or an aggregate. `arg_max(x, *)` gives columns in an order of
        /// its own.
        output: Vec<SummaryColumn>,
    },
    /// `count`
    Count {
        /// Rows.
        input: Input,
    },
    /// `sort`; the order is part of the result.
    Sort {
        /// Rows.
        input: Input,
        /// The keys.
        keys: Vec<SortKey>,
    },
    /// `top`
    Top {
        /// Rows.
        input: Input,
        /// How many, a constant.
        count: Expr,
        /// The keys.
        keys: Vec<SortKey>,
    },
    /// `take`
    Take {
        /// Rows.
        input: Input,
        /// How many, a constant.
        count: Expr,
    },
    /// `sample`
    Sample {
        /// Rows.
        input: Input,
        /// How many, a constant.
        count: Expr,
    },
    /// `sample-distinct`
    SampleDistinct {
        /// Rows.
        input: Input,
        /// How many, a constant.
        count: Expr,
        /// Of what.
        of: Expr,
    },
    /// `top-hitters`: the value, and its weight.
    TopHitters {
        /// Rows.
        input: Input,
        /// How many, a constant.
        count: Expr,
        /// Of what.
        of: Expr,
        /// The weight; 1 without it.
        by: Option<Expr>,
    },
    /// `top-nested`: for each level its value, then its aggregate.
    TopNested {
        /// Rows.
        input: Input,
        /// The levels.
        levels: Vec<TopNestedLevel>,
    },
    /// `serialize`: the order counts from here on. New columns are in a [`RelKind::Project`] above it.
    Serialize {
        /// Rows.
        input: Input,
    },
    /// `join` and `lookup`.
    Join(Box<Join>),
    /// `union`, and what `search` and `find` come to.
    Union {
        /// The inputs.
        inputs: Vec<UnionInput>,
        /// The first column is the name of the source.
        has_source: bool,
        /// Inputs that fail are left out (`isfuzzy`).
        is_fuzzy: bool,
    },
    /// `mv-expand`
    MvExpand(Box<MvExpand>),
    /// `mv-apply`
    MvApply(Box<MvApply>),
    /// `make-series`
    MakeSeries(Box<MakeSeries>),
    /// `parse`, `parse-where`
    Parse(Box<Parse>),
    /// `parse-kv`
    ParseKv {
        /// Rows.
        input: Input,
        /// The text.
        value: Expr,
        /// The keys; each is a column at the end of the schema or in the place of one of that name.
        keys: Vec<NewColumn>,
        /// `pair_delimiter`, `kv_delimiter`, `quote`, `escape`, `greedy`, `regex`.
        properties: Vec<(String, Vec<Expr>)>,
    },
    /// `partition`
    Partition {
        /// Rows.
        input: Input,
        /// The key.
        by: Expr,
        /// The operators for the rows of one key; they begin at [`RelKind::Given`].
        body: Input,
        /// `hint.strategy`
        strategy: Option<String>,
    },
    /// `scan`
    Scan(Box<Scan>),
    /// `reduce by`: Pattern, Count, Representative.
    Reduce {
        /// Rows.
        input: Input,
        /// The text.
        by: Expr,
        /// `threshold`, `characters`
        properties: Vec<(String, Expr)>,
    },
    /// `getschema`: the columns of the input, whose rows do not matter.
    GetSchema {
        /// Rows.
        input: Input,
    },
    /// `evaluate`
    Evaluate(Box<Evaluate>),
    /// `consume`: the rows are counted and dropped.
    Consume {
        /// Rows.
        input: Input,
    },
    /// `as`: a name for the rows.
    As {
        /// Rows.
        input: Input,
        /// The name.
        name: String,
    },
    /// `make-graph`. Its rows are the edges; only graph operators take it.
    MakeGraph(Box<MakeGraph>),
    /// `graph-mark-components`: a graph whose nodes have one more column, at the end.
    GraphMarkComponents {
        /// The graph.
        graph: Input,
        /// `weak` or `strong`.
        kind: String,
        /// The name of the new column of the nodes.
        name: String,
    },
    /// `graph-where-nodes` (over the columns of nodes) and `graph-where-edges` (over those of edges).
    GraphFilter {
        /// The graph.
        graph: Input,
        /// Whether it is about nodes.
        is_nodes: bool,
        /// The condition.
        predicate: Expr,
    },
    /// `graph-match`
    GraphMatch(Box<GraphMatch>),
    /// `graph-shortest-paths`
    GraphShortestPaths(Box<GraphMatch>),
    /// `graph-to-table`: the nodes or the edges; a query has one such operator for each.
    GraphToTable {
        /// The graph.
        graph: Input,
        /// Whether the rows are the nodes.
        is_nodes: bool,
        /// How many columns in front are ids of nodes: `with_node_id` or `with_source_id`, `with_target_id`.
        ids: Vec<String>,
    },
    /// There was an error; the schema is as near as can be.
    Error,
}

/// The name of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TableName {
    /// `cluster("…")`
    pub cluster: Option<String>,
    /// `database("…")`, `workspace("…")`, `app("…")`
    pub database: Option<String>,
    /// The table.
    pub table: String,
}

/// Where a column of a `summarize` comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SummaryColumn {
    /// A place in the groups.
    Group(usize),
    /// A place in the aggregates.
    Aggregate(usize),
}

/// A key of an order.
#[derive(Clone, Debug)]
pub struct SortKey {
    /// By what.
    pub value: Expr,
    /// Down is the default.
    pub is_descending: bool,
    /// Where nulls go; the default is first when ascending, last when descending.
    pub nulls_first: bool,
}

/// A level of `top-nested`.
#[derive(Clone, Debug)]
pub struct TopNestedLevel {
    /// How many; all without it.
    pub count: Option<Expr>,
    /// Of what.
    pub of: Expr,
    /// The value that stands for all others.
    pub others: Option<Expr>,
    /// The aggregate.
    pub by: Expr,
    /// Down is the default.
    pub is_descending: bool,
}

/// How rows are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "named as in the language")]
pub enum JoinKind {
    InnerUnique,
    Inner,
    LeftOuter,
    RightOuter,
    FullOuter,
    LeftSemi,
    RightSemi,
    LeftAnti,
    RightAnti,
}

/// `join` or `lookup`.
#[derive(Clone, Debug)]
pub struct Join {
    /// The left rows.
    pub left: Input,
    /// The right rows.
    pub right: Input,
    /// The kind.
    pub kind: JoinKind,
    /// Pairs of keys: over the left columns, and over the right ones ([`super::ExprKind::Column`] in both). Nulls match.
    pub keys: Vec<(Expr, Expr)>,
    /// Where each output column comes from.
    pub output: Vec<JoinColumn>,
    /// Written as `lookup`.
    pub is_lookup: bool,
    /// `hint.…` parameters.
    pub hints: Vec<(String, String)>,
}

/// Where a column of a join comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinColumn {
    /// A column of the left rows.
    Left(usize),
    /// A column of the right rows.
    Right(usize),
}

/// An input of a `union`.
#[derive(Clone, Debug)]
pub struct UnionInput {
    /// Rows.
    pub rel: Input,
    /// What the source column says.
    pub source: String,
    /// For each column of `rel` the output column that it goes to, the source column not counted; none if it is left
    /// out. Output columns that nothing goes to are null. A column of another type than the output's is converted
    /// (`union *`, `find`).
    pub outputs: Vec<Option<usize>>,
}

/// `mv-expand`
#[derive(Clone, Debug)]
pub struct MvExpand {
    /// Rows.
    pub input: Input,
    /// What is expanded, side by side.
    pub columns: Vec<ExpandedColumn>,
    /// Rows for each input row, a constant.
    pub limit: Option<Expr>,
    /// Bags become arrays of `[key, value]` (`bagexpansion=array`) instead of bags with one member.
    pub is_bag_array: bool,
    /// The place of the index column (`with_itemindex`).
    pub index_column: Option<usize>,
}

/// A column that is expanded.
#[derive(Clone, Debug)]
pub struct ExpandedColumn {
    /// The array or bag.
    pub value: Expr,
    /// The place of the result among the output columns.
    pub output: usize,
    /// `to typeof(…)`; `dynamic` without it.
    pub ty: ScalarType,
}

/// `mv-apply`
#[derive(Clone, Debug)]
pub struct MvApply {
    /// The expansion, with its places among the columns of `given`.
    pub expand: MvExpand,
    /// The columns of [`RelKind::Given`] in the body: those of the input that are not expanded under their own name,
    /// then the expanded ones, then the index column, then the `id` column.
    pub given: Schema,
    /// The first columns of `given`: places in the input.
    pub kept: Vec<usize>,
    /// The operators for each input row.
    pub body: Input,
    /// Where each output column comes from.
    pub output: Vec<ApplyColumn>,
    /// The body sees the number of its input row as its last given column (`id`).
    pub has_context_id: bool,
}

/// Where a column of a `mv-apply` comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApplyColumn {
    /// A column of the input row.
    Input(usize),
    /// A column of the body.
    Body(usize),
}

/// `make-series`
#[derive(Clone, Debug)]
pub struct MakeSeries {
    /// Rows.
    pub input: Input,
    /// Groups: the first columns.
    pub by: Vec<Expr>,
    /// Series, each an expression over aggregates with its default: the columns after the groups.
    pub series: Vec<(Expr, Expr)>,
    /// The axis: the last column.
    pub on: Expr,
    /// The first point.
    pub from: Option<Expr>,
    /// The end.
    pub to: Option<Expr>,
    /// The distance.
    pub step: Expr,
    /// Whether the end is a point (`in range(…)`).
    pub is_end_inclusive: bool,
    /// `kind=nonempty`
    pub is_nonempty: bool,
}

/// `parse` and `parse-where`.
#[derive(Clone, Debug)]
pub struct Parse {
    /// Rows.
    pub input: Input,
    /// The text.
    pub value: Expr,
    /// `simple`, `relaxed` or `regex`.
    pub mode: ParseMode,
    /// Flags of the regular expression.
    pub flags: String,
    /// The pattern.
    pub pattern: Vec<ParsePart>,
    /// Rows that do not match go (`parse-where`).
    pub is_where: bool,
}

/// The kind of a `parse`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the language")]
pub enum ParseMode {
    Simple,
    Relaxed,
    Regex,
}

/// A part of a pattern.
#[derive(Clone, Debug)]
pub enum ParsePart {
    /// Anything.
    Skip,
    /// This text.
    Text(String),
    /// A column: its place among the output columns, and its type.
    Column(NewColumn),
}

/// A column made by an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewColumn {
    /// The place among the output columns.
    pub output: usize,
    /// The name.
    pub name: String,
    /// The type.
    pub ty: ScalarType,
}

/// `scan`
#[derive(Clone, Debug)]
pub struct Scan {
    /// Rows.
    pub input: Input,
    /// Their order.
    pub order: Vec<SortKey>,
    /// Their partitions.
    pub partition: Vec<Expr>,
    /// Declared columns after those of the input: the default of each.
    pub declare: Vec<Expr>,
    /// The steps.
    pub steps: Vec<ScanStep>,
    /// `with_match_id`: a column after the declared ones.
    pub has_match_id: bool,
    /// `with_step_name`: a column after that.
    pub has_step_name: bool,
}

/// A step of a `scan`. Its expressions see the input columns, the declared ones after those, and
/// [`super::ExprKind::StepColumn`].
#[derive(Clone, Debug)]
pub struct ScanStep {
    /// The name.
    pub name: String,
    /// `optional`
    pub is_optional: bool,
    /// `all`, `last` or `none`.
    pub output: String,
    /// The condition.
    pub condition: Expr,
    /// What is assigned: the place of a declared column, and its value.
    pub assignments: Vec<(usize, Expr)>,
}

/// `evaluate`
#[derive(Clone, Debug)]
pub struct Evaluate {
    /// Rows; none for plugins that are sources.
    pub input: Option<Input>,
    /// The plugin.
    pub plugin: &'static Function,
    /// The arguments.
    pub arguments: Vec<PluginArgument>,
    /// For each argument the name that the query gives it (`return_unmatched = true`).
    pub names: Vec<Option<String>>,
    /// The schema clause: where its star is and how many columns it declares.
    pub declared: Option<(Option<StarPlace>, Schema)>,
}

/// An argument of a plugin.
#[derive(Clone, Debug)]
pub enum PluginArgument {
    /// A column or scalar.
    Scalar(Expr),
    /// `*`
    Star,
    /// A table.
    Table(Input),
    /// An aggregate (`pivot`).
    Aggregate(Call),
}

/// `make-graph`
#[derive(Clone, Debug)]
pub struct MakeGraph {
    /// The edges.
    pub edges: Input,
    /// The source of an edge, a column of the edges.
    pub source: usize,
    /// Its target.
    pub target: usize,
    /// Node tables and the place of their ids.
    pub nodes: Vec<(Input, usize)>,
    /// The name of the only column of nodes, without node tables.
    pub node_id: Option<String>,
    /// The columns of the nodes, of all node tables together.
    pub node_schema: Schema,
}

/// `graph-match` or `graph-shortest-paths`.
#[derive(Clone, Debug)]
pub struct GraphMatch {
    /// The graph.
    pub graph: Input,
    /// All elements that have a name, and those that have none, in the order of the patterns; one that occurs twice
    /// stands here once.
    pub elements: Vec<PatternElement>,
    /// The patterns: places in `elements`, nodes and edges in turn.
    pub patterns: Vec<Vec<usize>>,
    /// The condition.
    pub filter: Option<Expr>,
    /// What is returned; one for each output column.
    pub project: Vec<Expr>,
    /// `cycles=`, `output=`
    pub properties: Vec<(String, String)>,
}

/// An element of a graph pattern.
#[derive(Clone, Debug)]
pub struct PatternElement {
    /// The variable.
    pub name: Option<String>,
    /// A node, or an edge with its direction.
    pub edge: Option<EdgeDirection>,
    /// Hops of a variable-length edge: constants.
    pub hops: Option<(Expr, Expr)>,
}
