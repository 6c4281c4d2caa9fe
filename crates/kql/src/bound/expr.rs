//! Bound scalar expressions.

use std::sync::Arc;

use super::{Rel, SharedId};
use crate::ast::{BinaryOp, InOp};
use crate::functions::{Function, FunctionKind};
use crate::syntax::Span;
use crate::types::ScalarType;
use crate::values::Literal;

/// A scalar expression with its type.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its type.
    pub ty: ScalarType,
    /// Where it is in the query; in a stored function, where the function is called.
    pub span: Span,
}

/// The kinds of bound expressions.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A constant.
    Literal(Literal),
    /// A column of the input, by its place.
    Column(usize),
    /// A column of the right input of a join.
    RightColumn(usize),
    /// A column that only the data can confirm (open schemas).
    OpenColumn(String),
    /// A query parameter without a value yet.
    Parameter(String),
    /// The value of a `toscalar`.
    Shared(SharedId),
    /// `base.name` of a dynamic value; null if there is no such member.
    Member {
        /// The bag.
        base: Box<Expr>,
        /// The member.
        name: String,
    },
    /// `base[index]` of a dynamic value: a member if the index is a string, an element if it is a number, counted
    /// from the end if it is negative.
    Index {
        /// The bag or array.
        base: Box<Expr>,
        /// Which.
        index: Box<Expr>,
    },
    /// `-x`
    Negate(Box<Expr>),
    /// Three-valued: at least two operands.
    And(Vec<Expr>),
    /// Three-valued: at least two operands.
    Or(Vec<Expr>),
    /// Two operands; `=~`, `has` and their like with `string` or `dynamic` left operands.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// The left operand.
        left: Box<Expr>,
        /// The right operand.
        right: Box<Expr>,
    },
    /// Membership in a list.
    In {
        /// Which test.
        op: InOp,
        /// What is looked for.
        left: Box<Expr>,
        /// Where.
        list: InList,
    },
    /// `low <= value <= high`; a timespan `high` with a datetime `value` is an offset from `low`.
    Between {
        /// `!between`
        is_negated: bool,
        /// What is tested.
        value: Box<Expr>,
        /// The lower bound, inclusive.
        low: Box<Expr>,
        /// The upper bound, inclusive.
        high: Box<Expr>,
    },
    /// A scalar or window function.
    Call(Call),
    /// An aggregate; only in the expressions of `summarize`, `make-series` and `top-nested`, where columns outside of
    /// aggregates do not occur.
    Aggregate(Call),
    /// One column of a function that has several ([`Returns::Columns`](crate::functions::Returns::Columns)), or of
    /// `arg_max` and its like; equal pointers mean one evaluation.
    Part {
        /// The call.
        call: Arc<Expr>,
        /// Which of its columns.
        index: usize,
    },
    /// The value in another type, as `tolong` and its like convert.
    Convert(Box<Expr>),
    /// `term` is found in any of the columns (`search`, `find`, and `* has "x"`).
    AnyColumn {
        /// `has`, `==`, …: what is asked of each.
        op: BinaryOp,
        /// The columns, as expressions of type `string` or their own type.
        columns: Vec<Expr>,
        /// What is looked for.
        term: Box<Expr>,
    },
    /// A property of an element of a graph pattern, or the element as a bag if `column` is none.
    Element {
        /// The place of the element in [`GraphMatch::elements`](super::GraphMatch::elements).
        element: usize,
        /// A column of the node or edge table.
        column: Option<usize>,
    },
    /// A column as a step of `scan` left it: `s1.x`.
    StepColumn {
        /// The step.
        step: usize,
        /// A column of the input, or a declared one after those.
        column: usize,
    },
    /// A value under a name (a scalar `let`, an argument of a function) that may be used in many places: equal
    /// pointers mean equal values, so it is worth evaluating once for a row. [`Expr::children`] does not enter it, and
    /// neither should a walk that does not remember where it was: chains of such values may double at every step.
    Named(Arc<NamedValue>),
    /// There was an error here.
    Error,
}

/// A value under a name, with what is known of it.
#[derive(Clone, Debug)]
pub struct NamedValue {
    /// The value; over the columns of the operator where it is used.
    pub expr: Expr,
    /// See [`Expr::is_constant`].
    pub is_constant: bool,
    /// See [`Expr::has_aggregate`].
    pub has_aggregate: bool,
    /// See [`Expr::reads_columns`].
    pub reads_columns: bool,
}

