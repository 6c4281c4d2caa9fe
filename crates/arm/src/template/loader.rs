//! Linked templates, as the caller supplies them.

use thiserror::Error;

/// Finds the texts of linked templates and parameter files. The caller reads files or caches; this crate does not.
pub trait Loader {
    /// The text that `link` names, seen from the file `from`.
    ///
    /// # Errors
    /// [`LoadError`] if it is not at hand; the deployment then stays symbolic, with a diagnostic that says why.
    fn load(&self, from: &str, link: &Link) -> Result<Loaded, LoadError>;
}

/// How a template names another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// `relativePath`: relative to the linking file.
    RelativePath(String),
    /// `uri`
    Uri(String),
    /// `id` of a template spec version.
    TemplateSpec(String),
}

/// A text and the name that the user knows it by.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The name, for places in diagnostics.
    pub file: String,
    /// The text.
    pub text: String,
}

/// Why a linked template is not at hand.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct LoadError {
    /// One line, lower case.
    pub reason: String,
}

/// Loads nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLoader;

impl Loader for NoLoader {
    fn load(&self, _: &str, _: &Link) -> Result<Loaded, LoadError> {
        Err(LoadError { reason: "linked templates are not loaded here".to_owned() })
    }
}
