//! The lenient JSON reader.

use std::sync::Arc;

use super::{Member, Node, NodeKind, Span};

/// Deepest nesting read. Real templates stay below 60, even with several levels of nested deployments.
pub(crate) const MAX_DEPTH: usize = 200;

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParseFault {
    pub(crate) message: String,
    pub(crate) span: Span,
    pub(crate) hint: Option<&'static str>,
}

/// Most names written twice that are remembered.
const MAX_REPEATED: usize = 1000;

/// Parses one JSON value and nothing after it.
pub(crate) fn parse(text: &str) -> Result<Node, ParseFault> {
    parse_noting(text).map(|(node, _)| node)
}

/// As [`parse`], and where names start that their object already had, each with where the earlier one starts; in the
/// order of the text.
pub(crate) fn parse_noting(text: &str) -> Result<(Node, Vec<(u32, u32)>), ParseFault> {
    let mut reader = Reader { text, at: 0, depth: 0, repeated: Vec::new() };
    reader.skip_space()?;
    let node = reader.value()?;
    reader.skip_space()?;
    if reader.at < text.len() {
        return Err(reader.fault(
            "unexpected text after the end of the document",
            Some("remove it, or the bracket that closes the document too early"),
        ));
    }
    reader.repeated.sort_unstable();
    Ok((node, reader.repeated))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    repeated: Vec<(u32, u32)>,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// A fault at the current character.
    fn fault(&self, message: impl Into<String>, hint: Option<&'static str>) -> ParseFault {
        let width = self.rest().chars().next().map_or(0, char::len_utf8);
        ParseFault { message: message.into(), span: Span::new(self.at, self.at + width), hint }
    }

    fn skip_space(&mut self) -> Result<(), ParseFault> {
        loop {
            let rest = &self.text[self.at..];
            let trimmed = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
            self.at += rest.len() - trimmed.len();
            if trimmed.starts_with("//") {
                self.at += trimmed.find('\n').unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                match trimmed.find("*/") {
                    Some(end) => self.at += end + 2,
                    None => return Err(self.fault("the comment is not closed", Some("end it with `*/`"))),
                }
            } else {
                return Ok(());
            }
        }
    }

    fn value(&mut self) -> Result<Node, ParseFault> {
        let start = self.at;
        let kind = match self.peek() {
            None => {
                return Err(self.fault(
                    "the document ends where a value is expected",
                    Some("write the value, or give a file that is not empty"),
                ));
            }
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(quote @ (b'"' | b'\'')) => NodeKind::String(self.string(quote)?),
            Some(b'-' | b'+' | b'0'..=b'9' | b'.') => self.number()?,
            Some(_) => self.word()?,
        };
        Ok(Node { kind, span: Span::new(start, self.at) })
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<NodeKind, ParseFault>,
    ) -> Result<NodeKind, ParseFault> {
        if self.depth == MAX_DEPTH {
            return Err(
                self.fault(format!("values are nested deeper than {MAX_DEPTH} levels"), Some("nest less"))
            );
        }
        self.depth += 1;
        let kind = read(self);
        self.depth -= 1;
        kind
    }

    fn object(&mut self) -> Result<NodeKind, ParseFault> {
        self.at += 1;
        let mut members: Vec<Member> = Vec::new();
        loop {
            self.skip_space()?;
            if self.peek() == Some(b'}') {
                self.at += 1;
                break;
            }
            let key_start = self.at;
            let key: Arc<str> = match self.peek() {
                Some(quote @ (b'"' | b'\'')) => self.string(quote)?,
                Some(_) => self.bare_name()?,
                None => return Err(self.fault("the object is not closed", Some("add the missing `}`"))),
            };
            let key_span = Span::new(key_start, self.at);
            self.skip_space()?;
            if self.peek() != Some(b':') {
                return Err(self
                    .fault(format!("expected `:` after the name `{key}`"), Some("write `\"name\": value`")));
            }
            self.at += 1;
            self.skip_space()?;
            let value = self.value()?;
            let member = Member { key, key_span, value };
            // The last value of a name written twice counts; small objects dominate, so a scan is cheapest.
            match members.iter_mut().rev().take(256).find(|known| known.key == member.key) {
                Some(known) => {
                    if self.repeated.len() < MAX_REPEATED {
                        self.repeated.push((member.key_span.start, known.key_span.start));
                    }
                    *known = member;
                }
                None => members.push(member),
            }
            self.skip_space()?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {}
                None => return Err(self.fault("the object is not closed", Some("add the missing `}`"))),
                Some(other) => {
                    let hint = if other == b']' {
                        "close the object with `}` first"
                    } else {
                        "add a comma before it"
                    };
                    return Err(self.fault("expected `,` or `}` after a member", Some(hint)));
                }
            }
        }
        Ok(NodeKind::Object(members))
    }

    fn array(&mut self) -> Result<NodeKind, ParseFault> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.skip_space()?;
            if self.peek() == Some(b']') {
                self.at += 1;
                break;
            }
            if self.peek().is_none() {
                return Err(self.fault("the array is not closed", Some("add the missing `]`")));
            }
            items.push(self.value()?);
            self.skip_space()?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {}
                None => return Err(self.fault("the array is not closed", Some("add the missing `]`"))),
                Some(other) => {
                    let hint = if other == b'}' {
                        "close the array with `]` first"
                    } else {
                        "add a comma before it"
                    };
                    return Err(self.fault("expected `,` or `]` after an item", Some(hint)));
                }
            }
        }
        Ok(NodeKind::Array(items))
    }

    fn bare_name(&mut self) -> Result<Arc<str>, ParseFault> {
        let rest = self.rest();
        let length =
            rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$' | '-'))).unwrap_or(rest.len());
        if length == 0 {
            return Err(self.fault(
                "expected a property name in quotes",
                Some("write `\"name\": value`, or remove what stands here"),
            ));
        }
        let name = rest[..length].into();
        self.at += length;
        Ok(name)
    }

    fn word(&mut self) -> Result<NodeKind, ParseFault> {
        let rest = self.rest();
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let kind = match &rest[..length] {
            "null" | "undefined" => NodeKind::Null,
            "true" => NodeKind::Bool(true),
            "false" => NodeKind::Bool(false),
            word => {
                let hint = ["true", "false", "null"]
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(word))
                    .then_some("write it in lower case")
                    .or(Some("text stands in double quotes"));
                let shown: String = rest.chars().take(word.chars().count().clamp(1, 40)).collect();
                let mut fault = self.fault(format!("expected a value, found `{shown}`"), hint);
                fault.span = Span::new(self.at, self.at + shown.len());
                return Err(fault);
            }
        };
        self.at += length;
        Ok(kind)
    }

    fn number(&mut self) -> Result<NodeKind, ParseFault> {
        let rest = self.rest();
        let length = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')))
            .unwrap_or(rest.len());
        let text = &rest[..length];
        let plain = text.strip_prefix('+').unwrap_or(text);
        let kind = if let Ok(int) = plain.parse::<i64>() {
            Some(NodeKind::Int(int))
        } else if let Some(hex) = plain.strip_prefix("0x").or_else(|| plain.strip_prefix("0X")) {
            i64::from_str_radix(hex, 16).ok().map(NodeKind::Int)
        } else if plain.bytes().any(|b| b.is_ascii_digit()) {
            plain.parse::<f64>().ok().filter(|float| float.is_finite()).map(NodeKind::Float)
        } else {
            None
        };
        match kind {
            Some(kind) => {
                self.at += length;
                Ok(kind)
            }
            None => {
                let shown: String = text.chars().take(40).collect();
                let mut fault =
                    self.fault(format!("`{shown}` is not a number"), Some("text stands in double quotes"));
                fault.span = Span::new(self.at, self.at + length);
                Err(fault)
            }
        }
    }

    fn string(&mut self, quote: u8) -> Result<Arc<str>, ParseFault> {
        let open = self.at;
        self.at += 1;
        let body = self.rest();
        let stop = body.bytes().position(|b| b == quote || b == b'\\');
        match stop {
            Some(end) if body.as_bytes()[end] == quote => {
                let text = body[..end].into();
                self.at += end + 1;
                return Ok(text);
            }
            None => return Err(unclosed(open)),
            Some(_) => {}
        }
        let mut out = String::new();
        let mut units = Units::new(body);
        loop {
            match units.next(quote) {
                Unit::Char(c) => out.push(c),
                Unit::End => {
                    self.at += units.at;
                    return Ok(out.into());
                }
                Unit::Missing => return Err(unclosed(open)),
                Unit::Unknown(length) => {
                    let at = self.at + units.at;
                    return Err(ParseFault {
                        message: "unknown escape in a string".into(),
                        span: Span::new(at, at + length),
                        hint: Some("write a backslash as `\\\\`"),
                    });
                }
            }
        }
    }
}

