//! Paths of requests: what clients send, tidied, and matched against patterns without regard to case.

use azimuth_ids::{IdRef, eq_fold};

/// Longest path read, in bytes.
const MAX_BYTES: usize = 4_096;

/// The path of a request: decoded, without empty segments and without a slash at the end.
///
/// Clients double slashes, end with one, and write names in any letter case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    text: String,
}

impl Path {
    /// Tidies a path; `None` if it is too long, is no UTF-8, or has control characters.
    pub(crate) fn parse(raw: &str) -> Option<Self> {
        if raw.len() > MAX_BYTES {
            return None;
        }
        let decoded = percent_encoding::percent_decode_str(raw).decode_utf8().ok()?;
        if decoded.chars().any(char::is_control) {
            return None;
        }
        let mut text = String::with_capacity(decoded.len());
        for segment in decoded.split('/').filter(|segment| !segment.is_empty()) {
            text.push('/');
            text.push_str(segment);
        }
        if text.is_empty() {
            text.push('/');
        }
        Some(Self { text })
    }

    /// The tidied text.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The segments.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.text.split('/').filter(|segment| !segment.is_empty()).collect()
    }
}

/// What a path without a route of its own names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// A resource of any type, by its id.
    Resource(String),
    /// All resources of a type at a scope or below a resource.
    Collection {
        /// The scope, or the resource above.
        parent: String,
        /// The type of the members.
        kind: String,
    },
}

/// What a path names, if it has a `providers` block.
pub(crate) fn named(path: &str) -> Option<Named> {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let at = segments.iter().rposition(|segment| eq_fold(segment, "providers"))?;
    let block = &segments[at + 1..];
    if block.len() < 2 {
        return None;
    }
    if block.len() % 2 == 1 {
        let id = IdRef::parse(path).ok()?;
        return Some(Named::Resource(id.canonical()));
    }
    // A type without a name: the name that is missing makes it an id, whose type and parent are those of the members.
    let member = format!("{path}/x");
    let id = IdRef::parse(&member).ok()?;
    let parent = id.parent()?.canonical();
    Some(Named::Collection { parent, kind: id.resource_type().as_str().to_owned() })
}

/// A pattern of paths: literals, `{name}` for one segment, and `{scope}` at the start for any number of them.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    has_scope: bool,
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Literal(&'static str),
    Capture(&'static str),
}

/// What a pattern found in a path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Captures {
    /// What `{scope}` stands for; `/` if it stands for nothing.
    pub(crate) scope: String,
    names: Vec<(&'static str, String)>,
}

impl Captures {
    /// What `{name}` stands for; empty if the pattern has none of that name.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.names
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
            .unwrap_or_default()
    }
}

impl Pattern {
    /// Reads a pattern.
    pub(crate) fn new(text: &'static str) -> Self {
        let has_scope = text.starts_with("{scope}");
        let rest = text.strip_prefix("{scope}").unwrap_or(text);
        let part = |segment: &'static str| {
            segment
                .strip_prefix('{')
                .and_then(|name| name.strip_suffix('}'))
                .map_or(Part::Literal(segment), Part::Capture)
        };
        Self { has_scope, parts: rest.split('/').filter(|segment| !segment.is_empty()).map(part).collect() }
    }

    /// The captures, if the segments fit.
    pub(crate) fn captures(&self, segments: &[&str]) -> Option<Captures> {
        let skip = segments.len().checked_sub(self.parts.len())?;
        if skip > 0 && !self.has_scope {
            return None;
        }
        let fits = self.parts.iter().zip(&segments[skip..]).all(|(part, segment)| match part {
            Part::Literal(literal) => eq_fold(literal, segment),
            Part::Capture(_) => true,
        });
        if !fits {
            return None;
        }
        let scope = format!("/{}", segments[..skip].join("/"));
        // Half an id is no scope.
        let scope = IdRef::parse(&scope).ok()?.canonical();
        let names = self.parts.iter().zip(&segments[skip..]).filter_map(|(part, segment)| match part {
            Part::Capture(name) => Some((*name, (*segment).to_owned())),
            Part::Literal(_) => None,
        });
        Some(Captures { scope, names: names.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sloppy_paths_are_tidied() {
        let path = Path::parse("//subscriptions/s/resourcegroups/g//providers/a.b%2Fc/d/").unwrap();
        assert_eq!(path.as_str(), "/subscriptions/s/resourcegroups/g/providers/a.b/c/d");
        assert_eq!(Path::parse("/").unwrap().as_str(), "/");
        assert!(Path::parse("/a%00b").is_none());
        assert!(Path::parse("/a%ffb").is_none());
    }

    #[test]
    fn resources_and_collections_are_told_apart() {
        let group = "/subscriptions/s/resourceGroups/g";
        let resource = format!("{group}/providers/Microsoft.Network/virtualNetworks/v/subnets/a");
        assert_eq!(named(&resource), Some(Named::Resource(resource.clone())));
        let list = format!("{group}/providers/Microsoft.Network/virtualNetworks/v/subnets");
        let parent = format!("{group}/providers/Microsoft.Network/virtualNetworks/v");
        let kind = "Microsoft.Network/virtualNetworks/subnets".to_owned();
        assert_eq!(named(&list), Some(Named::Collection { parent, kind }));
        let list = format!("{group}/providers/Microsoft.Network/virtualNetworks");
        let kind = "Microsoft.Network/virtualNetworks".to_owned();
        assert_eq!(named(&list), Some(Named::Collection { parent: group.to_owned(), kind }));
        assert_eq!(named("/subscriptions/s/providers/Microsoft.Network"), None);
        assert_eq!(named(group), None);
    }

    #[test]
    fn patterns_capture_scopes_and_names() {
        let pattern = Pattern::new("{scope}/providers/Microsoft.Authorization/locks/{name}");
        let path = Path::parse("/subscriptions/s/PROVIDERS/microsoft.authorization/locks/L").unwrap();
        let captures = pattern.captures(&path.segments()).unwrap();
        assert_eq!((captures.scope.as_str(), captures.get("name")), ("/subscriptions/s", "L"));
        let tenant = Path::parse("/providers/Microsoft.Authorization/locks/L").unwrap();
        assert_eq!(pattern.captures(&tenant.segments()).unwrap().scope, "/");
        let plain = Pattern::new("/subscriptions/{subscription}");
        assert!(plain.captures(&path.segments()).is_none());
        assert!(
            pattern
                .captures(&["subscriptions", "providers", "Microsoft.Authorization", "locks", "x"])
                .is_none()
        );
    }
}
