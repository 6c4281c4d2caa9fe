//! What the texts of literals mean.

use crate::types::ScalarType;

/// Suffixes of timespan literals, with their ticks (100 ns); nanoseconds are rounded down.
pub(crate) const TIMESPAN_UNITS: &[(&str, f64)] = &[
    ("d", 864e9),
    ("day", 864e9),
    ("days", 864e9),
    ("h", 36e9),
    ("hr", 36e9),
    ("hrs", 36e9),
    ("hour", 36e9),
    ("hours", 36e9),
    ("m", 6e8),
    ("min", 6e8),
    ("minute", 6e8),
    ("minutes", 6e8),
    ("s", 1e7),
    ("sec", 1e7),
    ("second", 1e7),
    ("seconds", 1e7),
    ("ms", 1e4),
    ("milli", 1e4),
    ("millis", 1e4),
    ("millisec", 1e4),
    ("millisecond", 1e4),
    ("milliseconds", 1e4),
    ("micro", 10.0),
    ("micros", 10.0),
    ("microsec", 10.0),
    ("microsecond", 10.0),
    ("microseconds", 10.0),
    ("nano", 0.01),
    ("nanos", 0.01),
    ("nanosec", 0.01),
    ("nanosecond", 0.01),
    ("nanoseconds", 0.01),
    ("tick", 1.0),
    ("ticks", 1.0),
];

/// The type of a literal `keyword(…)`.
pub(crate) fn typed_literal_keyword(word: &str) -> Option<ScalarType> {
    Some(match word {
        "datetime" | "date" => ScalarType::Datetime,
        "timespan" | "time" => ScalarType::Timespan,
        "bool" | "boolean" => ScalarType::Bool,
        "int" | "int32" => ScalarType::Int,
        "long" | "int64" => ScalarType::Long,
        "real" | "double" => ScalarType::Real,
        "decimal" => ScalarType::Decimal,
        "guid" | "uuid" | "uniqueid" => ScalarType::Guid,
        _ => return None,
    })
}

/// The content of a string token, quotes and prefixes taken off and escapes resolved.
pub(crate) fn unquote(token: &str) -> String {
    let body = token.strip_prefix(['h', 'H']).unwrap_or(token);
    for fence in ["```", "~~~"] {
        if let Some(inner) = body.strip_prefix(fence) {
            // The line end right after the opening fence belongs to the fence.
            return inner.strip_suffix(fence).unwrap_or(inner).to_owned();
        }
    }
    if let Some(verbatim) = body.strip_prefix('@') {
        let quote = verbatim.chars().next().unwrap_or('"');
        let inner = strip(verbatim, quote);
        return inner.replace(&format!("{quote}{quote}"), &quote.to_string());
    }
    unescape(strip(body, body.chars().next().unwrap_or('"')))
}

fn strip(text: &str, quote: char) -> &str {
    let inner = text.strip_prefix(quote).unwrap_or(text);
    inner.strip_suffix(quote).unwrap_or(inner)
}

fn unescape(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        match rest.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('a') => out.push('\x07'),
            Some('b') => out.push('\x08'),
            Some('f') => out.push('\x0c'),
            Some('v') => out.push('\x0b'),
            Some('0') if !rest.as_str().starts_with(|next: char| next.is_digit(8)) => out.push('\0'),
            Some('x') => coded(&mut out, &mut rest, 2),
            Some('u') => coded(&mut out, &mut rest, 4),
            Some('U') => coded(&mut out, &mut rest, 8),
            Some(other) => out.push(other),
            None => out.push('\\'),
        }
    }
    out
}

/// `\x41`, `\u0041`, `\U00000041`; a pair of surrogates becomes its character.
fn coded(out: &mut String, rest: &mut std::str::Chars<'_>, digits: usize) {
    let take = |text: &str| text.get(..digits).and_then(|code| u32::from_str_radix(code, 16).ok());
    let Some(mut code) = take(rest.as_str()) else {
        out.push(match digits {
            2 => 'x',
            4 => 'u',
            _ => 'U',
        });
        return;
    };
    *rest = rest.as_str()[digits..].chars();
    if (0xD800..0xDC00).contains(&code)
        && let Some(low) = rest.as_str().strip_prefix("\\u").and_then(take)
        && (0xDC00..0xE000).contains(&low)
    {
        *rest = rest.as_str()[2 + digits..].chars();
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
}

#[cfg(test)]
mod tests {
    use super::unquote;

    #[test]
    fn escapes_are_resolved() {
        assert_eq!(unquote(r#""a\tb\"\\""#), "a\tb\"\\");
        assert_eq!(unquote(r"'\u0041\x42'"), "AB");
        assert_eq!(unquote(r"'\ud83d\ude00'"), "😀");
        assert_eq!(unquote(r#"@"c:\x""y""#), r#"c:\x"y"#);
        assert_eq!(unquote(r"h'secret'"), "secret");
        assert_eq!(unquote("```a\nb```"), "a\nb");
    }
}
