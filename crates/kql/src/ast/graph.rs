//! Patterns and clauses of the graph operators.

use super::{Expr, Name, NamedExpr};
use crate::syntax::Span;

/// `(a)-[e]->(b)`: elements in the order written, nodes and edges in turn.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphPattern {
    /// The elements.
    pub elements: Vec<GraphElement>,
    /// The whole pattern.
    pub span: Span,
}

/// A node or an edge of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub enum GraphElement {
    /// `(name)` or `()`.
    Node {
        /// The variable, if it has one.
        name: Option<Name>,
        /// The whole element.
        span: Span,
    },
    /// `-[name*1..5]->`, `<-[…]-`, `-[…]-`, `-->`, `<--`, `--`.
    Edge {
        /// The variable, if it has one.
        name: Option<Name>,
        /// Where it points.
        direction: EdgeDirection,
        /// The number of hops of a variable-length edge.
        hops: Option<Box<(Expr, Expr)>>,
        /// The whole element.
        span: Span,
    },
}

/// Where an edge of a pattern points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EdgeDirection {
    /// `-->`
    Right,
    /// `<--`
    Left,
    /// `--`
    Any,
}

/// `nodes [as N] [with_node_id = c]` or `edges …` of `graph-to-table`.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphOutput {
    /// `nodes` or `edges`.
    pub is_nodes: bool,
    /// The name of the result.
    pub name: Option<Name>,
    /// `with_node_id=`, `with_source_id=`, `with_target_id=` and the columns.
    pub ids: Vec<(Name, Name)>,
    /// The whole clause.
    pub span: Span,
}

/// `with Table on Column` of `make-graph`.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphNodes {
    /// The node table.
    pub table: Expr,
    /// The column with the ids of the nodes.
    pub key: Name,
}

/// `project` of `graph-match` and `graph-shortest-paths`.
pub type GraphProjection = Vec<NamedExpr>;
