//! Tabular operators.

use super::{
    Call, ColumnDeclaration, Expr, GraphNodes, GraphOutput, GraphPattern, GraphProjection, Name, NamedExpr,
};
use crate::syntax::Span;

/// `source | operator | operator …`
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    /// Where the rows come from; none in the body of `fork`, `partition` and `mv-apply`, which starts with the rows
    /// given to it.
    pub source: Option<Box<Expr>>,
    /// The operators. The first one may be a source itself (`range`, `union`, `print` …).
    pub operators: Vec<Operator>,
}

/// A tabular operator.
#[derive(Clone, Debug, PartialEq)]
pub struct Operator {
    /// What it is.
    pub kind: OperatorKind,
    /// `kind=inner`, `hint.strategy=broadcast`, `withsource=T`, `isfuzzy=true` …
    pub parameters: Vec<OperatorParameter>,
    /// The name of the operator as written.
    pub keyword: Span,
    /// From its name to its end.
    pub span: Span,
}

impl Operator {
    /// A parameter by name, letter case ignored.
    pub fn parameter(&self, name: &str) -> Option<&OperatorParameter> {
        self.parameters.iter().find(|parameter| parameter.name.text.eq_ignore_ascii_case(name))
    }
}

/// `name = value` after the name of an operator.
#[derive(Clone, Debug, PartialEq)]
pub struct OperatorParameter {
    /// The name; hints with their dot: `hint.strategy`.
    pub name: Name,
    /// A literal or a name.
    pub value: Expr,
}

impl OperatorParameter {
    /// The value if it is a word or a string.
    pub fn word(&self) -> Option<&str> {
        match &self.value.kind {
            super::ExprKind::Name(name) => Some(name),
            super::ExprKind::Literal(crate::values::Literal::String(text)) => Some(text),
            super::ExprKind::Literal(crate::values::Literal::Bool(Some(true))) => Some("true"),
            super::ExprKind::Literal(crate::values::Literal::Bool(Some(false))) => Some("false"),
            _ => None,
        }
    }
}

