//! From text to [`Expression`].

use std::sync::Arc;

use super::lexer::{Lexer, Token};
use super::{Call, Expression, ExpressionError, ExpressionKind, Fault};
use crate::functions;
use crate::json::Span;
use crate::value::{Kind, Value};

/// Deepest nesting of calls and indexes in one expression.
const MAX_DEPTH: usize = 100;
/// Longest chain of accesses after one value: `a.b.c[0]…`.
const MAX_CHAIN: usize = 100;
/// Most characters of one expression (the service's own limit is 24,576).
const MAX_LENGTH: usize = 128 * 1024;

/// Whether a string of a template is an expression: in brackets, and not escaped by a second opening one.
pub fn is_expression(text: &str) -> bool {
    text.len() >= 2 && text.starts_with('[') && text.ends_with(']') && !text.starts_with("[[")
}

/// The literal that a string of a template stands for, if it is no expression: `[[` at its start is one bracket.
pub fn unescape(text: &str) -> &str {
    if text.starts_with("[[") { &text[1..] } else { text }
}

/// Parses a string of a template for which [`is_expression`] holds. Spans count from the start of `text`.
///
/// # Errors
/// The first fault of syntax (`arm-syntax`) with its place and a hint.
pub fn parse(text: &str) -> Result<Expression, ExpressionError> {
    let whole = Span::new(0, text.len());
    if !is_expression(text) {
        return Err(Fault::new("an expression stands in brackets").with_code("arm-syntax").at(whole));
    }
    if text.len() > MAX_LENGTH {
        let fault = Fault::limit(format!("the expression is longer than {MAX_LENGTH} characters"));
        return Err(fault.at(whole));
    }
    let mut lexer = Lexer::new(text, 1, text.len() - 1);
    let (token, span) = lexer.next()?;
    let mut parser = Parser { lexer, token, span, depth: 0 };
    let expression = parser.expression()?;
    if parser.token != Token::End {
        let fault = Fault::new(format!("unexpected {} after the expression", parser.token.describe()));
        let fault = match parser.token {
            Token::CloseParen => fault.with_hint("there is one `)` too many"),
            Token::CloseBracket => fault.with_hint("there is one `]` too many"),
            _ => fault.with_hint("one string holds one expression; join texts with `concat` or `format`"),
        };
        return Err(fault.with_code("arm-syntax").at(parser.span));
    }
    Ok(expression)
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token,
    span: Span,
    depth: usize,
}

