//! Statements, functions and management commands.

use super::cursor::Parser;
use crate::ast::{
    ColumnDeclaration, Command, CommandWord, Expr, ExprKind, FunctionBody, FunctionDeclaration, Name,
    Parameter, ParameterType, PatternCase, PatternDeclaration, Query, Statement, StatementKind,
};
use crate::syntax::{Span, TokenKind, unquote};

impl Parser<'_> {
    /// The whole text.
    pub(crate) fn query(&mut self) -> Query {
        let mut statements = Vec::new();
        if self.at(TokenKind::Dot) {
            statements.push(self.command());
            return Query { statements };
        }
        while !self.at(TokenKind::Eof) {
            if self.eat(TokenKind::Semicolon) {
                continue;
            }
            statements.push(self.statement());
            if !matches!(self.kind(), TokenKind::Semicolon | TokenKind::Eof) {
                self.unexpected();
                while !matches!(self.kind(), TokenKind::Semicolon | TokenKind::Eof) {
                    self.bump();
                    self.recover();
                }
            }
        }
        Query { statements }
    }

    pub(super) fn unexpected(&mut self) {
        let token = self.token();
        let shown: String = self.text_of(token).chars().take(60).collect();
        self.error_at(token.span, "kql-syntax-unexpected", format!("`{shown}` is not expected here"));
    }

    pub(super) fn statement(&mut self) -> Statement {
        let start = self.start();
        let kind = match (self.word_at(0), self.word_at(1)) {
            (Some("let"), _) if self.name_length(1) > 0 => self.let_statement(),
            (Some("set"), Some(_)) => {
                self.bump();
                let name = self.name();
                let value = self.eat(TokenKind::Assign).then(|| self.expr());
                StatementKind::Set { name, value }
            }
            (Some("declare"), Some("query_parameters")) => {
                self.skip(2);
                self.expect(TokenKind::LParen, "(");
                StatementKind::QueryParameters(self.parameters())
            }
            (Some("declare"), Some("pattern")) => {
                self.skip(2);
                StatementKind::Pattern(self.pattern())
            }
            (Some("alias"), Some("database")) => {
                self.skip(2);
                let name = if self.at(TokenKind::String) {
                    let token = self.token();
                    Name { text: self.strings(), span: token.span }
                } else {
                    self.name()
                };
                self.expect(TokenKind::Assign, "=");
                StatementKind::Alias { name, value: self.expr() }
            }
            (Some("restrict"), Some("access")) => {
                self.skip(2);
                self.expect_word("to");
                self.expect(TokenKind::LParen, "(");
                let item = |parser: &mut Self| parser.with_flags(true, false, Self::expr);
                StatementKind::Restrict(self.list(TokenKind::RParen, ")", false, item))
            }
            _ => StatementKind::Expression(self.pipe_expr()),
        };
        Statement { kind, span: self.since(start) }
    }

    fn let_statement(&mut self) -> StatementKind {
        self.bump();
        let name = self.name();
        self.expect(TokenKind::Assign, "=");
        let start = self.start();
        let is_view = self.at_word("view") && self.peek(1).kind == TokenKind::LParen;
        let open = usize::from(is_view);
        let is_function = self.peek(open).kind == TokenKind::LParen
            && self.closing(open).is_some_and(|close| self.peek(close + 1).kind == TokenKind::LBrace);
        let value = if is_function {
            let function = self.nested(|parser| parser.function_declaration(is_view));
            match function {
                Some(function) => {
                    Expr { kind: ExprKind::Function(Box::new(function)), span: self.since(start) }
                }
                None => self.missing(),
            }
        } else {
            self.pipe_expr()
        };
        StatementKind::Let { name, value }
    }

    /// `(parameters) { body }`, with `view` in front if `is_view`.
    pub(crate) fn function_declaration(&mut self, is_view: bool) -> FunctionDeclaration {
        let start = self.start();
        if is_view {
            self.bump();
        }
        self.expect(TokenKind::LParen, "(");
        let parameters = self.parameters();
        let body = self.function_body();
        FunctionDeclaration { is_view, parameters, body, span: self.since(start) }
    }

    /// Parameters up to the closing parenthesis.
    fn parameters(&mut self) -> Vec<Parameter> {
        self.list(TokenKind::RParen, ")", false, Self::parameter)
    }

    pub(super) fn parameter(&mut self) -> Parameter {
        let name = self.name();
        let start = name.span.start;
        let ty = if !self.eat(TokenKind::Colon) {
            self.expected("`:` and a type");
            ParameterType::None
        } else if self.eat(TokenKind::LParen) {
            if self.eat(TokenKind::Star) {
                self.expect(TokenKind::RParen, ")");
                ParameterType::Table { columns: Vec::new(), is_any: true }
            } else {
                let columns = self.list(TokenKind::RParen, ")", false, Self::column_declaration);
                ParameterType::Table { columns, is_any: false }
            }
        } else {
            ParameterType::Scalar(self.name())
        };
        let default = self.eat(TokenKind::Assign).then(|| self.expr());
        Parameter { name, ty, default, span: self.since(start) }
    }

    /// `name:type`
    pub(super) fn column_declaration(&mut self) -> ColumnDeclaration {
        let name = self.name();
        let ty = if self.expect(TokenKind::Colon, ":") {
            self.name()
        } else {
            Name { text: String::new(), span: Span::empty(self.last_end()) }
        };
        ColumnDeclaration { name, ty }
    }

    /// `{ statements; expression }`
    pub(super) fn function_body(&mut self) -> FunctionBody {
        let start = self.start();
        let mut body = FunctionBody::default();
        if !self.expect(TokenKind::LBrace, "{") {
            body.span = self.since(start);
            return body;
        }
        while !matches!(self.kind(), TokenKind::RBrace | TokenKind::Eof) {
            if self.eat(TokenKind::Semicolon) {
                continue;
            }
            let statement = self.statement();
            match statement.kind {
                StatementKind::Expression(expr) if body.result.is_none() => body.result = Some(expr),
                _ => body.statements.push(statement),
            }
            if !matches!(self.kind(), TokenKind::Semicolon | TokenKind::RBrace | TokenKind::Eof) {
                self.unexpected();
                while !matches!(self.kind(), TokenKind::Semicolon | TokenKind::RBrace | TokenKind::Eof) {
                    self.bump();
                    self.recover();
                }
            }
        }
        self.expect(TokenKind::RBrace, "}");
        body.span = self.since(start);
        body
    }

    fn pattern(&mut self) -> PatternDeclaration {
        let name = self.name();
        let mut pattern = PatternDeclaration { name, parameters: Vec::new(), path: None, cases: Vec::new() };
        if !self.eat(TokenKind::Assign) {
            return pattern;
        }
        self.expect(TokenKind::LParen, "(");
        pattern.parameters = self.parameters();
        if self.eat(TokenKind::LBracket) {
            pattern.path = Some(self.parameter());
            self.expect(TokenKind::RBracket, "]");
        }
        self.expect(TokenKind::LBrace, "{");
        while self.eat(TokenKind::LParen) {
            let arguments = self.list(TokenKind::RParen, ")", false, Self::expr);
            let path = self.eat(TokenKind::Dot).then(|| {
                self.expect(TokenKind::LBracket, "[");
                let path = self.expr();
                self.expect(TokenKind::RBracket, "]");
                path
            });
            self.expect(TokenKind::Assign, "=");
            let body = self.function_body();
            self.eat(TokenKind::Semicolon);
            pattern.cases.push(PatternCase { arguments, path, body });
        }
        self.expect(TokenKind::RBrace, "}");
        pattern
    }

    /// `.show databases | where …`, `.set T <| query`: words, and the query at its end if there is one.
    fn command(&mut self) -> Statement {
        let start = self.bump().span.start;
        let mut command = Command { words: Vec::new(), text: String::new(), query: None };
        while !matches!(self.kind(), TokenKind::Eof | TokenKind::Pipe | TokenKind::LessPipe) {
            let token = self.bump();
            let text = self.text_of(token);
            let (text, is_quoted) = match token.kind {
                TokenKind::String => (unquote(text), true),
                TokenKind::Ident | TokenKind::Long | TokenKind::Timespan | TokenKind::Minus => {
                    (text.to_owned(), false)
                }
                _ => continue,
            };
            command.words.push(CommandWord { text, is_quoted, span: token.span });
        }
        command.text = self.since(start).text(self.text).to_owned();
        if self.eat(TokenKind::LessPipe) {
            command.query = Some(self.body_of_command());
        } else if self.at(TokenKind::Pipe) {
            // The rows of the command, filtered.
            let mut pipeline = crate::ast::Pipeline { source: None, operators: Vec::new() };
            let from = self.start();
            self.pipes(&mut pipeline.operators);
            let kind = ExprKind::Pipeline(Box::new(pipeline));
            command.query = Some(Expr { kind, span: self.since(from) });
        }
        self.eat(TokenKind::Semicolon);
        if !self.at(TokenKind::Eof) {
            self.unexpected();
        }
        Statement { kind: StatementKind::Command(command), span: self.since(start) }
    }

    /// A query after `<|`, with its own `let` statements.
    fn body_of_command(&mut self) -> Expr {
        let start = self.start();
        let mut body = FunctionBody::default();
        while !self.at(TokenKind::Eof) {
            if self.eat(TokenKind::Semicolon) {
                continue;
            }
            let statement = self.statement();
            match statement.kind {
                StatementKind::Expression(expr) if body.result.is_none() => body.result = Some(expr),
                _ => body.statements.push(statement),
            }
            if !matches!(self.kind(), TokenKind::Semicolon | TokenKind::Eof) {
                self.unexpected();
                break;
            }
        }
        body.span = self.since(start);
        let function =
            FunctionDeclaration { is_view: false, parameters: Vec::new(), body, span: self.since(start) };
        Expr { kind: ExprKind::Function(Box::new(function)), span: self.since(start) }
    }
}
