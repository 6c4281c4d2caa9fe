//! The grammar:
//!
//! ```text
//! any     = all { ("OR" | "||") all }
//! all     = not { ("AND" | "&&") not }
//! not     = ("NOT" | "!") not | primary
//! primary = "(" any ")"
//!         | ("ActionMatches" | "SubOperationMatches") set
//!         | ("Exists" | "NotExists") attribute
//!         | operand [ quantifier ":" ] operator operand
//! operand = attribute | literal | set
//! set     = "{" [ literal { "," literal } ] "}"
//! ```

use super::MAX_CONDITION_BYTES;
use super::ast::{Attribute, Expression, Literal, Operand, Source};
use super::error::ConditionError;
use super::lexer::{Lexer, Token, TokenKind};
use super::operator::{Operator, Quantifier};

/// Parentheses and negations nested deeper are refused; people stop at five.
const MAX_NESTING: usize = 64;

impl Expression {
    /// Parses a condition.
    ///
    /// # Errors
    /// [`ConditionError`] with the place of the first mistake; also if the text is longer than 8 KB.
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        if text.len() > MAX_CONDITION_BYTES {
            return Err(ConditionError::new(
                "condition-too-long",
                format!("the condition has {} bytes; Azure accepts {MAX_CONDITION_BYTES}", text.len()),
                (0, text.len()),
            ));
        }
        let mut lexer = Lexer::new(text);
        let token = lexer.next()?;
        let mut parser = Parser { text, lexer, token, nesting: 0 };
        let expression = parser.any()?;
        match parser.token.kind {
            TokenKind::End => Ok(expression),
            _ => Err(parser.unexpected("`AND`, `OR` or the end of the condition")),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    /// The token to be read next.
    token: Token<'a>,
    nesting: usize,
}

impl<'a> Parser<'a> {
    fn advance(&mut self) -> Result<Token<'a>, ConditionError> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn expect(&mut self, kind: TokenKind<'_>) -> Result<(), ConditionError> {
        if self.token.kind != kind {
            return Err(self.unexpected(&kind.describe()));
        }
        self.advance().map(drop)
    }

    fn unexpected(&self, expected: &str) -> ConditionError {
        let found = self.token.kind.describe();
        ConditionError::new(
            "condition-unexpected",
            format!("expected {expected}, found {found}"),
            self.token.span,
        )
    }