/// The right side of `in`, `has_any` and their like.
#[derive(Clone, Debug)]
pub enum InList {
    /// Scalars; a `dynamic` array among them stands for its elements.
    Values(Vec<Expr>),
    /// The first column of a table.
    Table(Arc<Rel>),
}

/// A call of a built-in function.
#[derive(Clone, Debug)]
pub struct Call {
    /// The function.
    pub function: &'static Function,
    /// The arguments in the order of the signature.
    pub arguments: Vec<Expr>,
}

impl Expr {
    /// A constant.
    pub fn literal(value: Literal, span: Span) -> Self {
        Self { ty: value.ty(), kind: ExprKind::Literal(value), span }
    }

    /// A column of the input.
    pub fn column(index: usize, ty: ScalarType, span: Span) -> Self {
        Self { kind: ExprKind::Column(index), ty, span }
    }

    /// What stands for an expression with an error.
    pub fn error(span: Span) -> Self {
        Self { kind: ExprKind::Error, ty: ScalarType::Unknown, span }
    }

    /// The constant, if it is one.
    pub fn as_literal(&self) -> Option<&Literal> {
        match &self.kind {
            ExprKind::Literal(literal) => Some(literal),
            ExprKind::Named(named) => named.expr.as_literal(),
            _ => None,
        }
    }

    /// The operands and arguments; those of named values and of tables are not among them.
    pub fn children(&self) -> Vec<&Expr> {
        match &self.kind {
            ExprKind::Literal(_)
            | ExprKind::Column(_)
            | ExprKind::RightColumn(_)
            | ExprKind::OpenColumn(_)
            | ExprKind::Parameter(_)
            | ExprKind::Shared(_)
            | ExprKind::Element { .. }
            | ExprKind::StepColumn { .. }
            | ExprKind::Named(_)
            | ExprKind::Error => Vec::new(),
            ExprKind::Member { base, .. } => vec![base],
            ExprKind::Negate(inner) | ExprKind::Convert(inner) => vec![inner],
            ExprKind::Index { base, index } => vec![base, index],
            ExprKind::And(operands) | ExprKind::Or(operands) => operands.iter().collect(),
            ExprKind::Binary { left, right, .. } => vec![left, right],
            ExprKind::In { left, list, .. } => match list {
                InList::Values(values) => std::iter::once(&**left).chain(values).collect(),
                InList::Table(_) => vec![left],
            },
            ExprKind::Between { value, low, high, .. } => vec![value, low, high],
            ExprKind::Call(call) | ExprKind::Aggregate(call) => call.arguments.iter().collect(),
            ExprKind::Part { call, .. } => vec![call],
            ExprKind::AnyColumn { columns, term, .. } => {
                columns.iter().chain(std::iter::once(&**term)).collect()
            }
        }
    }

    /// Whether it can be evaluated before rows are read: no columns, no aggregates, no volatile functions.
    pub fn is_constant(&self) -> bool {
        let is_fixed = match &self.kind {
            ExprKind::Column(_)
            | ExprKind::RightColumn(_)
            | ExprKind::OpenColumn(_)
            | ExprKind::Aggregate(_)
            | ExprKind::AnyColumn { .. }
            | ExprKind::Element { .. }
            | ExprKind::StepColumn { .. } => false,
            ExprKind::Call(call) => {
                call.function.is_deterministic && call.function.kind == FunctionKind::Scalar
            }
            ExprKind::Named(named) => named.is_constant,
            _ => true,
        };
        is_fixed && self.children().into_iter().all(Expr::is_constant)
    }

    /// Whether an aggregate occurs in it.
    pub fn has_aggregate(&self) -> bool {
        match &self.kind {
            ExprKind::Aggregate(_) => true,
            ExprKind::Named(named) => named.has_aggregate,
            _ => self.children().into_iter().any(Expr::has_aggregate),
        }
    }

    /// Whether a column of the rows occurs in it.
    pub fn reads_columns(&self) -> bool {
        match &self.kind {
            ExprKind::Column(_)
            | ExprKind::RightColumn(_)
            | ExprKind::OpenColumn(_)
            | ExprKind::Element { .. }
            | ExprKind::StepColumn { .. } => true,
            ExprKind::Named(named) => named.reads_columns,
            _ => self.children().into_iter().any(Expr::reads_columns),
        }
    }

    /// Whether a function occurs in it whose results differ from call to call.
    pub fn is_volatile(&self) -> bool {
        let is_own = matches!(&self.kind, ExprKind::Call(call) if !call.function.is_deterministic);
        is_own || self.children().into_iter().any(Expr::is_volatile)
    }
}
