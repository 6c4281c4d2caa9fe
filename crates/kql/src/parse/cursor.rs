//! The parser's place in the tokens, its diagnostics and its limits.

use azimuth_diag::Diagnostic;

use super::place;
use crate::ast::Name;
use crate::syntax::{Span, Token, TokenKind, unquote};

/// How deep brackets, pipelines and chains of operators may nest.
pub(crate) const MAX_DEPTH: u32 = 150;
/// After so many diagnostics nothing more is reported.
const MAX_DIAGNOSTICS: usize = 100;

pub(crate) struct Parser<'a> {
    pub(super) text: &'a str,
    /// Without white space and comments; ends with `Eof`.
    tokens: Vec<Token>,
    at: usize,
    diagnostics: Vec<Diagnostic>,
    depth: u32,
    is_lost: bool,
    /// Whether a star may be part of a name here (`union T*`).
    pub(super) allows_wildcards: bool,
    /// Whether `:` is an operator here (`search`).
    pub(super) in_search: bool,
    /// Whether `=` is `==` here (`where`).
    pub(super) in_where: bool,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str, tokens: &[Token]) -> Self {
        let tokens = tokens.iter().copied().filter(|token| !token.kind.is_trivia()).collect();
        Self {
            text,
            tokens,
            at: 0,
            diagnostics: Vec::new(),
            depth: 0,
            is_lost: false,
            allows_wildcards: false,
            in_search: false,
            in_where: false,
        }
    }

    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }

    pub(super) fn token(&self) -> Token {
        self.peek(0)
    }

    pub(super) fn peek(&self, ahead: usize) -> Token {
        let last = self.tokens.len() - 1;
        self.tokens[(self.at + ahead).min(last)]
    }

    pub(super) fn kind(&self) -> TokenKind {
        self.token().kind
    }

    pub(super) fn text_of(&self, token: Token) -> &'a str {
        token.span.text(self.text)
    }

    /// The end of the token before this one.
    pub(super) fn last_end(&self) -> u32 {
        self.at.checked_sub(1).map_or(0, |at| self.tokens[at].span.end)
    }

    pub(super) fn start(&self) -> u32 {
        self.token().span.start
    }

    /// From `start` to the end of the token before this one.
    pub(super) fn since(&self, start: u32) -> Span {
        Span::new(start.min(self.last_end()), self.last_end())
    }

    pub(super) fn bump(&mut self) -> Token {
        let token = self.token();
        if token.is_broken {
            let what = if token.kind == TokenKind::String { "string" } else { "literal" };
            self.error_at(token.span, "kql-syntax-unclosed", format!("the {what} is not closed"));
        }
        if token.kind != TokenKind::Eof {
            self.at += 1;
        }
        token
    }

    pub(super) fn at(&self, kind: TokenKind) -> bool {
        self.kind() == kind
    }

    pub(super) fn eat(&mut self, kind: TokenKind) -> bool {
        let is_here = self.at(kind);
        if is_here {
            self.bump();
        }
        is_here
    }

    pub(super) fn expect(&mut self, kind: TokenKind, text: &str) -> bool {
        let is_here = self.eat(kind);
        if !is_here {
            self.expected(&format!("`{text}`"));
        }
        is_here
    }

    pub(super) fn word_at(&self, ahead: usize) -> Option<&'a str> {
        let token = self.peek(ahead);
        (token.kind == TokenKind::Ident).then(|| self.text_of(token))
    }

    pub(super) fn at_word(&self, word: &str) -> bool {
        self.word_at(0) == Some(word)
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let is_here = self.at_word(word);
        if is_here {
            self.bump();
        }
        is_here
    }

    pub(super) fn expect_word(&mut self, word: &str) -> bool {
        let is_here = self.eat_word(word);
        if !is_here {
            self.expected(&format!("`{word}`"));
        }
        is_here
    }

    /// Whether this token and the next stand side by side.
    pub(super) fn is_adjacent(&self, ahead: usize) -> bool {
        self.peek(ahead).span.end == self.peek(ahead + 1).span.start
    }

    /// `word` with dashes, as in `mv-expand`, and how many tokens it takes.
    pub(super) fn dashed_word(&self, ahead: usize) -> Option<(Span, usize)> {
        let first = self.peek(ahead);
        if first.kind != TokenKind::Ident {
            return None;
        }
        let mut length = 1;
        while self.peek(ahead + length).kind == TokenKind::Minus
            && self.peek(ahead + length + 1).kind == TokenKind::Ident
            && self.is_adjacent(ahead + length - 1)
            && self.is_adjacent(ahead + length)
        {
            length += 2;
        }
        Some((first.span.to(self.peek(ahead + length - 1).span), length))
    }

    pub(super) fn eat_dashed(&mut self, word: &str) -> bool {
        let Some((span, length)) = self.dashed_word(0) else { return false };
        let is_here = span.text(self.text) == word;
        if is_here {
            self.skip(length);
        }
        is_here
    }

    pub(super) fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.bump();
        }
    }

    /// Whether a name begins here.
    pub(super) fn at_name(&self) -> bool {
        self.name_length(0) > 0
    }

    /// How many tokens the name at `ahead` takes; 0 if there is none.
    pub(super) fn name_length(&self, ahead: usize) -> usize {
        match self.peek(ahead).kind {
            TokenKind::Ident => 1,
            TokenKind::LBracket
                if self.peek(ahead + 1).kind == TokenKind::String
                    && self.peek(ahead + 2).kind == TokenKind::RBracket =>
            {
                3
            }
            _ => 0,
        }
    }

    /// A name, `['name']` included. An error if there is none; a string is taken as the name then.
    pub(super) fn name(&mut self) -> Name {
        let start = self.start();
        match self.name_length(0) {
            0 if self.at(TokenKind::String) => {
                self.expected("a name");
                let token = self.bump();
                Name { text: unquote(self.text_of(token)), span: token.span }
            }
            0 => {
                self.expected("a name");
                Name { text: String::new(), span: Span::empty(self.last_end()) }
            }
            1 => {
                let token = self.bump();
                Name { text: self.text_of(token).to_owned(), span: token.span }
            }
            length => {
                let text = unquote(self.text_of(self.peek(1)));
                self.skip(length);
                Name { text, span: self.since(start) }
            }
        }
    }

    pub(super) fn error_at(&mut self, span: Span, code: &'static str, message: impl Into<String>) {
        self.report(Diagnostic::error(code, message).at(place(span)));
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        // Of two errors at one place the first says what is the matter.
        let is_echo = self.diagnostics.last().is_some_and(|last| {
            last.place.span.map(|span| span.0) == diagnostic.place.span.map(|span| span.0)
        });
        if !is_echo && !self.is_lost && self.diagnostics.len() < MAX_DIAGNOSTICS {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Reports that something else should stand here.
    pub(super) fn expected(&mut self, what: &str) {
        let token = self.token();
        let message = match token.kind {
            TokenKind::Eof => format!("expected {what}, but the query ends"),
            _ => {
                let found: String = self.text_of(token).chars().take(60).collect();
                format!("expected {what}, found `{found}`")
            }
        };
        self.error_at(token.span, "kql-syntax-expected", message);
    }

    /// One level deeper, or an error and `None` if there are too many.
    pub(super) fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= MAX_DEPTH {
            self.too_deep();
            return None;
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        Some(result)
    }

    /// Gives the query up: it is nested too deeply.
    pub(super) fn too_deep(&mut self) {
        let diagnostic = Diagnostic::error("kql-syntax-depth", "the query is nested too deeply")
            .at(place(self.token().span))
            .with_hint("name parts of it with `let`");
        self.report(diagnostic);
        self.is_lost = true;
        self.at = self.tokens.len() - 1;
    }

    /// With wildcards allowed or forbidden, and search terms likewise; then as before.
    pub(super) fn with_flags<T>(
        &mut self,
        wildcards: bool,
        search: bool,
        parse: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let before = (self.allows_wildcards, self.in_search);
        (self.allows_wildcards, self.in_search) = (wildcards, search);
        let result = parse(self);
        (self.allows_wildcards, self.in_search) = before;
        result
    }

    /// Items separated by commas up to `close`, which is taken. A comma before it is forgiven if `trailing`.
    pub(super) fn list<T>(
        &mut self,
        close: TokenKind,
        close_text: &str,
        trailing: bool,
        mut item: impl FnMut(&mut Self) -> T,
    ) -> Vec<T> {
        let mut items = Vec::new();
        if self.eat(close) {
            return items;
        }
        loop {
            let before = self.at;
            items.push(item(self));
            if self.at(TokenKind::Comma) {
                self.bump();
                if trailing && self.at(close) {
                    break;
                }
                continue;
            }
            if self.at(close) {
                break;
            }
            self.expected(&format!("`,` or `{close_text}`"));
            self.recover();
            if !self.eat(TokenKind::Comma) || self.at == before {
                break;
            }
        }
        self.expect(close, close_text);
        items
    }

    /// Skips to the next `,`, `|`, `;` or closing bracket of this level.
    pub(super) fn recover(&mut self) {
        let mut depth = 0usize;
        loop {
            match self.kind() {
                TokenKind::Eof => return,
                TokenKind::LParen | TokenKind::LBracket | TokenKind::LBrace => depth += 1,
                TokenKind::RParen | TokenKind::RBracket | TokenKind::RBrace => {
                    if depth == 0 {
                        return;
                    }
                    depth -= 1;
                }
                TokenKind::Comma | TokenKind::Pipe | TokenKind::Semicolon if depth == 0 => return,
                _ => {}
            }
            self.at += 1;
        }
    }

    pub(crate) fn expect_end(&mut self) {
        if !self.at(TokenKind::Eof) {
            self.expected("the end");
        }
    }

    /// How many tokens up to the bracket that closes the one at `ahead`, it included; `None` if nothing does.
    pub(super) fn closing(&self, ahead: usize) -> Option<usize> {
        let mut depth = 0usize;
        let mut at = ahead;
        loop {
            match self.peek(at).kind {
                TokenKind::LParen | TokenKind::LBracket | TokenKind::LBrace => depth += 1,
                TokenKind::RParen | TokenKind::RBracket | TokenKind::RBrace => {
                    depth = depth.checked_sub(1)?;
                    if depth == 0 {
                        return Some(at);
                    }
                }
                TokenKind::Eof => return None,
                _ => {}
            }
            at += 1;
        }
    }
}