    fn nested<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<T, ConditionError>,
    ) -> Result<T, ConditionError> {
        if self.nesting == MAX_NESTING {
            return Err(ConditionError::new(
                "condition-too-deep",
                format!("the condition is nested deeper than {MAX_NESTING} levels"),
                self.token.span,
            ));
        }
        self.nesting += 1;
        let result = parse(self);
        self.nesting -= 1;
        result
    }

    fn any(&mut self) -> Result<Expression, ConditionError> {
        let mut terms = vec![self.all()?];
        while self.token.kind == TokenKind::Or {
            self.advance()?;
            terms.push(self.all()?);
        }
        Ok(one_or(terms, Expression::Any))
    }

    fn all(&mut self) -> Result<Expression, ConditionError> {
        let mut terms = vec![self.not()?];
        while self.token.kind == TokenKind::And {
            self.advance()?;
            terms.push(self.not()?);
        }
        Ok(one_or(terms, Expression::All))
    }

    fn not(&mut self) -> Result<Expression, ConditionError> {
        if self.token.kind != TokenKind::Not {
            return self.primary();
        }
        self.advance()?;
        let inner = self.nested(Self::not)?;
        Ok(Expression::Not(Box::new(inner)))
    }

    fn primary(&mut self) -> Result<Expression, ConditionError> {
        match self.token.kind {
            TokenKind::OpenParenthesis => {
                self.advance()?;
                let inner = self.nested(Self::any)?;
                self.expect(TokenKind::CloseParenthesis)?;
                Ok(inner)
            }
            TokenKind::Word(word) if !is_bool(word) => self.function(word),
            _ => self.comparison(),
        }
    }

    fn function(&mut self, word: &str) -> Result<Expression, ConditionError> {
        let is = |name: &str| word.eq_ignore_ascii_case(name);
        if is("ActionMatches") {
            self.advance()?;
            self.arguments().map(Expression::ActionMatches)
        } else if is("SubOperationMatches") {
            self.advance()?;
            self.arguments().map(Expression::SubOperationMatches)
        } else if is("Exists") || is("NotExists") {
            self.advance()?;
            let TokenKind::Attribute { source, name } = self.token.kind else {
                return Err(self.unexpected("an attribute such as `@Resource[name]`"));
            };
            let attribute = self.attribute(source, name)?;
            self.advance()?;
            Ok(Expression::Exists { attribute, negated: is("NotExists") })
        } else {
            let error = ConditionError::new(
                "condition-function",
                format!("`{word}` is no function"),
                self.token.span,
            );
            Err(error.hint(
                "functions are `ActionMatches`, `SubOperationMatches`, `Exists` and `NotExists`; attributes \
                 begin with `@`, texts stand in single quotes",
            ))
        }
    }

    fn arguments(&mut self) -> Result<Vec<Literal>, ConditionError> {
        let brace = self.token.span;
        let literals = self.set()?;
        if literals.is_empty() || !literals.iter().all(|literal| matches!(literal, Literal::Text(_))) {
            let span = (brace.0, self.token.span.0);
            return Err(ConditionError::new("condition-function", "expected one or more texts", span));
        }
        Ok(literals)
    }

    fn comparison(&mut self) -> Result<Expression, ConditionError> {
        let left = self.operand()?;
        let mut quantifier = None;
        let TokenKind::Word(mut word) = self.token.kind else {
            return Err(self.unexpected("an operator such as `StringEquals`"));
        };
        let mut span = self.token.span;
        self.advance()?;
        if self.token.kind == TokenKind::Colon {
            quantifier = Some(Quantifier::parse(word).ok_or_else(|| unknown_quantifier(word, span))?);
            self.advance()?;
            let TokenKind::Word(next) = self.token.kind else {
                return Err(self.unexpected("an operator such as `StringEquals`"));
            };
            (word, span) = (next, self.token.span);
            self.advance()?;
        }
        let operator = Operator::parse(word).ok_or_else(|| unknown_operator(word, span))?;
        let right = self.operand()?;
        Ok(Expression::Compare { left, quantifier, operator, right })
    }

    fn operand(&mut self) -> Result<Operand, ConditionError> {
        match self.token.kind {
            TokenKind::Attribute { source, name } => {
                let attribute = self.attribute(source, name)?;
                self.advance()?;
                Ok(Operand::Attribute(attribute))
            }
            TokenKind::OpenBrace => self.set().map(Operand::Set),
            _ => self.literal("an attribute, a value or a set of values").map(Operand::Literal),
        }
    }

    fn attribute(&self, source: &str, name: &str) -> Result<Attribute, ConditionError> {
        let Some(source) = Source::parse(source) else {
            let error = ConditionError::new(
                "condition-attribute",
                format!("`@{source}` is no source of attributes"),
                self.token.span,
            );
            return Err(error.hint("use `@Resource`, `@Request`, `@Principal` or `@Environment`"));
        };
        Ok(Attribute { source, name: name.into() })
    }

    fn set(&mut self) -> Result<Vec<Literal>, ConditionError> {
        self.expect(TokenKind::OpenBrace)?;
        let mut literals = Vec::new();
        if self.token.kind != TokenKind::CloseBrace {
            literals.push(self.literal("a value")?);
            while self.token.kind == TokenKind::Comma {
                self.advance()?;
                literals.push(self.literal("a value")?);
            }
        }
        self.expect(TokenKind::CloseBrace)?;
        Ok(literals)
    }

    fn literal(&mut self, expected: &str) -> Result<Literal, ConditionError> {
        let literal = match self.token.kind {
            TokenKind::Text(text) => Literal::Text(text.into()),
            TokenKind::Number(number) => Literal::Number(number),
            TokenKind::Guid(guid) => Literal::Guid(guid.into()),
            TokenKind::Word(word) if is_bool(word) => Literal::Bool(word.eq_ignore_ascii_case("true")),
            TokenKind::Word(word) => {
                let quoted = &self.text[self.token.span.0..self.token.span.1];
                let error = self.unexpected(expected);
                return Err(error.hint(format!("write a text in single quotes: `'{quoted}'`, not `{word}`")));
            }
            _ => return Err(self.unexpected(expected)),
        };
        self.advance()?;
        Ok(literal)
    }
}

