//! From a place in an expanded resource to the place in the template's own text.

use azimuth_arm::{ExpandedResource, Expansion, FilePlace, Node, NodeKind, Source, Span, Via};
use serde::Serialize;

/// A stretch of text in a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Spot {
    /// The file, as the user named it.
    pub file: String,
    /// Line of its first character, from 1.
    pub line: u64,
    /// Column of its first character, counted in characters from 1.
    pub column: u64,
    /// Line just after its last character.
    pub end_line: u64,
    /// Column just after its last character.
    pub end_column: u64,
    /// Its bytes in the text of the file.
    #[serde(skip)]
    pub span: Option<Span>,
}

/// Where a value of an expanded resource is written.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The place in the template: the property, or the innermost thing around it that is written.
    #[serde(flatten)]
    pub spot: Spot,
    /// Where the value itself stands, if the property takes it from elsewhere: a parameter file, a default, a variable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_from: Option<Spot>,
    /// How the value came to its place: enclosing deployments and loops first, then what the expression read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<Via>,
}

/// Where the value at a JSON pointer into the body of `resource` is written.
pub(crate) fn place_of(expansion: &Expansion, resource: &ExpandedResource, pointer: &str) -> Option<Place> {
    let origin = expansion.origin(resource, pointer)?;
    let files = expansion.origins.files();
    let written = spot(files, &origin.place, Some(origin.span));
    // The outermost expression is the one in the resource's own text.
    let expression = origin.via.iter().find_map(|step| match step {
        Via::Expression { place } => Some(place),
        _ => None,
    });
    let (own, elsewhere) = match expression {
        Some(place) => (spot(files, place, None), Some(written)),
        None => {
            let from = origin.via.iter().rev().find_map(|step| match step {
                Via::Parameter { place: Some(place), .. } => Some(place),
                _ => None,
            });
            let from = from.or_else(|| {
                origin.via.iter().rev().find_map(|step| match step {
                    Via::Variable { place: Some(place), .. } => Some(place),
                    _ => None,
                })
            });
            (written, from.map(|place| spot(files, place, None)))
        }
    };
    let value_from =
        elsewhere.filter(|from| (&from.file, from.line, from.column) != (&own.file, own.line, own.column));
    Some(Place { spot: own, value_from, via: origin.via })
}

/// The place of a resource as a whole, which is always written somewhere.
pub(crate) fn place_of_resource(expansion: &Expansion, resource: &ExpandedResource) -> Place {
    place_of(expansion, resource, "").unwrap_or_else(|| Place {
        spot: Spot {
            file: expansion.origins.files().first().map(|file| file.file().to_owned()).unwrap_or_default(),
            line: 1,
            column: 1,
            end_line: 1,
            end_column: 1,
            span: None,
        },
        value_from: None,
        via: Vec::new(),
    })
}

fn spot(files: &[std::sync::Arc<Source>], place: &FilePlace, span: Option<Span>) -> Spot {
    let source = files.iter().find(|source| source.file() == place.file);
    let span = span.or_else(|| node_at(source?, place).map(|node| node.span));
    let (end_line, end_column) = match (source, span) {
        (Some(source), Some(span)) => source.position(span.end as usize),
        _ => (place.line, place.column),
    };
    Spot { file: place.file.clone(), line: place.line, column: place.column, end_line, end_column, span }
}

/// The node that begins at a place.
fn node_at<'s>(source: &'s Source, place: &FilePlace) -> Option<&'s Node> {
    let offset = offset_of(source.text(), place.line, place.column)?;
    let mut node = source.root();
    loop {
        if node.span.start == offset {
            return Some(node);
        }
        let holds = |inner: &Node| inner.span.start <= offset && offset < inner.span.end;
        node = match &node.kind {
            NodeKind::Object(members) => &members.iter().find(|member| holds(&member.value))?.value,
            NodeKind::Array(items) => items.iter().find(|item| holds(item))?,
            _ => return None,
        };
    }
}

fn offset_of(text: &str, line: u64, column: u64) -> Option<u32> {
    let lines = usize::try_from(line).ok()?.checked_sub(1)?;
    let start: usize = text.split_inclusive('\n').take(lines).map(str::len).sum();
    let characters = usize::try_from(column).ok()?.checked_sub(1)?;
    let inside: usize = text.get(start..)?.chars().take(characters).map(char::len_utf8).sum();
    u32::try_from(start + inside).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_found_by_line_and_column() {
        let source = Source::parse("t.json", "{\n  \"é\": {\"b\": [1, \"two\"]}\n}").unwrap();
        let at = |line, column| {
            let place = FilePlace { file: "t.json".to_owned(), line, column };
            node_at(&source, &place)
                .map(|node| &source.text()[node.span.start as usize..node.span.end as usize])
        };
        assert_eq!(at(2, 18), Some("\"two\""));
        assert_eq!(at(2, 8), Some("{\"b\": [1, \"two\"]}"));
        assert_eq!(at(2, 9), None);
        assert_eq!(at(9, 9), None);
    }
}
