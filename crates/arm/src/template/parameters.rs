//! Values for a template's parameters.

use std::sync::Arc;

use azimuth_diag::Diagnostic;

use crate::json::{Node, Source};

/// The parameters of a deployment, as a parameter file holds them.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    /// In order; later ones override.
    sources: Vec<Arc<Source>>,
}

impl Parameters {
    /// No parameters: every one takes its default.
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads a parameter file: `{"parameters": {"name": {"value": …}}}`, or the inner object alone. An entry holds
    /// `value`, `reference` to a key vault secret, or `expression`.
    ///
    /// # Errors
    /// A diagnostic with its place if the text is not JSON or not of this shape.
    pub fn parse(file: &str, text: &str) -> Result<Self, Box<Diagnostic>> {
        let source = Source::parse(file, text).map_err(without_text)?;
        if !source.root().is_object() {
            let message = format!("a parameter file holds an object, not {}", source.root().type_name());
            return Err(Box::new(
                Diagnostic::error("arm-parameter-file", message).at(source.place(source.root().span)),
            ));
        }
        Ok(Self { sources: vec![source] })
    }

    /// Parameters from plain values by name.
    pub fn from_values(values: &serde_json::Map<String, serde_json::Value>) -> Self {
        let entries: serde_json::Map<String, serde_json::Value> = values
            .iter()
            .map(|(name, value)| (name.clone(), serde_json::json!({ "value": value })))
            .collect();
        let text = serde_json::json!({ "parameters": entries }).to_string();
        Self { sources: Source::parse("parameters", &text).into_iter().collect() }
    }

    /// These parameters overridden by those of `later`, parameter by parameter.
    #[must_use]
    pub fn overridden_by(mut self, mut later: Self) -> Self {
        self.sources.append(&mut later.sources);
        self
    }

    pub(crate) fn sources(&self) -> &[Arc<Source>] {
        &self.sources
    }
}

/// A diagnostic of a parameter file, without any of its text: that may be a secret.
pub(crate) fn without_text(mut diagnostic: Box<Diagnostic>) -> Box<Diagnostic> {
    diagnostic.place.span = None;
    if let Some(end) = diagnostic.message.find(", found `") {
        diagnostic.message.truncate(end);
    } else if diagnostic.message.ends_with("is not a number") {
        "expected a number".clone_into(&mut diagnostic.message);
    }
    diagnostic
}

/// The entries of a parameter file's root.
pub(crate) fn entries(root: &Node) -> &Node {
    match root.get("parameters") {
        Some(entries) if entries.is_object() => entries,
        _ => root,
    }
}
