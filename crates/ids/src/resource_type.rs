//! Resource types: provider namespace and type segments.

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::fold::{eq_fold, fold, fold_hash};

/// A resource type such as `Microsoft.Network/virtualNetworks/subnets`; equality ignores case, display keeps it.
#[derive(Clone, Debug)]
pub struct ResourceType(Box<str>);

impl ResourceType {
    /// Takes a type as text; the text is not checked beyond trimming slashes at its ends.
    pub fn new(text: &str) -> Self {
        Self(text.trim_matches('/').into())
    }

    /// The type as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The provider namespace, for example `Microsoft.Network`.
    pub fn namespace(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    /// Whether this is the type `other`, without regard to case.
    pub fn is(&self, other: &str) -> bool {
        eq_fold(&self.0, other)
    }

    /// The lower-case form, as Resource Graph prints it.
    pub fn folded(&self) -> String {
        fold(&self.0).into_owned()
    }
}

impl PartialEq for ResourceType {
    fn eq(&self, other: &Self) -> bool {
        eq_fold(&self.0, &other.0)
    }
}

impl Eq for ResourceType {}

impl Hash for ResourceType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        fold_hash(&self.0, state);
    }
}

impl fmt::Display for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
