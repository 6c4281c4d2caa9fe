//! Whether a blank stands between two tokens, and what the syntax tree knows about that.

use std::collections::{HashMap, HashSet};

use super::tree::{Piece, is_close};
use crate::ast::{
    Call, Expr, ExprKind, Operator, OperatorKind, OperatorParameter, Query, Statement, StatementKind,
};
use crate::syntax::{Span, TokenKind as T, typed_literal_keyword};
use crate::values::Literal;
use crate::walk::{self, Visit};

/// Words with a dash that are no names of operators after a `|`.
const DASHED: &[&str] =
    &["granny-asc", "granny-desc", "project-smart", "project-away", "top-nested", "partitioned-by"];
/// Operators that begin a query, unless a dash and a word follow at once: `print-x` is a difference.
const FIRST_WORDS: &[&str] = &["print", "range", "union", "search", "find", "evaluate"];
/// Words that a parenthesis follows without a blank, and that are no calls.
const CALL_LIKE: &[&str] = &["typeof", "dynamic", "datatable", "query_parameters"];

/// What is known of the places of a text; places are byte offsets.
#[derive(Default)]
pub(super) struct Facts {
    /// Where signs begin.
    signs: HashSet<u32>,
    /// Where names of called functions end.
    calls: HashSet<u32>,
    /// Where values end that are indexed.
    indexed: HashSet<u32>,
    /// Where names of parameters end whose `=` has no blanks.
    parameters: HashSet<u32>,
    /// Where conditions of `scan` steps begin.
    conditions: HashSet<u32>,
    /// By the place of a token: the span in which white space stays as it is.
    tight: HashMap<u32, u32>,
    /// By the place of a token: it is inside of `dynamic(…)`.
    json: HashSet<u32>,
    /// From the beginning of an operator to the end of its name and parameters.
    pub(super) heads: HashMap<u32, (u32, Head)>,
    /// By the place of the bracket of a `datatable`: how many columns it has.
    pub(super) tables: HashMap<u32, usize>,
}

/// How the clauses of an operator are broken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    /// A list of columns or tables; these words begin another one.
    List(&'static [&'static str]),
    /// Anything else.
    Other,
}

/// What the tree says of the tokens.
pub(super) fn facts(query: &Query, pieces: &[Piece<'_>]) -> Facts {
    let mut collect = Collect { facts: Facts::default(), pieces };
    walk::query(&mut collect, query);
    for window in pieces.windows(3) {
        let [first, dash, last] = window else { continue };
        let is_adjacent = first.span.end == dash.span.start && dash.span.end == last.span.start;
        if dash.kind == T::Minus
            && is_adjacent
            && (DASHED.iter().any(|word| word.split_once('-') == Some((first.text, last.text)))
                || last.kind == T::Ident && FIRST_WORDS.contains(&first.text))
        {
            collect.keep(first.span.to(last.span));
        }
    }
    collect.facts
}

struct Collect<'p, 'a> {
    facts: Facts,
    pieces: &'p [Piece<'a>],
}

impl Collect<'_, '_> {
    fn in_span(&self, span: Span) -> impl Iterator<Item = &Piece<'_>> {
        let first = self.pieces.partition_point(|piece| piece.span.start < span.start);
        self.pieces[first..].iter().take_while(move |piece| piece.span.end <= span.end)
    }

    fn keep(&mut self, span: Span) {
        let places: Vec<u32> = self.in_span(span).map(|piece| piece.span.start).collect();
        self.facts.tight.extend(places.into_iter().map(|place| (place, span.end)));
    }

    /// As [`Self::keep`] for a name that is several tokens and not in brackets.
    fn keep_words(&mut self, span: Span) {
        let kinds: Vec<T> = self.in_span(span).take(2).map(|piece| piece.kind).collect();
        if kinds.len() == 2 && kinds[0] != T::LBracket {
            self.keep(span);
        }
    }

    fn properties(&mut self, properties: &[OperatorParameter]) {
        self.facts.parameters.extend(properties.iter().map(|property| property.name.span.end));
    }
}

impl Visit for Collect<'_, '_> {
    fn statement(&mut self, statement: &Statement) {
        if let StatementKind::Pattern(pattern) = &statement.kind {
            self.facts.calls.insert(pattern.name.span.end);
        }
    }

