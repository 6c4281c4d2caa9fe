//! From JSON text to slots.

use std::fmt::Write as _;

use thiserror::Error;

use super::layout::{Form, Layout, Node};
use super::scan::{Cursor, MAX_DEPTH, Malformed, RawString};
use super::slots::{Document, NO_ROW, Slot, SlotKind, Slots};
use crate::fold;

/// Most slots of one document: a bound on what a resource with huge arrays may cost.
const MAX_SLOTS: usize = 4_000_000;

/// Why a resource cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReadError {
    /// It is no JSON object.
    #[error("the resource is no JSON object; reading stopped at byte {offset}")]
    Malformed {
        /// Where it was noticed.
        offset: usize,
    },
    /// It is too deep or too large.
    #[error("the resource is nested deeper than {MAX_DEPTH} levels or has too many array members")]
    TooLarge,
}

impl From<Malformed> for ReadError {
    fn from(Malformed(offset): Malformed) -> Self {
        Self::Malformed { offset }
    }
}

impl Slots {
    /// Reads the JSON text of a resource into the slots of a layout.
    ///
    /// # Errors
    /// If the text is no JSON object, or too large.
    pub(crate) fn read<'a>(&'a mut self, text: &'a str, layout: &Layout) -> Result<Document<'a>, ReadError> {
        if text.len() >= NO_ROW as usize {
            return Err(ReadError::TooLarge);
        }
        self.slots.clear();
        self.scratch.clear();
        self.slots.resize(usize::from(layout.root_width), Slot::ABSENT);
        let mut reader = Reader { cursor: Cursor::new(text), slots: self, layout };
        if reader.cursor.peek() != b'{' {
            return Err(ReadError::Malformed { offset: reader.cursor.at });
        }
        reader.object(&layout.nodes[0], 0, 0)?;
        if reader.cursor.peek() != 0 {
            return Err(ReadError::Malformed { offset: reader.cursor.at });
        }
        Ok(Document::new(text, self))
    }
}

struct Reader<'a, 's> {
    cursor: Cursor<'a>,
    slots: &'s mut Slots,
    layout: &'s Layout,
}

impl Reader<'_, '_> {
    fn value(&mut self, node: &Node, row: usize, depth: usize) -> Result<(), ReadError> {
        let kind = self.cursor.peek();
        let start = self.cursor.at;
        let slot = match kind {
            b'"' => {
                let string = self.cursor.string()?;
                if node.slot.is_none() {
                    return Ok(());
                }
                self.text(string, node.form)
            }
            b'{' => {
                if node.has_children() {
                    self.object(node, row, depth)?;
                } else {
                    self.cursor.skip()?;
                }
                self.span(SlotKind::Object, start, 0)
            }
            b'[' => {
                let extra = self.array(node, depth)?;
                self.span(SlotKind::Array, start, extra)
            }
            _ => scalar(self.cursor.word()?),
        };
        if let Some(at) = node.slot {
            let place = &mut self.slots.slots[row + usize::from(at)];
            if !node.is_fallback || place.kind == SlotKind::Absent {
                *place = slot;
            }
        }
        Ok(())
    }

    fn span(&self, kind: SlotKind, start: usize, extra: u64) -> Slot {
        Slot { kind, start: start as u32, end: self.cursor.at as u32, extra }
    }

    fn object(&mut self, node: &Node, row: usize, depth: usize) -> Result<(), ReadError> {
        if depth == MAX_DEPTH {
            return Err(ReadError::TooLarge);
        }
        self.cursor.expect(b'{')?;
        if self.cursor.peek() == b'}' {
            self.cursor.at += 1;
            return Ok(());
        }
        let layout = self.layout;
        loop {
            self.cursor.peek();
            let key = self.cursor.string()?;
            self.cursor.expect(b':')?;
            let child = if key.has_escapes { node.child(&unescaped(key.text)) } else { node.child(key.text) };
            match child {
                Some(child) => self.value(&layout.nodes[child as usize], row, depth + 1)?,
                None => self.cursor.skip()?,
            }
            if !self.cursor.more(b'}')? {
                return Ok(());
            }
        }
    }

    /// Reads an array; returns its first row and its length, packed.
    fn array(&mut self, node: &Node, depth: usize) -> Result<u64, ReadError> {
        let Some((element, width)) = node.element else {
            self.cursor.skip()?;
            return Ok(u64::from(NO_ROW));
        };
        if depth == MAX_DEPTH {
            return Err(ReadError::TooLarge);
        }
        self.cursor.expect(b'[')?;
        let mut first = NO_ROW;
        let mut length = 0_u64;
        let mut previous = None;
        if self.cursor.peek() == b']' {
            self.cursor.at += 1;
            return Ok(u64::from(NO_ROW));
        }
        let layout = self.layout;
        loop {
            let row = self.slots.slots.len();
            if row + usize::from(width) > MAX_SLOTS {
                return Err(ReadError::TooLarge);
            }
            self.slots.slots.resize(row + usize::from(width), Slot::ABSENT);
            self.slots.slots[row].kind = SlotKind::Link;
            match previous {
                None => first = row as u32,
                Some(previous) => {
                    let link: &mut Slot = &mut self.slots.slots[previous];
                    link.start = row as u32;
                }
            }
            previous = Some(row);
            length += 1;
            self.value(&layout.nodes[element as usize], row, depth + 1)?;
            if !self.cursor.more(b']')? {
                return Ok(u64::from(first) | (length << 32));
            }
        }
    }

