//! JSON as it is written: the members of one object, without a tree.
//!
//! Every byte is checked against RFC 8259, nesting is limited, and nothing recurses. What is nested stays text.

use std::borrow::Cow;

use crate::record::{Cell, Fault, Row};

/// Objects and arrays may lie so deep in each other.
pub const MAX_DEPTH: u32 = 100;
/// An object may have so many members.
pub const MAX_MEMBERS: usize = 20_000;

/// Reads an object; of two members of one name the last one counts.
///
/// # Errors
/// When the text is not one JSON object, nests deeper than [`MAX_DEPTH`], or has more than [`MAX_MEMBERS`] members.
pub fn object(text: &str) -> Result<Row<'_>, Fault> {
    let mut scanner = Scanner::new(text);
    let row = scanner.members()?;
    scanner.end()?;
    Ok(row)
}

/// Reads an array into its items.
///
/// # Errors
/// When the text is not one JSON array, or nests deeper than [`MAX_DEPTH`].
pub fn array(text: &str) -> Result<Vec<Cell<'_>>, Fault> {
    let mut scanner = Scanner::new(text);
    scanner.blank();
    if scanner.peek() != Some(b'[') {
        return Err(scanner.unexpected("an array"));
    }
    scanner.at += 1;
    let mut items = Vec::new();
    scanner.blank();
    if scanner.peek() == Some(b']') {
        scanner.at += 1;
    } else {
        while scanner.item(&mut items)? {}
    }
    scanner.end()?;
    Ok(items)
}

/// The member of an object that is within an object, and so on, by a path of names; null where there is none.
pub fn path<'a>(cell: &'a Cell<'_>, names: &[&str]) -> Cell<'a> {
    let Cell::Json(text) = cell else { return Cell::Null };
    let mut text: &str = text;
    for (place, name) in names.iter().enumerate() {
        let Ok(mut row) = object(text) else { return Cell::Null };
        match row.take(name) {
            Cell::Json(Cow::Borrowed(inner)) if place + 1 < names.len() => text = inner,
            cell if place + 1 == names.len() => return cell,
            _ => return Cell::Null,
        }
    }
    Cell::Null
}

