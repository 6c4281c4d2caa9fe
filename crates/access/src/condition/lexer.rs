//! Tokens of the condition language.

use super::error::ConditionError;

/// A token and the bytes it covers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind<'a>,
    pub(super) span: (usize, usize),
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum TokenKind<'a> {
    OpenParenthesis,
    CloseParenthesis,
    OpenBrace,
    CloseBrace,
    Comma,
    Colon,
    And,
    Or,
    Not,
    /// A name: an operator, a function, `true`.
    Word(&'a str),
    /// What stands between the quotes, escapes untouched.
    Text(&'a str),
    Number(f64),
    /// A GUID without quotes, as conditions on delegated role assignments have them.
    Guid(&'a str),
    /// `@Source[name]`
    Attribute {
        source: &'a str,
        name: &'a str,
    },
    End,
}

impl TokenKind<'_> {
    /// The token as an error message shows it.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::OpenParenthesis => "`(`".to_owned(),
            Self::CloseParenthesis => "`)`".to_owned(),
            Self::OpenBrace => "`{`".to_owned(),
            Self::CloseBrace => "`}`".to_owned(),
            Self::Comma => "`,`".to_owned(),
            Self::Colon => "`:`".to_owned(),
            Self::And => "`AND`".to_owned(),
            Self::Or => "`OR`".to_owned(),
            Self::Not => "`NOT`".to_owned(),
            Self::Word(word) => format!("`{word}`"),
            Self::Text(_) => "a text".to_owned(),
            Self::Number(_) => "a number".to_owned(),
            Self::Guid(guid) => format!("`{guid}`"),
            Self::Attribute { source, .. } => format!("`@{source}[…]`"),
            Self::End => "the end of the condition".to_owned(),
        }
    }
}

/// Reads the tokens of a condition one by one.
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The next token; `End` for ever after the last.
    pub(super) fn next(&mut self) -> Result<Token<'a>, ConditionError> {
        self.at = self.text.len() - self.rest().trim_start().len();
        let start = self.at;
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Ok(Token { kind: TokenKind::End, span: (start, start) });
        };
        if let Some(guid) = guid(rest) {
            self.at = start + GUID_BYTES;
            return Ok(Token { kind: TokenKind::Guid(guid), span: (start, self.at) });
        }
        let (kind, length) = match first {
            '(' => (TokenKind::OpenParenthesis, 1),
            ')' => (TokenKind::CloseParenthesis, 1),
            '{' => (TokenKind::OpenBrace, 1),
            '}' => (TokenKind::CloseBrace, 1),
            ',' => (TokenKind::Comma, 1),
            ':' => (TokenKind::Colon, 1),
            '!' => (TokenKind::Not, 1),
            '&' if rest.starts_with("&&") => (TokenKind::And, 2),
            '|' if rest.starts_with("||") => (TokenKind::Or, 2),
            '\'' => self.quoted()?,
            '@' => self.attribute()?,
            '-' | '0'..='9' => self.number()?,
            letter if letter.is_ascii_alphabetic() => word(rest),
            other => {
                return Err(ConditionError::new(
                    "condition-unexpected-character",
                    format!("`{other}` has no meaning here"),
                    (start, start + other.len_utf8()),
                ));
            }
        };
        self.at = start + length;
        Ok(Token { kind, span: (start, self.at) })
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// A text: a backslash keeps the character after it from ending it.
    fn quoted(&self) -> Result<(TokenKind<'a>, usize), ConditionError> {
        let inner = &self.rest()[1..];
        let mut escaped = false;
        for (at, character) in inner.char_indices() {
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '\'' => return Ok((TokenKind::Text(&inner[..at]), at + 2)),
                _ => {}
            }
        }
        let error =
            ConditionError::new("condition-open-text", "the text is not closed", (self.at, self.text.len()));
        Err(error.hint("end it with `'`; write `\\'` for a quote within"))
    }

    fn attribute(&self) -> Result<(TokenKind<'a>, usize), ConditionError> {
        let rest = &self.rest()[1..];
        let source_length = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (source, tail) = rest.split_at(source_length);
        let end = self.at + 1 + source_length;
        let Some(tail) = tail.strip_prefix('[') else {
            return Err(ConditionError::new(
                "condition-attribute",
                format!("`@{source}` is not followed by an attribute"),
                (self.at, end),
            )
            .hint("write the attribute in brackets: `@Resource[name]`"));
        };
        let Some(length) = tail.find(']') else {
            return Err(ConditionError::new(
                "condition-attribute",
                "the attribute is not closed by `]`",
                (self.at, self.text.len()),
            ));
        };
        let name = tail[..length].trim();
        if name.is_empty() {
            let span = (self.at, end + length + 2);
            return Err(ConditionError::new("condition-attribute", "the attribute has no name", span));
        }
        Ok((TokenKind::Attribute { source, name }, 1 + source_length + length + 2))
    }

    fn number(&self) -> Result<(TokenKind<'a>, usize), ConditionError> {
        let rest = self.rest();
        let length =
            rest[1..].find(|c: char| !(c.is_ascii_digit() || c == '.')).map_or(rest.len(), |at| at + 1);
        let text = &rest[..length];
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() && !text.ends_with('.') => {
                Ok((TokenKind::Number(number), length))
            }
            _ => Err(ConditionError::new(
                "condition-number",
                format!("`{text}` is no number"),
                (self.at, self.at + length),
            )),
        }
    }
}

const GUID_BYTES: usize = 36;

/// The GUID at the start of `rest`.
fn guid(rest: &str) -> Option<&str> {
    let (guid, tail) = rest.split_at_checked(GUID_BYTES)?;
    let fits = guid.bytes().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    let ends = !tail.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    (fits && ends).then_some(guid)
}

fn word(rest: &str) -> (TokenKind<'_>, usize) {
    let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
    let word = &rest[..length];
    let kind = if word.eq_ignore_ascii_case("and") {
        TokenKind::And
    } else if word.eq_ignore_ascii_case("or") {
        TokenKind::Or
    } else if word.eq_ignore_ascii_case("not") {
        TokenKind::Not
    } else {
        TokenKind::Word(word)
    };
    (kind, length)
}
