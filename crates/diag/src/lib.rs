//! One diagnostic: a stable code, a one-line message, the place in the user's document, and a hint.
//!
//! Everything that reads what people wrote (exports, templates, policies, queries) reports through
//! [`Diagnostic`]. Parsers return a result *and* a list of diagnostics; they do not stop at the first.
//!
//! Architecture invariant: this crate knows no particular language and does no I/O.

mod render;

use std::fmt;

use serde::Serialize;

pub use render::{LineIndex, render};

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The thing it speaks of could not be used.
    Error,
    /// It was used, but probably not as meant.
    Warning,
    /// Worth knowing.
    Note,
}

/// Where in the user's input something stands. Every part is optional but at least one is usually known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The file, as the user named it; members of archives as `archive.zip!member.json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Column in characters, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
    /// Byte span in the text of the file, for underlining.
    #[serde(skip)]
    pub span: Option<(usize, usize)>,
    /// JSON path such as `$.value[3].properties.securityRules[0]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        if let Some(file) = &self.file {
            write!(f, "{file}")?;
            separator = ":";
        }
        if let Some(line) = self.line {
            write!(f, "{separator}{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
            separator = " ";
        } else if !separator.is_empty() {
            separator = " ";
        }
        if let Some(path) = &self.path {
            write!(f, "{separator}{path}")?;
        }
        Ok(())
    }
}

/// One finding about the user's input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Stable code, kebab-case with the subject first: `import-duplicate-key`.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// One line, lower case, no full stop; user input in backticks.
    pub message: String,
    /// Where it is.
    pub place: Place,
    /// What to do about it, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Diagnostic {
    /// An error without a place or hint yet.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message.into())
    }

    /// A warning without a place or hint yet.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message.into())
    }

    /// A note without a place or hint yet.
    pub fn note(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, message.into())
    }

    fn new(severity: Severity, code: &'static str, message: String) -> Self {
        Self { code, severity, message, place: Place::default(), hint: None }
    }

    /// The same diagnostic at `place`.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    /// The same diagnostic with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    /// `file:line:column path: message`, without the hint.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place.to_string();
        if place.is_empty() { write!(f, "{}", self.message) } else { write!(f, "{place}: {}", self.message) }
    }
}
