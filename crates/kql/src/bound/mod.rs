//! The bound tree: a query with every name resolved and every type known. What executes a query reads this, not the
//! syntax tree.
//!
//! ```text
//! BoundQuery
//!   results: [ BoundResult { rel | scalar, render } ]     what the query answers with, in order
//!   shared:  [ Shared ]                                    toscalar(…) and materialize(…), each computed once
//! Rel  { kind: RelKind, schema, span }                     a tabular operator over its inputs
//! Expr { kind: ExprKind, ty, span }                        a scalar expression over the columns of the input
//! ```
//!
//! # Rules that hold in every bound tree
//!
//! - **Columns are places.** [`ExprKind::Column`] is an index into the schema of the *input* of the operator that
//!   holds the expression. Where an operator has two inputs (joins), [`ExprKind::RightColumn`] is a place in the
//!   schema of the right one. Names are for people. The only exception are open schemas, see below.
//! - **Schemas are final.** [`Rel::schema`] has unique names, in Kusto's order, with Kusto's renamings (`x1`,
//!   `x_long`, `Column1`, `count_`) done. `project`, `extend`, `project-away` and their like are all
//!   [`RelKind::Project`]: one expression for each output column.
//! - **Functions are table entries.** [`Call::function`] is the entry of [`crate::functions`]; aliases are resolved,
//!   so matching on `function.name` is enough. Arguments are in the order of the signature, named ones sorted in.
//! - **Types are final.** Where an argument or operand has to change its type, [`ExprKind::Convert`] says so. The
//!   operands of arithmetic and of comparisons keep their own types: which combinations there are is Kusto's, what
//!   they mean is the executor's (`int / real`, `datetime - datetime`, `dynamic == string`).
//! - **`let` is gone.** Scalars are substituted where they are used (larger ones as [`ExprKind::Named`], by pointer),
//!   functions are expanded where they are called, with their arguments substituted for the parameters; tables are
//!   shared by [`Arc`]: equal pointers mean the same table. `toscalar` and `materialize` are in [`BoundQuery::shared`], and used by [`ExprKind::Shared`] and
//!   [`RelKind::Shared`]; an entry refers only to entries before it.
//! - **Constants are literals** where they are written as such; functions of constants are not evaluated here.
//!   [`Expr::is_constant`] tells what can be evaluated before rows are read.
//! - **Errors mean no execution.** The tree is complete even so (unknown types, [`ExprKind::Error`]), for editors.
//!   The same goes for the warning `kql-literal`.
//!
//! # Open schemas
//!
//! Some operators have columns that only the data tell (`bag_unpack`, `pivot`, watchlists). Their [`Schema::is_open`]
//! is set; columns named by later operators that are not in the schema become [`ExprKind::OpenColumn`], of unknown
//! type. To execute such a query: bind it, execute the inputs of the open operators to learn their columns, and bind
//! again with [`Options::known`](crate::bind::Options::known), which gives schemas for the spans of those operators,
//! until no schema is open. A column that is still [`ExprKind::OpenColumn`] then is an error of the query.

mod expr;
mod rel;

use std::sync::Arc;

use azimuth_diag::Diagnostic;

pub use expr::*;
pub use rel::*;

use crate::syntax::Span;
use crate::types::{ScalarType, Schema};
use crate::values::Literal;

/// A bound query.
#[derive(Clone, Debug, Default)]
pub struct BoundQuery {
    /// `set` statements; an option without a value is `true`.
    pub options: Vec<(String, Literal)>,
    /// Declared query parameters. Their uses are [`ExprKind::Parameter`] unless a value was given to the binder, or they have a
    /// default.
    pub parameters: Vec<QueryParameter>,
    /// What is computed once, in an order in which it can be computed.
    pub shared: Vec<Shared>,
    /// What the query answers with: one for each expression statement, branch of `fork` and part of `facet`.
    pub results: Vec<BoundResult>,
    /// What is wrong or doubtful, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

impl BoundQuery {
    /// Whether an error was found: then nothing may be executed.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == azimuth_diag::Severity::Error)
    }

    /// The schema of the last result; one column for a scalar.
    pub fn schema(&self) -> Option<Schema> {
        Some(match &self.results.last()?.value {
            ResultValue::Table(rel) => rel.schema.clone(),
            ResultValue::Scalar(expr) => Schema::new(vec![crate::types::Column::new("print_0", expr.ty)]),
        })
    }
}

/// A declared parameter of a query.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryParameter {
    /// The name.
    pub name: String,
    /// The type.
    pub ty: ScalarType,
    /// The default.
    pub default: Option<Literal>,
    /// Where it is declared.
    pub span: Span,
}

/// Something computed once.
#[derive(Clone, Debug)]
pub struct Shared {
    /// A table for `materialize`; for `toscalar` the value is the first column of the first row, null if there is
    /// none.
    pub rel: Arc<Rel>,
    /// The type of the scalar, for `toscalar`.
    pub scalar: Option<ScalarType>,
}

/// The place of a [`Shared`] in [`BoundQuery::shared`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SharedId(pub usize);

/// A result of a query.
#[derive(Clone, Debug)]
pub struct BoundResult {
    /// The name given by `as` or a branch of `fork`.
    pub name: Option<String>,
    /// Rows, or a value.
    pub value: ResultValue,
    /// How it asks to be drawn.
    pub render: Option<Render>,
}

/// What a result holds.
#[derive(Clone, Debug)]
pub enum ResultValue {
    /// Rows.
    Table(Arc<Rel>),
    /// A single value: a statement that is a scalar expression.
    Scalar(Expr),
}

/// `render chart with (…)`
#[derive(Clone, Debug, PartialEq)]
pub struct Render {
    /// `timechart`, `table`, …
    pub chart: String,
    /// Properties in the order written; names of columns and literals as texts.
    pub properties: Vec<(String, Vec<String>)>,
}
