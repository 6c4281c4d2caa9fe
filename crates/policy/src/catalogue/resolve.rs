//! From an alias and a resource type to a place in the resource.

use super::{Alias, Catalogue, Modifiable};
use crate::fold::fold;
use crate::path::{Path, Step};

/// Members of the envelope of a resource: they stand beside `properties`, not in it.
const ENVELOPE: &[&str] = &[
    "id",
    "name",
    "type",
    "location",
    "kind",
    "sku",
    "plan",
    "identity",
    "tags",
    "zones",
    "managedBy",
    "managedByExtended",
    "extendedLocation",
    "etag",
    "systemData",
    "scale",
    "placement",
    "parent",
];

/// Where an alias points for one type and API version.
#[derive(Clone, Debug)]
pub struct Place {
    /// The path.
    pub path: Path,
    /// How it is known.
    pub source: Source,
    /// Whether `modify` may change it.
    pub modifiable: Modifiable,
    /// The type of its values, if published.
    pub value_type: Option<Box<str>>,
}

/// How the path of an alias is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// It is in the catalogue.
    Catalogue,
    /// The catalogue knows a longer alias that goes through it.
    Neighbour,
    /// By rule of thumb: envelope members at the root, the rest under `properties`.
    RuleOfThumb,
    /// The field is a plain path.
    Plain,
}

impl Catalogue {
    /// Where the field `name`, which is no built-in field, points in a resource of a type (folded) with an API version.
    /// `None` if the alias belongs to another type.
    pub fn place(&self, name: &str, resource_type: &str, api_version: Option<&str>) -> Option<Place> {
        if self.is_plain || !name.contains('/') {
            return Some(Place {
                path: Path::parse(name),
                source: Source::Plain,
                modifiable: Modifiable::Unknown,
                value_type: None,
            });
        }
        let folded = fold(name.trim());
        if let Some(known) = self.aliases.get(folded.as_str())
            && let Some(alias) = known.iter().find(|alias| &*alias.resource_type == resource_type)
        {
            return Some(alias.place(api_version));
        }
        let rest = folded.strip_prefix(resource_type)?.strip_prefix('/')?;
        let rest = &name.trim()[name.trim().len().checked_sub(rest.len())?..];
        self.neighbour(&folded, api_version).or_else(|| {
            Some(Place {
                path: rule_of_thumb(rest),
                source: Source::RuleOfThumb,
                modifiable: Modifiable::Unknown,
                value_type: None,
            })
        })
    }

    /// Whether the alias cannot exist: its type publishes all its aliases, and this is none of them.
    pub fn refuses(&self, name: &str) -> bool {
        if self.knows(name) {
            return false;
        }
        let folded = fold(name.trim());
        let mut ends = folded.match_indices('/').map(|(at, _)| at).collect::<Vec<_>>();
        ends.reverse();
        let owner = ends.into_iter().find_map(|at| self.types.get(&folded[..at]));
        owner.is_some_and(|facts| facts.is_complete) && self.neighbour(&folded, None).is_none()
    }

    /// Whether any type has this alias, or it can be derived from one that has.
    pub fn knows(&self, name: &str) -> bool {
        self.is_plain || !name.contains('/') || self.aliases.contains_key(fold(name.trim()).as_str())
    }

    /// `a[*]` from a known `a[*].b`, and `a[*].c` beside it.
    fn neighbour(&self, folded: &str, api_version: Option<&str>) -> Option<Place> {
        let (array, rest) = folded.rfind("[*]").map(|at| folded.split_at(at + 3))?;
        let stars = array.matches("[*]").count();
        let prefix = format!("{array}.");
        // Only aliases of one type share the prefix, so a scan over that type's names would do; the map has no order.
        let known = self.aliases.iter().filter(|(name, _)| name.starts_with(&prefix) || ***name == *array);
        let (_, aliases) = known.min_by_key(|(name, _)| (name.len(), (*name).clone()))?;
        let place = aliases.first()?.place(api_version);
        let mut left = stars;
        let end = place.path.steps().iter().position(|step| {
            left -= usize::from(*step == Step::Each);
            left == 0
        })?;
        let mut steps = place.path.steps()[..=end].to_vec();
        if let Some(rest) = rest.strip_prefix('.') {
            steps.extend_from_slice(Path::parse(rest).steps());
        }
        Some(Place {
            path: Path::of(steps),
            source: Source::Neighbour,
            modifiable: Modifiable::Unknown,
            value_type: None,
        })
    }
}

impl Alias {
    /// Where the alias points for an API version of the payload.
    pub fn place(&self, api_version: Option<&str>) -> Place {
        let version = api_version.map(fold);
        let special = version.and_then(|version| {
            self.versions.iter().find(|other| other.api_versions.iter().any(|known| **known == *version))
        });
        Place {
            path: special.map_or(&self.path, |special| &special.path).clone(),
            source: Source::Catalogue,
            modifiable: special.and_then(|special| special.modifiable).unwrap_or(self.modifiable),
            value_type: self.value_type.clone(),
        }
    }
}

fn rule_of_thumb(rest: &str) -> Path {
    let path = Path::parse(rest);
    let is_envelope = matches!(path.steps().first(), Some(Step::Key(first))
        if ENVELOPE.iter().any(|name| name.eq_ignore_ascii_case(first)) && path.steps().len() > 1
            || matches!(&**first, "kind" | "sku" | "zones" | "managedBy" | "plan" | "identity" | "tags"));
    if is_envelope {
        return path;
    }
    let mut steps = vec![Step::Key("properties".into())];
    steps.extend_from_slice(path.steps());
    Path::of(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let mut catalogue = Catalogue::empty();
        catalogue
            .add_providers(
                r#"[{"namespace":"A.B","resourceTypes":[{"resourceType":"c","aliases":[
                    {"name":"A.B/c/rules[*].access","defaultPath":"properties.rules[*].properties.access",
                     "paths":[{"path":"properties.list[*].access","apiVersions":["2020-01-01"]}]}]}]}]"#,
            )
            .unwrap();
        for (alias, version, expected, source) in [
            ("a.b/C/rules[*].access", None, "properties.rules[*].properties.access", Source::Catalogue),
            ("a.b/C/rules[*].access", Some("2020-01-01"), "properties.list[*].access", Source::Catalogue),
            ("A.B/c/rules[*]", None, "properties.rules[*]", Source::Neighbour),
            ("A.B/c/Some.Thing", None, "properties.Some.Thing", Source::RuleOfThumb),
            ("A.B/c/sku.name", None, "sku.name", Source::RuleOfThumb),
        ] {
            let place = catalogue.place(alias, "a.b/c", version).unwrap();
            assert_eq!((place.path.to_string().as_str(), place.source), (expected, source), "{alias}");
        }
        assert!(catalogue.place("A.B/d/x", "a.b/c", None).is_none());
    }
}
