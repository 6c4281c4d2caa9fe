//! The parsed form of an expression.

use std::sync::Arc;

use crate::functions::Function;
use crate::json::Span;
use crate::value::{Kind, Value};

/// One expression and where it stands in its text.
#[derive(Clone)]
pub struct Expression {
    /// What it is.
    pub kind: ExpressionKind,
    /// Its bytes in the string that holds it, brackets of the whole included in the count.
    pub span: Span,
}

/// What an [`Expression`] is.
#[derive(Clone)]
pub enum ExpressionKind {
    /// A literal; in a symbolic value also any value that is already known.
    Literal(Value),
    /// A function call.
    Call(Box<Call>),
    /// `base.name`, `base.?name`
    Member {
        /// The object.
        base: Box<Expression>,
        /// The member's name.
        name: Arc<str>,
        /// Whether a missing member yields null (`.?`).
        is_safe: bool,
    },
    /// `base[index]`, `base[?index]`
    Index {
        /// The array or object.
        base: Box<Expression>,
        /// The position or the member's name.
        index: Box<Expression>,
        /// Whether a missing item yields null (`[?`).
        is_safe: bool,
    },
}

/// A function call.
#[derive(Clone)]
pub struct Call {
    /// The namespace of a user-defined function.
    pub namespace: Option<Arc<str>>,
    /// The function's name as written.
    pub name: Arc<str>,
    /// The name in lower case.
    pub key: Arc<str>,
    /// Where the name stands.
    pub name_span: Span,
    /// The arguments.
    pub arguments: Vec<Expression>,
    pub(crate) builtin: Option<&'static Function>,
}

impl Expression {
    /// A known value as an expression.
    pub fn literal(value: Value) -> Self {
        Self { kind: ExpressionKind::Literal(value), span: Span::default() }
    }

    /// A call without a place, for symbolic values.
    pub(crate) fn call(name: &str, arguments: Vec<Expression>) -> Self {
        let key: Arc<str> = name.to_ascii_lowercase().into();
        let builtin = crate::functions::find(&key);
        let call =
            Call { namespace: None, name: name.into(), key, name_span: Span::default(), arguments, builtin };
        Self { kind: ExpressionKind::Call(Box::new(call)), span: Span::default() }
    }

    /// Rough size in bytes as written, and levels of nesting.
    pub(crate) fn extent(&self) -> (u64, u32) {
        match &self.kind {
            ExpressionKind::Literal(value) => {
                let summary = value.summary();
                (summary.size, summary.depth)
            }
            ExpressionKind::Call(call) => {
                let mut size = call.name.len() as u64 + 2;
                let mut depth = 0;
                for argument in &call.arguments {
                    let (part, levels) = argument.extent();
                    size = size.saturating_add(part).saturating_add(2);
                    depth = depth.max(levels);
                }
                (size, depth + 1)
            }
            ExpressionKind::Member { base, name, .. } => {
                let (size, depth) = base.extent();
                (size.saturating_add(name.len() as u64 + 1), depth + 1)
            }
            ExpressionKind::Index { base, index, .. } => {
                let (left, depth) = base.extent();
                let (right, levels) = index.extent();
                (left.saturating_add(right).saturating_add(2), depth.max(levels) + 1)
            }
        }
    }

    /// The symbolic value's own expression if `value` is one, else the value as a literal.
    pub(crate) fn of(value: Value) -> Self {
        match value.kind() {
            Kind::Symbolic(symbolic) => {
                let (size, depth) = (symbolic.size(), symbolic.depth());
                // Small expressions are copied; large ones stay shared inside a literal.
                if size < 512 && depth < 16 { symbolic.expression().clone() } else { Self::literal(value) }
            }
            _ => Self::literal(value),
        }
    }
}
