//! Why a text is no condition.

use thiserror::Error;

/// An error in the text of a condition, with the place to underline.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct ConditionError {
    /// A stable code.
    pub code: &'static str,
    /// One line, lower case, without a full stop.
    pub message: String,
    /// The byte range in the text.
    pub span: (usize, usize),
    /// What to do about it.
    pub hint: Option<String>,
}

impl ConditionError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>, span: (usize, usize)) -> Self {
        Self { code, message: message.into(), span, hint: None }
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
