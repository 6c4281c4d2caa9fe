//! Which operator stands here, and what all of them share: parameters, orders, lists.

use super::cursor::Parser;
use crate::ast::{
    Direction, Expr, ExprKind, Name, Operator, OperatorKind, OperatorParameter, Ordered, Pipeline,
};
use crate::suggest::closest;
use crate::syntax::{Span, TokenKind};
use crate::values::Literal;

/// The operators by the names under which they are known to the parser.
pub(crate) const OPERATOR_NAMES: &[&str] = &[
    "as",
    "assert-schema",
    "consume",
    "count",
    "datatable",
    "distinct",
    "evaluate",
    "execute-and-cache",
    "extend",
    "externaldata",
    "facet",
    "filter",
    "find",
    "fork",
    "getschema",
    "graph-mark-components",
    "graph-match",
    "graph-shortest-paths",
    "graph-to-table",
    "graph-where-edges",
    "graph-where-nodes",
    "invoke",
    "join",
    "limit",
    "lookup",
    "macro-expand",
    "make-graph",
    "make-series",
    "mv-apply",
    "mv-expand",
    "order",
    "parse",
    "parse-kv",
    "parse-where",
    "partition",
    "print",
    "project",
    "project-away",
    "project-by-names",
    "project-keep",
    "project-rename",
    "project-reorder",
    "range",
    "reduce",
    "render",
    "sample",
    "sample-distinct",
    "scan",
    "search",
    "serialize",
    "sort",
    "summarize",
    "take",
    "top",
    "top-hitters",
    "top-nested",
    "union",
    "where",
];

/// Parameters that every operator may have in front of named expressions.
const COMMON_PARAMETERS: &[&str] = &[
    "kind",
    "flags",
    "isfuzzy",
    "withsource",
    "with_source",
    "bagexpansion",
    "with_itemindex",
    "datascope",
    "decodeblocks",
    "with_match_id",
    "with_step_name",
    "cycles",
    "output",
    "with_component_id",
    "with_node_id",
    "best_effort",
    "force_remote",
    "expandoutput",
];

