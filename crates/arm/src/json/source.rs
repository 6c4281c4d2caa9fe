//! A JSON text with its name and its parsed root.

use std::fmt;
use std::sync::Arc;

use azimuth_diag::{Diagnostic, LineIndex, Place};

use super::{Node, Span, parse};
use crate::advice;

/// Largest text read as a template or parameter file, in bytes (the service's own limit is 4 MB).
pub(crate) const MAX_TEXT_BYTES: usize = 4 * 1024 * 1024;

/// A JSON document, parsed once and shared by everything that speaks of it.
pub struct Source {
    file: Arc<str>,
    text: Arc<str>,
    root: Node,
    lines: LineIndex,
    /// Where names start that their object already had.
    repeated: Vec<(u32, u32)>,
}

impl Source {
    /// Parses `text`, which the user knows as `file`. A byte order mark is skipped.
    ///
    /// # Errors
    /// One diagnostic (`arm-json`, `arm-template-too-large`) with its place and a hint.
    pub fn parse(file: &str, text: &str) -> Result<Arc<Self>, Box<Diagnostic>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.len() > MAX_TEXT_BYTES {
            return Err(Box::new(
                Diagnostic::error(
                    "arm-template-too-large",
                    format!("the file has {} bytes; the limit is {MAX_TEXT_BYTES}", text.len()),
                )
                .at(Place { file: Some(file.to_owned()), ..Place::default() })
                .with_hint("split the template into linked templates or shorten inlined content"),
            ));
        }
        let lines = LineIndex::new(text);
        match parse::parse_noting(text) {
            Ok((root, repeated)) => {
                Ok(Arc::new(Self { file: file.into(), text: text.into(), root, lines, repeated }))
            }
            Err(fault) => {
                let (line, column) = lines.position(text, fault.span.start as usize);
                let place = Place {
                    file: Some(file.to_owned()),
                    line: Some(line),
                    column: Some(column),
                    span: Some((fault.span.start as usize, fault.span.end as usize)),
                    path: None,
                };
                let diagnostic = Diagnostic::error("arm-json", fault.message).at(place);
                Err(Box::new(diagnostic.with_hint(fault.hint.unwrap_or(advice::general("arm-json")))))
            }
        }
    }

    /// The name the user knows the document by.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The text, without a byte order mark.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The parsed document.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// Where the same name as that at `key` starts earlier in its object, if it does; that value is lost.
    pub(crate) fn earlier(&self, key: Span) -> Option<usize> {
        let at = self.repeated.binary_search_by_key(&key.start, |(later, _)| *later).ok()?;
        Some(self.repeated[at].1 as usize)
    }

    /// Whether any object has a name twice.
    pub(crate) fn has_repeated(&self) -> bool {
        !self.repeated.is_empty()
    }

    /// Line and column of a byte offset, both from 1.
    pub fn position(&self, offset: usize) -> (u64, u64) {
        self.lines.position(&self.text, offset)
    }

    /// The place of a span in this document.
    pub fn place(&self, span: Span) -> Place {
        let (line, column) = self.position(span.start as usize);
        Place {
            file: Some(self.file.to_string()),
            line: Some(line),
            column: Some(column),
            span: Some((span.start as usize, span.end as usize)),
            path: None,
        }
    }

    /// Maps a span within the decoded text of the string node at `node` to a span of this document.
    pub(crate) fn inside_string(&self, node: Span, inner: Span) -> Span {
        let raw = self.text.get(node.start as usize..node.end as usize).unwrap_or_default();
        let start = parse::raw_offset(raw, inner.start as usize);
        let end = parse::raw_offset(raw, inner.end as usize).max(start);
        Span::new(node.start as usize + start, node.start as usize + end)
    }
}

impl fmt::Debug for Source {
    /// The name and size only: parameter files hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("file", &self.file)
            .field("bytes", &self.text.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_inside_strings_survive_escapes() {
        let text = r#"{"a": "x\n\u00e9[y]"}"#;
        let source = Source::parse("t.json", text).unwrap();
        let node = source.root().get("a").unwrap();
        let decoded = node.as_str().unwrap();
        let at = decoded.find("[y]").unwrap();
        let span = source.inside_string(node.span, Span::new(at, at + 3));
        assert_eq!(&text[span.start as usize..span.end as usize], "[y]");
    }

    #[test]
    fn names_written_twice_are_known() {
        let source = Source::parse("t.json", r#"{"a": 1, "b": {"c": 1, "c": 2}, "a": 3}"#).unwrap();
        let is_repeated =
            |node: &Node, name: &str| source.earlier(node.member(name).unwrap().key_span).is_some();
        let root = source.root();
        assert!(is_repeated(root, "a") && is_repeated(root.get("b").unwrap(), "c"));
        assert!(!is_repeated(root, "b"));
    }

    #[test]
    fn errors_carry_a_place() {
        let fault = Source::parse("t.json", "{\n  \"a\": 1\n  \"b\": 2\n}").unwrap_err();
        assert_eq!(fault.to_string(), "t.json:3:3: expected `,` or `}` after a member");
    }
}