fn one_or(mut terms: Vec<Expression>, several: fn(Vec<Expression>) -> Expression) -> Expression {
    if terms.len() > 1 {
        return several(terms);
    }
    terms.pop().expect("the caller parsed one term")
}

fn is_bool(word: &str) -> bool {
    word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("false")
}

fn unknown_quantifier(word: &str, span: (usize, usize)) -> ConditionError {
    let error = ConditionError::new("condition-quantifier", format!("`{word}` is no quantifier"), span);
    error.hint("use `ForAnyOfAnyValues`, `ForAllOfAnyValues`, `ForAnyOfAllValues` or `ForAllOfAllValues`")
}

fn unknown_operator(word: &str, span: (usize, usize)) -> ConditionError {
    let error = ConditionError::new("condition-operator", format!("`{word}` is no operator"), span);
    let near = Operator::all()
        .map(|operator| operator.to_string())
        .find(|name| name.len() > 5 && word.len() > 5 && name.to_lowercase().contains(&word.to_lowercase()));
    match near {
        Some(name) => error.hint(format!("did you mean `{name}`?")),
        None => error
            .hint("operators name the type first: `StringEquals`, `NumericLessThan`, `DateTimeGreaterThan`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_error(text: &str, code: &str, underlined: &str) {
        let error = Expression::parse(text).unwrap_err();
        assert_eq!((error.code, &text[error.span.0..error.span.1]), (code, underlined), "{error}");
        assert!(!error.message.ends_with('.'));
    }

    #[test]
    fn errors_underline_the_mistake() {
        check_error("@Resource[a] StringEqual 'x'", "condition-operator", "StringEqual");
        check_error("@Resorce[a] StringEquals 'x'", "condition-attribute", "@Resorce[a]");
        check_error("@Resource[a] StringEquals x", "condition-unexpected", "x");
        check_error("@Resource[a] StringEquals 'x", "condition-open-text", "'x");
        check_error("@Resource[a] ForSome:StringEquals 'x'", "condition-quantifier", "ForSome");
        check_error("'a' StringEquals 'b' 'c'", "condition-unexpected", "'c'");
        check_error("('a' StringEquals 'b'", "condition-unexpected", "");
        check_error("ActionMatches{}", "condition-function", "{}");
        check_error("Matches{'a'}", "condition-function", "Matches");
        check_error("1.2.3 NumericEquals 1", "condition-number", "1.2.3");
        check_error("", "condition-unexpected", "");
        check_error("'a' # 'b'", "condition-unexpected-character", "#");
    }

    #[test]
    fn limits_hold() {
        let long = format!("'{}' StringEquals 'a'", "a".repeat(MAX_CONDITION_BYTES));
        assert_eq!(Expression::parse(&long).unwrap_err().code, "condition-too-long");
        for deep in ["(".repeat(4_000), "!".repeat(4_000), "!(".repeat(2_000)] {
            assert_eq!(Expression::parse(&deep).unwrap_err().code, "condition-too-deep");
        }
    }

    #[test]
    fn precedence_is_not_and_or() {
        let parse = |text: &str| Expression::parse(text).unwrap();
        let (a, b, c) = ("1 NumericEquals 1", "2 NumericEquals 2", "3 NumericEquals 3");
        assert_eq!(
            parse(&format!("!{a} && {b} || {c}")),
            parse(&format!("((NOT ({a})) AND ({b})) OR ({c})"))
        );
        assert_eq!(parse(&format!("{a} OR {b} and {c}")), parse(&format!("{a} OR ({b} AND {c})")));
    }
}
