//! Validating strings, numbers and words.

use super::scan::{Fault, ScanError};

/// Something other than `expected` stands at `at`.
pub(crate) fn unexpected(at: usize, expected: &'static str) -> ScanError {
    ScanError { at, fault: Fault::Unexpected { expected } }
}

/// Validates the scalar at `at` and returns the offset behind it.
pub(crate) fn scalar(text: &[u8], at: usize, byte: u8) -> Result<usize, ScanError> {
    match byte {
        b'"' => string(text, at).map(|(end, _)| end),
        b'-' | b'0'..=b'9' => number(text, at),
        b't' => literal(text, at, b"true"),
        b'f' => literal(text, at, b"false"),
        b'n' => literal(text, at, b"null"),
        _ => Err(unexpected(at, "a JSON value")),
    }
}

fn literal(text: &[u8], at: usize, word: &'static [u8]) -> Result<usize, ScanError> {
    let rest = &text[at..];
    if rest.starts_with(word) {
        Ok(at + word.len())
    } else if word.starts_with(rest) {
        Err(ScanError { at: text.len(), fault: Fault::Cut })
    } else {
        Err(unexpected(at, "a JSON value"))
    }
}

fn number(text: &[u8], start: usize) -> Result<usize, ScanError> {
    let digits = |mut at: usize| {
        while text.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let missing = |at: usize| match text.get(at) {
        None => Err(ScanError { at, fault: Fault::Cut }),
        Some(_) => Err(unexpected(at, "a digit")),
    };
    let mut at = start + usize::from(text[start] == b'-');
    match text.get(at) {
        Some(b'0') => at += 1,
        Some(b'1'..=b'9') => at = digits(at),
        _ => return missing(at),
    }
    let mut exponent = false;
    if text.get(at) == Some(&b'.') {
        let end = digits(at + 1);
        if end == at + 1 {
            return missing(end);
        }
        at = end;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        exponent = true;
        at += 1;
        at += usize::from(matches!(text.get(at), Some(b'+' | b'-')));
        let end = digits(at);
        if end == at {
            return missing(end);
        }
        at = end;
    }
    if matches!(text.get(at), Some(b'0'..=b'9' | b'.' | b'+' | b'-' | b'a'..=b'z' | b'A'..=b'Z')) {
        return Err(unexpected(at, "the end of the number"));
    }
    let may_overflow = exponent || at - start > 300;
    if may_overflow {
        let fits = std::str::from_utf8(&text[start..at])
            .ok()
            .and_then(|number| number.parse::<f64>().ok())
            .is_some_and(f64::is_finite);
        if !fits {
            return Err(ScanError { at: start, fault: Fault::NumberRange });
        }
    }
    Ok(at)
}

/// Validates the string whose opening quote is at `at`: the offset behind the closing quote, and whether the
/// string holds escapes. UTF-8 is not checked here.
pub(crate) fn string(text: &[u8], at: usize) -> Result<(usize, bool), ScanError> {
    let cut = ScanError { at: text.len(), fault: Fault::Cut };
    let mut escaped = false;
    let mut at = at + 1;
    loop {
        at += plain_length(&text[at..]);
        match text.get(at) {
            Some(b'"') => return Ok((at + 1, escaped)),
            Some(b'\\') => {
                escaped = true;
                at = escape(text, at)?;
            }
            Some(0) => return Err(ScanError { at, fault: Fault::Text { what: "a NUL byte" } }),
            Some(_) => {
                return Err(ScanError { at, fault: Fault::Text { what: "a bare control character" } });
            }
            None => return Err(cut),
        }
    }
}

/// How many bytes at the front are neither quote, backslash nor control character; eight at a time.
#[inline]
fn plain_length(text: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let mut at = 0;
    while let Some(chunk) = text[at..].first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let quote = word ^ (ONES * b'"' as u64);
        let slash = word ^ (ONES * b'\\' as u64);
        // The lowest flagged byte is exact; a borrow can only flag bytes above it.
        let found = (quote.wrapping_sub(ONES) & !quote
            | slash.wrapping_sub(ONES) & !slash
            | word.wrapping_sub(ONES * 0x20) & !word)
            & HIGH;
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(byte) = text.get(at) {
        if matches!(byte, b'"' | b'\\' | 0..=0x1f) {
            break;
        }
        at += 1;
    }
    at
}

/// Validates the escape at `at` (a surrogate pair is one escape) and returns the offset behind it.
fn escape(text: &[u8], at: usize) -> Result<usize, ScanError> {
    let cut = ScanError { at: text.len(), fault: Fault::Cut };
    match text.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => {
            let first = hex4(text, at + 2)?;
            match first {
                0xD800..=0xDBFF => {
                    let lone = ScanError { at, fault: Fault::Text { what: "a lone surrogate" } };
                    match (text.get(at + 6), text.get(at + 7)) {
                        (None, _) | (Some(b'\\'), None) => return Err(cut),
                        (Some(b'\\'), Some(b'u')) => {}
                        _ => return Err(lone),
                    }
                    if (0xDC00..=0xDFFF).contains(&hex4(text, at + 8)?) { Ok(at + 12) } else { Err(lone) }
                }
                0xDC00..=0xDFFF => Err(ScanError { at, fault: Fault::Text { what: "a lone surrogate" } }),
                _ => Ok(at + 6),
            }
        }
        Some(_) => Err(ScanError { at, fault: Fault::Text { what: "an unknown escape" } }),
        None => Err(cut),
    }
}

fn hex4(text: &[u8], at: usize) -> Result<u32, ScanError> {
    let mut value = 0;
    for offset in at..at + 4 {
        match text.get(offset).map(|byte| (*byte as char).to_digit(16)) {
            Some(Some(digit)) => value = value * 16 + digit,
            Some(None) => {
                return Err(ScanError { at: offset, fault: Fault::Text { what: "an unknown escape" } });
            }
            None => return Err(ScanError { at: text.len(), fault: Fault::Cut }),
        }
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_length_stops_at_the_first_special_byte() {
        for special in [b'"', b'\\', 0, 0x1f, b'\n'] {
            for length in 0..40 {
                let mut text = vec![b'\xc3'; length];
                text.push(special);
                text.extend_from_slice(b"\"\\\x01tail of the text");
                assert_eq!(plain_length(&text), length, "{special} behind {length}");
            }
        }
        assert_eq!(plain_length("é\u{7f}!#[]".as_bytes()), 7);
    }

    #[test]
    fn numbers_end_where_they_must() {
        let ends = |text: &str| number(text.as_bytes(), 0).ok();
        assert_eq!(ends("-0.5e+10,"), Some(8));
        assert_eq!(ends("1e308]"), Some(5));
        for wrong in ["-", "01", "1.", "1.e1", "1e", "+1", "1e309", "1x", ".5"] {
            assert_eq!(ends(wrong), None, "{wrong}");
        }
        assert_eq!(ends(&format!("1{}", "0".repeat(400))), None);
    }
}