/// The tabular operators.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "fields are the clauses of the operator, by their keyword")]
pub enum OperatorKind {
    As {
        name: Name,
    },
    AssertSchema {
        columns: Vec<ColumnDeclaration>,
    },
    Consume,
    Count {
        name: Option<Name>,
    },
    Datatable {
        columns: Vec<ColumnDeclaration>,
        values: Vec<Expr>,
    },
    Distinct {
        columns: Vec<NamedExpr>,
    },
    Evaluate {
        call: Call,
        schema: Option<EvaluateSchema>,
    },
    ExecuteAndCache,
    Extend {
        columns: Vec<NamedExpr>,
    },
    /// `externaldata` and `inline_external_table`.
    ExternalData {
        columns: Vec<ColumnDeclaration>,
        uris: Vec<Expr>,
        properties: Vec<OperatorParameter>,
    },
    Facet {
        by: Vec<Expr>,
        with: Option<Pipeline>,
    },
    Find(Box<Find>),
    Fork {
        branches: Vec<(Option<Name>, Pipeline)>,
    },
    Getschema,
    GraphMarkComponents,
    GraphMatch {
        patterns: Vec<GraphPattern>,
        filter: Option<Expr>,
        project: Option<GraphProjection>,
    },
    GraphShortestPaths {
        patterns: Vec<GraphPattern>,
        filter: Option<Expr>,
        project: Option<GraphProjection>,
    },
    GraphToTable {
        outputs: Vec<GraphOutput>,
    },
    GraphWhereEdges {
        predicate: Expr,
    },
    GraphWhereNodes {
        predicate: Expr,
    },
    Invoke {
        call: Call,
    },
    Join {
        right: Box<Expr>,
        on: Vec<Expr>,
        condition: Option<Expr>,
    },
    Lookup {
        right: Box<Expr>,
        on: Vec<Expr>,
    },
    MacroExpand {
        group: Box<Expr>,
        name: Option<Name>,
        body: super::FunctionBody,
    },
    MakeGraph(Box<MakeGraph>),
    MakeSeries(Box<MakeSeries>),
    MvApply(Box<MvApply>),
    MvExpand {
        columns: Vec<MvColumn>,
        limit: Option<Expr>,
    },
    /// `parse` and `parse-where`.
    Parse {
        is_where: bool,
        value: Expr,
        pattern: Vec<ParsePiece>,
    },
    ParseKv {
        value: Expr,
        columns: Vec<ColumnDeclaration>,
        properties: Vec<OperatorParameter>,
    },
    Partition {
        by: Box<Expr>,
        scope: Option<Expr>,
        body: PartitionBody,
    },
    Print {
        columns: Vec<NamedExpr>,
    },
    Project {
        columns: Vec<NamedExpr>,
    },
    ProjectAway {
        columns: Vec<Expr>,
    },
    ProjectByNames {
        columns: Vec<Expr>,
    },
    ProjectKeep {
        columns: Vec<Expr>,
    },
    ProjectRename {
        columns: Vec<NamedExpr>,
    },
    ProjectReorder {
        columns: Vec<Ordered>,
    },
    Range {
        name: Name,
        from: Box<Expr>,
        to: Box<Expr>,
        step: Option<Box<Expr>>,
    },
    Reduce {
        by: Box<Expr>,
        with: Vec<OperatorParameter>,
    },
    Render {
        chart: Option<Name>,
        properties: Vec<RenderProperty>,
    },
    Sample {
        count: Box<Expr>,
    },
    SampleDistinct {
        count: Box<Expr>,
        of: Box<Expr>,
    },
    Scan(Box<Scan>),
    Search {
        tables: Vec<Expr>,
        predicate: Box<Expr>,
    },
    Serialize {
        columns: Vec<NamedExpr>,
    },
    Sort {
        by: Vec<Ordered>,
    },
    Summarize {
        aggregates: Vec<NamedExpr>,
        by: Vec<NamedExpr>,
        bin: Option<Expr>,
    },
    Take {
        count: Box<Expr>,
    },
    Top {
        count: Box<Expr>,
        by: Ordered,
    },
    TopHitters {
        count: Box<Expr>,
        of: NamedExpr,
        by: Option<Expr>,
    },
    TopNested {
        clauses: Vec<TopNestedClause>,
    },
    Union {
        tables: Vec<Expr>,
    },
    Where {
        predicate: Expr,
    },
    /// No operator of that name; a diagnostic says so.
    Unknown {
        name: Name,
    },
}

/// `: (a:long, *)` after a plugin call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvaluateSchema {
    /// `*` at its beginning or end: the columns of the input too, before (`true`) or after the declared ones.
    pub star: Option<StarPlace>,
    /// The columns declared.
    pub columns: Vec<ColumnDeclaration>,
    /// The clause without the colon.
    pub span: Span,
}

/// Where the star stands in the schema of an `evaluate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StarPlace {
    /// `(*, a:long)`
    First,
    /// `(a:long, *)`
    Last,
}

/// `expr asc nulls first`
#[derive(Clone, Debug, PartialEq)]
pub struct Ordered {
    /// What is ordered by; a name in front of it is allowed (`x = a + b desc`).
    pub value: NamedExpr,
    /// `asc` (or `granny-asc` of `project-reorder`) written.
    pub direction: Option<Direction>,
    /// `nulls first` or `nulls last` written.
    pub nulls_first: Option<bool>,
}

/// A direction of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// `asc`
    Ascending,
    /// `desc`
    Descending,
    /// `granny-asc`: numbers in names by value
    GrannyAscending,
    /// `granny-desc`
    GrannyDescending,
}

/// `find in (…) where … project …`
#[derive(Clone, Debug, PartialEq)]
pub struct Find {
    /// The tables; none means all.
    pub tables: Vec<Expr>,
    /// The condition.
    pub predicate: Expr,
    /// `project` columns with the type asked for.
    pub project: Option<Vec<FindColumn>>,
    /// `project-smart`
    pub is_smart: bool,
    /// `project-away` columns.
    pub project_away: Vec<Expr>,
}

/// A column of `find … project`.
#[derive(Clone, Debug, PartialEq)]
pub enum FindColumn {
    /// `name` or `name:type`
    Column(Name, Option<Name>),
    /// `pack(*)`, with the name of the column
    Pack(Option<Name>, Span),
}

