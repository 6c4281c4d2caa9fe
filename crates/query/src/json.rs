//! JSON text as `dynamic` cells hold it.

use std::fmt::Write as _;

use serde::de::IgnoredAny;

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
    if is_plain(text) {
        serde_json::from_str::<IgnoredAny>(text).is_ok()
    } else {
        azimuth_values::Json::parse(text).is_some()
    }
}

/// Whether a reader that skips values judges a text as one does that keeps them: there are no surrogates, numbers beyond
/// all doubles or deep nesting in it.
pub(crate) fn is_plain(text: &str) -> bool {
    let (mut digits, mut opened, mut before) = (0_usize, 0_usize, 0_u8);
    text.bytes().all(|byte| {
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        opened += usize::from(matches!(byte, b'[' | b'{'));
        let is_odd = match byte {
            b'e' | b'E' => before.is_ascii_digit(),
            b'u' => before == b'\\',
            _ => false,
        };
        before = byte;
        !is_odd && digits < 300 && opened < 100
    })
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

    #[test]
    fn what_is_valid_is_what_values_read() {
        for text in
            ["1", "[1,{\"a\":null}]", "", "{a:1}", "1e999", "x", "[1", "[true,1e3]", "-", "\"\\ud800\""]
        {
            assert_eq!(is_valid(text), Json::parse(text).is_some(), "{text}");
        }
    }
}
