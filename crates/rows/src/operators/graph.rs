//! Graphs: `make-graph` and the operators on it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use azimuth_kql::ast::EdgeDirection;
use azimuth_kql::bound::{Call, Expr, ExprKind, GraphMatch, MakeGraph, Rel, RelKind};
use azimuth_kql::types::Schema;
use azimuth_values::{Json, Value, function, text};

use crate::eval::{self, Elements, Env, eval};
use crate::run::{Failure, Run};
use crate::table::{Row, Table, key_of, null_of};

/// Edges tried for one `graph-match`.
const MAX_STEPS: u64 = 20_000_000;

/// Nodes and edges with their rows.
#[derive(Clone, Debug)]
pub(super) struct Graph {
    node_schema: Schema,
    edge_schema: Schema,
    nodes: Vec<Row>,
    ids: Vec<Value>,
    edges: Vec<Row>,
    /// Source and target of each edge, as places of nodes.
    ends: Vec<(usize, usize)>,
}

/// The graph that an operator gives.
pub(super) fn graph(run: &Run<'_>, rel: &Rel, given: Option<&Table>) -> Result<Graph, Failure> {
    match &rel.kind {
        RelKind::MakeGraph(make) => make_graph(run, make, given),
        RelKind::As { input, .. } => graph(run, input, given),
        RelKind::GraphMarkComponents { graph: inner, kind, name } => {
            let mut graph = graph(run, inner, given)?;
            let components =
                if kind == "strong" { strong_components(&graph) } else { weak_components(&graph) };
            graph
                .node_schema
                .columns
                .push(azimuth_kql::types::Column::new(name.clone(), azimuth_kql::types::ScalarType::Long));
            for (node, component) in graph.nodes.iter_mut().zip(components) {
                node.push(Value::Long(component as i64));
            }
            Ok(graph)
        }
        RelKind::GraphFilter { graph: inner, is_nodes, predicate } => {
            let graph = graph(run, inner, given)?;
            filtered(run, &graph, *is_nodes, predicate)
        }
        _ => Err(Failure::Unsupported("a graph operator over rows".to_owned())),
    }
}

fn make_graph(run: &Run<'_>, make: &MakeGraph, given: Option<&Table>) -> Result<Graph, Failure> {
    let edges = run.table(&make.edges, given)?;
    let mut graph = Graph {
        node_schema: make.node_schema.clone(),
        edge_schema: edges.schema.clone(),
        nodes: Vec::new(),
        ids: Vec::new(),
        edges: Vec::new(),
        ends: Vec::new(),
    };
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let empty: Row = make.node_schema.columns.iter().map(|column| null_of(column.ty)).collect();
    let mut keys = Vec::new();
    for (rel, key) in &make.nodes {
        let table = run.table(rel, given)?;
        let columns: Vec<Option<usize>> =
            table.schema.columns.iter().map(|column| make.node_schema.index_of(&column.name)).collect();
        keys.extend(columns[*key]);
        for row in table.rows {
            let id = row[*key].clone();
            let place = *places.entry(key_of(std::slice::from_ref(&id))).or_insert_with(|| {
                graph.nodes.push(empty.clone());
                graph.ids.push(id);
                graph.nodes.len() - 1
            });
            for (cell, column) in row.into_iter().zip(&columns) {
                if let Some(column) = column {
                    graph.nodes[place][*column] = cell;
                }
            }
        }
    }
    if make.nodes.is_empty() {
        keys.push(0);
    }
    for row in edges.rows {
        let mut end = |column: usize| {
            let id = row[column].clone();
            *places.entry(key_of(std::slice::from_ref(&id))).or_insert_with(|| {
                let mut node = empty.clone();
                for key in &keys {
                    if let Some(cell) = node.get_mut(*key) {
                        *cell = id.clone();
                    }
                }
                graph.nodes.push(node);
                graph.ids.push(id);
                graph.nodes.len() - 1
            })
        };
        let ends = (end(make.source), end(make.target));
        graph.ends.push(ends);
        graph.edges.push(row);
    }
    run.count(graph.nodes.len())?;
    Ok(graph)
}