/// A place in a text.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    pub(crate) at: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0 }
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(crate) fn blank(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    pub(crate) fn unexpected(&self, wanted: &str) -> Fault {
        let found = match self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(letter) if !letter.is_control() => format!("`{letter}`"),
            Some(letter) => format!("the control character {}", u32::from(letter)),
            None => "the end".to_owned(),
        };
        Fault::new(format!("expected {wanted}, found {found}"), self.at)
    }

    fn end(&mut self) -> Result<(), Fault> {
        self.blank();
        if self.at < self.bytes.len() { Err(self.unexpected("the end of the record")) } else { Ok(()) }
    }

    /// The members of the object that begins here.
    pub(crate) fn members(&mut self) -> Result<Row<'a>, Fault> {
        self.blank();
        if self.peek() != Some(b'{') {
            return Err(self.unexpected("an object"));
        }
        self.at += 1;
        let mut row = Row::with_capacity(48);
        self.blank();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(row);
        }
        loop {
            let name = self.name()?;
            let cell = self.value()?;
            row.push(name, cell);
            if row.len() > MAX_MEMBERS {
                return Err(Fault::new(format!("an object of more than {MAX_MEMBERS} members"), self.at));
            }
            self.blank();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break self.at += 1,
                _ => return Err(self.unexpected("`,` or `}`")),
            }
        }
        Ok(row)
    }

    /// The next item of an array, before which the scanner stands; `false` after the last one.
    pub(crate) fn item(&mut self, items: &mut Vec<Cell<'a>>) -> Result<bool, Fault> {
        items.push(self.value()?);
        self.blank();
        match self.peek() {
            Some(b',') => self.at += 1,
            Some(b']') => {
                self.at += 1;
                return Ok(false);
            }
            _ => return Err(self.unexpected("`,` or `]`")),
        }
        Ok(true)
    }

    /// A name and its colon.
    pub(crate) fn name(&mut self) -> Result<Cow<'a, str>, Fault> {
        self.blank();
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("a name in quotes"));
        }
        let name = self.string()?;
        self.blank();
        if self.peek() != Some(b':') {
            return Err(self.unexpected("`:`"));
        }
        self.at += 1;
        Ok(name)
    }

    /// The value that begins here.
    pub(crate) fn value(&mut self) -> Result<Cell<'a>, Fault> {
        self.blank();
        let start = self.at;
        Ok(match self.peek() {
            Some(b'"') => Cell::Text(self.string()?),
            Some(b'{' | b'[') => {
                self.skip()?;
                Cell::Json(self.text[start..self.at].into())
            }
            Some(b'-' | b'0'..=b'9') => {
                self.number()?;
                Cell::Number(self.text[start..self.at].into())
            }
            _ => self.literal()?,
        })
    }

    /// Passes over the value that begins here, however deep it is.
    pub(crate) fn skip(&mut self) -> Result<(), Fault> {
        // One bit for every open bracket: whether it is an object.
        let (mut objects, mut depth) = (0_u128, 0_u32);
        'value: loop {
            self.blank();
            match self.peek() {
                Some(open @ (b'{' | b'[')) => {
                    if depth == MAX_DEPTH {
                        return Err(Fault::new(format!("nested more than {MAX_DEPTH} deep"), self.at));
                    }
                    let is_object = open == b'{';
                    self.at += 1;
                    self.blank();
                    if self.peek() == Some(if is_object { b'}' } else { b']' }) {
                        self.at += 1;
                    } else {
                        objects = objects << 1 | u128::from(is_object);
                        depth += 1;
                        if is_object {
                            self.pass_name()?;
                        }
                        continue 'value;
                    }
                }
                Some(b'"') => {
                    self.string_end()?;
                }
                Some(b'-' | b'0'..=b'9') => self.number()?,
                _ => {
                    self.literal()?;
                }
            }
            loop {
                if depth == 0 {
                    return Ok(());
                }
                self.blank();
                let is_object = objects & 1 == 1;
                match (self.peek(), is_object) {
                    (Some(b','), _) => {
                        self.at += 1;
                        if is_object {
                            self.pass_name()?;
                        }
                        continue 'value;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => {
                        self.at += 1;
                        objects >>= 1;
                        depth -= 1;
                    }
                    (_, true) => return Err(self.unexpected("`,` or `}`")),
                    (_, false) => return Err(self.unexpected("`,` or `]`")),
                }
            }
        }
    }

    fn pass_name(&mut self) -> Result<(), Fault> {
        self.blank();
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("a name in quotes"));
        }
        self.string_end()?;
        self.blank();
        if self.peek() != Some(b':') {
            return Err(self.unexpected("`:`"));
        }
        self.at += 1;
        Ok(())
    }

    fn literal(&mut self) -> Result<Cell<'a>, Fault> {
        for (word, cell) in [("null", Cell::Null), ("true", Cell::Bool(true)), ("false", Cell::Bool(false))] {
            if self.bytes[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(cell);
            }
        }
        Err(self.unexpected("a value"))
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { Err(self.unexpected("a digit")) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<(), Fault> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        // Only what is long can be beyond a double.
        let digits = &self.text[start..self.at];
        if digits.len() > 5 && digits.bytes().any(|byte| matches!(byte, b'e' | b'E')) || digits.len() > 300 {
            digits
                .parse::<f64>()
                .ok()
                .filter(|real| real.is_finite())
                .ok_or_else(|| Fault::new("a number that is out of range", start))?;
        }
        Ok(())
    }

    /// The string that begins here; borrowed where it has no escapes.
    fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        let start = self.at + 1;
        let is_escaped = self.string_end()?;
        let inner = &self.text[start..self.at - 1];
        Ok(if is_escaped { unescaped(inner).into() } else { inner.into() })
    }

    /// Passes over the string that begins here; whether it has escapes.
    fn string_end(&mut self) -> Result<bool, Fault> {
        self.at += 1;
        let mut is_escaped = false;
        loop {
            self.at += plain_length(&self.bytes[self.at..]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(is_escaped);
                }
                Some(b'\\') => {
                    is_escaped = true;
                    self.escape()?;
                }
                _ => return Err(self.unexpected("the end of a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Fault> {
        let start = self.at;
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let half = |at: usize| {
                    let digits = self.bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
                    digits
                        .iter()
                        .try_fold(0_u32, |sum, digit| Some(sum * 16 + char::from(*digit).to_digit(16)?))
                };
                self.at += match half(start) {
                    Some(0xd800..=0xdbff)
                        if half(start + 6).is_some_and(|low| (0xdc00..=0xdfff).contains(&low)) =>
                    {
                        12
                    }
                    Some(0xd800..=0xdfff) => {
                        return Err(Fault::new("half a character in a `\\u` escape", start));
                    }
                    Some(_) => 6,
                    None => return Err(Fault::new("a `\\u` escape without four digits", start)),
                };
            }
            _ => return Err(Fault::new("an escape that JSON does not have", start)),
        }
        Ok(())
    }
}

