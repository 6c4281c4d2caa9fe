//! Tokens of the expression language.

use std::sync::Arc;

use super::{ExpressionError, Fault};
use crate::json::Span;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Text(Arc<str>),
    Int(i64),
    Float(f64),
    Name(Arc<str>),
    OpenParen,
    CloseParen,
    OpenBracket,
    CloseBracket,
    Comma,
    Dot,
    Question,
    End,
}

impl Token {
    /// How a message calls the token.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Text(_) => "a string".to_owned(),
            Self::Int(_) | Self::Float(_) => "a number".to_owned(),
            Self::Name(name) => format!("`{name}`"),
            Self::OpenParen => "`(`".to_owned(),
            Self::CloseParen => "`)`".to_owned(),
            Self::OpenBracket => "`[`".to_owned(),
            Self::CloseBracket => "`]`".to_owned(),
            Self::Comma => "`,`".to_owned(),
            Self::Dot => "`.`".to_owned(),
            Self::Question => "`?`".to_owned(),
            Self::End => "the end of the expression".to_owned(),
        }
    }
}

pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    end: usize,
}

impl<'a> Lexer<'a> {
    /// Reads the bytes `from..end` of `text`; spans count from the start of `text`.
    pub(super) fn new(text: &'a str, from: usize, end: usize) -> Self {
        Self { text, at: from, end }
    }

    pub(super) fn next(&mut self) -> Result<(Token, Span), ExpressionError> {
        let rest = &self.text[self.at..self.end];
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        let start = self.at;
        let Some(first) = trimmed.chars().next() else {
            return Ok((Token::End, Span::new(self.end, self.end)));
        };
        let single = match first {
            '(' => Some(Token::OpenParen),
            ')' => Some(Token::CloseParen),
            '[' => Some(Token::OpenBracket),
            ']' => Some(Token::CloseBracket),
            ',' => Some(Token::Comma),
            '.' => Some(Token::Dot),
            '?' => Some(Token::Question),
            _ => None,
        };
        if let Some(token) = single {
            self.at += 1;
            return Ok((token, Span::new(start, self.at)));
        }
        let token = match first {
            '\'' => self.text(trimmed)?,
            '0'..='9' | '-' | '+' => self.number(trimmed)?,
            c if is_name_start(c) => {
                let length = trimmed.find(|c| !is_name_part(c)).unwrap_or(trimmed.len());
                self.at += length;
                Token::Name(trimmed[..length].into())
            }
            other => {
                let span = Span::new(start, start + other.len_utf8());
                let fault = Fault::new(format!("unexpected character `{other}`")).with_code("arm-syntax");
                return Err(match other {
                    '"' => fault.with_hint("strings inside expressions take single quotes"),
                    '=' | '!' | '<' | '>' | '&' | '|' | '*' | '/' | '%' => fault.with_hint(
                        "there are no operators; call a function such as `equals`, `not` or `add`",
                    ),
                    _ => fault,
                }
                .at(span));
            }
        };
        Ok((token, Span::new(start, self.at)))
    }

    /// A string in single quotes; two quotes stand for one.
    fn text(&mut self, trimmed: &str) -> Result<Token, ExpressionError> {
        let start = self.at;
        let mut out = String::new();
        let mut rest = &trimmed[1..];
        self.at += 1;
        loop {
            let Some(quote) = rest.find('\'') else {
                let fault = Fault::new("the string is not closed").with_code("arm-syntax");
                let fault =
                    fault.with_hint("add the missing single quote; write a quote inside a string twice");
                return Err(fault.at(Span::new(start, self.end)));
            };
            out.push_str(&rest[..quote]);
            self.at += quote + 1;
            rest = &rest[quote + 1..];
            if !rest.starts_with('\'') {
                return Ok(Token::Text(out.into()));
            }
            out.push('\'');
            self.at += 1;
            rest = &rest[1..];
        }
    }

    fn number(&mut self, trimmed: &str) -> Result<Token, ExpressionError> {
        let sign = usize::from(trimmed.starts_with(['-', '+']));
        let digits = trimmed[sign..].find(|c: char| !c.is_ascii_digit()).unwrap_or(trimmed.len() - sign);
        let mut length = sign + digits;
        let mut is_float = false;
        if let Some(fraction) = trimmed[length..].strip_prefix('.') {
            let decimals = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len());
            if decimals > 0 {
                length += 1 + decimals;
                is_float = true;
            }
        }
        let written = &trimmed[..length];
        let span = Span::new(self.at, self.at + length.max(1));
        self.at += length;
        let bad = || Fault::new(format!("`{written}` is not a number")).with_code("arm-syntax").at(span);
        if digits == 0 {
            return Err(bad());
        }
        let plain = written.strip_prefix('+').unwrap_or(written);
        if is_float {
            return plain.parse().map(Token::Float).map_err(|_| bad());
        }
        plain.parse().map(Token::Int).map_err(|_| {
            let fault = Fault::new(format!("the number `{written}` does not fit into 64 bits"));
            fault.with_code("arm-syntax").at(span)
        })
    }
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '$' || c == '#'
}

fn is_name_part(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '#' | '-')
}
