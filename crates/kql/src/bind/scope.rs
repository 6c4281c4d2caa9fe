//! Which names mean what.

use std::rc::Rc;
use std::sync::Arc;

use crate::ast::{Expr as Ast, FunctionDeclaration};
use crate::bound::{Expr, Rel};
use crate::syntax::Span;
use crate::types::Schema;

/// The names declared so far, the newest first. A function keeps the names of its place by cloning this.
#[derive(Clone, Default)]
pub(super) struct Env(Option<Rc<Node>>);

struct Node {
    name: String,
    entry: Entry,
    rest: Env,
}

impl Drop for Node {
    /// Without recursion: scripts may declare many names.
    fn drop(&mut self) {
        let mut next = self.rest.0.take();
        while let Some(node) = next {
            match Rc::try_unwrap(node) {
                Ok(mut node) => next = node.rest.0.take(),
                Err(_) => break,
            }
        }
    }
}

impl Env {
    /// With one more name.
    pub(super) fn with(&self, name: impl Into<String>, entry: Entry) -> Self {
        Self(Some(Rc::new(Node { name: name.into(), entry, rest: self.clone() })))
    }

    /// What a name means.
    pub(super) fn get(&self, name: &str) -> Option<&Entry> {
        let mut node = self.0.as_deref();
        while let Some(current) = node {
            if current.name == name {
                return Some(&current.entry);
            }
            node = current.rest.0.as_deref();
        }
        None
    }

    /// All names, the newest first; hidden ones too.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        let mut node = self.0.as_deref();
        std::iter::from_fn(move || {
            let current = node?;
            node = current.rest.0.as_deref();
            Some((current.name.as_str(), &current.entry))
        })
    }
}

/// What a name stands for.
#[derive(Clone)]
pub(super) enum Entry {
    /// A scalar, substituted where it is used. If it reads columns (an argument of a function), `row` is the row
    /// context they belong to.
    Scalar { expr: Expr, row: Option<u32>, size: usize },
    /// A table.
    Table(Arc<Rel>),
    /// A function.
    Function(Rc<LetFunction>),
    /// A declared pattern.
    Pattern(Rc<(crate::ast::PatternDeclaration, Env)>),
    /// A cluster or database: an alias, or the one that `macro-expand … as X` is at.
    Place { cluster: Option<String>, database: Option<String> },
    /// `entity_group […]`: clusters, databases or tables, with the names of where it is written.
    Group(Rc<(Vec<Ast>, Env)>),
    /// What `restrict access` leaves out.
    Restricted,
}

/// A function of the query.
pub(super) struct LetFunction {
    pub(super) name: String,
    pub(super) declaration: FunctionDeclaration,
    pub(super) env: Env,
    /// Spans of its body mean nothing to the user.
    pub(super) call_site: Option<Span>,
    /// What `restrict access` left where it is declared.
    pub(super) allowed: Option<Rc<[String]>>,
}

/// What names of columns can be used in an expression.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    /// The identity of the rows; expressions over other rows cannot be used here.
    pub(super) id: u32,
    /// Their columns.
    pub(super) schema: Option<&'a Schema>,
    /// The right columns of a join condition: names are `$left` and `$right` members.
    pub(super) right: Option<&'a Schema>,
    /// Whether aggregates are asked for: columns may occur inside of them only.
    pub(super) in_aggregate: bool,
    /// Whether `*` may be compared, and texts stand for tests (`search`, `find`).
    pub(super) is_search: bool,
    /// Elements of a graph pattern or steps of a `scan`: names with members.
    pub(super) parts: Option<&'a [RowPart]>,
}

/// A name with members: an element of a graph pattern, or a step of a `scan`.
#[derive(Clone)]
pub(super) struct RowPart {
    pub(super) name: String,
    pub(super) kind: PartKind,
    pub(super) schema: Schema,
    /// Of an edge: the columns of the nodes between its ends.
    pub(super) inner: Schema,
}

/// What a [`RowPart`] is.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum PartKind {
    /// An element of a pattern, by its place; one of several hops is an array.
    Element { place: usize, is_path: bool },
    /// A step of a scan.
    Step(usize),
}

impl<'a> Row<'a> {
    /// No columns.
    pub(super) fn none() -> Self {
        Self { id: 0, schema: None, right: None, in_aggregate: false, is_search: false, parts: None }
    }

    /// The columns of a table.
    pub(super) fn of(schema: &'a Schema, id: u32) -> Self {
        Self { id, schema: Some(schema), ..Row::none() }
    }
}

/// Either kind of value.
#[derive(Clone)]
pub(super) enum Value {
    Scalar(Expr),
    Table(Arc<Rel>),
    /// `cluster(…)`, `database(…)`: a place that has tables.
    Place {
        cluster: Option<String>,
        database: Option<String>,
    },
}

/// An expression that holds a function body's free text, for type names of arguments.
pub(super) fn type_of(ast: &Ast) -> Option<&str> {
    match &ast.kind {
        crate::ast::ExprKind::TypeOf(types) => types.first().map(|ty| ty.ty.text.as_str()),
        _ => None,
    }
}