    fn call(&mut self, call: &Call) {
        self.facts.calls.insert(call.name.span.end);
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Unary { .. } => {
                self.facts.signs.insert(expr.span.start);
            }
            ExprKind::Index { base, .. } => {
                self.facts.indexed.insert(base.span.end);
            }
            ExprKind::Wildcard(_) => self.keep(expr.span),
            // Names of tables may be glued of several words: `T$x`.
            ExprKind::Name(_) => self.keep_words(expr.span),
            ExprKind::Path { member, .. } => self.keep_words(member.span),
            ExprKind::Literal(Literal::Dynamic(_)) => {
                let places: Vec<u32> = self.in_span(expr.span).map(|piece| piece.span.start).collect();
                self.facts.json.extend(places);
            }
            _ => {}
        }
    }

    fn operator(&mut self, operator: &Operator) {
        use OperatorKind as K;
        self.keep(operator.keyword);
        self.properties(&operator.parameters);
        let head = match &operator.kind {
            K::Distinct { .. }
            | K::Extend { .. }
            | K::MvExpand { .. }
            | K::Print { .. }
            | K::Project { .. }
            | K::ProjectAway { .. }
            | K::ProjectByNames { .. }
            | K::ProjectKeep { .. }
            | K::ProjectRename { .. }
            | K::ProjectReorder { .. }
            | K::Serialize { .. }
            | K::Union { .. } => Head::List(&[]),
            K::Summarize { .. } => Head::List(&["by"]),
            K::MakeSeries(_) => Head::List(&["on", "by"]),
            _ => Head::Other,
        };
        // Parameters after the operands (`join (T) kind=inner on x`) are no part of the head.
        let mut end = operator.keyword.end;
        for parameter in &operator.parameters {
            let gap = Span::new(end, parameter.name.span.start);
            if self.in_span(gap).all(|piece| piece.kind == T::Comma) {
                end = end.max(parameter.value.span.end);
            }
        }
        self.facts.heads.insert(operator.keyword.start, (end, head));
        match &operator.kind {
            K::GraphMatch { patterns, .. } | K::GraphShortestPaths { patterns, .. } => {
                for pattern in patterns {
                    self.keep(pattern.span);
                }
            }
            K::MakeGraph(graph) => {
                self.keep(graph.source.span.to(graph.target.span));
                self.facts.parameters.extend(graph.node_id.iter().filter_map(|name| {
                    let before = self.pieces.partition_point(|piece| piece.span.start < name.span.start);
                    before.checked_sub(2).map(|at| self.pieces[at].span.end)
                }));
            }
            K::Datatable { columns, .. } => {
                let after = columns.last().map_or(operator.span.start, |last| last.ty.span.end);
                let bracket = self
                    .in_span(Span::new(after, operator.span.end))
                    .find(|piece| piece.kind == T::LBracket)
                    .map(|piece| piece.span.start);
                if let Some(bracket) = bracket {
                    self.facts.tables.insert(bracket, columns.len());
                }
            }
            K::ExternalData { properties, .. } | K::ParseKv { properties, .. } => self.properties(properties),
            K::Reduce { with, .. } => self.properties(with),
            K::Render { properties, .. } => {
                self.facts.parameters.extend(properties.iter().map(|property| property.name.span.end));
            }
            K::Scan(scan) => {
                self.facts.conditions.extend(scan.steps.iter().map(|step| step.condition.span.start));
            }
            _ => {}
        }
    }
}

impl Facts {
    pub(super) fn is_json(&self, piece: &Piece<'_>) -> bool {
        self.json.contains(&piece.span.start)
    }

    fn is_sign(&self, pieces: &[Piece<'_>], at: usize) -> bool {
        let piece = &pieces[at];
        matches!(piece.kind, T::Minus | T::Plus)
            && (self.signs.contains(&piece.span.start)
                || !at.checked_sub(1).is_some_and(|before| ends_operand(pieces[before].kind)))
    }

    /// Whether a blank stands between the token at `at` and the one before it, if both are on one line.
    pub(super) fn has_blank(&self, pieces: &[Piece<'_>], at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else { return false };
        let (left, right) = (&pieces[before], &pieces[at]);
        let was_apart = left.span.end != right.span.start;
        if self.tight.get(&left.span.start).is_some_and(|end| right.span.end <= *end) {
            return was_apart;
        }
        match (left.kind, right.kind) {
            (_, T::Comma | T::Semicolon | T::Tilde | T::RParen | T::RBracket) => false,
            (T::LParen | T::LBracket | T::Bang, _) => false,
            // `1 .x` and `1.x` are two things.
            (T::Long | T::Real | T::Timespan, T::Dot) | (T::Dot, T::Long | T::Real) => was_apart,
            (T::Dot, _) | (_, T::Dot) => false,
            (T::LBrace, _) if self.is_json(left) => false,
            (_, T::RBrace) if self.is_json(right) || left.kind == T::LBrace => false,
            (T::RParen, T::Colon) => true,
            (_, T::Colon) => false,
            (T::Colon, _) if self.is_json(left) || self.conditions.contains(&right.span.start) => true,
            (T::Colon, T::LParen) => before.checked_sub(1).is_some_and(|at| pieces[at].kind == T::RParen),
            (T::Colon, _) => false,
            (_, T::Assign) => !self.parameters.contains(&left.span.end),
            (T::Assign, _) => {
                !before.checked_sub(1).is_some_and(|at| self.parameters.contains(&pieces[at].span.end))
            }
            (T::Minus | T::Plus, _) if self.is_sign(pieces, before) => false,
            (T::Ident, T::LParen) if typed_literal_keyword(left.text).is_some() => true,
            (T::Ident, T::LParen) => !self.calls.contains(&left.span.end) && !CALL_LIKE.contains(&left.text),
            (T::RBracket, T::LParen) => !self.calls.contains(&left.span.end),
            (T::Ident | T::RParen | T::RBracket, T::LBracket) => !self.indexed.contains(&left.span.end),
            _ => true,
        }
    }
}

fn ends_operand(kind: T) -> bool {
    is_close(kind)
        || matches!(kind, T::Ident | T::Long | T::Real | T::Timespan | T::String | T::TypedLiteral | T::Star)
}
