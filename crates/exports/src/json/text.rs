//! JSON text: removing white space, decoding and writing strings.

use std::borrow::Cow;

use super::scalar;

/// Appends `text`, which must be valid JSON, without its insignificant white space.
pub(crate) fn compact_into(text: &str, out: &mut String) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b' ' | b'\t' | b'\n' | b'\r' => at += 1,
            b'"' => {
                let end = scalar::string(bytes, at).map_or(bytes.len(), |(end, _)| end);
                out.push_str(&text[at..end]);
                at = end;
            }
            _ => {
                let length = bytes[at..]
                    .iter()
                    .position(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'"'))
                    .unwrap_or(bytes.len() - at);
                out.push_str(&text[at..at + length]);
                at += length;
            }
        }
    }
}

/// The text of a string's inside (without quotes), escapes resolved. Bytes that are no UTF-8 and escapes that
/// are no characters become U+FFFD; the scanner has refused them before they matter.
pub(crate) fn decode(inside: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(inside);
    if memchr::memchr(b'\\', inside).is_none() {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(slash) = rest.find('\\') {
        out.push_str(&rest[..slash]);
        let escape = &rest[slash + 1..];
        let (character, length) = match escape.as_bytes().first() {
            Some(b'b') => ('\u{8}', 1),
            Some(b'f') => ('\u{c}', 1),
            Some(b'n') => ('\n', 1),
            Some(b'r') => ('\r', 1),
            Some(b't') => ('\t', 1),
            Some(b'u') => unicode_escape(escape),
            Some(byte) if byte.is_ascii() => (*byte as char, 1),
            _ => ('\u{fffd}', 0),
        };
        out.push(character);
        rest = &escape[length..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Reads `uXXXX` or a surrogate pair `uXXXX\uXXXX` at the front: the character and the bytes read.
fn unicode_escape(escape: &str) -> (char, usize) {
    let unit =
        |from: usize| escape.get(from..from + 4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let Some(first) = unit(1) else { return ('\u{fffd}', 1) };
    if (0xD800..=0xDBFF).contains(&first)
        && escape.get(5..7) == Some("\\u")
        && let Some(second @ 0xDC00..=0xDFFF) = unit(7)
    {
        let scalar = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return (char::from_u32(scalar).unwrap_or('\u{fffd}'), 11);
    }
    (char::from_u32(first).unwrap_or('\u{fffd}'), 5)
}

/// Appends `text` as a JSON string with the fewest escapes: quote, backslash and control characters only.
pub(crate) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            0x08 => "\\b",
            0x0c => "\\f",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..=0x1f => "",
            _ => continue,
        };
        out.push_str(&text[plain_from..at]);
        if escape.is_empty() {
            out.push_str(&format!("\\u{byte:04x}"));
        } else {
            out.push_str(escape);
        }
        plain_from = at + 1;
    }
    out.push_str(&text[plain_from..]);
    out.push('"');
}

/// `text` as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_string(text, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compacts_outside_strings_only() {
        let mut out = String::new();
        compact_into("{ \"a b\" : [ 1 , \"\\\" x\" ,\n\ttrue ] }", &mut out);
        assert_eq!(out, r#"{"a b":[1,"\" x",true]}"#);
    }

    #[test]
    fn strings_round_trip() {
        for text in ["", "a", "é\u{1f600}", "q\"b\\n\n\u{1}\u{7f}", "\u{8}\u{c}\r\t"] {
            let quoted = quoted(text);
            assert_eq!(decode(&quoted.as_bytes()[1..quoted.len() - 1]), text);
        }
        assert_eq!(decode(br"\ud83d\ude00\u0041\/"), "\u{1f600}A/");
        assert_eq!(decode(br"\ud83d"), "\u{fffd}");
    }
}
