//! The graph operators.

use std::sync::Arc;

use super::columns::Columns;
use super::scope::{PartKind, Row, RowPart};
use super::tabular::is_graph;
use super::{Binder, Scope};
use crate::ast::{
    Expr as Ast, GraphElement, GraphOutput, GraphPattern, MakeGraph as AstGraph, NamedExpr, Operator,
};
use crate::bound::{Expr, ExprKind as B, GraphMatch, Input, MakeGraph, PatternElement, Rel, RelKind};
use crate::suggest::closest;
use crate::syntax::Span;
use crate::types::{Column, ScalarType as T, Schema};

impl Binder<'_> {
    pub(super) fn make_graph(
        &mut self,
        operator: &Operator,
        ast: &AstGraph,
        edges: Input,
        env: &Scope,
    ) -> Arc<Rel> {
        let source = self.graph_column(&ast.source, &edges.schema);
        let target = self.graph_column(&ast.target, &edges.schema);
        let mut nodes = Vec::new();
        let mut node_schema = Schema::default();
        for table in &ast.nodes {
            let rel = self.table(&table.table, env);
            let key = self.graph_column(&table.key, &rel.schema);
            for column in &rel.schema.columns {
                if node_schema.column(&column.name).is_none() {
                    node_schema.columns.push(column.clone());
                }
            }
            node_schema.is_open |= rel.schema.is_open;
            nodes.push((rel, key));
        }
        let node_id = ast.node_id.as_ref().map(|name| name.text.clone());
        if nodes.is_empty() {
            let ty = edges.schema.columns.get(source).map_or(T::Unknown, |column| column.ty);
            let name = node_id.clone().unwrap_or_else(|| "node_id".into());
            node_schema.columns.push(Column::new(name, ty));
        }
        if let Some((key, pipeline)) = &ast.partitioned_by {
            // Each partition is a graph of its own; its result are rows.
            let place = self.graph_column(key, &edges.schema);
            let ty = edges.schema.columns.get(place).map_or(T::Unknown, |column| column.ty);
            let by = Expr::column(place, ty, self.at(key.span));
            let schema = edges.schema.clone();
            let given = self.rel(RelKind::Given, schema.clone(), operator.span);
            let graph = MakeGraph { edges: given, source, target, nodes, node_id, node_schema };
            let mut rel = self.rel(RelKind::MakeGraph(Box::new(graph)), schema, operator.span);
            for operator in &pipeline.operators {
                let next = crate::ast::Pipeline { source: None, operators: vec![operator.clone()] };
                rel = self.piped(&next, rel, env);
            }
            let schema = rel.schema.clone();
            let kind = RelKind::Partition { input: edges, by, body: rel, strategy: None };
            return self.rel(kind, schema, operator.span);
        }
        let schema = edges.schema.clone();
        let graph = MakeGraph { edges, source, target, nodes, node_id, node_schema };
        self.rel(RelKind::MakeGraph(Box::new(graph)), schema, operator.span)
    }

    fn graph_column(&mut self, name: &crate::ast::Name, schema: &Schema) -> usize {
        schema.index_of(&name.text).unwrap_or_else(|| {
            if !schema.is_open {
                let hint = closest(&name.text, schema.columns.iter().map(|column| column.name.as_str()))
                    .map(|near| format!("did you mean `{near}`?"));
                let message = format!("there is no column `{}`", name.text);
                self.error_with_hint("kql-unknown-name", name.span, message, hint);
            }
            0
        })
    }

    pub(super) fn graph_mark_components(&mut self, operator: &Operator, graph: Input) -> Arc<Rel> {
        let word = |name: &str, default: &str| {
            operator.parameter(name).and_then(|value| value.word()).unwrap_or(default).to_owned()
        };
        let (kind, name) = (word("kind", "weak"), word("with_component_id", "ComponentId"));
        let schema = graph.schema.clone();
        self.rel(RelKind::GraphMarkComponents { graph, kind, name }, schema, operator.span)
    }

    pub(super) fn graph_filter(
        &mut self,
        predicate: &Ast,
        is_nodes: bool,
        graph: Input,
        span: Span,
        env: &Scope,
    ) -> Arc<Rel> {
        let (nodes, edges) = graph_schemas(&graph);
        let row = self.new_row();
        let schema = if is_nodes { nodes } else { edges };
        let predicate = self.predicate(predicate, Row::of(&schema, row), env);
        let schema = graph.schema.clone();
        self.rel(RelKind::GraphFilter { graph, is_nodes, predicate }, schema, span)
    }

    pub(super) fn graph_match(
        &mut self,
        operator: &Operator,
        patterns: &[GraphPattern],
        filter: Option<&Ast>,
        project: Option<&[NamedExpr]>,
        graph: Input,
        env: &Scope,
    ) -> Arc<Rel> {
        let (nodes, edges) = graph_schemas(&graph);
        let mut elements: Vec<PatternElement> = Vec::new();
        let mut parts: Vec<RowPart> = Vec::new();
        let mut places = Vec::new();
        for pattern in patterns {
            let mut path = Vec::new();
            for element in &pattern.elements {
                let (name, edge, hops, span) = match element {
                    GraphElement::Node { name, span } => (name, None, None, *span),
                    GraphElement::Edge { name, direction, hops, span } => {
                        let hops = hops
                            .as_ref()
                            .map(|hops| (self.constant(&hops.0, env), self.constant(&hops.1, env)));
                        (name, Some(*direction), hops, *span)
                    }
                };
                let known = name.as_ref().and_then(|name| {
                    elements.iter().position(|element| element.name.as_ref() == Some(&name.text))
                });
                if let Some(known) = known {
                    if elements[known].edge.is_some() || edge.is_some() {
                        self.error(
                            "kql-graph-pattern",
                            span,
                            "an edge occurs once, and a name is a node or an edge",
                        );
                    }
                    path.push(known);
                    continue;
                }
                if let Some(name) = name {
                    let kind = PartKind::Element { place: elements.len(), is_path: hops.is_some() };
                    let schema = if edge.is_some() { edges.clone() } else { nodes.clone() };
                    parts.push(RowPart { name: name.text.clone(), kind, schema, inner: nodes.clone() });
                }
                path.push(elements.len());
                elements.push(PatternElement {
                    name: name.as_ref().map(|name| name.text.clone()),
                    edge,
                    hops,
                });
            }
            places.push(path);
        }
        let row = self.new_row();
        let row = Row { id: row, parts: Some(&parts), ..Row::none() };
        let filter = filter.map(|filter| self.predicate(filter, row, env));
        let out = match project {
            Some(columns) => self.projected(columns, row, env, &Schema::default()),
            None => {
                let mut out = Columns::default();
                for part in &parts {
                    if let PartKind::Element { place, .. } = part.kind {
                        let kind = B::Element { element: place, column: None };
                        out.push(
                            part.name.clone(),
                            Expr { kind, ty: T::Dynamic, span: self.at(operator.span) },
                        );
                    }
                }
                out
            }
        };
        let properties = operator
            .parameters
            .iter()
            .map(|parameter| (parameter.name.text.clone(), parameter.word().unwrap_or_default().to_owned()))
            .collect();
        let is_paths = matches!(operator.kind, crate::ast::OperatorKind::GraphShortestPaths { .. });
        let found = GraphMatch { graph, elements, patterns: places, filter, project: out.exprs, properties };
        let found = Box::new(found);
        let kind = if is_paths { RelKind::GraphShortestPaths(found) } else { RelKind::GraphMatch(found) };
        self.rel(kind, out.schema, operator.span)
    }

    pub(super) fn graph_to_table(&mut self, outputs: &[GraphOutput], graph: &Input, span: Span) -> Arc<Rel> {
        let (nodes, edges) = graph_schemas(graph);
        let mut last = None;
        for output in outputs {
            let own = if output.is_nodes { &nodes } else { &edges };
            let ids: Vec<String> = output.ids.iter().map(|(_, column)| column.text.clone()).collect();
            let mut columns: Vec<Column> = ids.iter().map(|id| Column::new(id.clone(), T::Long)).collect();
            columns.extend(own.columns.iter().cloned());
            let schema = Schema { columns, is_open: own.is_open };
            let kind = RelKind::GraphToTable { graph: graph.clone(), is_nodes: output.is_nodes, ids };
            let rel = self.rel(kind, schema, output.span);
            let name = output.name.as_ref().map(|name| name.text.clone());
            if let Some((name, rel)) = last.replace((name, rel)) {
                self.push_result(name, rel, None);
            }
        }
        last.map_or_else(|| self.error_rel(span), |(_, rel)| rel)
    }

    fn piped(&mut self, pipeline: &crate::ast::Pipeline, input: Input, env: &Scope) -> Arc<Rel> {
        let mut rel = input;
        for operator in &pipeline.operators {
            rel = self.operator(operator, Some(rel), env);
        }
        rel
    }
}

/// The columns of nodes and of edges.
fn graph_schemas(graph: &Rel) -> (Schema, Schema) {
    match &graph.kind {
        RelKind::MakeGraph(graph) => (graph.node_schema.clone(), graph.edges.schema.clone()),
        RelKind::GraphMarkComponents { graph, name, .. } => {
            let (mut nodes, edges) = graph_schemas(graph);
            nodes.columns.push(Column::new(name.clone(), T::Long));
            (nodes, edges)
        }
        RelKind::GraphFilter { graph, .. } => graph_schemas(graph),
        RelKind::As { input, .. } if is_graph(input) => graph_schemas(input),
        _ => {
            let open = Schema { columns: Vec::new(), is_open: true };
            (open.clone(), open)
        }
    }
}
