//! Collecting what is wrong with one document.

use azimuth_arm::{Node, Source, Span};
use azimuth_diag::{Diagnostic, Severity};

use super::Parsed;
use crate::template::{BadExpression, Template};

/// Collects findings about one document.
pub(crate) struct Report<'a> {
    source: &'a Source,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(source: &'a Source) -> Self {
        Self { source, diagnostics: Vec::new() }
    }

    /// The text of the document.
    pub(crate) fn text(&self) -> &'a str {
        self.source.text()
    }

    fn add(&mut self, diagnostic: Diagnostic, span: Span, path: &str) -> &mut Diagnostic {
        let mut place = self.source.place(span);
        place.path = Some(path.to_owned());
        self.diagnostics.push(diagnostic.at(place));
        self.diagnostics.last_mut().expect("one was pushed")
    }

    pub(crate) fn error(&mut self, code: &'static str, span: Span, path: &str, message: impl Into<String>) {
        self.add(Diagnostic::error(code, message), span, path);
    }

    pub(crate) fn hinted(
        &mut self,
        code: &'static str,
        span: Span,
        path: &str,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        self.add(Diagnostic::error(code, message), span, path).hint = hint;
    }

    pub(crate) fn warning(&mut self, code: &'static str, span: Span, path: &str, message: impl Into<String>) {
        self.add(Diagnostic::warning(code, message), span, path);
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    pub(crate) fn finish<T>(self, value: Option<T>) -> Parsed<T> {
        let value = if self.has_errors() { None } else { value };
        Parsed { value, diagnostics: self.diagnostics }
    }

    fn expressions(&mut self, span: Span, faults: Vec<BadExpression>) {
        for fault in faults {
            let hint = fault.error.hint.clone();
            self.hinted("policy-expression", span, &fault.path, fault.error.message, hint);
        }
    }

    pub(crate) fn template(&mut self, node: &Node, path: &str) -> Template {
        let mut faults = Vec::new();
        let template = Template::parse(node, path, &mut faults);
        self.expressions(node.span, faults);
        template
    }
}
