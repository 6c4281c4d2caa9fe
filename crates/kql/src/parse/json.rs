//! The content of `dynamic(…)`: JSON, and scalar literals of the language.

use super::cursor::Parser;
use crate::syntax::TokenKind;
use crate::types::ScalarType;
use crate::values::{Dynamic, Literal, parse_timespan, parse_typed};

impl Parser<'_> {
    pub(super) fn json(&mut self) -> Dynamic {
        self.nested(Self::json_inner).unwrap_or(Dynamic::Null)
    }

    fn json_inner(&mut self) -> Dynamic {
        match self.kind() {
            TokenKind::LBracket => {
                self.bump();
                Dynamic::Array(self.list(TokenKind::RBracket, "]", false, Self::json))
            }
            TokenKind::LBrace => {
                self.bump();
                Dynamic::Bag(self.list(TokenKind::RBrace, "}", false, Self::member_of_bag))
            }
            TokenKind::String => Dynamic::String(self.strings()),
            TokenKind::Minus | TokenKind::Plus => {
                let is_minus = self.bump().kind == TokenKind::Minus;
                match self.json_scalar() {
                    Dynamic::Long(value) if is_minus => Dynamic::Long(value.wrapping_neg()),
                    Dynamic::Real(value) if is_minus => Dynamic::Real(-value),
                    Dynamic::Timespan(value) if is_minus => Dynamic::Timespan(value.wrapping_neg()),
                    value => value,
                }
            }
            _ => self.json_scalar(),
        }
    }

    fn member_of_bag(&mut self) -> (String, Dynamic) {
        if !self.at(TokenKind::String) {
            self.expected("a key in quotes");
            self.recover();
            return (String::new(), Dynamic::Null);
        }
        let key = self.strings();
        self.expect(TokenKind::Colon, ":");
        (key, self.json())
    }

    fn json_scalar(&mut self) -> Dynamic {
        let token = self.token();
        let text = self.text_of(token);
        let value = match token.kind {
            TokenKind::Long => match parse_typed(ScalarType::Long, text) {
                Some(Literal::Long(Some(value))) => Some(Dynamic::Long(value)),
                _ => text.parse().ok().map(Dynamic::Real),
            },
            TokenKind::Real => text.parse().ok().map(Dynamic::Real),
            TokenKind::Timespan => parse_timespan(text).map(Dynamic::Timespan),
            TokenKind::TypedLiteral => self.typed_in_json(text),
            TokenKind::Ident if text == "dynamic" && self.peek(1).kind == TokenKind::LParen => {
                self.skip(2);
                let value = self.json();
                self.expect(TokenKind::RParen, ")");
                return value;
            }
            TokenKind::Ident => match text {
                "null" => Some(Dynamic::Null),
                "true" | "True" | "TRUE" => Some(Dynamic::Bool(true)),
                "false" | "False" | "FALSE" => Some(Dynamic::Bool(false)),
                _ => None,
            },
            _ => None,
        };
        match value {
            Some(value) => {
                self.bump();
                value
            }
            None => {
                self.expected("a JSON value");
                Dynamic::Null
            }
        }
    }

    fn typed_in_json(&mut self, text: &str) -> Option<Dynamic> {
        let (keyword, content) = text.split_once('(')?;
        let ty = crate::syntax::typed_literal_keyword(keyword)?;
        Some(match parse_typed(ty, content.strip_suffix(')').unwrap_or(content))? {
            Literal::Bool(value) => value.map_or(Dynamic::Null, Dynamic::Bool),
            Literal::Int(value) => value.map_or(Dynamic::Null, |value| Dynamic::Long(value.into())),
            Literal::Long(value) => value.map_or(Dynamic::Null, Dynamic::Long),
            Literal::Real(value) => value.map_or(Dynamic::Null, Dynamic::Real),
            Literal::Decimal(value) => {
                value.and_then(|text| text.parse().ok()).map_or(Dynamic::Null, Dynamic::Real)
            }
            Literal::Datetime(value) => value.map_or(Dynamic::Null, Dynamic::Datetime),
            Literal::Timespan(value) => value.map_or(Dynamic::Null, Dynamic::Timespan),
            Literal::Guid(value) => value.map_or(Dynamic::Null, Dynamic::Guid),
            Literal::String(value) => Dynamic::String(value),
            Literal::Dynamic(value) => value,
        })
    }
}