fn filtered(run: &Run<'_>, graph: &Graph, is_nodes: bool, predicate: &Expr) -> Result<Graph, Failure> {
    let holds = |row: &Row| Ok::<_, Failure>(eval(predicate, &Env::of(run, row))?.as_bool() == Some(true));
    let mut kept =
        Graph { nodes: Vec::new(), ids: Vec::new(), edges: Vec::new(), ends: Vec::new(), ..graph.clone() };
    let mut places = vec![None; graph.nodes.len()];
    for (place, row) in graph.nodes.iter().enumerate() {
        if !is_nodes || holds(row)? {
            places[place] = Some(kept.nodes.len());
            kept.nodes.push(row.clone());
            kept.ids.push(graph.ids[place].clone());
        }
    }
    for (row, (source, target)) in graph.edges.iter().zip(&graph.ends) {
        if let (Some(source), Some(target)) = (places[*source], places[*target])
            && (is_nodes || holds(row)?)
        {
            kept.edges.push(row.clone());
            kept.ends.push((source, target));
        }
    }
    Ok(kept)
}

/// Components without regard to direction, numbered in the order of their first node.
fn weak_components(graph: &Graph) -> Vec<usize> {
    let mut parent: Vec<usize> = (0..graph.nodes.len()).collect();
    fn root(parent: &mut [usize], mut node: usize) -> usize {
        while parent[node] != node {
            parent[node] = parent[parent[node]];
            node = parent[node];
        }
        node
    }
    for (source, target) in &graph.ends {
        let (left, right) = (root(&mut parent, *source), root(&mut parent, *target));
        parent[left.max(right)] = left.min(right);
    }
    let roots: Vec<usize> = (0..graph.nodes.len()).map(|node| root(&mut parent, node)).collect();
    numbered(&roots)
}

/// Components that can be reached from each other (Kosaraju), without recursion.
fn strong_components(graph: &Graph) -> Vec<usize> {
    let count = graph.nodes.len();
    let (mut forward, mut backward) = (vec![Vec::new(); count], vec![Vec::new(); count]);
    for (source, target) in &graph.ends {
        forward[*source].push(*target);
        backward[*target].push(*source);
    }
    let mut seen = vec![false; count];
    let mut finished = Vec::with_capacity(count);
    for start in 0..count {
        let mut stack = vec![(start, 0)];
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        while let Some((node, next)) = stack.last_mut() {
            if let Some(&other) = forward[*node].get(*next) {
                *next += 1;
                if !std::mem::replace(&mut seen[other], true) {
                    stack.push((other, 0));
                }
            } else {
                finished.push(*node);
                stack.pop();
            }
        }
    }
    let mut roots = vec![usize::MAX; count];
    for start in finished.into_iter().rev() {
        let mut stack = vec![start];
        while let Some(node) = stack.pop() {
            if roots[node] == usize::MAX {
                roots[node] = start;
                stack.extend(&backward[node]);
            }
        }
    }
    numbered(&roots)
}

fn numbered(roots: &[usize]) -> Vec<usize> {
    let mut numbers = HashMap::new();
    roots
        .iter()
        .map(|root| {
            let next = numbers.len();
            *numbers.entry(*root).or_insert(next)
        })
        .collect()
}

/// `graph-to-table`.
pub(super) fn to_table(
    run: &Run<'_>,
    graph: &Graph,
    is_nodes: bool,
    ids: &[String],
) -> Result<Vec<Row>, Failure> {
    let hash = |node: usize| match function("hash") {
        Some(hash) => (hash.call)(run.context, &graph.ids[node..=node]),
        None => Ok(Value::Null),
    };
    let rows = if is_nodes { &graph.nodes } else { &graph.edges };
    rows.iter()
        .enumerate()
        .map(|(place, row)| {
            let ends = if is_nodes { vec![place] } else { vec![graph.ends[place].0, graph.ends[place].1] };
            let mut out = ends.into_iter().take(ids.len()).map(hash).collect::<Result<Row, _>>()?;
            out.extend(row.iter().cloned());
            Ok(out)
        })
        .collect()
}

/// The functions over elements of a pattern.
pub(crate) const FUNCTIONS: &[&str] =
    &["all", "any", "inner_nodes", "labels", "map", "node_degree_in", "node_degree_out", "node_id"];

/// What an element of a pattern is bound to.
#[derive(Clone, Debug)]
enum Binding {
    Node(usize),
    Edge(usize),
    /// Edges in the order they are passed, and the nodes between them.
    Path(Vec<usize>, Vec<usize>),
}

struct Match<'m> {
    graph: &'m Graph,
    bindings: &'m [Option<Binding>],
}

fn bag(schema: &Schema, row: &[Value]) -> Json {
    let members = schema
        .columns
        .iter()
        .zip(row)
        .map(|(column, cell)| (Arc::from(column.name.as_str()), cell.to_json()));
    Json::Object(members.collect())
}