impl Parser<'_> {
    /// The operator after a `|`.
    pub(super) fn operator(&mut self) -> Operator {
        let start = self.start();
        let in_where = std::mem::replace(&mut self.in_where, false);
        let operator = self.nested(|parser| parser.with_flags(false, false, Self::operator_inner));
        self.in_where = in_where;
        let operator = operator.unwrap_or_else(|| Operator {
            kind: OperatorKind::Unknown { name: Name { text: String::new(), span: Span::empty(start) } },
            parameters: Vec::new(),
            keyword: Span::empty(start),
            span: Span::empty(start),
        });
        if !matches!(
            self.kind(),
            TokenKind::Pipe
                | TokenKind::Semicolon
                | TokenKind::Comma
                | TokenKind::RParen
                | TokenKind::RBrace
                | TokenKind::RBracket
                | TokenKind::Eof
        ) {
            self.unexpected();
            self.recover();
        }
        operator
    }

    fn operator_inner(&mut self) -> Operator {
        let start = self.start();
        let Some((keyword, length)) = self.dashed_word(0) else {
            self.expected("an operator");
            self.recover();
            return unknown(Span::empty(start), "");
        };
        let word = keyword.text(self.text);
        self.skip(length);
        let mut parameters = Vec::new();
        let Some(kind) = self.operator_kind(word, &mut parameters) else {
            let mut diagnostic = azimuth_diag::Diagnostic::error(
                "kql-syntax-operator",
                format!("there is no operator `{word}`"),
            )
            .at(super::place(keyword));
            if let Some(name) = closest(word, OPERATOR_NAMES.iter().copied()) {
                diagnostic = diagnostic.with_hint(format!("did you mean `{name}`?"));
            }
            self.report(diagnostic);
            self.recover();
            return unknown(keyword, word);
        };
        Operator { kind, parameters, keyword, span: self.since(start) }
    }

    /// A source operator, if one begins here.
    pub(super) fn source_operator(&mut self) -> Option<Operator> {
        let (keyword, length) = self.dashed_word(0)?;
        let next = self.peek(length).kind;
        let follows_operand = matches!(
            next,
            TokenKind::Ident
                | TokenKind::String
                | TokenKind::LParen
                | TokenKind::LBracket
                | TokenKind::Star
                | TokenKind::Long
                | TokenKind::Real
                | TokenKind::Timespan
                | TokenKind::TypedLiteral
                | TokenKind::Minus
                | TokenKind::Plus
        );
        let begins = match keyword.text(self.text) {
            "print" | "union" | "search" | "find" | "macro-expand" => follows_operand,
            "range" => next == TokenKind::Ident || next == TokenKind::LBracket,
            "evaluate" => next == TokenKind::Ident,
            "datatable" | "externaldata" | "external_data" | "inline_external_table" => {
                matches!(next, TokenKind::LParen | TokenKind::Ident)
            }
            _ => false,
        };
        begins.then(|| self.operator())
    }

    /// The operators of the body of `fork`, `partition` or `mv-apply`, between parentheses.
    pub(super) fn sub_pipeline(&mut self) -> Pipeline {
        let mut pipeline = Pipeline { source: None, operators: Vec::new() };
        if !self.expect(TokenKind::LParen, "(") {
            return pipeline;
        }
        if !self.at(TokenKind::RParen) {
            pipeline.operators.push(self.operator());
            self.pipes(&mut pipeline.operators);
        }
        self.expect(TokenKind::RParen, ")");
        pipeline
    }

    /// `name = value` as long as the names are parameters of operators: hints, and the common ones or, if `any`,
    /// every name.
    pub(super) fn operator_parameters(&mut self, any: bool) -> Vec<OperatorParameter> {
        let mut parameters = Vec::new();
        while let Some(first) = self.word_at(0) {
            let is_dotted = self.peek(1).kind == TokenKind::Dot && self.peek(2).kind == TokenKind::Ident;
            let length = if is_dotted { 3 } else { 1 };
            let is_known =
                if is_dotted { first == "hint" } else { any || COMMON_PARAMETERS.contains(&first) };
            if !is_known || self.peek(length).kind != TokenKind::Assign {
                break;
            }
            let start = self.start();
            self.skip(length);
            let span = self.since(start);
            let name = Name { text: span.text(self.text).to_owned(), span };
            self.bump();
            let value = self.parameter_value();
            parameters.push(OperatorParameter { name, value });
            // Separators that some operators allow.
            if any && self.at(TokenKind::Comma) && self.peek(2).kind == TokenKind::Assign {
                self.bump();
            }
        }
        parameters
    }

    fn parameter_value(&mut self) -> Expr {
        if self.at(TokenKind::Ident) {
            let span = self.token().span;
            // `kind = inner (T)` and `isfuzzy = true (T)` are no calls, `with_step = dynamic(…)` is one.
            if !self.at_word("dynamic") {
                let kind = match self.name().text.as_str() {
                    "true" => ExprKind::Literal(Literal::Bool(Some(true))),
                    "false" => ExprKind::Literal(Literal::Bool(Some(false))),
                    word => ExprKind::Name(word.to_owned()),
                };
                return Expr { kind, span };
            }
        }
        self.literal_or_list()
    }

    /// A scalar without operators.
    fn literal_or_list(&mut self) -> Expr {
        if self.at(TokenKind::LParen) && matches!(self.peek(2).kind, TokenKind::Comma) {
            let start = self.bump().span.start;
            let items = self.list(TokenKind::RParen, ")", false, Self::expr);
            return Expr { kind: ExprKind::EntityGroup(items), span: self.since(start) };
        }
        self.nested(|parser| parser.with_flags(false, false, Self::unary_expr))
            .unwrap_or_else(|| self.missing())
    }

    /// `expr asc nulls first`
    pub(super) fn ordered(&mut self) -> Ordered {
        let value = self.named_expr();
        let direction = self.direction();
        let nulls_first = if self.at_word("nulls") {
            self.bump();
            let is_first = self.at_word("first");
            if !is_first && !self.at_word("last") {
                self.expected("`first` or `last`");
            } else {
                self.bump();
            }
            Some(is_first)
        } else {
            None
        };
        Ordered { value, direction, nulls_first }
    }

    pub(super) fn direction(&mut self) -> Option<Direction> {
        let (word, direction) = match self.word_at(0)? {
            "asc" => ("asc", Direction::Ascending),
            "desc" => ("desc", Direction::Descending),
            "granny" if self.dashed_word(0)?.0.text(self.text) == "granny-asc" => {
                ("granny-asc", Direction::GrannyAscending)
            }
            "granny" if self.dashed_word(0)?.0.text(self.text) == "granny-desc" => {
                ("granny-desc", Direction::GrannyDescending)
            }
            _ => return None,
        };
        self.eat_dashed(word);
        Some(direction)
    }
}

fn unknown(keyword: Span, word: &str) -> Operator {
    let name = Name { text: word.to_owned(), span: keyword };
    Operator { kind: OperatorKind::Unknown { name }, parameters: Vec::new(), keyword, span: keyword }
}
