//! Aliases: names of places in resources.
//!
//! An alias serves one or several resource types; for each it has a path, and perhaps other paths for some API
//! versions. A [`Catalogue`] is built from what resource providers publish ([`Catalogue::add_providers`]), from the
//! compact list that ships with the crate ([`Catalogue::bundled`]), or is [`Catalogue::plain`]: fields are then paths.

mod bundled;
mod extension;
mod provider;
mod resolve;

use hashbrown::HashMap;

use crate::fold::fold;
use crate::path::Path;

pub use bundled::BundleError;
pub(crate) use extension::is_extension;
pub use provider::ProviderError;
pub use resolve::{Place, Source};

/// Everything known about aliases and types.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// Folded type → facts.
    types: HashMap<Box<str>, TypeFacts>,
    /// Folded alias → what it means per type.
    aliases: HashMap<Box<str>, Vec<Alias>>,
    is_plain: bool,
}

/// What is known about a resource type.
#[derive(Clone, Debug, Default)]
pub struct TypeFacts {
    /// The name as published.
    pub name: String,
    /// Whether the type has tags and location; `None` if nothing says so.
    pub is_indexed: Option<bool>,
    /// Whether its aliases are complete, as those read from provider data are.
    pub is_complete: bool,
    /// The newest API version that some alias path names, previews aside.
    pub newest_version: Option<Box<str>>,
}

/// One alias of one resource type.
#[derive(Clone, Debug)]
pub struct Alias {
    /// The alias as published.
    pub name: Box<str>,
    /// The type it serves, folded.
    pub resource_type: Box<str>,
    /// Where it points when nothing else is said.
    pub path: Path,
    /// Whether `modify` may change it.
    pub modifiable: Modifiable,
    /// The type of its values, if published: `String`, `Boolean`, `Integer`, `Array`, `Object`.
    pub value_type: Option<Box<str>>,
    /// Other paths for some API versions.
    pub versions: Vec<VersionPath>,
}

/// The path of an alias for some API versions.
#[derive(Clone, Debug)]
pub struct VersionPath {
    /// The path.
    pub path: Path,
    /// The versions, folded.
    pub api_versions: Vec<Box<str>>,
    /// Whether `modify` may change it there; `None`: as by default.
    pub modifiable: Option<Modifiable>,
}

/// Whether `modify` may change an alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modifiable {
    /// It may.
    Yes,
    /// It may not.
    No,
    /// The source does not say.
    Unknown,
}

impl Catalogue {
    /// No aliases known at all; `Microsoft.X/types/a.b` then means `properties.a.b` by rule of thumb.
    pub fn empty() -> Self {
        Self::default()
    }

    /// No aliases: a field that is no built-in one is a path into the resource.
    pub fn plain() -> Self {
        Self { is_plain: true, ..Self::default() }
    }

    /// Whether fields are plain paths.
    pub fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// How many aliases are known, counted per type.
    pub fn len(&self) -> usize {
        self.aliases.values().map(Vec::len).sum()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.aliases.is_empty()
    }

    /// What is known of a type, in any letter case.
    pub fn resource_type(&self, name: &str) -> Option<&TypeFacts> {
        self.types.get(fold(name).as_str())
    }

    /// The alias `name` for every type it serves.
    pub fn alias(&self, name: &str) -> &[Alias] {
        self.aliases.get(fold(name).as_str()).map_or(&[], Vec::as_slice)
    }

    /// The aliases of one type (folded), in no particular order.
    pub fn aliases_of<'a>(&'a self, resource_type: &'a str) -> impl Iterator<Item = &'a Alias> {
        self.aliases.values().flatten().filter(move |alias| *alias.resource_type == *resource_type)
    }

    /// Adds an alias. A later one of the same name and type replaces the earlier.
    pub fn add(&mut self, alias: Alias) {
        let facts = self.types.entry(alias.resource_type.clone()).or_default();
        if facts.name.is_empty() {
            facts.name = alias.resource_type.to_string();
        }
        for version in alias.versions.iter().flat_map(|other| &other.api_versions) {
            let is_newer = facts.newest_version.as_ref().is_none_or(|newest| version > newest);
            if is_newer && !version.contains("preview") {
                facts.newest_version = Some(version.clone());
            }
        }
        let known = self.aliases.entry(fold(&alias.name).into()).or_default();
        match known.iter_mut().find(|known| known.resource_type == alias.resource_type) {
            Some(known) => *known = alias,
            None => known.push(alias),
        }
    }

    /// The newest API version known of a type (folded).
    pub(crate) fn newest_version(&self, resource_type: &str) -> Option<&str> {
        self.types.get(resource_type)?.newest_version.as_deref()
    }

    /// Whether resources of a type have tags and location, which mode `Indexed` asks for. Where the catalogue does
    /// not say, top-level types are taken to have both, child and extension types not. Subscriptions and resource groups
    /// are left to mode `All` ("Azure Policy definition structure", resource manager modes).
    pub fn is_indexed(&self, resource_type: &str) -> bool {
        let known = self.resource_type(resource_type).and_then(|facts| facts.is_indexed);
        known.unwrap_or_else(|| {
            let folded = fold(resource_type);
            resource_type.matches('/').count() == 1
                && folded != "microsoft.resources/subscriptions"
                && folded != "microsoft.resources/resourcegroups"
                && !is_extension(&folded)
        })
    }
}
