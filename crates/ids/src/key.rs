//! Names of documents: everything that the store keeps has one.

use std::fmt;

use thiserror::Error;

use crate::fold::fold;
use crate::resource_id::{IdError, IdRef};

/// The name under which a document is kept; equal names differ in case only.
///
/// | document | key |
/// |---|---|
/// | ARM resource, scope, extension | the canonical resource id, in lower case |
/// | Microsoft Graph object | `graph:/` + its path below the version, for example `graph:/users/{id}` |
/// | service tag | `tags:/` + cloud + `/` + tag name |
/// | Azimuth's own record, such as evidence of a complete listing | `azimuth:/` + its path |
///
/// INVARIANT: the text is case-folded, begins with `/`, `graph:/`, `tags:/` or `azimuth:/`, and has no control characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentKey(Box<str>);

/// Why a text cannot name a document.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The text looks like a resource id and is none.
    #[error(transparent)]
    Id(#[from] IdError),
    /// The text begins with none of the known prefixes, or holds an empty or control-character segment.
    #[error("`{text}` names no document: expected a resource id, `graph:/…`, `tags:/…` or `azimuth:/…`")]
    Unknown {
        /// The text given.
        text: String,
    },
}

impl DocumentKey {
    /// The key of an ARM resource or scope.
    pub fn arm(id: IdRef<'_>) -> Self {
        Self(fold(&id.canonical()).into())
    }

    /// The key of a Graph object; `path` is relative to the service version (`users/{id}`).
    ///
    /// # Errors
    /// [`KeyError::Unknown`] if the path is empty or has an empty or control-character segment.
    pub fn graph(path: &str) -> Result<Self, KeyError> {
        Self::prefixed("graph:/", path)
    }

    /// The key of a service tag of a cloud (`Public`, `AzureGovernment`, `China`).
    ///
    /// # Errors
    /// [`KeyError::Unknown`] if a part is empty or holds control characters.
    pub fn service_tag(cloud: &str, name: &str) -> Result<Self, KeyError> {
        Self::prefixed("tags:/", &format!("{cloud}/{name}"))
    }

    /// The key of one of Azimuth's own records (`evidence/…`).
    ///
    /// # Errors
    /// [`KeyError::Unknown`] if the path is empty or has an empty or control-character segment.
    pub fn azimuth(path: &str) -> Result<Self, KeyError> {
        Self::prefixed("azimuth:/", path)
    }

    fn prefixed(prefix: &str, path: &str) -> Result<Self, KeyError> {
        let path = path.trim_matches('/');
        let bad =
            path.len() > 2_048 || path.chars().any(char::is_control) || path.split('/').any(str::is_empty);
        if bad {
            return Err(KeyError::Unknown { text: path.to_owned() });
        }
        Ok(Self(format!("{prefix}{}", fold(path)).into()))
    }

    /// Reads any key back from its text.
    ///
    /// # Errors
    /// [`KeyError`] if the text names no document.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if let Some(path) = text.strip_prefix("graph:/") {
            Self::graph(path)
        } else if let Some(path) = text.strip_prefix("tags:/") {
            Self::prefixed("tags:/", path)
        } else if let Some(path) = text.strip_prefix("azimuth:/") {
            Self::azimuth(path)
        } else if text.starts_with('/') {
            Ok(Self::arm(IdRef::parse(text)?))
        } else {
            Err(KeyError::Unknown { text: text.to_owned() })
        }
    }

    /// The case-folded text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The resource id, if the key names an ARM resource (in lower case).
    pub fn resource_id(&self) -> Option<IdRef<'_>> {
        IdRef::parse(&self.0).ok()
    }

    /// The Graph path (`users/{id}`), if the key names a Graph object.
    pub fn graph_path(&self) -> Option<&str> {
        self.0.strip_prefix("graph:/")
    }
}

impl fmt::Display for DocumentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