/// How many bytes there are before the next quote, backslash or control character.
pub(crate) fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let mut length = 0;
    let (words, rest) = bytes.as_chunks::<8>();
    for chunk in words {
        let word = u64::from_le_bytes(*chunk);
        let controls = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        // A borrow can mark a byte behind the first match too; the first one is right.
        let found =
            zeros(word ^ (ONES * u64::from(b'"'))) | zeros(word ^ (ONES * u64::from(b'\\'))) | controls;
        if found != 0 {
            return length + found.trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    length + rest.iter().take_while(|byte| **byte >= 0x20 && **byte != b'"' && **byte != b'\\').count()
}

/// The text of a string whose escapes were checked.
fn unescaped(inner: &str) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    let half =
        |text: &str| text.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok()).unwrap_or(0xfffd);
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let letter = rest.as_bytes().get(at + 1).copied().unwrap_or(b'\\');
        rest = rest.get(at + 2..).unwrap_or("");
        match letter {
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'n' => out.push('\n'),
            b'r' => out.push('\r'),
            b't' => out.push('\t'),
            b'u' => {
                let mut code = half(rest);
                rest = rest.get(4..).unwrap_or("");
                if (0xd800..0xdc00).contains(&code) {
                    let low = rest.get(2..).map_or(0, half);
                    code = 0x10000 + ((code - 0xd800) << 10) + low.wrapping_sub(0xdc00);
                    rest = rest.get(6..).unwrap_or("");
                }
                out.push(char::from_u32(code).unwrap_or('\u{fffd}'));
            }
            other => out.push(char::from(other)),
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn members_stay_text() {
        let row = object(
            r#" {"a":"x","b":[1,{"c":null}],"d":-1.5e3,"e":true,"f":null,"\u0041\n":"\ud83d\ude00\/"} "#,
        )
        .unwrap();
        assert_eq!(row.get("b"), &Cell::Json(r#"[1,{"c":null}]"#.into()));
        assert_eq!(row.get("d"), &Cell::Number("-1.5e3".into()));
        assert_eq!(row.text("A\n"), "😀/");
        assert_eq!((row.get("e"), row.get("f")), (&Cell::Bool(true), &Cell::Null));
        assert_eq!(path(row.get("b"), &["c"]), Cell::Null);
        let nested = Cell::Json(r#"{"a":{"b":"c"}}"#.into());
        assert_eq!(path(&nested, &["a", "b"]), Cell::Text("c".into()));
    }

    #[test]
    fn an_independent_parser_agrees() {
        let pieces = [
            "",
            " ",
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"a\"",
            "\"\\u12\"",
            "\"\\ud800\"",
            "1",
            "-",
            "01",
            "1.",
            "1e",
            "-0.5E+1",
            "true",
            "nul",
            "null",
            "\"\t\"",
            "\"\\x\"",
            "\"é\"",
            "{\"a\":1}",
            "[1,2]",
            "[1,]",
            "{\"a\"}",
            "{,}",
            "\"",
        ];
        for first in pieces {
            for second in pieces {
                for third in pieces {
                    let text = format!("{{\"x\":{first}{second}{third}}}");
                    let wanted = serde_json::from_str::<Value>(&text);
                    let found = object(&text);
                    assert_eq!(found.is_ok(), wanted.is_ok(), "{text}: {found:?} {wanted:?}");
                    if let (Ok(found), Ok(wanted)) = (found, wanted) {
                        assert_eq!(Value::from(found.to_map()), wanted, "{text}");
                    }
                }
            }
        }
    }

    #[test]
    fn plain_runs_end_where_a_slow_search_ends() {
        for special in [b'"', b'\\', 0, 0x1f, 0x20, 0x7f, 0x80, 0xff] {
            for place in 0..24 {
                let mut bytes = [b'a'; 24];
                bytes[place] = special;
                bytes[23] = b'"';
                let slow = bytes.iter().position(|byte| *byte < 0x20 || *byte == b'"' || *byte == b'\\');
                assert_eq!(Some(plain_length(&bytes)), slow, "{special} at {place}");
            }
        }
    }

    #[test]
    fn nesting_is_limited() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(object(&nested(100)).is_ok());
        assert!(object(&nested(101)).unwrap_err().message.contains("nested"));
        assert!(object(&format!("{{\"a\":{}", "[".repeat(10_000_000))).is_err());
    }
}
