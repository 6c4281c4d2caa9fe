//! YAML into the tree that the JSON reader makes, with the same places.
//!
//! Suites are YAML, and everything they hold (resources, parameters) is JSON in another dress. So the reader makes the same
//! [`Node`]s as for JSON, whose spans are bytes of the YAML text. Scalars follow the YAML 1.2 core schema; dates stay text.

use std::sync::Arc;

use azimuth_arm::{Member, Node, NodeKind, Span};
use azimuth_diag::{Diagnostic, LineIndex, Place};
use hashbrown::HashSet;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

/// Largest file read.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Deepest nesting read.
const MAX_DEPTH: usize = 120;
/// Most nodes, those that aliases repeat included.
const MAX_NODES: usize = 500_000;

/// A YAML text with its parsed root.
#[derive(Debug)]
pub(crate) struct Document {
    file: String,
    text: String,
    lines: LineIndex,
    root: Node,
}

impl Document {
    /// Reads the first document of a text.
    pub(crate) fn parse(file: &str, text: &str) -> Result<Self, Box<Diagnostic>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = LineIndex::new(text);
        let whole = || Place { file: Some(file.to_owned()), ..Place::default() };
        if text.len() > MAX_BYTES {
            let message = format!("the file has {} bytes; the limit is {MAX_BYTES}", text.len());
            return Err(Box::new(Diagnostic::error("suite-yaml", message).at(whole())));
        }
        let mut reader = Reader::new(text);
        match reader.document() {
            Ok(root) => Ok(Self { file: file.to_owned(), text: text.to_owned(), lines, root }),
            Err(fault) => {
                let (line, column) = lines.position(text, fault.at);
                let place = Place {
                    line: Some(line),
                    column: Some(column),
                    span: Some((fault.at.min(text.len()), (fault.at + 1).min(text.len()))),
                    ..whole()
                };
                Err(Box::new(Diagnostic::error("suite-yaml", fault.message).at(place)))
            }
        }
    }

    pub(crate) fn root(&self) -> &Node {
        &self.root
    }

    /// The place of a span.
    pub(crate) fn place(&self, span: Span) -> Place {
        let (line, column) = self.lines.position(&self.text, span.start as usize);
        Place {
            file: Some(self.file.clone()),
            line: Some(line),
            column: Some(column),
            span: Some((span.start as usize, span.end as usize)),
            path: None,
        }
    }
}

struct Fault {
    message: String,
    at: usize,
}