impl Match<'_> {
    /// The rows of a path, a list of inner nodes, or one element.
    fn rows(&self, expr: &Expr) -> Option<Vec<&Row>> {
        match &expr.kind {
            ExprKind::Element { element, column: None } => {
                Some(match self.bindings.get(*element)?.as_ref()? {
                    Binding::Node(node) => vec![&self.graph.nodes[*node]],
                    Binding::Edge(edge) => vec![&self.graph.edges[*edge]],
                    Binding::Path(edges, _) => edges.iter().map(|edge| &self.graph.edges[*edge]).collect(),
                })
            }
            ExprKind::Call(call) if call.function.name == "inner_nodes" => {
                match &call.arguments.first()?.kind {
                    ExprKind::Element { element, .. } => match self.bindings.get(*element)?.as_ref()? {
                        Binding::Path(_, nodes) => {
                            Some(nodes.iter().map(|node| &self.graph.nodes[*node]).collect())
                        }
                        _ => Some(Vec::new()),
                    },
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The node that a function is about: the element of its argument, or without one the inner node at hand.
    fn node(&self, env: &Env<'_>, call: &Call) -> Option<usize> {
        match call.arguments.first().map(|argument| &argument.kind) {
            Some(ExprKind::Element { element, .. }) => match self.bindings.get(*element)?.as_ref()? {
                Binding::Node(node) => Some(*node),
                _ => None,
            },
            Some(_) => None,
            None => self.graph.nodes.iter().position(|row| std::ptr::eq(row.as_slice(), env.row)),
        }
    }

    fn degree(&self, node: usize, incoming: bool) -> Value {
        let ends = self.graph.ends.iter();
        let count = ends.filter(|(source, target)| node == if incoming { *target } else { *source }).count();
        Value::Long(count as i64)
    }
}

impl Elements for Match<'_> {
    fn element(&self, element: usize, column: Option<usize>) -> Value {
        let Some(Some(binding)) = self.bindings.get(element) else { return Value::Null };
        let cell = |schema: &Schema, row: &Row| match column {
            Some(column) => row.get(column).cloned().unwrap_or_default(),
            None => Value::dynamic(bag(schema, row)),
        };
        match binding {
            Binding::Node(node) => cell(&self.graph.node_schema, &self.graph.nodes[*node]),
            Binding::Edge(edge) => cell(&self.graph.edge_schema, &self.graph.edges[*edge]),
            Binding::Path(edges, _) => Value::array(
                edges
                    .iter()
                    .map(|edge| cell(&self.graph.edge_schema, &self.graph.edges[*edge]).to_json())
                    .collect(),
            ),
        }
    }

    fn step(&self, _: usize, _: usize) -> Value {
        Value::Null
    }

    fn call(&self, env: &Env<'_>, call: &Call) -> Option<Result<Value, Failure>> {
        let name = call.function.name;
        match name {
            "node_degree_in" | "node_degree_out" => {
                Some(Ok(self.degree(self.node(env, call)?, name == "node_degree_in")))
            }
            "node_id" => Some(Ok(text::to_string(&self.graph.ids[self.node(env, call)?]).into())),
            // Labels are a matter of stored graph models; graphs of `make-graph` have none.
            "labels" => Some(Ok(Value::array(Vec::new()))),
            "inner_nodes" => {
                let rows = self.rows(&Expr {
                    kind: ExprKind::Call(call.clone()),
                    ty: azimuth_kql::types::ScalarType::Dynamic,
                    span: call.arguments.first()?.span,
                })?;
                Some(Ok(Value::array(
                    rows.into_iter().map(|row| bag(&self.graph.node_schema, row)).collect(),
                )))
            }
            "all" | "any" | "map" if call.arguments.len() == 2 => {
                let rows = self.rows(&call.arguments[0])?;
                let inner = &call.arguments[1];
                let values: Result<Vec<Value>, Failure> =
                    rows.into_iter().map(|row| eval(inner, &Env { row, named: None, ..*env })).collect();
                Some(values.map(|values| match name {
                    "all" => Value::Bool(values.iter().all(|value| value.as_bool() == Some(true))),
                    "any" => Value::Bool(values.iter().any(|value| value.as_bool() == Some(true))),
                    _ => Value::array(values.iter().map(Value::to_json).collect()),
                }))
            }
            _ => None,
        }
    }
}

/// How often nodes and edges may be passed in one match.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cycles {
    All,
    None,
    UniqueEdges,
}

/// A step of the search: an edge between two nodes of a pattern.
struct Step {
    from: usize,
    edge: usize,
    to: usize,
    least: i64,
    most: i64,
    direction: EdgeDirection,
}

struct Search<'s> {
    graph: &'s Graph,
    steps: Vec<Step>,
    first: usize,
    cycles: Cycles,
    outgoing: Vec<Vec<usize>>,
    incoming: Vec<Vec<usize>>,
    tried: RefCell<u64>,
}

