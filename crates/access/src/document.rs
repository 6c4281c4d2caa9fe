//! Reading members of REST documents, with errors that name the JSON path.

use serde_json::Value;
use thiserror::Error;

/// A document that is not of the shape its type has in the REST API.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{path}: {problem}")]
pub struct DocumentError {
    /// The place, such as `$.properties.permissions[0].actions`.
    pub path: String,
    /// What is wrong there.
    pub problem: String,
}

impl DocumentError {
    pub(crate) fn new(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { path: path.into(), problem: problem.into() }
    }
}

/// An object in a document and the path to it.
#[derive(Clone, Debug)]
pub(crate) struct Object<'a> {
    value: &'a Value,
    path: String,
}

impl<'a> Object<'a> {
    /// The whole document.
    pub(crate) fn root(value: &'a Value) -> Result<Self, DocumentError> {
        Self::at(value, "$".to_owned())
    }

    fn at(value: &'a Value, path: String) -> Result<Self, DocumentError> {
        if value.is_object() {
            Ok(Self { value, path })
        } else {
            Err(DocumentError::new(path, format!("expected an object, found {}", kind(value))))
        }
    }

    /// The object `properties`; the document itself where tools flatten it (`az role definition list`).
    pub(crate) fn properties(&self) -> Result<Self, DocumentError> {
        match self.value.get("properties") {
            None | Some(Value::Null) => Ok(self.clone()),
            Some(value) => Self::at(value, format!("{}.properties", self.path)),
        }
    }

    /// A text; `None` if it is absent, null or empty.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, DocumentError> {
        match self.value.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(other) => Err(self.wrong(name, "a text", other)),
        }
    }

    /// A text that must be there.
    pub(crate) fn required(&self, name: &str) -> Result<&'a str, DocumentError> {
        self.text(name)?.ok_or_else(|| DocumentError::new(format!("{}.{name}", self.path), "is missing"))
    }

    /// A truth value; false if it is absent or null.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, DocumentError> {
        match self.value.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(self.wrong(name, "true or false", other)),
        }
    }

    /// A list of texts; empty if it is absent or null.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<&'a str>, DocumentError> {
        let items = self.list(name)?.unwrap_or_default();
        let text = |(at, item): (usize, &'a Value)| {
            item.as_str().ok_or_else(|| self.wrong(&format!("{name}[{at}]"), "a text", item))
        };
        items.iter().enumerate().map(text).collect()
    }

    /// A list of objects; `None` if it is absent or null.
    pub(crate) fn objects(&self, name: &str) -> Result<Option<Vec<Self>>, DocumentError> {
        let Some(items) = self.list(name)? else { return Ok(None) };
        let object = |(at, item)| Self::at(item, format!("{}.{name}[{at}]", self.path));
        items.iter().enumerate().map(object).collect::<Result<_, _>>().map(Some)
    }

    fn list(&self, name: &str) -> Result<Option<&'a [Value]>, DocumentError> {
        match self.value.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(other) => Err(self.wrong(name, "a list", other)),
        }
    }

    /// An error about the member `name`.
    pub(crate) fn error(&self, name: &str, problem: impl Into<String>) -> DocumentError {
        DocumentError::new(format!("{}.{name}", self.path), problem)
    }

    fn wrong(&self, name: &str, expected: &str, found: &Value) -> DocumentError {
        self.error(name, format!("expected {expected}, found {}", kind(found)))
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
