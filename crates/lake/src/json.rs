//! The members of a JSON object as pieces of its text: nested values stay text, which is what `dynamic` columns hold.
//!
//! One pass over the bytes, no tree, no recursion. What is accepted is JSON, except that raw control characters within
//! strings are let through, as many exporters write them.

/// Objects and arrays within each other.
const MAX_DEPTH: usize = 128;

/// A value of a member.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Piece<'a> {
    Null,
    Bool(bool),
    /// As it is written
    Number(&'a str),
    /// Without its quotes; the value itself
    Text(&'a str),
    /// With its quotes, and with escapes in it
    Escaped(&'a str),
    /// An object or array, as it is written
    Nested(&'a str),
}

/// A member: its name, still with its escapes if it has some (then with its quotes), and its value.
pub(crate) type Member<'a> = (Piece<'a>, Piece<'a>);

/// The members of the one object that the text is.
///
/// # Errors
/// What is wrong, in words.
pub(crate) fn members<'a>(text: &'a str, out: &mut Vec<Member<'a>>) -> Result<(), &'static str> {
    out.clear();
    let mut cursor = Cursor { text, bytes: text.as_bytes(), at: 0 };
    cursor.blanks();
    if cursor.peek() != Some(b'{') {
        return Err(if cursor.at == cursor.bytes.len() {
            "the record is empty"
        } else {
            "not a JSON object"
        });
    }
    cursor.at += 1;
    cursor.blanks();
    if cursor.peek() == Some(b'}') {
        cursor.at += 1;
    } else {
        loop {
            let name = cursor.string()?;
            cursor.blanks();
            cursor.expect(b':', "a `:` is missing")?;
            cursor.blanks();
            let value = cursor.value()?;
            out.push((name, value));
            cursor.blanks();
            match cursor.next() {
                Some(b',') => cursor.blanks(),
                Some(b'}') => break,
                Some(_) => return Err("a `,` is missing between members"),
                None => return Err("the record ends before its object does"),
            }
        }
    }
    cursor.blanks();
    if cursor.at < cursor.bytes.len() { Err("there is more than one object on the line") } else { Ok(()) }
}

/// The text of a string with escapes, quotes included; `None` if an escape is none.
pub(crate) fn unescaped(quoted: &str) -> Option<String> {
    serde_json::from_str(quoted).ok()
}

/// Whether a text is one JSON value.
pub(crate) fn is_json(text: &str) -> bool {
    let mut cursor = Cursor { text, bytes: text.as_bytes(), at: 0 };
    cursor.blanks();
    let is_value = cursor.value().is_ok();
    cursor.blanks();
    is_value && cursor.at == cursor.bytes.len()
}

struct Cursor<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

const CUT: &str = "the record ends before its object does";

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8, missing: &'static str) -> Result<(), &'static str> {
        match self.next() {
            Some(found) if found == byte => Ok(()),
            Some(_) => Err(missing),
            None => Err(CUT),
        }
    }

    fn string(&mut self) -> Result<Piece<'a>, &'static str> {
        let start = self.at;
        self.expect(b'"', "a name in quotes is missing")?;
        let has_escapes = self.skip_string()?;
        Ok(match has_escapes {
            true => Piece::Escaped(&self.text[start..self.at]),
            false => Piece::Text(&self.text[start + 1..self.at - 1]),
        })
    }

    /// Goes behind the closing quote; tells whether there were escapes.
    fn skip_string(&mut self) -> Result<bool, &'static str> {
        let mut has_escapes = false;
        loop {
            self.at += quote_or_backslash(&self.bytes[self.at..]);
            match self.next() {
                Some(b'"') => return Ok(has_escapes),
                Some(_) => {
                    has_escapes = true;
                    match self.next() {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' | b'u') => {}
                        Some(_) => return Err("a `\\` in a string escapes nothing"),
                        None => return Err(CUT),
                    }
                }
                None => return Err(CUT),
            }
        }
    }

    fn value(&mut self) -> Result<Piece<'a>, &'static str> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{' | b'[') => self.nested(),
            Some(_) => self.scalar(),
            None => Err(CUT),
        }
    }

    fn scalar(&mut self) -> Result<Piece<'a>, &'static str> {
        let start = self.at;
        while let Some(byte) = self.peek() {
            if matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n') {
                break;
            }
            self.at += 1;
        }
        match &self.bytes[start..self.at] {
            b"null" => Ok(Piece::Null),
            b"true" => Ok(Piece::Bool(true)),
            b"false" => Ok(Piece::Bool(false)),
            number if is_number(number) => Ok(Piece::Number(&self.text[start..self.at])),
            _ => {
                Err("a value is neither a string, a number, an object, an array, `true`, `false` nor `null`")
            }
        }
    }

    /// Goes behind an object or array, and checks it.
    fn nested(&mut self) -> Result<Piece<'a>, &'static str> {
        let start = self.at;
        // For each one that is open, whether it is an object.
        let mut open = [false; MAX_DEPTH];
        let mut depth = 0;
        let mut is_value_next = true;
        loop {
            self.blanks();
            if is_value_next {
                match self.peek() {
                    Some(opening @ (b'{' | b'[')) => {
                        if depth == MAX_DEPTH {
                            return Err("objects and arrays are nested more than 128 deep");
                        }
                        self.at += 1;
                        open[depth] = opening == b'{';
                        depth += 1;
                        self.blanks();
                        let closing = if opening == b'{' { b'}' } else { b']' };
                        if self.peek() != Some(closing) {
                            if opening == b'{' {
                                self.name()?;
                            }
                            continue;
                        }
                        self.at += 1;
                        depth -= 1;
                    }
                    Some(b'"') => {
                        self.at += 1;
                        self.skip_string()?;
                    }
                    Some(_) => drop(self.scalar()?),
                    None => return Err(CUT),
                }
                is_value_next = false;
            }
            if depth == 0 {
                return Ok(Piece::Nested(&self.text[start..self.at]));
            }
            self.blanks();
            match (self.next(), open[depth - 1]) {
                (Some(b','), true) => {
                    self.blanks();
                    self.name()?;
                    is_value_next = true;
                }
                (Some(b','), false) => is_value_next = true,
                (Some(b'}'), true) | (Some(b']'), false) => depth -= 1,
                (Some(_), true) => return Err("a `,` or `}` is missing in an object"),
                (Some(_), false) => return Err("a `,` or `]` is missing in an array"),
                (None, _) => return Err(CUT),
            }
        }
    }

    /// Goes behind the name of a member and its colon.
    fn name(&mut self) -> Result<(), &'static str> {
        self.expect(b'"', "a name in quotes is missing")?;
        self.skip_string()?;
        self.blanks();
        self.expect(b':', "a `:` is missing")
    }
}