    fn text(&mut self, string: RawString<'_>, form: Form) -> Slot {
        let (mut start, mut end) = (string.start, string.start + string.text.len());
        let is_changed = string.has_escapes
            || (form == Form::Location && string.text.bytes().any(|byte| byte.is_ascii_whitespace()));
        if is_changed {
            let mut text = unescaped(string.text);
            match form {
                Form::Plain => {}
                Form::Location => text.retain(|c| !c.is_whitespace()),
                Form::Name => {
                    text.drain(..text.rfind('/').map_or(0, |at| at + 1));
                }
            }
            start = self.slots.scratch.len();
            self.slots.scratch.push_str(&text);
            end = self.slots.scratch.len();
            let extra = fold::hash(&text);
            return Slot { kind: SlotKind::Scratch, start: start as u32, end: end as u32, extra };
        }
        let mut text = string.text;
        if form == Form::Name
            && let Some(at) = text.rfind('/')
        {
            text = &text[at + 1..];
            start += at + 1;
        }
        Slot { kind: SlotKind::Text, start: start as u32, end: end as u32, extra: fold::hash(text) }
    }
}

fn scalar(word: &str) -> Slot {
    let kind = match word {
        "true" => SlotKind::True,
        "false" => SlotKind::False,
        "null" => SlotKind::Null,
        _ => {
            let number: f64 = word.parse().unwrap_or(f64::NAN);
            return Slot { kind: SlotKind::Number, extra: number.to_bits(), ..Slot::ABSENT };
        }
    };
    Slot { kind, ..Slot::ABSENT }
}

/// The text of a string with its escapes resolved; unpaired surrogates become the replacement character.
pub(super) fn unescaped(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let mut after = rest[at + 1..].chars();
        let escape = after.next();
        rest = after.as_str();
        match escape {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('u') => rest = unicode_escape(rest, &mut out),
            Some(other) => out.push(other),
            None => {}
        }
    }
    out.push_str(rest);
    out
}

fn unicode_escape<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let unit = |text: &str| text.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let Some(high) = unit(rest) else {
        let _ = out.write_char(char::REPLACEMENT_CHARACTER);
        return rest;
    };
    let rest = &rest[4..];
    if (0xd800..0xdc00).contains(&high)
        && let Some(low) =
            rest.strip_prefix("\\u").and_then(unit).filter(|low| (0xdc00..0xe000).contains(low))
    {
        let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
        out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        return &rest[6..];
    }
    out.push(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
    rest
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::super::{LayoutBuilder, Row};
    use super::*;
    use crate::operator::Seen;
    use crate::path::Path;

    const TEXT: &str = r#"{"name":"a/b","location":"East US 2","properties":{"x":"q\u0041\ud83d\ude00\"","skip":{"x":[1,{}]},
        "rules":[{"name":"one","properties":{"ports":[1,2]}},{"properties":{"ports":[]}},7]}}"#;

    #[test]
    fn slots_hold_what_paths_name() {
        let mut builder = LayoutBuilder::new();
        let mut add = |path: &str, form| builder.add(&Path::parse(path), form).unwrap();
        let name = add("NAME", Form::Name);
        let location = add("location", Form::Location);
        let escaped = add("properties.X", Form::Plain);
        let ports = add("properties.rules[*].properties.ports[*]", Form::Plain);
        let names = add("properties.rules[*].name", Form::Plain);
        let layout = builder.finish();
        let mut slots = Slots::default();
        let document = slots.read(TEXT, &layout).unwrap();
        let text = |path: &[u16]| match document.seen(Row::ROOT, path[0]) {
            Seen::Text(text, _) => text.to_owned(),
            other => format!("{other:?}"),
        };
        assert_eq!(text(&name), "b");
        assert_eq!(text(&location), "EastUS2");
        assert_eq!(text(&escaped), "qA😀\"");
        let mut seen = Vec::new();
        let mut visit = |row| {
            seen.push(document.seen(row, *ports.last().unwrap()).to_value().to_string());
            ControlFlow::<()>::Continue(())
        };
        assert!(document.each_row(Row::ROOT, &ports[..ports.len() - 1], &mut visit).is_continue());
        assert_eq!(seen, ["1", "2"]);
        assert_eq!(document.length(Row::ROOT, names[0]), Some(3));
    }

    #[test]
    fn broken_documents_are_refused() {
        let mut builder = LayoutBuilder::new();
        builder.add(&Path::parse("a[*].b"), Form::Plain).unwrap();
        let layout = builder.finish();
        let mut slots = Slots::default();
        for text in [
            "",
            "[]",
            "{",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":[",
            "{\"a\":[1",
            "{\"a\":[{\"b\":\"\\",
            "{} x",
            "{\"a\" 1}",
        ] {
            assert!(slots.read(text, &layout).is_err(), "{text}");
        }
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(500), "]".repeat(500));
        assert!(slots.read(&deep, &layout).is_ok());
    }
}
