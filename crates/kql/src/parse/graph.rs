//! The graph operators.

use super::cursor::Parser;
use crate::ast::{
    EdgeDirection, Expr, GraphElement, GraphNodes, GraphOutput, GraphPattern, GraphProjection, MakeGraph,
    OperatorKind,
};
use crate::syntax::TokenKind;

type Match = (Vec<GraphPattern>, Option<Expr>, Option<GraphProjection>);

impl Parser<'_> {
    pub(super) fn make_graph(&mut self) -> OperatorKind {
        let source = self.name();
        // `-->`, or `--` for edges without direction.
        self.expect(TokenKind::Minus, "-->");
        self.eat(TokenKind::Minus);
        self.eat(TokenKind::Greater);
        let target = self.name();
        let mut graph = MakeGraph { source, target, nodes: Vec::new(), node_id: None, partitioned_by: None };
        if self.eat_word("with") {
            graph.nodes = self.several(|parser| {
                let table = parser.table_reference();
                parser.expect_word("on");
                GraphNodes { table, key: parser.name() }
            });
        } else if self.eat_word("with_node_id") {
            self.expect(TokenKind::Assign, "=");
            graph.node_id = Some(self.name());
        }
        if self.eat_dashed("partitioned-by") {
            let key = self.name();
            graph.partitioned_by = Some((key, self.sub_pipeline()));
        }
        OperatorKind::MakeGraph(Box::new(graph))
    }

    /// Patterns, `where` and `project` of `graph-match` and `graph-shortest-paths`.
    pub(super) fn graph_match(&mut self) -> Match {
        let patterns = self.several(Self::graph_pattern);
        let filter = self.eat_word("where").then(|| self.expr());
        let project = self.eat_word("project").then(|| self.several(Self::named_expr));
        (patterns, filter, project)
    }

    fn graph_pattern(&mut self) -> GraphPattern {
        let start = self.start();
        let mut elements = vec![self.graph_node()];
        while matches!(self.kind(), TokenKind::Minus | TokenKind::Less | TokenKind::LessEq)
            && elements.len() < 200
        {
            elements.push(self.graph_edge());
            elements.push(self.graph_node());
        }
        GraphPattern { elements, span: self.since(start) }
    }

    fn graph_node(&mut self) -> GraphElement {
        let start = self.start();
        self.expect(TokenKind::LParen, "(");
        let name = self.at_name().then(|| self.name());
        self.expect(TokenKind::RParen, ")");
        GraphElement::Node { name, span: self.since(start) }
    }

    /// `-[e*1..3]->`, `-->`, `<--`, `--` and the like.
    fn graph_edge(&mut self) -> GraphElement {
        let start = self.start();
        let is_left = self.eat(TokenKind::Less);
        self.expect(TokenKind::Minus, "-");
        let mut name = None;
        let mut hops = None;
        if self.eat(TokenKind::LBracket) {
            name = self.at_name().then(|| self.name());
            if self.eat(TokenKind::Star) {
                let low = self.additive_expr();
                self.expect(TokenKind::DotDot, "..");
                hops = Some(Box::new((low, self.additive_expr())));
            }
            self.expect(TokenKind::RBracket, "]");
        }
        self.expect(TokenKind::Minus, "-");
        let is_right = self.eat(TokenKind::Greater);
        let direction = match (is_left, is_right) {
            (true, false) => EdgeDirection::Left,
            (false, true) => EdgeDirection::Right,
            _ => EdgeDirection::Any,
        };
        GraphElement::Edge { name, direction, hops, span: self.since(start) }
    }

    pub(super) fn graph_output(&mut self) -> GraphOutput {
        let start = self.start();
        let is_nodes = self.at_word("nodes");
        if is_nodes || self.at_word("edges") {
            self.bump();
        } else {
            self.expected("`nodes` or `edges`");
            self.recover();
        }
        let name = self.eat_word("as").then(|| self.name());
        let mut ids = Vec::new();
        while self.at(TokenKind::Ident) && self.peek(1).kind == TokenKind::Assign {
            let id = self.name();
            self.bump();
            ids.push((id, self.name()));
        }
        GraphOutput { is_nodes, name, ids, span: self.since(start) }
    }
}