type Found<'f> = &'f mut dyn FnMut(&[Option<Binding>]) -> Result<(), Failure>;

/// `graph-match` and `graph-shortest-paths`.
pub(super) fn matches(
    run: &Run<'_>,
    graph: &Graph,
    pattern: &GraphMatch,
    shortest: bool,
) -> Result<Vec<Row>, Failure> {
    let property = |name: &str| {
        pattern.properties.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    };
    let cycles = match property("cycles") {
        Some("all") => Cycles::All,
        Some("none") => Cycles::None,
        _ if shortest => Cycles::None,
        _ => Cycles::UniqueEdges,
    };
    let mut steps = Vec::new();
    for path in &pattern.patterns {
        for window in path.windows(3).step_by(2) {
            let [from, edge, to] = window else { continue };
            let element = &pattern.elements[*edge];
            let bound = |expr: &Expr| {
                Ok::<_, Failure>(eval::constant(run, expr)?.as_long().unwrap_or(1).clamp(0, 1000))
            };
            let (least, most) = match &element.hops {
                Some((least, most)) => (bound(least)?, bound(most)?),
                None => (1, 1),
            };
            let direction = element.edge.unwrap_or(EdgeDirection::Right);
            steps.push(Step { from: *from, edge: *edge, to: *to, least, most, direction });
        }
    }
    let first = pattern.patterns.first().and_then(|path| path.first()).copied().unwrap_or_default();
    let (mut outgoing, mut incoming) =
        (vec![Vec::new(); graph.nodes.len()], vec![Vec::new(); graph.nodes.len()]);
    for (edge, (source, target)) in graph.ends.iter().enumerate() {
        outgoing[*source].push(edge);
        incoming[*target].push(edge);
    }
    let search = Search { graph, steps, first, cycles, outgoing, incoming, tried: RefCell::new(0) };
    let path_edges: Vec<usize> =
        (0..pattern.elements.len()).filter(|element| pattern.elements[*element].hops.is_some()).collect();
    let mut found: Vec<(Vec<u8>, usize, Row)> = Vec::new();
    let mut emit = |bindings: &[Option<Binding>]| -> Result<(), Failure> {
        // One edge that may be passed several times is a path even where it is passed once.
        let mut bindings = bindings.to_vec();
        for element in &path_edges {
            if let Some(Binding::Edge(edge)) = bindings[*element] {
                bindings[*element] = Some(Binding::Path(vec![edge], Vec::new()));
            }
        }
        let elements = Match { graph, bindings: &bindings };
        let env = Env { elements: Some(&elements), ..Env::of(run, &[]) };
        if let Some(filter) = &pattern.filter
            && eval(filter, &env)?.as_bool() != Some(true)
        {
            return Ok(());
        }
        run.count(1)?;
        let row = pattern.project.iter().map(|expr| eval(expr, &env)).collect::<Result<Row, _>>()?;
        let ends: Vec<Value> = bindings
            .iter()
            .filter_map(|binding| match binding {
                Some(Binding::Node(node)) => Some(Value::Long(*node as i64)),
                _ => None,
            })
            .collect();
        let length = bindings
            .iter()
            .map(|binding| match binding {
                Some(Binding::Edge(_)) => 1,
                Some(Binding::Path(edges, _)) => edges.len(),
                _ => 0,
            })
            .sum();
        found.push((key_of(&ends), length, row));
        Ok(())
    };
    search.start(pattern.elements.len(), &mut emit)?;
    if !shortest {
        return Ok(found.into_iter().map(|(.., row)| row).collect());
    }
    let all = property("output") == Some("all");
    let mut least: HashMap<Vec<u8>, usize> = HashMap::new();
    for (ends, length, _) in &found {
        least.entry(ends.clone()).and_modify(|known| *known = (*known).min(*length)).or_insert(*length);
    }
    let mut taken = std::collections::HashSet::new();
    let kept = found
        .into_iter()
        .filter(|(ends, length, _)| least.get(ends) == Some(length) && (all || taken.insert(ends.clone())));
    Ok(kept.map(|(.., row)| row).collect())
}