fn unclosed(open: usize) -> ParseFault {
    ParseFault {
        message: "the string is not closed".into(),
        span: Span::new(open, open + 1),
        hint: Some("add the missing quote"),
    }
}

enum Unit {
    Char(char),
    End,
    Missing,
    Unknown(usize),
}

/// Reads the characters of a string's body one by one, escapes resolved.
struct Units<'a> {
    body: &'a str,
    at: usize,
}

impl<'a> Units<'a> {
    fn new(body: &'a str) -> Self {
        Self { body, at: 0 }
    }

    fn next(&mut self, quote: u8) -> Unit {
        let Some(c) = self.body[self.at..].chars().next() else { return Unit::Missing };
        if c == char::from(quote) {
            self.at += 1;
            return Unit::End;
        }
        if c != '\\' {
            self.at += c.len_utf8();
            return Unit::Char(c);
        }
        let Some(escape) = self.body[self.at + 1..].chars().next() else { return Unit::Missing };
        let plain = match escape {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '"' | '\'' | '\\' | '/' => escape,
            '\n' => '\n',
            'u' => return self.unicode(),
            _ => return Unit::Unknown(1 + escape.len_utf8()),
        };
        self.at += 1 + escape.len_utf8();
        Unit::Char(plain)
    }

    fn unicode(&mut self) -> Unit {
        let Some(first) = self.hex(self.at) else { return Unit::Unknown(2) };
        self.at += 6;
        if (0xd800..0xdc00).contains(&first)
            && let Some(second) = self.hex(self.at)
            && (0xdc00..0xe000).contains(&second)
        {
            self.at += 6;
            let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            return Unit::Char(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        Unit::Char(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// The value of a `\uXXXX` at `at`.
    fn hex(&self, at: usize) -> Option<u32> {
        let digits = self.body.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(digits, 16).ok()
    }
}

/// The offset in `raw` (a string with its quotes) of the character at `decoded` bytes of its decoded text.
pub(super) fn raw_offset(raw: &str, decoded: usize) -> usize {
    let Some(quote @ (b'"' | b'\'')) = raw.bytes().next() else { return 0 };
    let mut units = Units::new(&raw[1..]);
    let mut seen = 0;
    while seen < decoded {
        match units.next(quote) {
            Unit::Char(c) => seen += c.len_utf8(),
            Unit::End | Unit::Missing | Unit::Unknown(_) => return raw.len().saturating_sub(1),
        }
    }
    1 + units.at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        match parse(text) {
            Ok(node) => crate::value::Value::from_node(&node).to_string(),
            Err(fault) => format!("{} at {}", fault.message, fault.span.start),
        }
    }

    #[test]
    fn reads_what_the_service_reads() {
        assert_eq!(
            check("// head\n{ 'a': 1, /* b */ b: [1, 2,], \"c\": \"x\ny\", }"),
            "{\"a\":1,\"b\":[1,2],\"c\":\"x\\ny\"}"
        );
        assert_eq!(check("1.5"), "1.5");
        assert_eq!(check("0x10"), "16");
        assert_eq!(check("\"\\ud83d\\ude00\""), "\"😀\"");
        assert_eq!(check("\"\\ud83d\""), "\"\u{fffd}\"");
        assert_eq!(check("{\"a\":1,\"a\":2,\"A\":3}"), "{\"a\":2,\"A\":3}");
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(check("{\"a\" 1}"), "expected `:` after the name `a` at 5");
        assert_eq!(check("[1 2]"), "expected `,` or `]` after an item at 3");
        assert_eq!(check("{\"a\": True}"), "expected a value, found `True` at 6");
        assert_eq!(check("\"abc"), "the string is not closed at 0");
        assert_eq!(check("/* x"), "the comment is not closed at 0");
        assert_eq!(check(""), "the document ends where a value is expected at 0");
        assert_eq!(check("1 1"), "unexpected text after the end of the document at 2");
        assert_eq!(check("-"), "`-` is not a number at 0");
    }

    #[test]
    fn depth_is_bounded() {
        let deep = "[".repeat(100_000);
        assert!(check(&deep).starts_with("values are nested deeper"));
    }
}
