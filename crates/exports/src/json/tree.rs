//! A borrowed tree over validated JSON text, for the shapes that must be rearranged.
//!
//! Scalars stay the text they were, so numbers and escapes are written back exactly as received.

use std::borrow::Cow;

use super::scalar;
use super::text::{decode, quoted, write_string};

/// A JSON value that remembers its text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node<'a> {
    /// A string (with quotes), number, `true`, `false` or `null`, as written.
    Scalar(Cow<'a, str>),
    Array(Vec<Node<'a>>),
    Object(Object<'a>),
}

/// An object's members in their order; keys are decoded.
pub(crate) type Object<'a> = Vec<(Cow<'a, str>, Node<'a>)>;

impl<'a> Node<'a> {
    /// Reads `text`, which the scanner has accepted.
    pub(crate) fn parse(text: &'a str) -> Self {
        let mut at = 0;
        parse_value(text, &mut at)
    }

    pub(crate) fn text(text: &str) -> Self {
        Self::Scalar(Cow::Owned(quoted(text)))
    }

    pub(crate) fn object(&self) -> Option<&Object<'a>> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    pub(crate) fn array(&self) -> Option<&[Node<'a>]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    /// The decoded text, if this is a string.
    pub(crate) fn as_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Scalar(raw) if raw.starts_with('"') => {
                raw.get(1..raw.len() - 1).map(|inside| decode(inside.as_bytes()))
            }
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Scalar(raw) if raw == "null")
    }

    /// The member `key`, if this is an object that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Node<'a>> {
        self.object().and_then(|members| get(members, key))
    }

    /// The text of the member `key`.
    pub(crate) fn text_at(&self, key: &str) -> Option<Cow<'_, str>> {
        self.get(key).and_then(Node::as_text)
    }

    /// The value with a tree in place of an object or array that was kept as text.
    pub(crate) fn reparsed(self) -> Node<'static> {
        match self {
            Self::Scalar(raw) => Node::parse(&raw).into_owned(),
            other => other.into_owned(),
        }
    }

    fn into_owned(self) -> Node<'static> {
        match self {
            Self::Scalar(raw) => Node::Scalar(Cow::Owned(raw.into_owned())),
            Self::Array(items) => Node::Array(items.into_iter().map(Node::into_owned).collect()),
            Self::Object(members) => Node::Object(
                members
                    .into_iter()
                    .map(|(key, value)| (Cow::Owned(key.into_owned()), value.into_owned()))
                    .collect(),
            ),
        }
    }

    /// Appends the value as compact JSON.
    pub(crate) fn write(&self, out: &mut String) {
        match self {
            Self::Scalar(raw) => out.push_str(raw),
            Self::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_string(key, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// The value as compact JSON.
    pub(crate) fn to_json(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }
}

/// The member `key` of `members`.
pub(crate) fn get<'m, 'a>(members: &'m Object<'a>, key: &str) -> Option<&'m Node<'a>> {
    members.iter().find(|(name, _)| name == key).map(|(_, value)| value)
}

/// Takes the member `key` out of `members`.
pub(crate) fn take<'a>(members: &mut Object<'a>, key: &str) -> Option<Node<'a>> {
    let at = members.iter().position(|(name, _)| name == key)?;
    Some(members.remove(at).1)
}

/// Replaces the member `key`, or adds it at the end.
pub(crate) fn set<'a>(members: &mut Object<'a>, key: &'static str, value: Node<'a>) {
    match members.iter_mut().find(|(name, _)| name == key) {
        Some((_, old)) => *old = value,
        None => members.push((Cow::Borrowed(key), value)),
    }
}

// The depth of the recursion is bounded by the scanner's `MAX_DEPTH`.
fn parse_value<'a>(text: &'a str, at: &mut usize) -> Node<'a> {
    let bytes = text.as_bytes();
    skip_space(bytes, at);
    match bytes.get(*at) {
        Some(b'{') => {
            *at += 1;
            let mut members = Vec::new();
            while let Some(byte) = bytes.get(*at) {
                match byte {
                    b'"' => {
                        let end = scalar::string(bytes, *at).map_or(bytes.len(), |(end, _)| end);
                        let key = decode(&bytes[*at + 1..end.saturating_sub(1).max(*at + 1)]);
                        *at = end;
                        skip_space(bytes, at);
                        *at += 1; // the colon
                        members.push((key, parse_value(text, at)));
                    }
                    b'}' => {
                        *at += 1;
                        break;
                    }
                    _ => *at += 1, // commas and white space
                }
            }
            Node::Object(members)
        }
        Some(b'[') => {
            *at += 1;
            let mut items = Vec::new();
            while let Some(byte) = bytes.get(*at) {
                match byte {
                    b']' => {
                        *at += 1;
                        break;
                    }
                    b',' | b' ' | b'\t' | b'\n' | b'\r' => *at += 1,
                    _ => items.push(parse_value(text, at)),
                }
            }
            Node::Array(items)
        }
        Some(b'"') => {
            let start = *at;
            *at = scalar::string(bytes, start).map_or(bytes.len(), |(end, _)| end);
            Node::Scalar(Cow::Borrowed(&text[start..*at]))
        }
        _ => {
            let start = (*at).min(bytes.len());
            let rest = &bytes[start..];
            let length = rest
                .iter()
                .position(|byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r'))
                .unwrap_or(rest.len());
            *at = start + length.max(usize::from(!rest.is_empty()));
            Node::Scalar(Cow::Borrowed(text.get(start..*at).unwrap_or("null")))
        }
    }
}

fn skip_space(bytes: &[u8], at: &mut usize) {
    while matches!(bytes.get(*at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
        *at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_scalars_as_written() {
        let text = r#"{ "a" : 1.00, "b\u0041": ["\u0041", null, {} ], "c": -0e1 }"#;
        let node = Node::parse(text);
        assert_eq!(node.to_json(), r#"{"a":1.00,"bA":["\u0041",null,{}],"c":-0e1}"#);
        assert_eq!(node.get("bA").unwrap().array().unwrap()[0].as_text().unwrap(), "A");
    }
}