impl Search<'_> {
    fn start(&self, elements: usize, found: Found<'_>) -> Result<(), Failure> {
        for node in 0..self.graph.nodes.len() {
            let mut bindings = vec![None; elements];
            bindings[self.first] = Some(Binding::Node(node));
            self.next(0, &mut bindings, found)?;
        }
        Ok(())
    }

    fn next(
        &self,
        step: usize,
        bindings: &mut Vec<Option<Binding>>,
        found: Found<'_>,
    ) -> Result<(), Failure> {
        let Some(at) = self.steps.get(step) else { return found(bindings) };
        match bindings[at.from] {
            Some(Binding::Node(node)) => {
                self.walk(step, node, &mut Vec::new(), &mut Vec::new(), bindings, found)
            }
            _ => {
                // The pattern begins anew, not joined to what came before.
                for node in 0..self.graph.nodes.len() {
                    bindings[at.from] = Some(Binding::Node(node));
                    self.walk(step, node, &mut Vec::new(), &mut Vec::new(), bindings, found)?;
                }
                bindings[at.from] = None;
                Ok(())
            }
        }
    }

    /// Goes on from a node that a path of a step has reached.
    fn walk(
        &self,
        step: usize,
        node: usize,
        edges: &mut Vec<usize>,
        nodes: &mut Vec<usize>,
        bindings: &mut Vec<Option<Binding>>,
        found: Found<'_>,
    ) -> Result<(), Failure> {
        let at = &self.steps[step];
        if edges.len() as i64 >= at.least {
            self.arrive(step, node, edges, nodes, bindings, found)?;
        }
        if edges.len() as i64 >= at.most {
            return Ok(());
        }
        let forward = self.outgoing[node].iter().map(|edge| (*edge, self.graph.ends[*edge].1));
        let backward = self.incoming[node].iter().map(|edge| (*edge, self.graph.ends[*edge].0));
        let ways: Vec<(usize, usize)> = match at.direction {
            EdgeDirection::Right => forward.collect(),
            EdgeDirection::Left => backward.collect(),
            EdgeDirection::Any => forward.chain(backward).collect(),
        };
        for (edge, other) in ways {
            *self.tried.borrow_mut() += 1;
            if *self.tried.borrow() > MAX_STEPS {
                return Err(Failure::TooManyRows(MAX_STEPS));
            }
            let passed = edges.contains(&edge)
                || bindings.iter().flatten().any(|binding| match binding {
                    Binding::Edge(known) => *known == edge,
                    Binding::Path(known, _) => known.contains(&edge),
                    Binding::Node(_) => false,
                });
            // The pattern itself may say that a path ends where it began.
            let closes = matches!(bindings[at.to], Some(Binding::Node(known)) if known == other);
            let bound = bindings
                .iter()
                .flatten()
                .any(|binding| matches!(binding, Binding::Node(known) if *known == other));
            let visited = nodes.contains(&other) || (bound && !closes);
            if (self.cycles != Cycles::All && passed) || (self.cycles == Cycles::None && visited) {
                continue;
            }
            let inner = !edges.is_empty();
            if inner {
                nodes.push(node);
            }
            edges.push(edge);
            self.walk(step, other, edges, nodes, bindings, found)?;
            edges.pop();
            if inner {
                nodes.pop();
            }
        }
        Ok(())
    }

    /// Binds the end of a step, if it may be the node that has been reached.
    fn arrive(
        &self,
        step: usize,
        node: usize,
        edges: &[usize],
        nodes: &[usize],
        bindings: &mut Vec<Option<Binding>>,
        found: Found<'_>,
    ) -> Result<(), Failure> {
        let at = &self.steps[step];
        let before = bindings[at.to].clone();
        match before {
            Some(Binding::Node(known)) if known == node => {}
            Some(_) => return Ok(()),
            None => {
                let met = bindings
                    .iter()
                    .flatten()
                    .any(|binding| matches!(binding, Binding::Node(known) if *known == node));
                if self.cycles == Cycles::None && met {
                    return Ok(());
                }
                bindings[at.to] = Some(Binding::Node(node));
            }
        }
        bindings[at.edge] = Some(match edges {
            [edge] if (at.least, at.most) == (1, 1) => Binding::Edge(*edge),
            edges => Binding::Path(edges.to_vec(), nodes.to_vec()),
        });
        self.next(step + 1, bindings, found)?;
        bindings[at.edge] = None;
        bindings[at.to] = before;
        Ok(())
    }
}
