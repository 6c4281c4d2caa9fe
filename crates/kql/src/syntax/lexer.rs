//! From text to tokens.

use super::{Span, TIMESPAN_UNITS, Token, TokenKind, typed_literal_keyword};

/// The tokens of `text`, white space and comments included. Their spans follow each other without a gap; the last
/// one is an empty [`TokenKind::Eof`]. Texts of 4 GiB and more are cut.
pub fn lex(text: &str) -> Vec<Token> {
    let text = text.get(..u32::MAX as usize - 1).unwrap_or(text);
    let mut tokens = Vec::with_capacity(text.len() / 4 + 1);
    let mut at = 0;
    while at < text.len() {
        let (kind, length, is_broken) = next(text, at);
        let end = at + length.max(1);
        tokens.push(Token { kind, span: Span::new(at as u32, end as u32), is_broken });
        at = end;
    }
    tokens.push(Token { kind: TokenKind::Eof, span: Span::empty(at as u32), is_broken: false });
    tokens
}

fn next(text: &str, at: usize) -> (TokenKind, usize, bool) {
    use TokenKind as T;
    let rest = &text[at..];
    let bytes = rest.as_bytes();
    let whole = |kind, length| (kind, length, false);
    match bytes[0] {
        b' ' | b'\t' | b'\r' | b'\n' => whole(T::Whitespace, run(rest, char::is_whitespace)),
        b'/' if bytes.get(1) == Some(&b'/') => whole(T::Comment, line(rest)),
        b'#' if text[..at]
            .bytes()
            .rev()
            .find(|byte| !matches!(byte, b' ' | b'\t'))
            .is_none_or(|byte| byte == b'\n') =>
        {
            whole(T::Directive, line(rest))
        }
        b'"' | b'\'' => quoted(rest, 0, false),
        b'`' if rest.starts_with("```") => fenced(rest, 0, "```"),
        b'~' if rest.starts_with("~~~") => fenced(rest, 0, "~~~"),
        b'@' if matches!(bytes.get(1), Some(b'"' | b'\'')) => quoted(rest, 1, true),
        b'h' | b'H' if matches!(bytes.get(1), Some(b'"' | b'\'')) => quoted(rest, 1, false),
        b'h' | b'H' if bytes.get(1) == Some(&b'@') && matches!(bytes.get(2), Some(b'"' | b'\'')) => {
            quoted(rest, 2, true)
        }
        b'h' | b'H' if rest[1..].starts_with("```") => fenced(rest, 1, "```"),
        b'h' | b'H' if rest[1..].starts_with("~~~") => fenced(rest, 1, "~~~"),
        b'0'..=b'9' => number(rest),
        b'_' | b'$' | b'a'..=b'z' | b'A'..=b'Z' => word(rest),
        byte if byte < 0x80 => {
            let (kind, length) = punctuation(bytes);
            whole(kind, length)
        }
        _ => {
            let first = rest.chars().next().unwrap_or(' ');
            if first.is_alphabetic() {
                word(rest)
            } else if first.is_whitespace() || matches!(first, '\u{feff}' | '\u{200b}') {
                whole(T::Whitespace, first.len_utf8())
            } else {
                whole(T::Unknown, first.len_utf8())
            }
        }
    }
}

fn run(text: &str, accept: impl Fn(char) -> bool) -> usize {
    text.find(|character| !accept(character)).unwrap_or(text.len())
}

fn line(text: &str) -> usize {
    run(text, |character| character != '\n' && character != '\r')
}

fn is_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

fn word(text: &str) -> (TokenKind, usize, bool) {
    let first = text.chars().next().map_or(0, char::len_utf8);
    let length = first + run(&text[first..], is_word);
    if text[length..].starts_with('(') && typed_literal_keyword(&text[..length]).is_some() {
        return match text[length..].find(')') {
            Some(close) => (TokenKind::TypedLiteral, length + close + 1, false),
            None => (TokenKind::TypedLiteral, length + line(&text[length..]), true),
        };
    }
    (TokenKind::Ident, length, false)
}

/// A number, a timespan, or a name that begins with digits.
fn number(text: &str) -> (TokenKind, usize, bool) {
    let bytes = text.as_bytes();
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        let digits = run(hex, |character| character.is_ascii_hexdigit());
        if digits > 0 && run(&hex[digits..], is_word) == 0 {
            return (TokenKind::Long, 2 + digits, false);
        }
    }
    let digits = |from: usize| run(&text[from..], |character| character.is_ascii_digit());
    let whole = digits(0);
    let mut end = whole;
    let mut kind = TokenKind::Long;
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1) != Some(&b'.') {
        let fraction = digits(end + 1);
        let after = text[end + 1..].chars().next();
        // `1.` and `1.5` are numbers, `1.e5` too; `1.name` is not.
        if fraction > 0 || !after.is_some_and(|next| is_word(next) && !matches!(next, 'e' | 'E')) {
            end += 1 + fraction;
            kind = TokenKind::Real;
        }
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        let after = end + 1 + sign + exponent;
        if exponent > 0 && run(&text[after..], is_word) == 0 {
            return (TokenKind::Real, after, false);
        }
    }
    let suffix = run(&text[end..], is_word);
    if suffix == 0 {
        return (kind, end, false);
    }
    if TIMESPAN_UNITS.iter().any(|(unit, _)| *unit == &text[end..end + suffix]) {
        return (TokenKind::Timespan, end + suffix, false);
    }
    (TokenKind::Ident, whole + run(&text[whole..], is_word), false)
}