impl Parser<'_> {
    fn advance(&mut self) -> Result<(Token, Span), ExpressionError> {
        let (token, span) = self.lexer.next()?;
        Ok((std::mem::replace(&mut self.token, token), std::mem::replace(&mut self.span, span)))
    }

    fn expected(&self, what: &str) -> ExpressionError {
        let fault = Fault::new(format!("expected {what}, found {}", self.token.describe()));
        let fault = fault.with_code("arm-syntax");
        match self.token {
            Token::End if what.contains("`)`") => fault.with_hint("add the missing `)`"),
            Token::End if what.contains("`]`") => fault.with_hint("add the missing `]`"),
            Token::CloseParen if what.contains("`,`") => {
                fault.with_hint("write the argument, or remove the comma")
            }
            Token::Name(_) | Token::Text(_) if what.contains("`)`") => {
                fault.with_hint("separate arguments with `,`; a quote inside a string is written twice")
            }
            _ if what.contains("name after `.`") => fault.with_hint("write one `.` and the name after it"),
            _ => fault,
        }
        .at(self.span)
    }

    fn expression(&mut self) -> Result<Expression, ExpressionError> {
        if self.depth == MAX_DEPTH {
            let fault = Fault::limit(format!("the expression is nested deeper than {MAX_DEPTH} levels"));
            return Err(fault.at(self.span));
        }
        self.depth += 1;
        let mut expression = self.primary()?;
        let mut chain = 0;
        while matches!(self.token, Token::Dot | Token::OpenBracket) {
            chain += 1;
            if chain > MAX_CHAIN {
                let fault = Fault::limit(format!("more than {MAX_CHAIN} accesses follow one value"));
                return Err(fault.at(self.span));
            }
            expression = self.access(expression)?;
        }
        self.depth -= 1;
        Ok(expression)
    }

    fn access(&mut self, base: Expression) -> Result<Expression, ExpressionError> {
        let start = base.span;
        let base = Box::new(base);
        let (opening, _) = self.advance()?;
        let is_safe = self.token == Token::Question;
        if is_safe {
            self.advance()?;
        }
        if opening == Token::Dot {
            let Token::Name(name) = self.token.clone() else {
                return Err(self.expected("a property name after `.`"));
            };
            let (_, span) = self.advance()?;
            return Ok(Expression {
                kind: ExpressionKind::Member { base, name, is_safe },
                span: start.to(span),
            });
        }
        let index = Box::new(self.expression()?);
        if self.token != Token::CloseBracket {
            return Err(self.expected("`]` after the index"));
        }
        let (_, span) = self.advance()?;
        Ok(Expression { kind: ExpressionKind::Index { base, index, is_safe }, span: start.to(span) })
    }

    fn primary(&mut self) -> Result<Expression, ExpressionError> {
        let value = match &self.token {
            Token::Text(text) => Value::string(text.clone()),
            Token::Int(int) => Value::int(*int),
            Token::Float(float) => Value::new(Kind::Float(*float)),
            Token::Name(name) => {
                let name = name.clone();
                return self.call(name);
            }
            _ => return Err(self.expected("a string, a number or a function call")),
        };
        let (_, span) = self.advance()?;
        Ok(Expression { kind: ExpressionKind::Literal(value), span })
    }

    fn call(&mut self, first: Arc<str>) -> Result<Expression, ExpressionError> {
        let (_, mut name_span) = self.advance()?;
        let start = name_span;
        let mut namespace = None;
        let mut name = first;
        if self.token == Token::Dot {
            self.advance()?;
            let Token::Name(member) = self.token.clone() else {
                return Err(self.expected("a function name after `.`"));
            };
            (_, name_span) = self.advance()?;
            namespace = Some(name);
            name = member;
        }
        if self.token != Token::OpenParen {
            let fault = Fault::new(format!("expected `(` after `{name}`, found {}", self.token.describe()));
            let fault = fault.with_code("arm-syntax");
            let hint = if functions::find(&name.to_ascii_lowercase()).is_some() {
                format!("write `{name}()`")
            } else {
                format!("write `parameters('{name}')`, `variables('{name}')`, or `'{name}'` for text")
            };
            return Err(fault.with_hint(hint).at(start.to(name_span)));
        }
        self.advance()?;
        let mut arguments = Vec::new();
        while self.token != Token::CloseParen {
            arguments.push(self.expression()?);
            match self.token {
                Token::Comma => {
                    self.advance()?;
                    if self.token == Token::CloseParen {
                        return Err(self.expected("an argument after `,`"));
                    }
                }
                Token::CloseParen => {}
                _ => return Err(self.expected("`,` or `)` in the arguments")),
            }
        }
        let (_, end) = self.advance()?;
        let key: Arc<str> = name.to_ascii_lowercase().into();
        let builtin = if namespace.is_none() { functions::find(&key) } else { None };
        let call = Call { namespace, name, key, name_span: start.to(name_span), arguments, builtin };
        Ok(Expression { kind: ExpressionKind::Call(Box::new(call)), span: start.to(end) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let shown = match parse(text) {
            Ok(expression) => expression.to_string(),
            Err(error) => {
                let part = &text[error.span.start as usize..error.span.end as usize];
                format!("{} @ {part}", error.message)
            }
        };
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn accepts_the_grammar() {
        check("[ concat( 'it''s', 1 ,-2) ]", "concat('it''s', 1, -2)");
        check("[variables('a')[add(1,2)].b.?c[?'d']]", "variables('a')[add(1, 2)].b.?c[?'d']");
        check("[contoso.name('x').y]", "contoso.name('x').y");
        check("[lambda('x', lambdaVariables('x'))]", "lambda('x', lambdaVariables('x'))");
        check("['text']", "'text'");
        check("[if(\n true(),\n 1, 2)]", "if(true(), 1, 2)");
    }

    #[test]
    fn points_at_what_is_wrong() {
        check(
            "[concat('a', 'b']",
            "expected `,` or `)` in the arguments, found the end of the expression @ ",
        );
        check("[concat('a')) ]", "unexpected `)` after the expression @ )");
        check("[parameters(name)]", "expected `(` after `name`, found `)` @ name");
        check("[concat(\"a\")]", "unexpected character `\"` @ \"");
        check("[concat('a]", "the string is not closed @ 'a");
        check("[1 + 2]", "`+` is not a number @ +");
        check("[a.b]", "expected `(` after `b`, found the end of the expression @ a.b");
        check("[x(1,)]", "expected an argument after `,`, found `)` @ )");
        check(
            "[99999999999999999999]",
            "the number `99999999999999999999` does not fit into 64 bits @ 99999999999999999999",
        );
        check("[]", "expected a string, a number or a function call, found the end of the expression @ ");
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("[{}1{}]", "a(".repeat(5000), ")".repeat(5000));
        assert!(parse(&deep).err().unwrap().message.contains("nested deeper"));
        let chain = format!("[a(){}]", ".b".repeat(5000));
        assert!(parse(&chain).err().unwrap().message.contains("accesses"));
    }
}