/// `make-graph a --> b with Nodes on id` or `make-graph a --> b with_node_id = id`.
#[derive(Clone, Debug, PartialEq)]
pub struct MakeGraph {
    /// The column with the source of an edge.
    pub source: Name,
    /// The column with its target.
    pub target: Name,
    /// Node tables.
    pub nodes: Vec<GraphNodes>,
    /// `with_node_id = name`
    pub node_id: Option<Name>,
    /// `partitioned-by column ( … )`
    pub partitioned_by: Option<(Name, Pipeline)>,
}

/// `make-series x = count() default = 0 on t from a to b step c by k`
#[derive(Clone, Debug, PartialEq)]
pub struct MakeSeries {
    /// The aggregates, each with its `default`.
    pub aggregates: Vec<(NamedExpr, Option<Expr>)>,
    /// The axis.
    pub on: NamedExpr,
    /// The range.
    pub range: SeriesRange,
    /// The groups.
    pub by: Vec<NamedExpr>,
}

/// The range of a `make-series`.
#[derive(Clone, Debug, PartialEq)]
pub enum SeriesRange {
    /// `from a to b step c`
    Step {
        /// The first point.
        from: Option<Box<Expr>>,
        /// The end, exclusive.
        to: Option<Box<Expr>>,
        /// The distance of two points.
        step: Box<Expr>,
    },
    /// `in range(a, b, c)`, the end inclusive
    InRange(Vec<Expr>),
}

/// `mv-apply x to typeof(long) limit 5 on ( … )`
#[derive(Clone, Debug, PartialEq)]
pub struct MvApply {
    /// The arrays.
    pub columns: Vec<MvColumn>,
    /// `limit`
    pub limit: Option<Expr>,
    /// `id` column.
    pub context_id: Option<Name>,
    /// The operators applied to every array.
    pub body: Pipeline,
}

/// A column of `mv-expand` or `mv-apply`.
#[derive(Clone, Debug, PartialEq)]
pub struct MvColumn {
    /// The array.
    pub value: NamedExpr,
    /// `to typeof(…)`
    pub ty: Option<Name>,
}

/// A piece of the pattern of `parse`.
#[derive(Clone, Debug, PartialEq)]
pub enum ParsePiece {
    /// `*`
    Skip(Span),
    /// A constant.
    Text(String, Span),
    /// `name` or `name:type`
    Column(ColumnDeclaration),
}

/// The body of `partition`.
#[derive(Clone, Debug, PartialEq)]
pub enum PartitionBody {
    /// `( operators )`, applied to the rows of one key
    Operators(Pipeline),
    /// `{ expression }`, a query of its own
    Query(super::FunctionBody),
}

/// `name = value` of `render … with (…)`.
#[derive(Clone, Debug, PartialEq)]
pub struct RenderProperty {
    /// The property.
    pub name: Name,
    /// A literal, a name, or several names (`ycolumns = a, b`).
    pub values: Vec<Expr>,
}

/// `scan declare (…) with ( step … )`
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// `order by`
    pub order: Vec<Ordered>,
    /// `partition by`
    pub partition: Vec<Expr>,
    /// `declare (name:type = value)`
    pub declare: Vec<super::Parameter>,
    /// The steps.
    pub steps: Vec<ScanStep>,
}

/// `step name optional output=all : condition => column = value, …;`
#[derive(Clone, Debug, PartialEq)]
pub struct ScanStep {
    /// The name.
    pub name: Name,
    /// `optional`
    pub is_optional: bool,
    /// `output = all | last | none`
    pub output: Option<Name>,
    /// The condition.
    pub condition: Expr,
    /// What is assigned.
    pub assignments: Vec<NamedExpr>,
}

/// `top-nested 3 of x with others = "o" by count()`
#[derive(Clone, Debug, PartialEq)]
pub struct TopNestedClause {
    /// How many; none means all.
    pub count: Option<Expr>,
    /// Of what.
    pub of: NamedExpr,
    /// `with others =`
    pub others: Option<Expr>,
    /// The aggregate and its direction.
    pub by: Ordered,
}