/// How many bytes stand before the first `"` or `\`; all of them if there is none. Eight at a time.
fn quote_or_backslash(bytes: &[u8]) -> usize {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let has = |word: u64, byte: u8| {
        let zeroed = word ^ (LOW * u64::from(byte));
        zeroed.wrapping_sub(LOW) & !zeroed & HIGH
    };
    let mut at = 0;
    while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*word);
        let found = has(word, b'"') | has(word, b'\\');
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at + bytes[at..].iter().take_while(|byte| !matches!(byte, b'"' | b'\\')).count()
}

/// Whether the bytes are a number as JSON writes it.
fn is_number(bytes: &[u8]) -> bool {
    let mut rest = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let digits = |rest: &[u8]| rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest[0] == b'0') {
        return false;
    }
    rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = &fraction[count..];
    }
    if let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) {
        let unsigned =
            exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-")).unwrap_or(exponent);
        let count = digits(unsigned);
        return count > 0 && count == unsigned.len();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Member<'_>>, &'static str> {
        let mut out = Vec::new();
        members(text, &mut out).map(|()| out)
    }

    #[test]
    fn members_are_pieces_of_the_text() {
        let text =
            r#" {"a":1, "b" : "x\"y","c":{"d":[1,{"e":"}"}]},"f":null,"g":true,"h":"","i":-1.5e+3,"j":[]} "#;
        let found = read(text).unwrap();
        assert_eq!(found[0], (Piece::Text("a"), Piece::Number("1")));
        assert_eq!(found[1], (Piece::Text("b"), Piece::Escaped(r#""x\"y""#)));
        assert_eq!(found[2].1, Piece::Nested(r#"{"d":[1,{"e":"}"}]}"#));
        assert_eq!(found[3].1, Piece::Null);
        assert_eq!(found[5].1, Piece::Text(""));
        assert_eq!(found[6].1, Piece::Number("-1.5e+3"));
        assert_eq!(found[7].1, Piece::Nested("[]"));
        assert_eq!(read("{}"), Ok(Vec::new()));
    }

    /// What is accepted here is what the reader of whole trees accepts, over many broken texts.
    #[test]
    fn what_is_json_is_what_another_reader_says() {
        let good = r#"{"a":[1,-2.5e3,{"b":null,"c":"d\n\u00e9"},[]],"e":{},"f":true,"g":"ä\\"}"#;
        let agree = |text: &str| {
            let ours = read(text).is_ok();
            let theirs = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).is_ok();
            // `\u` is looked at only when the text is read.
            assert!(ours == theirs || (ours && text.contains("\\u")), "{text}: {ours} {theirs}");
        };
        agree(good);
        for (at, _) in good.char_indices() {
            agree(&good[..at]);
            for other in ["", "{", "}", "[", "]", ",", ":", "\"", "\\", "0", " ", "x"] {
                let end = at + good[at..].chars().next().unwrap().len_utf8();
                agree(&format!("{}{other}{}", &good[..at], &good[end..]));
                agree(&format!("{}{other}{}", &good[..at], &good[at..]));
            }
        }
        for text in [
            "",
            " ",
            "[]",
            "1",
            "{} {}",
            "{\"a\":01}",
            "{\"a\":1.}",
            "{\"a\":.5}",
            "{\"a\":+1}",
            "{\"a\":NaN}",
        ] {
            agree(text);
        }
    }

    #[test]
    fn depth_is_limited() {
        let deep = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&deep(128)).is_ok());
        assert!(read(&deep(129)).is_err());
        assert!(read(&deep(1_000_000)).is_err());
    }

    #[test]
    fn quotes_are_found_wherever_they_are() {
        for length in 0..40 {
            let text = "é".repeat(length);
            assert_eq!(quote_or_backslash(format!("{text}\"aa\"").as_bytes()), text.len());
            assert_eq!(quote_or_backslash(format!("{text}\\").as_bytes()), text.len());
            assert_eq!(quote_or_backslash(text.as_bytes()), text.len());
        }
    }
}
