//! Names of fields: the built-in ones, tags, and aliases.

use crate::catalogue::{Catalogue, Modifiable, Source};
use crate::document::Form;
use crate::path::{Path, Step, quoted};

/// Where a field is found in a resource.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) path: Path,
    pub(crate) form: Form,
    pub(crate) special: Special,
    pub(crate) source: Source,
    pub(crate) modifiable: Modifiable,
    pub(crate) value_type: Option<Box<str>>,
}

/// Fields that are more than a place in the JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Special {
    /// It is none.
    No,
    /// `fullName`, derived from id and name.
    FullName,
    /// `apiVersion` of the payload: what the resource says, else what the caller says.
    ApiVersion,
}

/// The field `name` for resources of a type (folded) in an API version; `None` if it is an alias of another type.
pub(crate) fn resolve(
    name: &str,
    catalogue: &Catalogue,
    resource_type: Option<&str>,
    api_version: Option<&str>,
) -> Option<Field> {
    let built_in = |path: Path, form| Field {
        path,
        form,
        special: Special::No,
        source: Source::Catalogue,
        modifiable: Modifiable::Yes,
        value_type: None,
    };
    let name = name.trim();
    if let Some(path) = tag(name) {
        return Some(built_in(path, Form::Plain));
    }
    let key = |name: &str| Path::of(vec![Step::Key(name.into())]);
    match name.to_ascii_lowercase().as_str() {
        "name" => return Some(built_in(key("name"), Form::Name)),
        "fullname" => {
            return Some(Field { special: Special::FullName, ..built_in(key("name"), Form::Plain) });
        }
        "apiversion" => {
            return Some(Field { special: Special::ApiVersion, ..built_in(key("apiVersion"), Form::Plain) });
        }
        "location" => return Some(built_in(key("location"), Form::Location)),
        "kind" | "type" | "id" | "tags" | "identity" | "managedby" => {
            return Some(built_in(key(name), Form::Plain));
        }
        "identity.type" | "identity.userassignedidentities" => {
            return Some(built_in(Path::parse(name), Form::Plain));
        }
        _ => {}
    }
    let place = catalogue.place(name, resource_type.unwrap_or_default(), api_version)?;
    Some(Field {
        path: place.path,
        form: Form::Plain,
        special: Special::No,
        source: place.source,
        modifiable: place.modifiable,
        value_type: place.value_type,
    })
}

/// Where the field `name` (a built-in field, a tag or an alias) stands in resources of a type in an API version; `None`
/// if it is an alias of another type.
pub fn field_path(
    name: &str,
    catalogue: &Catalogue,
    resource_type: Option<&str>,
    api_version: Option<&str>,
) -> Option<Path> {
    let folded = resource_type.map(crate::fold::fold);
    resolve(name, catalogue, folded.as_deref(), api_version).map(|field| field.path)
}

/// What a field condition compares.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    /// Whether the field is a collection, each member of which is compared on its own.
    pub is_collection: bool,
    /// The value, or the members.
    pub values: Vec<azimuth_arm::Value>,
}

/// What the field `name` selects in a resource given as JSON.
pub fn select_field(name: &str, catalogue: &Catalogue, json: &str, api_version: Option<&str>) -> Selection {
    let resource_type = crate::document::top_level_text(json, "type");
    let path = field_path(name, catalogue, resource_type, api_version);
    let tree = crate::document::value_of_text(json);
    let is_collection = path.as_ref().is_some_and(Path::is_collection);
    let values = match path.map(|path| crate::document::find(&tree, path.steps())) {
        Some(crate::document::Found::One(value)) => value.into_iter().collect(),
        Some(crate::document::Found::Many { members, .. }) => members.into_iter().flatten().collect(),
        None => Vec::new(),
    };
    Selection { is_collection, values }
}

/// Whether the name speaks of one tag: `tags.X`, `tags[X]`, `tags['X']`, `tags["X"]`.
pub(crate) fn is_tag(name: &str) -> bool {
    tag(name.trim()).is_some_and(|path| path.steps().len() == 2)
}

/// Whether a path and a name speak of nothing but tags.
pub(crate) fn is_tags(name: &str) -> bool {
    name.trim().eq_ignore_ascii_case("tags") || tag(name.trim()).is_some()
}

/// The path of a tag; `None` if `name` does not name one.
fn tag(name: &str) -> Option<Path> {
    let rest = name.get(..4).filter(|start| start.eq_ignore_ascii_case("tags")).and(name.get(4..))?;
    let of = |tag: &str| Path::of(vec![Step::Key("tags".into()), Step::Key(tag.into())]);
    let nowhere = || Path::of(vec![Step::Nowhere]);
    if let Some(tag) = rest.strip_prefix('.') {
        if tag.is_empty() {
            return Some(nowhere());
        }
        return (!tag.contains('[')).then(|| of(tag));
    }
    let inside = rest.strip_prefix('[')?;
    if inside.starts_with("*]") {
        return None;
    }
    if let Some((tag, after)) = quoted(inside) {
        if tag.is_empty() {
            return Some(nowhere());
        }
        // Something behind the bracket: an ordinary path.
        return after.is_empty().then(|| of(&tag));
    }
    match inside.strip_suffix(']').map(str::trim) {
        Some("") | None => Some(nowhere()),
        Some(tag) if tag.contains(']') => None,
        Some(tag) => Some(of(tag)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Option<&str>) {
        let catalogue = Catalogue::plain();
        let field = resolve(name, &catalogue, None, None).unwrap();
        let tag = is_tag(name).then(|| match &field.path.steps()[1] {
            Step::Key(key) => key.to_string(),
            other => format!("{other:?}"),
        });
        assert_eq!(tag.as_deref(), expected, "{name}");
    }

    #[test]
    fn tags() {
        check("tags.a.b", Some("a.b"));
        check("TAGS[ Env ]", Some("Env"));
        check("tags['my tag']", Some("my tag"));
        check("tags[ \"env\" ]", Some("env"));
        check("tags['''x''']", Some("'x'"));
        check("tags[ 'env\" ]", Some("'env\""));
        check("tags[ * ]", Some("*"));
        check("tags[123]", Some("123"));
        check("tags[*]", None);
        check("tags['x'][*]", None);
        check("tags", None);
        check("tags[   ", None);
        check("tagset.x", None);
    }
}