/// A string on one line; `lead` bytes stand before its quote.
fn quoted(text: &str, lead: usize, is_verbatim: bool) -> (TokenKind, usize, bool) {
    let bytes = text.as_bytes();
    let quote = bytes[lead];
    let mut at = lead + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\n' | b'\r' if !is_verbatim => break,
            b'\\' if !is_verbatim && !matches!(bytes.get(at + 1), None | Some(b'\n' | b'\r')) => {
                // The escaped character may be longer than a byte; its tail is ordinary text.
                at += 2;
            }
            byte if *byte == quote => {
                if is_verbatim && bytes.get(at + 1) == Some(&quote) {
                    at += 2;
                } else {
                    return (TokenKind::String, at + 1, false);
                }
            }
            _ => at += 1,
        }
    }
    let mut end = if is_verbatim { line(text) } else { at.min(text.len()) };
    while !text.is_char_boundary(end) {
        end += 1;
    }
    (TokenKind::String, end, true)
}

/// A string over several lines between two fences.
fn fenced(text: &str, lead: usize, fence: &str) -> (TokenKind, usize, bool) {
    let body = lead + fence.len();
    match text[body..].find(fence) {
        Some(length) => (TokenKind::String, body + length + fence.len(), false),
        None => (TokenKind::String, text.len(), true),
    }
}

fn punctuation(bytes: &[u8]) -> (TokenKind, usize) {
    use TokenKind as T;
    match (bytes[0], bytes.get(1)) {
        (b'.', Some(b'.')) => (T::DotDot, 2),
        (b'=', Some(b'=')) => (T::EqEq, 2),
        (b'=', Some(b'~')) => (T::EqTilde, 2),
        (b'=', Some(b'>')) => (T::FatArrow, 2),
        (b'!', Some(b'=')) => (T::BangEq, 2),
        (b'!', Some(b'~')) => (T::BangTilde, 2),
        (b'<', Some(b'=')) => (T::LessEq, 2),
        (b'<', Some(b'>')) => (T::LessGreater, 2),
        (b'<', Some(b'|')) => (T::LessPipe, 2),
        (b'>', Some(b'=')) => (T::GreaterEq, 2),
        (b'(', _) => (T::LParen, 1),
        (b')', _) => (T::RParen, 1),
        (b'[', _) => (T::LBracket, 1),
        (b']', _) => (T::RBracket, 1),
        (b'{', _) => (T::LBrace, 1),
        (b'}', _) => (T::RBrace, 1),
        (b'|', _) => (T::Pipe, 1),
        (b';', _) => (T::Semicolon, 1),
        (b',', _) => (T::Comma, 1),
        (b'.', _) => (T::Dot, 1),
        (b':', _) => (T::Colon, 1),
        (b'=', _) => (T::Assign, 1),
        (b'<', _) => (T::Less, 1),
        (b'>', _) => (T::Greater, 1),
        (b'+', _) => (T::Plus, 1),
        (b'-', _) => (T::Minus, 1),
        (b'*', _) => (T::Star, 1),
        (b'/', _) => (T::Slash, 1),
        (b'%', _) => (T::Percent, 1),
        (b'!', _) => (T::Bang, 1),
        (b'~', _) => (T::Tilde, 1),
        (b'?', _) => (T::Question, 1),
        (b'@', _) => (T::At, 1),
        (b'\x0b' | b'\x0c', _) => (T::Whitespace, 1),
        _ => (T::Unknown, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(TokenKind, &str)]) {
        let tokens = lex(text);
        let joined: String = tokens.iter().map(|token| token.span.text(text)).collect();
        assert_eq!(joined, text);
        let got: Vec<_> = tokens
            .iter()
            .filter(|token| !token.kind.is_trivia() && token.kind != TokenKind::Eof)
            .map(|token| (token.kind, token.span.text(text)))
            .collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn numbers_timespans_and_names_that_look_like_them() {
        use TokenKind as T;
        check("1 1.5 1e3 0x1F", &[(T::Long, "1"), (T::Real, "1.5"), (T::Real, "1e3"), (T::Long, "0x1F")]);
        check("1d 2.5hours", &[(T::Timespan, "1d"), (T::Timespan, "2.5hours")]);
        check("4625_CL", &[(T::Ident, "4625_CL")]);
        check("1..5", &[(T::Long, "1"), (T::DotDot, ".."), (T::Long, "5")]);
        check("1. ", &[(T::Real, "1.")]);
    }

    #[test]
    fn strings_of_every_kind() {
        use TokenKind as T;
        check(r#""a\"b""#, &[(T::String, r#""a\"b""#)]);
        check(r"@'a\'", &[(T::String, r"@'a\'")]);
        check(r#"h@"a""b""#, &[(T::String, r#"h@"a""b""#)]);
        check("```a\n'b```", &[(T::String, "```a\n'b```")]);
    }

    #[test]
    fn typed_literals_are_one_token() {
        use TokenKind as T;
        check("datetime(2020-01-01 10:00)", &[(T::TypedLiteral, "datetime(2020-01-01 10:00)")]);
        check("datetime (x)", &[(T::Ident, "datetime"), (T::LParen, "("), (T::Ident, "x"), (T::RParen, ")")]);
    }

    #[test]
    fn what_is_not_ended_is_marked() {
        assert!(lex("'abc\nx")[0].is_broken);
        assert!(lex("datetime(2020")[0].is_broken);
    }
}
