//! Scalar expressions.
//!
//! From loose to tight: `or`; `and`; equality, lists and `between`; relations; `+ -`; `* / %`; string operators;
//! signs; members and indexes. Equality, relations and string operators do not chain.

use azimuth_diag::Diagnostic;

use super::cursor::Parser;
use crate::ast::{
    Argument, BinaryOp, Call, ColumnDeclaration, Expr, ExprKind, InOp, Name, NamedExpr, Operator, Pipeline,
    STRING_OPERATORS,
};
use crate::syntax::{Span, TokenKind, typed_literal_keyword, unquote};
use crate::types::ScalarType;
use crate::values::{Literal, parse_timespan, parse_typed};

/// Operators of one level in a row (`a + b + c …`): each nests the tree by one.
const MAX_CHAIN: usize = 400;

impl Parser<'_> {
    /// A scalar expression.
    pub(super) fn expr(&mut self) -> Expr {
        self.nested(Self::or_expr).unwrap_or_else(|| self.missing())
    }

    pub(super) fn missing(&self) -> Expr {
        Expr { kind: ExprKind::Missing, span: Span::empty(self.last_end()) }
    }

    /// A scalar expression, or a tabular one: with pipes, or beginning with a source operator.
    pub(super) fn pipe_expr(&mut self) -> Expr {
        self.nested(|parser| parser.with_flags(false, false, Self::pipe_expr_inner))
            .unwrap_or_else(|| self.missing())
    }

    fn pipe_expr_inner(&mut self) -> Expr {
        let start = self.start();
        let mut pipeline = Pipeline { source: None, operators: Vec::new() };
        if let Some(operator) = self.source_operator() {
            pipeline.operators.push(operator);
        } else {
            let source = self.expr();
            if !self.at(TokenKind::Pipe) {
                return source;
            }
            pipeline.source = Some(Box::new(source));
        }
        self.pipes(&mut pipeline.operators);
        Expr { kind: ExprKind::Pipeline(Box::new(pipeline)), span: self.since(start) }
    }

    /// `| operator | operator …`
    pub(super) fn pipes(&mut self, operators: &mut Vec<Operator>) {
        while self.eat(TokenKind::Pipe) {
            operators.push(self.operator());
            if operators.len() > 1_000 {
                self.too_deep();
            }
        }
    }

    fn or_expr(&mut self) -> Expr {
        let start = self.start();
        let first = self.and_expr();
        if !self.at_word("or") {
            return first;
        }
        let mut operands = vec![first];
        while self.eat_word("or") {
            operands.push(self.and_expr());
        }
        Expr { kind: ExprKind::Or(operands), span: self.since(start) }
    }

    fn and_expr(&mut self) -> Expr {
        let start = self.start();
        let first = self.equality();
        if !self.at_word("and") {
            return first;
        }
        let mut operands = vec![first];
        while self.eat_word("and") {
            operands.push(self.equality());
        }
        Expr { kind: ExprKind::And(operands), span: self.since(start) }
    }

    fn equality(&mut self) -> Expr {
        let left = self.relational();
        let op = match self.kind() {
            TokenKind::EqEq => BinaryOp::Equal,
            TokenKind::Assign if self.in_where => BinaryOp::Equal,
            TokenKind::BangEq | TokenKind::LessGreater => BinaryOp::NotEqual,
            _ => return self.list_test(left),
        };
        let op_span = self.bump().span;
        let right = self.relational();
        binary(op, op_span, left, right)
    }

    /// `in`, `has_any`, `between` and their like.
    fn list_test(&mut self, left: Expr) -> Expr {
        let is_negated = self.at(TokenKind::Bang) && self.is_adjacent(0);
        let ahead = usize::from(is_negated);
        let Some(word) = self.word_at(ahead) else { return left };
        let has_tilde =
            word == "in" && self.peek(ahead + 1).kind == TokenKind::Tilde && self.is_adjacent(ahead);
        let length = ahead + 1 + usize::from(has_tilde);
        let op = match (word, is_negated, has_tilde) {
            ("between", ..) => return self.between(left, is_negated),
            ("in", false, false) => InOp::In,
            ("in", true, false) => InOp::NotIn,
            ("in", false, true) => InOp::InTilde,
            ("in", true, true) => InOp::NotInTilde,
            ("has_any", false, _) => InOp::HasAny,
            ("has_all", false, _) => InOp::HasAll,
            _ => return left,
        };
        // `on t in range(…)` of `make-series` is no test.
        if op == InOp::In && self.word_at(length) == Some("range") {
            return left;
        }
        let op_span = self.token().span.to(self.peek(length - 1).span);
        self.skip(length);
        let list = if self.expect(TokenKind::LParen, "(") {
            self.list(TokenKind::RParen, ")", true, Self::pipe_expr)
        } else {
            Vec::new()
        };
        let span = left.span.to(self.since(op_span.start));
        Expr { kind: ExprKind::In { op, op_span, left: Box::new(left), list }, span }
    }

    fn between(&mut self, value: Expr, is_negated: bool) -> Expr {
        let start = self.start();
        self.skip(1 + usize::from(is_negated));
        let op_span = self.since(start);
        self.expect(TokenKind::LParen, "(");
        let low = self.with_flags(false, false, Self::expr);
        self.expect(TokenKind::DotDot, "..");
        let high = self.with_flags(false, false, Self::expr);
        self.expect(TokenKind::RParen, ")");
        let span = value.span.to(self.since(start));
        let (value, low, high) = (Box::new(value), Box::new(low), Box::new(high));
        Expr { kind: ExprKind::Between { is_negated, op_span, value, low, high }, span }
    }

    fn relational(&mut self) -> Expr {
        let left = self.additive();
        let op = match self.kind() {
            TokenKind::Less => BinaryOp::Less,
            TokenKind::LessEq => BinaryOp::LessOrEqual,
            TokenKind::Greater => BinaryOp::Greater,
            TokenKind::GreaterEq => BinaryOp::GreaterOrEqual,
            _ => return left,
        };
        let op_span = self.bump().span;
        let right = self.additive();
        binary(op, op_span, left, right)
    }

    /// An expression without relations: bounds of hops.
    pub(super) fn additive_expr(&mut self) -> Expr {
        self.nested(Self::additive).unwrap_or_else(|| self.missing())
    }

    fn additive(&mut self) -> Expr {
        self.chain(Self::multiplicative, |kind| match kind {
            TokenKind::Plus => Some(BinaryOp::Add),
            TokenKind::Minus => Some(BinaryOp::Subtract),
            _ => None,
        })
    }

    fn multiplicative(&mut self) -> Expr {
        self.chain(Self::string_test, |kind| match kind {
            TokenKind::Star => Some(BinaryOp::Multiply),
            TokenKind::Slash => Some(BinaryOp::Divide),
            TokenKind::Percent => Some(BinaryOp::Modulo),
            _ => None,
        })
    }

    fn chain(&mut self, next: fn(&mut Self) -> Expr, op: fn(TokenKind) -> Option<BinaryOp>) -> Expr {
        let mut left = next(self);
        let mut length = 0;
        while let Some(op) = op(self.kind()) {
            length += 1;
            if length > MAX_CHAIN {
                self.too_deep();
                break;
            }
            let op_span = self.bump().span;
            let right = next(self);
            left = binary(op, op_span, left, right);
        }
        left
    }

    fn string_test(&mut self) -> Expr {
        let left = self.unary();
        let start = self.start();
        let Some((op, length)) = self.string_operator() else { return left };
        self.skip(length);
        let op_span = self.since(start);
        let right = self.unary();
        binary(op, op_span, left, right)
    }

    fn string_operator(&self) -> Option<(BinaryOp, usize)> {
        match self.kind() {
            TokenKind::EqTilde => return Some((BinaryOp::EqualTilde, 1)),
            TokenKind::BangTilde => return Some((BinaryOp::NotEqualTilde, 1)),
            TokenKind::Colon if self.in_search => return Some((BinaryOp::SearchTerm, 1)),
            _ => {}
        }
        let is_negated = self.at(TokenKind::Bang) && self.is_adjacent(0);
        let word = self.word_at(usize::from(is_negated))?;
        if !is_negated && word == "matches" && self.word_at(1) == Some("regex") {
            return Some((BinaryOp::MatchesRegex, 2));
        }
        let is_meant = |name: &&(&str, BinaryOp)| match name.0.strip_prefix('!') {
            Some(positive) => is_negated && positive == word,
            None => !is_negated && name.0 == word,
        };
        STRING_OPERATORS.iter().find(is_meant).map(|(_, op)| (*op, 1 + usize::from(is_negated)))
    }

    fn unary(&mut self) -> Expr {
        let start = self.start();
        let is_minus = match self.kind() {
            TokenKind::Minus => true,
            TokenKind::Plus => false,
            _ => return self.postfix(),
        };
        self.bump();
        let operand = self.postfix();
        Expr { kind: ExprKind::Unary { is_minus, operand: Box::new(operand) }, span: self.since(start) }
    }

    /// A value without operators: values of parameters.
    pub(super) fn unary_expr(&mut self) -> Expr {
        self.unary()
    }

    /// A value with members and calls: tables.
    pub(super) fn postfix_expr(&mut self) -> Expr {
        self.postfix()
    }

    fn postfix(&mut self) -> Expr {
        let start = self.start();
        let mut base = self.primary();
        let mut length = 0;
        loop {
            match self.kind() {
                // `a.[0]` is `a[0]`.
                TokenKind::Dot if self.peek(1).kind == TokenKind::LBracket && self.name_length(1) == 0 => {
                    self.bump();
                }
                TokenKind::Dot => {
                    self.bump();
                    base = self.member(start, base);
                }
                TokenKind::LBracket if can_be_indexed(&base) && !self.starts_name_list(&base) => {
                    self.bump();
                    let index = self.with_flags(false, false, Self::expr);
                    self.expect(TokenKind::RBracket, "]");
                    let (base_, index) = (Box::new(base), Box::new(index));
                    base = Expr { kind: ExprKind::Index { base: base_, index }, span: self.since(start) };
                }
                _ => return base,
            }
            length += 1;
            if length > MAX_CHAIN {
                self.too_deep();
                return base;
            }
        }
    }

    /// `a ['b']` with a blank is an index too, except after words that begin a list of names.
    fn starts_name_list(&self, base: &Expr) -> bool {
        matches!(&base.kind, ExprKind::Name(word) if word == "by" || word == "on")
    }

    fn member(&mut self, start: u32, base: Expr) -> Expr {
        let base = Box::new(base);
        if self.at(TokenKind::Ident) && self.peek(1).kind == TokenKind::LParen {
            let call = self.call();
            return Expr { kind: ExprKind::Method { base, call }, span: self.since(start) };
        }
        let member = if self.allows_wildcards { self.wildcard_name() } else { self.name() };
        Expr { kind: ExprKind::Path { base, member }, span: self.since(start) }
    }

    fn primary(&mut self) -> Expr {
        let start = self.start();
        let kind = match self.kind() {
            TokenKind::Long | TokenKind::Real | TokenKind::Timespan | TokenKind::TypedLiteral => {
                ExprKind::Literal(self.literal())
            }
            TokenKind::String => ExprKind::Literal(Literal::String(self.strings())),
            TokenKind::LParen => return self.parenthesised(),
            TokenKind::Star => {
                if self.allows_wildcards {
                    return self.wildcard_expr();
                }
                self.bump();
                ExprKind::Star
            }
            TokenKind::LBracket if self.at_name() => ExprKind::Name(self.name().text),
            TokenKind::Ident => return self.word(),
            _ => {
                self.expected("an expression");
                return self.missing();
            }
        };
        Expr { kind, span: self.since(start) }
    }

    /// Adjacent strings are one.
    pub(super) fn strings(&mut self) -> String {
        let mut text = String::new();
        while self.at(TokenKind::String) {
            let token = self.bump();
            text.push_str(&unquote(self.text_of(token)));
        }
        text
    }

    fn parenthesised(&mut self) -> Expr {
        let start = self.bump().span.start;
        let in_search = self.in_search;
        let inner = if in_search { self.expr() } else { self.pipe_expr() };
        if !self.at(TokenKind::RParen) {
            self.expected("`)`");
            while matches!(self.kind(), TokenKind::Comma) {
                self.bump();
                self.recover();
            }
            self.recover();
        }
        self.eat(TokenKind::RParen);
        Expr { kind: inner.kind, span: self.since(start) }
    }

    fn word(&mut self) -> Expr {
        let start = self.start();
        let word = self.word_at(0).unwrap_or_default();
        let next = self.peek(1).kind;
        let kind = match word {
            "true" | "True" | "TRUE" if next != TokenKind::LParen => {
                self.bump();
                ExprKind::Literal(Literal::Bool(Some(true)))
            }
            "false" | "False" | "FALSE" if next != TokenKind::LParen => {
                self.bump();
                ExprKind::Literal(Literal::Bool(Some(false)))
            }
            "dynamic" if next == TokenKind::LParen => {
                self.skip(2);
                let value = self.json();
                self.expect(TokenKind::RParen, ")");
                ExprKind::Literal(Literal::Dynamic(value))
            }
            "typeof" if next == TokenKind::LParen => {
                self.skip(2);
                ExprKind::TypeOf(self.list(TokenKind::RParen, ")", false, Self::type_or_column))
            }
            "entity_group" if next == TokenKind::LBracket => {
                self.skip(2);
                ExprKind::EntityGroup(self.list(TokenKind::RBracket, "]", true, Self::expr))
            }
            _ if next == TokenKind::LParen => ExprKind::Call(self.call()),
            _ if self.allows_wildcards => return self.wildcard_expr(),
            _ => ExprKind::Name(self.name().text),
        };
        Expr { kind, span: self.since(start) }
    }

    fn type_or_column(&mut self) -> ColumnDeclaration {
        if self.eat(TokenKind::Star) {
            let name = Name { text: "*".into(), span: self.since(self.last_end() - 1) };
            return ColumnDeclaration {
                name,
                ty: Name { text: String::new(), span: Span::empty(self.last_end()) },
            };
        }
        let first = self.name();
        if self.eat(TokenKind::Colon) {
            ColumnDeclaration { name: first, ty: self.name() }
        } else {
            ColumnDeclaration {
                name: Name { text: String::new(), span: Span::empty(first.span.start) },
                ty: first,
            }
        }
    }

    /// `name(arguments)`
    pub(super) fn call(&mut self) -> Call {
        let name = self.name();
        let start = name.span.start;
        let arguments = if self.expect(TokenKind::LParen, "(") {
            self.list(TokenKind::RParen, ")", false, Self::argument)
        } else {
            Vec::new()
        };
        Call { name, arguments, span: self.since(start) }
    }

    fn argument(&mut self) -> Argument {
        let length = self.name_length(0);
        let name = (length > 0 && self.peek(length).kind == TokenKind::Assign).then(|| {
            let name = self.name();
            self.bump();
            name
        });
        Argument { name, value: self.pipe_expr() }
    }

    /// A number, timespan or typed literal.
    fn literal(&mut self) -> Literal {
        let token = self.bump();
        let text = self.text_of(token);
        let value = match token.kind {
            TokenKind::Long => parse_typed(ScalarType::Long, text),
            TokenKind::Real => parse_typed(ScalarType::Real, text),
            TokenKind::Timespan => parse_timespan(text).map(|ticks| Literal::Timespan(Some(ticks))),
            _ => {
                let open = text.find('(').unwrap_or(text.len());
                let ty = typed_literal_keyword(&text[..open]).unwrap_or(ScalarType::Unknown);
                let content = text.get(open + 1..).unwrap_or_default();
                let value = parse_typed(ty, content.strip_suffix(')').unwrap_or(content));
                if value.is_none() {
                    self.report(
                        Diagnostic::warning("kql-literal", format!("`{text}` is not a {ty}"))
                            .at(super::place(token.span))
                            .with_hint("it counts as null"),
                    );
                    return Literal::null(ty);
                }
                value
            }
        };
        value.unwrap_or_else(|| {
            self.error_at(token.span, "kql-syntax-literal", format!("`{text}` does not fit its type"));
            Literal::null(ScalarType::Long)
        })
    }

    /// `name = expr`, `(a, b) = expr` or `expr`.
    pub(super) fn named_expr(&mut self) -> NamedExpr {
        let start = self.start();
        let (names, is_tuple) = self.assigned_names();
        let value = self.expr();
        NamedExpr { names, is_tuple, value, span: self.since(start) }
    }

    /// The names in front of `=`, with the `=`; nothing is taken if there are none.
    pub(super) fn assigned_names(&mut self) -> (Vec<Name>, bool) {
        let length = self.name_length(0);
        if length > 0 && self.peek(length).kind == TokenKind::Assign {
            let name = self.name();
            self.bump();
            return (vec![name], false);
        }
        if !self.at(TokenKind::LParen) {
            return (Vec::new(), false);
        }
        let mut ahead = 1;
        while self.name_length(ahead) > 0 {
            ahead += self.name_length(ahead);
            match self.peek(ahead).kind {
                TokenKind::Comma => ahead += 1,
                TokenKind::RParen if self.peek(ahead + 1).kind == TokenKind::Assign => {
                    self.bump();
                    let names = self.list(TokenKind::RParen, ")", false, Self::name);
                    self.bump();
                    return (names, true);
                }
                _ => break,
            }
        }
        (Vec::new(), false)
    }

    /// Expressions separated by commas, at least one.
    pub(super) fn several<T>(&mut self, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let mut items = vec![item(self)];
        while self.eat(TokenKind::Comma) {
            items.push(item(self));
        }
        items
    }

    /// A name that may hold stars.
    pub(super) fn wildcard_name(&mut self) -> Name {
        if self.at(TokenKind::LBracket) {
            return self.name();
        }
        let start = self.start();
        if !matches!(self.kind(), TokenKind::Ident | TokenKind::Star) {
            return self.name();
        }
        self.bump();
        while matches!(self.kind(), TokenKind::Ident | TokenKind::Star | TokenKind::Long)
            && self.start() == self.last_end()
        {
            self.bump();
        }
        let span = self.since(start);
        Name { text: span.text(self.text).to_owned(), span }
    }

    fn wildcard_expr(&mut self) -> Expr {
        let name = self.wildcard_name();
        let kind = match name.text.as_str() {
            "*" => ExprKind::Star,
            text if text.contains('*') && !self.text[name.span.range()].starts_with('[') => {
                ExprKind::Wildcard(name.text)
            }
            _ => ExprKind::Name(name.text),
        };
        Expr { kind, span: name.span }
    }
}

fn binary(op: BinaryOp, op_span: Span, left: Expr, right: Expr) -> Expr {
    let span = left.span.to(right.span);
    Expr { kind: ExprKind::Binary { op, op_span, left: Box::new(left), right: Box::new(right) }, span }
}

/// Constants are not indexed, except dynamic ones.
fn can_be_indexed(base: &Expr) -> bool {
    match &base.kind {
        ExprKind::Literal(literal) => literal.ty() == ScalarType::Dynamic,
        ExprKind::Missing | ExprKind::Star | ExprKind::Wildcard(_) => false,
        _ => true,
    }
}
