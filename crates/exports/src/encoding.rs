//! Text encodings: byte order marks and UTF-16 (which PowerShell's `>` writes).

use std::borrow::Cow;

/// How a file was encoded, beyond plain UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    /// UTF-16, with the number of code units that are no text.
    Utf16 {
        damaged: usize,
    },
}

/// The bytes as UTF-8 without a byte order mark; UTF-8 itself is not checked here, but record by record.
pub(crate) fn to_utf8(bytes: &[u8]) -> (Cow<'_, [u8]>, Encoding) {
    let (units, from): (fn([u8; 2]) -> u16, usize) = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => return (Cow::Borrowed(rest), Encoding::Utf8),
        [0xFF, 0xFE, ..] => (u16::from_le_bytes, 2),
        [0xFE, 0xFF, ..] => (u16::from_be_bytes, 2),
        // Without a mark: JSON begins with an ASCII character, so one byte of the first two is zero.
        [first, 0, second, 0, ..] if is_start(*first) && *second != 0 => (u16::from_le_bytes, 0),
        [0, first, 0, second, ..] if is_start(*first) && *second != 0 => (u16::from_be_bytes, 0),
        _ => return (Cow::Borrowed(bytes), Encoding::Utf8),
    };
    let (pairs, tail) = bytes[from..].as_chunks::<2>();
    let mut damaged = tail.len();
    let mut out = String::with_capacity(bytes.len() / 2 + 16);
    for character in char::decode_utf16(pairs.iter().map(|pair| units(*pair))) {
        out.push(character.unwrap_or_else(|_| {
            damaged += 1;
            char::REPLACEMENT_CHARACTER
        }));
    }
    (Cow::Owned(out.into_bytes()), Encoding::Utf16 { damaged })
}

fn is_start(byte: u8) -> bool {
    matches!(byte, b'{' | b'[' | b' ' | b'\n' | b'\r' | b'"') || byte.is_ascii_alphabetic()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_windows_writes() {
        let text = "{\"a\":\"é\u{1f600}\"}";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (mark, units) in
            [(vec![0xFF, 0xFE], &little), (vec![0xFE, 0xFF], &big), (vec![], &little), (vec![], &big)]
        {
            let bytes = [mark, units.clone()].concat();
            let (utf8, encoding) = to_utf8(&bytes);
            assert_eq!(std::str::from_utf8(&utf8).unwrap(), text);
            assert_eq!(encoding, Encoding::Utf16 { damaged: 0 });
        }
        assert_eq!(to_utf8(b"\xEF\xBB\xBF{}").0, &b"{}"[..]);
        let (_, encoding) = to_utf8(&[0xFF, 0xFE, 0x00, 0xD8, b'{', 0, 7]);
        assert_eq!(encoding, Encoding::Utf16 { damaged: 2 });
    }
}