struct Reader<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    /// Byte offset of every character, if the text is not ASCII alone.
    offsets: Option<Vec<u32>>,
    length: usize,
    anchors: Vec<(usize, Node, usize)>,
    nodes: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        let offsets =
            (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at as u32).collect::<Vec<u32>>());
        Self {
            parser: Parser::new_from_str(text),
            offsets,
            length: text.len(),
            anchors: Vec::new(),
            nodes: 0,
        }
    }

    fn offset(&self, marker: Marker) -> usize {
        match &self.offsets {
            None => marker.index().min(self.length),
            Some(offsets) => offsets.get(marker.index()).map_or(self.length, |at| *at as usize),
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Fault> {
        match self.parser.next() {
            Some(Ok((event, span))) => {
                let span = Span::new(self.offset(span.start), self.offset(span.end));
                Ok((event, span))
            }
            Some(Err(error)) => Err(Fault {
                message: format!("this is no YAML: {}", error.info().to_lowercase()),
                at: self.offset(*error.marker()),
            }),
            None => Ok((Event::StreamEnd, Span::new(self.length, self.length))),
        }
    }

    fn document(&mut self) -> Result<Node, Fault> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => {}
                Event::StreamEnd | Event::DocumentEnd => return Ok(Node { kind: NodeKind::Null, span }),
                event => return self.node(event, span, 0),
            }
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Fault> {
        let fault = |message: String| Fault { message, at: span.start as usize };
        if depth > MAX_DEPTH {
            return Err(fault(format!("values are nested deeper than {MAX_DEPTH} levels")));
        }
        let first = self.nodes;
        self.count(1, span)?;
        let (node, anchor) = match event {
            Event::Alias(id) => {
                let Some((_, node, size)) = self.anchors.iter().find(|(known, ..)| *known == id) else {
                    return Err(fault("the anchor that is named here stands nowhere before".to_owned()));
                };
                let (node, size) = (node.clone(), *size);
                self.count(size, span)?;
                return Ok(node);
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = style != ScalarStyle::Plain || tag.is_some_and(|tag| tag.suffix == "str");
                let kind = if is_text { NodeKind::String(Arc::from(&*text)) } else { plain(&text) };
                (Node { kind, span }, anchor)
            }
            Event::SequenceStart(anchor, _) => {
                let mut items = Vec::new();
                let end = loop {
                    match self.next()? {
                        (Event::SequenceEnd, end) => break end,
                        (Event::StreamEnd, _) => return Err(fault("the list has no end".to_owned())),
                        (event, span) => items.push(self.node(event, span, depth + 1)?),
                    }
                };
                (Node { kind: NodeKind::Array(items), span: span.to(end) }, anchor)
            }
            Event::MappingStart(anchor, _) => {
                let mut members: Vec<Member> = Vec::new();
                let mut known = HashSet::new();
                let end = loop {
                    let (event, key_span) = match self.next()? {
                        (Event::MappingEnd, end) => break end,
                        (Event::StreamEnd, _) => return Err(fault("the mapping has no end".to_owned())),
                        next => next,
                    };
                    let key = self.key(event, key_span)?;
                    let (event, span) = self.next()?;
                    let value = self.node(event, span, depth + 1)?;
                    if !known.insert(key.clone()) {
                        let message = format!("`{key}` is written twice");
                        return Err(Fault { message, at: key_span.start as usize });
                    }
                    members.push(Member { key, key_span, value });
                };
                (Node { kind: NodeKind::Object(members), span: span.to(end) }, anchor)
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => return Err(fault("a value is missing here".to_owned())),
        };
        if anchor > 0 {
            self.anchors.push((anchor, node.clone(), self.nodes - first));
        }
        Ok(node)
    }

    fn key(&mut self, event: Event<'a>, span: Span) -> Result<Arc<str>, Fault> {
        let fault = |message: &str| Fault { message: message.to_owned(), at: span.start as usize };
        match event {
            Event::Scalar(text, ..) if &*text == "<<" => {
                Err(fault("merge keys (`<<`) are not part of YAML 1.2; repeat the members"))
            }
            Event::Scalar(text, ..) => Ok(Arc::from(&*text)),
            Event::Alias(_) => Err(fault("a name cannot be an alias")),
            _ => Err(fault("a name is a single word or text")),
        }
    }

    fn count(&mut self, more: usize, span: Span) -> Result<(), Fault> {
        self.nodes += more;
        if self.nodes > MAX_NODES {
            let message = format!("the file has more than {MAX_NODES} values, aliases unfolded");
            return Err(Fault { message, at: span.start as usize });
        }
        Ok(())
    }
}

/// A plain scalar by the core schema.
fn plain(text: &str) -> NodeKind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return NodeKind::Null,
        "true" | "True" | "TRUE" => return NodeKind::Bool(true),
        "false" | "False" | "FALSE" => return NodeKind::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.chars().any(|c| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+'))
    {
        if let Ok(int) = text.parse() {
            return NodeKind::Int(int);
        }
        if let Some(float) = text.parse().ok().filter(|float: &f64| float.is_finite()) {
            return NodeKind::Float(float);
        }
    }
    NodeKind::String(text.into())
}

#[cfg(test)]
mod tests {
    use azimuth_arm::Value;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let document = Document::parse("t.yaml", text).unwrap();
        assert_eq!(Value::from_node(document.root()).to_string(), expected);
    }

    #[track_caller]
    fn refused(text: &str, line: u64, message: &str) {
        let fault = Document::parse("t.yaml", text).unwrap_err();
        assert_eq!(fault.place.line, Some(line), "{fault}");
        assert!(fault.message.contains(message), "{fault}");
    }

    #[test]
    fn values_are_those_of_json() {
        check("a: 1\nb: [x, 'true', true, ~, 1.5, -2]", r#"{"a":1,"b":["x","true",true,null,1.5,-2]}"#);
        check(
            "d: 2024-01-01\nv: 1.2.3\ne: \"\"\nt: |\n  two\n  lines\n",
            r#"{"d":"2024-01-01","v":"1.2.3","e":"","t":"two\nlines\n"}"#,
        );
        check("a: &x {k: v}\nb: *x", r#"{"a":{"k":"v"},"b":{"k":"v"}}"#);
        check("", "null");
        check("{\"json\": [1, {\"too\": null}]}", r#"{"json":[1,{"too":null}]}"#);
    }

    #[test]
    fn faults_have_lines() {
        refused("a: 1\nb: [1, 2\nc: 3", 3, "no YAML");
        refused("a: 1\na: 2", 2, "twice");
        refused("a: 1\nb:\n\t- x", 3, "no YAML");
        refused("a: *nowhere", 1, "anchor");
        refused("x: &a 1\ny:\n  <<: *a", 3, "merge");
    }

    #[test]
    fn aliases_cannot_explode() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let last = level - 1;
            let items = vec![format!("*a{last}"); 10].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
        }
        let fault = Document::parse("t.yaml", &text).unwrap_err();
        assert!(fault.message.contains("more than"), "{fault}");
        let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
        assert!(Document::parse("t.yaml", &deep).is_err());
    }

    #[test]
    fn places_are_bytes() {
        let document = Document::parse("t.yaml", "ä: ü\nb: {c: wrong}\n").unwrap();
        let node = document.root().get("b").and_then(|b| b.get("c")).unwrap();
        let place = document.place(node.span);
        assert_eq!((place.line, place.column), (Some(2), Some(8)));
    }
}
