//! JSON text as `dynamic` cells hold it.

use std::fmt::Write as _;
use std::ops::Range;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::compute::nullif;
use datafusion::error::Result;

/// Appends a text as a JSON string, spelled as `azimuth-values` spells it.
pub(crate) fn quote(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x8 => out.push_str("\\b"),
            0xC => out.push_str("\\f"),
            control => {
                let _ = write!(out, "\\u{control:04x}");
            }
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

/// Whether a text is JSON that [`azimuth_values::Json`] reads.
pub(crate) fn is_valid(text: &str) -> bool {
    let bytes = text.as_bytes();
    match value(bytes, space(bytes, 0), 0) {
        Some(end) if space(bytes, end) == bytes.len() => true,
        _ => azimuth_values::Json::parse(text).is_some(),
    }
}

/// Where the items of an array, or the members of a bag, stand in a text, without a tree of it. `None` for other values, for
/// what is no JSON, and for JSON that wants a closer look (escaped characters, exponents, deep nesting).
pub(crate) fn parts(text: &str, found: &mut Vec<Range<usize>>) -> Option<Kind> {
    let bytes = text.as_bytes();
    let start = space(bytes, 0);
    let (kind, close) = match bytes.get(start)? {
        b'[' => (Kind::Array, b']'),
        b'{' => (Kind::Bag, b'}'),
        _ => return None,
    };
    let mut at = space(bytes, start + 1);
    if bytes.get(at) == Some(&close) {
        return (space(bytes, at + 1) == bytes.len()).then_some(kind);
    }
    loop {
        let begin = at;
        let end = if kind == Kind::Bag { member(bytes, at, 1)? } else { value(bytes, at, 1)? };
        found.push(begin..end);
        at = space(bytes, end);
        match bytes.get(at)? {
            b',' => at = space(bytes, at + 1),
            byte if *byte == close => return (space(bytes, at + 1) == bytes.len()).then_some(kind),
            _ => return None,
        }
    }
}

/// Whether a text is JSON's null.
pub(crate) fn is_null(text: &str) -> bool {
    text.ends_with(['l', ' ', '\n', '\r', '\t']) && text.trim_matches([' ', '\n', '\r', '\t']) == "null"
}

/// `dynamic` cells with null in the place of JSON's null.
pub(crate) fn without_nulls(array: &ArrayRef) -> Result<ArrayRef> {
    let texts = array.as_string_view();
    let nulls =
        BooleanBuffer::collect_bool(texts.len(), |row| texts.is_valid(row) && is_null(texts.value(row)));
    if nulls.count_set_bits() == 0 {
        Ok(array.clone())
    } else {
        Ok(nullif(texts, &BooleanArray::new(nulls, None))?)
    }
}

/// What has parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Array,
    Bag,
}

/// Levels that are followed.
const MAX_DEPTH: usize = 100;

/// The end of a value that begins at a place.
fn value(bytes: &[u8], at: usize, depth: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'"' => string(bytes, at),
        b'{' => nested(bytes, at, depth, b'}', member),
        b'[' => nested(bytes, at, depth, b']', value),
        b't' => bytes[at..].starts_with(b"true").then_some(at + 4),
        b'f' => bytes[at..].starts_with(b"false").then_some(at + 5),
        b'n' => bytes[at..].starts_with(b"null").then_some(at + 4),
        _ => number(bytes, at),
    }
}

/// The end of an array or a bag.
fn nested(
    bytes: &[u8],
    at: usize,
    depth: usize,
    close: u8,
    part: fn(&[u8], usize, usize) -> Option<usize>,
) -> Option<usize> {
    if depth == MAX_DEPTH {
        return None;
    }
    let mut at = space(bytes, at + 1);
    if bytes.get(at) == Some(&close) {
        return Some(at + 1);
    }
    loop {
        at = space(bytes, part(bytes, at, depth + 1)?);
        match bytes.get(at)? {
            b',' => at = space(bytes, at + 1),
            byte if *byte == close => return Some(at + 1),
            _ => return None,
        }
    }
}

/// The end of a member of a bag.
fn member(bytes: &[u8], at: usize, depth: usize) -> Option<usize> {
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    let colon = space(bytes, string(bytes, at)?);
    if bytes.get(colon) != Some(&b':') {
        return None;
    }
    value(bytes, space(bytes, colon + 1), depth)
}

