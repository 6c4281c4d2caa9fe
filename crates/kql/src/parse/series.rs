//! `make-series` and `scan`.

use super::cursor::Parser;
use crate::ast::{MakeSeries, OperatorKind, Scan, ScanStep, SeriesRange};
use crate::syntax::TokenKind;

impl Parser<'_> {
    pub(super) fn make_series(&mut self) -> OperatorKind {
        let aggregates = self.several(|parser| {
            let aggregate = parser.named_expr();
            let default = parser.eat_word("default").then(|| {
                parser.expect(TokenKind::Assign, "=");
                parser.expr()
            });
            (aggregate, default)
        });
        self.expect_word("on");
        let on = self.named_expr();
        let range = if self.eat_word("in") {
            self.expect_word("range");
            self.expect(TokenKind::LParen, "(");
            SeriesRange::InRange(self.list(TokenKind::RParen, ")", false, Self::expr))
        } else {
            let from = self.eat_word("from").then(|| Box::new(self.expr()));
            let to = self.eat_word("to").then(|| Box::new(self.expr()));
            self.expect_word("step");
            SeriesRange::Step { from, to, step: Box::new(self.expr()) }
        };
        let by = self.by_clause();
        OperatorKind::MakeSeries(Box::new(MakeSeries { aggregates, on, range, by }))
    }

    pub(super) fn scan(&mut self) -> OperatorKind {
        let mut scan =
            Scan { order: Vec::new(), partition: Vec::new(), declare: Vec::new(), steps: Vec::new() };
        if self.eat_word("order") {
            self.expect_word("by");
            scan.order = self.several(Self::ordered);
        }
        if self.eat_word("partition") {
            self.expect_word("by");
            scan.partition = self.several(Self::expr);
        }
        if self.eat_word("declare") {
            self.expect(TokenKind::LParen, "(");
            scan.declare = self.list(TokenKind::RParen, ")", false, Self::parameter);
        }
        self.expect_word("with");
        self.expect(TokenKind::LParen, "(");
        while self.at_word("step") {
            scan.steps.push(self.scan_step());
            if !self.eat(TokenKind::Semicolon) {
                break;
            }
        }
        self.expect(TokenKind::RParen, ")");
        OperatorKind::Scan(Box::new(scan))
    }

    fn scan_step(&mut self) -> ScanStep {
        self.bump();
        let name = self.name();
        let is_optional = self.eat_word("optional");
        let output = (self.at_word("output") && self.peek(1).kind == TokenKind::Assign).then(|| {
            self.skip(2);
            self.name()
        });
        self.expect(TokenKind::Colon, ":");
        let condition = self.expr();
        let assignments =
            if self.eat(TokenKind::FatArrow) { self.several(Self::named_expr) } else { Vec::new() };
        ScanStep { name, is_optional, output, condition, assignments }
    }
}
