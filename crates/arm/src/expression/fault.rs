//! What can go wrong in an expression.

use thiserror::Error;

use crate::json::Span;

/// Whether a fault of this code may lie in the values that an expression got rather than in the expression: other
/// values may avoid it. Any other fault is in the template's text.
pub(crate) fn may_lie_in_values(code: &str) -> bool {
    matches!(
        code,
        "arm-value" | "arm-missing-property" | "arm-index" | "arm-argument-type" | "arm-resource-id"
    )
}

/// A fault of a function or host, before its place is known.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Fault {
    /// Stable code, as in diagnostics.
    pub code: &'static str,
    /// One line, lower case, no full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The argument it speaks of, from 0.
    pub argument: Option<usize>,
}

impl Fault {
    /// A fault of the code `arm-value`: the function exists, and cannot work with the values it got.
    pub fn new(message: impl Into<String>) -> Self {
        Self { code: "arm-value", message: message.into(), hint: None, argument: None }
    }

    /// A fault that a limit of the evaluation caused.
    pub fn limit(message: impl Into<String>) -> Self {
        Self { code: "arm-limit", ..Self::new(message) }
    }

    /// The same fault under another code.
    #[must_use]
    pub fn with_code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    /// The same fault with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same fault, about the argument `index`.
    #[must_use]
    pub fn about(mut self, index: usize) -> Self {
        self.argument = Some(index);
        self
    }

    /// The same fault at a place.
    pub fn at(self, span: Span) -> ExpressionError {
        ExpressionError { code: self.code, message: self.message, hint: self.hint, span }
    }
}

impl ExpressionError {
    /// The same error where `bytes` more precede the expression.
    pub(crate) fn moved(mut self, bytes: usize) -> Self {
        self.span = Span::new(self.span.start as usize + bytes, self.span.end as usize + bytes);
        self
    }
}

/// A fault at its place in the expression's text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// Stable code, as in diagnostics.
    pub code: &'static str,
    /// One line, lower case, no full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The offending part of the string that holds the expression.
    pub span: Span,
}