/// The end of a string; `None` if characters are escaped by number in it, which may be half of one.
fn string(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        let word = bytes.get(at..at + 8).and_then(|word| word.try_into().ok()).map(u64::from_le_bytes);
        if let Some(word) = word
            && !is_special(word)
        {
            at += 8;
            continue;
        }
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => match bytes.get(at + 1)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => at += 2,
                _ => return None,
            },
            0..0x20 => return None,
            _ => at += 1,
        }
    }
}

/// Whether one of eight bytes is a control character, a quote or a backslash. Some others may be taken for one behind it.
fn is_special(word: u64) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (zero(word ^ (ONES * 0x22)) | zero(word ^ (ONES * 0x5C)) | control) & HIGH != 0
}

/// The end of a number without an exponent.
fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let digits = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let start = at + usize::from(bytes.get(at) == Some(&b'-'));
    let mut end = digits(start);
    if end == start || (bytes[start] == b'0' && end > start + 1) || end > start + 300 {
        return None;
    }
    if bytes.get(end) == Some(&b'.') {
        let fraction = digits(end + 1);
        if fraction == end + 1 {
            return None;
        }
        end = fraction;
    }
    (!matches!(bytes.get(end), Some(b'e' | b'E'))).then_some(end)
}

/// The next byte that is no white space.
fn space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use azimuth_values::Json;

    use super::*;

    #[test]
    fn texts_are_spelled_as_values_spell_them() {
        for text in ["", "a", "\"", "a\\b\nc\u{1}\u{8}\u{c}\td\r\u{7f}é\u{1f}", "plain text"] {
            let mut out = String::new();
            quote(&mut out, text);
            assert_eq!(out, Json::string(text).to_text());
        }
    }

    const TEXTS: &[&str] = &[
        "1",
        "[1,{\"a\":null}]",
        "",
        "{a:1}",
        "1e999",
        "x",
        "[1",
        "\"\\ud800\"",
        "[true,1e3]",
        "-",
        "[01]",
        "[1.]",
        "[-0.5,2]",
        " [ 1 , \"a\\\"]\" , { } , [ ] ] ",
        "[1,]",
        "[,1]",
        "{\"a\":1,}",
        "{\"a\" : [1,2] , \"b\":\"x\"}",
        "[1] 2",
        "[nul]",
        "[null]",
        "[\"a long text with an é and a \\n in it\", \"tab\tin text\"]",
        "{\"a\"}",
        "{1:2}",
        "[\"\\x\"]",
        "[false,true,null]",
        "[\"\\u0001d5\"]",
        "[\"12345678\",\"1234567\",\"123456\",\"\"]",
        "\"abc",
        "[\"abc",
        "[1 2]",
        "[\u{a0}1]",
    ];

    #[test]
    fn what_is_valid_is_what_values_read() {
        for text in TEXTS {
            assert_eq!(is_valid(text), Json::parse(text).is_some(), "{text}");
        }
        assert!(!is_valid(&"[".repeat(100_000)));
    }

    #[test]
    fn parts_are_those_of_the_tree() {
        let mut quick = 0;
        for text in TEXTS {
            let mut found = Vec::new();
            let Some(kind) = parts(text, &mut found) else { continue };
            quick += 1;
            let parts = found.into_iter().map(|range| &text[range]);
            let read = match kind {
                Kind::Array => Json::Array(parts.map(|item| Json::parse(item).unwrap()).collect()),
                Kind::Bag => Json::parse(&format!("{{{}}}", parts.collect::<Vec<_>>().join(","))).unwrap(),
            };
            assert_eq!(Json::parse(text), Some(read), "{text}");
        }
        assert!(quick > 6, "{quick}");
    }

    #[test]
    fn special_bytes_are_found_wherever_they_are() {
        for place in 0..8 {
            for byte in 0..=0x7F_u8 {
                let mut word = *b"abcdefgh";
                word[place] = byte;
                let wanted = byte < 0x20 || byte == b'"' || byte == b'\\';
                assert_eq!(is_special(u64::from_le_bytes(word)), wanted, "{byte} at {place}");
            }
        }
        assert!(!is_special(u64::from_le_bytes([0xC3, 0xA9, 0xE2, 0x82, 0xAC, 0xF0, 0x9F, 0x92])));
    }
}
