//! Conditions of role assignments: attribute-based access control.
//!
//! ```text
//! ((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'}))
//!  OR
//!  (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'reports'))
//! ```
//!
//! text → tokens → [`Expression`] → [`Truth`], given the [`Facts`] of a request.
//!
//! The language is the one of "Azure role assignment condition format and syntax", version 2.0. It gives no order
//! of precedence (three or more terms need parentheses); where they are missing, `NOT` binds before `AND` before
//! `OR`, as nearly everywhere.

mod ast;
mod attributes;
mod compare;
mod error;
mod evaluate;
mod lexer;
mod operator;
mod parser;
mod text;

use std::fmt;

pub use ast::{Attribute, Expression, Literal, Operand, Source};
pub use attributes::{AttributeValue, Attributes};
pub use error::ConditionError;
pub use evaluate::{Facts, Truth};
pub use operator::{Operator, Quantifier, Relation, TextTest};

/// Conditions longer than this are refused, as Azure refuses them.
pub const MAX_CONDITION_BYTES: usize = 8 * 1_024;

/// A condition as it stands in an assignment: its text and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    text: Box<str>,
    parsed: Result<Expression, ConditionError>,
}

impl Condition {
    /// Takes a condition; a text that does not parse is kept with its error, for documents come from elsewhere.
    pub fn new(text: &str) -> Self {
        Self { text: text.into(), parsed: Expression::parse(text) }
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The expression.
    ///
    /// # Errors
    /// [`ConditionError`] if the text is no condition.
    pub fn expression(&self) -> Result<&Expression, &ConditionError> {
        self.parsed.as_ref()
    }

    /// Whether the condition holds; [`Truth::Unknown`] also if the text is no condition.
    pub fn evaluate(&self, facts: &Facts<'_>) -> Truth {
        self.parsed.as_ref().map_or(Truth::Unknown, |expression| expression.evaluate(facts))
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
