//! Building the output columns of an operator.

use std::collections::HashSet;

use super::Binder;
use crate::bound::Expr;
use crate::syntax::Span;
use crate::types::{Column, Schema};

/// Output columns with the expressions that fill them.
#[derive(Default)]
pub(super) struct Columns {
    pub(super) schema: Schema,
    pub(super) exprs: Vec<Expr>,
    names: HashSet<String>,
    /// Names written or taken over by this operator, not by its input.
    defined: HashSet<String>,
    /// Names written in the query, which may not be written twice.
    written: HashSet<String>,
}

impl Columns {
    /// The columns of the input, as they are.
    pub(super) fn of_input(schema: &Schema, span: Span) -> Self {
        let mut columns = Self::default();
        columns.schema.is_open = schema.is_open;
        for (index, column) in schema.columns.iter().enumerate() {
            columns.push(column.name.clone(), Expr::column(index, column.ty, span));
            columns.schema.columns[index].shape = column.shape.clone();
        }
        columns
    }

    /// Adds a column whose name is known to be free.
    pub(super) fn push(&mut self, name: String, expr: Expr) {
        self.names.insert(name.clone());
        self.schema.columns.push(Column::new(name, expr.ty));
        self.exprs.push(expr);
    }

    /// `name`, or `name1`, `name2` … if it is taken.
    pub(super) fn free_name(&self, name: &str) -> String {
        free_name(name, |candidate| self.names.contains(candidate))
    }

    /// Adds a column under a name that makes way: `count_1` if `count_` is taken.
    pub(super) fn add_free(&mut self, name: Option<&str>, expr: Expr) -> usize {
        let name = match name {
            Some(name) if !name.is_empty() => self.free_name(name),
            _ => self.numbered("Column"),
        };
        self.defined.insert(name.clone());
        self.push(name, expr);
        self.exprs.len() - 1
    }

    /// `Column1`, `Column2` …
    pub(super) fn numbered(&self, stem: &str) -> String {
        (1..)
            .map(|number| format!("{stem}{number}"))
            .find(|name| !self.names.contains(name))
            .unwrap_or_default()
    }

    /// Like [`Columns::numbered`], beside the columns of the input too.
    pub(super) fn numbered_beside(&self, stem: &str, input: &Schema) -> String {
        let is_free = |name: &String| !self.names.contains(name) && input.column(name).is_none();
        (1..).map(|number| format!("{stem}{number}")).find(is_free).unwrap_or_default()
    }

    /// Adds a column, or puts it in the place of the input's column of that name.
    pub(super) fn replace(&mut self, name: &str, expr: Expr) -> usize {
        self.defined.insert(name.to_owned());
        match self.schema.index_of(name) {
            Some(index) => {
                self.schema.columns[index] = Column::new(name, expr.ty);
                self.exprs[index] = expr;
                index
            }
            None => {
                self.push(name.to_owned(), expr);
                self.exprs.len() - 1
            }
        }
    }

    /// Whether this operator has defined the name already.
    pub(super) fn is_defined(&self, name: &str) -> bool {
        self.defined.contains(name)
    }

    /// Takes a name that is written in the query; false if it was written before.
    pub(super) fn write(&mut self, name: &str) -> bool {
        self.written.insert(name.to_owned())
    }
}

impl Binder<'_> {
    /// Reports a name that an operator defines twice.
    pub(super) fn declared_twice(&mut self, name: &str, span: Span) {
        self.error("kql-duplicate-column", span, format!("there is a column `{name}` already"));
    }
}

/// `name`, or the first of `name1`, `name2` … that is not taken.
pub(super) fn free_name(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(name) {
        return name.to_owned();
    }
    (1..).map(|number| format!("{name}{number}")).find(|candidate| !is_taken(candidate)).unwrap_or_default()
}
