//! Functions of the query and stored ones: each call is its body, with the arguments in place of the parameters.

use std::rc::Rc;
use std::sync::Arc;

use super::scope::{Entry, LetFunction, Row, Value};
use super::value::size;
use super::{Binder, Scope, StoredFunction};
use crate::ast::{Argument, FunctionDeclaration, Parameter, ParameterType};
use crate::bound::{Expr, ExprKind, NamedValue, Rel, RelKind};
use crate::syntax::Span;
use crate::types::{Column, ScalarType as T, Schema, Shape};
use crate::values::Literal;

impl Binder<'_> {
    /// A function of the query; `piped` are the rows of an `invoke`.
    pub(super) fn let_function(
        &mut self,
        function: &Rc<LetFunction>,
        arguments: &[Argument],
        piped: Option<&Arc<Rel>>,
        span: Span,
        row: Row<'_>,
        env: &Scope,
    ) -> Value {
        let declaration = &function.declaration;
        let Some(inner) = self.arguments(
            &function.name,
            declaration,
            arguments,
            piped,
            span,
            row,
            env,
            &function.env,
            false,
        ) else {
            return Value::Table(self.error_rel(span));
        };
        let before = self.call_site;
        self.call_site = function.call_site;
        let allowed = std::mem::replace(&mut self.allowed, function.allowed.clone());
        self.expansions += 1;
        let value = self.nested(span, |binder| binder.body(&declaration.body, row, inner));
        self.expansions -= 1;
        self.allowed = allowed;
        self.call_site = before;
        value.unwrap_or_else(|| Value::Table(self.error_rel(span)))
    }

    /// A function of the catalogue.
    pub(super) fn stored_function(
        &mut self,
        function: &Arc<StoredFunction>,
        arguments: &[Argument],
        piped: Option<&Arc<Rel>>,
        span: Span,
        row: Row<'_>,
        env: &Scope,
    ) -> Value {
        if self.expanding.contains(&function.name) {
            self.error("kql-recursion", span, format!("`{}` calls itself", function.name));
            return Value::Table(self.error_rel(span));
        }
        if !self.is_allowed(&function.name) {
            self.restricted(&function.name, span);
            return Value::Table(self.error_rel(span));
        }
        let declaration = &function.declaration;
        let Some(inner) = self.arguments(
            &function.name,
            declaration,
            arguments,
            piped,
            span,
            row,
            env,
            &Scope::default(),
            function.takes_columns,
        ) else {
            return Value::Table(self.error_rel(span));
        };
        if let Some(schema) = &function.host {
            let arguments = declaration
                .parameters
                .iter()
                .map(|parameter| match inner.get(&parameter.name.text) {
                    Some(Entry::Scalar { expr, .. }) => expr.clone(),
                    _ => Expr::literal(Literal::String(String::new()), self.at(span)),
                })
                .collect();
            let schema = self.known_schema(span).unwrap_or_else(|| schema.clone());
            let kind = RelKind::HostFunction { name: function.name.clone(), arguments };
            return Value::Table(self.rel(kind, schema, span));
        }
        let before = self.call_site;
        self.call_site = Some(self.at(span));
        self.expanding.push(function.name.clone());
        self.expansions += 1;
        let value = self.nested(span, |binder| binder.body(&declaration.body, row, inner));
        self.expansions -= 1;
        self.expanding.pop();
        self.call_site = before;
        value.unwrap_or_else(|| Value::Table(self.error_rel(span)))
    }

    /// The pattern that `base` calls where `base.path` or `base[path]` is written.
    pub(super) fn pattern_of<'a>(&self, base: &'a crate::ast::Expr, env: &Scope) -> Option<PatternCall<'a>> {
        match &base.kind {
            crate::ast::ExprKind::Call(call) => match env.get(&call.name.text) {
                Some(Entry::Pattern(pattern)) if pattern.0.path.is_some() => Some((pattern.clone(), call)),
                _ => None,
            },
            _ => None,
        }
    }

    /// A call of a pattern: the case whose constants the arguments and the path are.
    pub(super) fn pattern_call(
        &mut self,
        pattern: &Rc<(crate::ast::PatternDeclaration, Scope)>,
        call: &crate::ast::Call,
        path: Option<&str>,
        span: Span,
        env: &Scope,
    ) -> Value {
        let (declaration, scope) = &**pattern;
        let name = &declaration.name.text;
        if declaration.cases.is_empty() {
            let message = format!("the pattern `{name}` has no cases: nothing says what it stands for");
            self.error("kql-pattern", call.span, message);
            return Value::Table(self.error_rel(span));
        }
        if path.is_some() != declaration.path.is_some() {
            let message = match &declaration.path {
                Some(path) => format!("`{name}` asks for a path: `{name}(…).[{}]`", path.name.text),
                None => format!("`{name}` has no path"),
            };
            self.error("kql-pattern", span, message);
            return Value::Table(self.error_rel(span));
        }
        let mut given = Vec::new();
        for argument in &call.arguments {
            given.push(self.constant(&argument.value, env).as_literal().cloned());
        }
        for case in &declaration.cases {
            let mut wanted = Vec::new();
            for argument in &case.arguments {
                wanted.push(self.constant(argument, scope).as_literal().cloned());
            }
            let case_path = case.path.as_ref().map(|path| self.constant_text(path, scope));
            if wanted == given && case_path.as_deref() == path && given.iter().all(Option::is_some) {
                self.expansions += 1;
                let value = self.nested(span, |binder| binder.body(&case.body, Row::none(), scope.clone()));
                self.expansions -= 1;
                return value.unwrap_or_else(|| Value::Table(self.error_rel(span)));
            }
        }
        let message = format!("`{}` has no case for these arguments", declaration.name.text);
        self.error("kql-pattern", call.span, message);
        Value::Table(self.error_rel(span))
    }

    /// Binds the body of a function as it stands, for its errors: nobody may ever call it.
    pub(super) fn check_function(&mut self, function: &LetFunction, row: Row<'_>) {
        let mut scope = function.env.clone();
        let is_table = |parameter: &Parameter| matches!(parameter.ty, ParameterType::Table { .. });
        for pair in function.declaration.parameters.windows(2) {
            if is_table(&pair[1]) && !is_table(&pair[0]) {
                self.error("kql-parameter-order", pair[1].span, "tabular parameters come before the others");
            }
        }
        for parameter in &function.declaration.parameters {
            let span = self.at(parameter.span);
            let entry = match &parameter.ty {
                ParameterType::Table { columns, .. } => {
                    let schema = self.declared_schema(columns);
                    Entry::Table(self.rel(RelKind::Error, schema, parameter.span))
                }
                ParameterType::Scalar(name) => {
                    let ty = self.declared_type(name);
                    self.scalar_entry(Expr { kind: ExprKind::Error, ty, span }, row.id, Shape::Any)
                }
                ParameterType::None => self.scalar_entry(Expr::error(span), row.id, Shape::Any),
            };
            scope = scope.with(parameter.name.text.clone(), entry);
        }
        let shared = self.bound.shared.len();
        let results = self.bound.results.len();
        self.nested(function.declaration.span, |binder| binder.body(&function.declaration.body, row, scope));
        self.bound.shared.truncate(shared);
        self.bound.results.truncate(results);
    }

    fn body(&mut self, body: &crate::ast::FunctionBody, row: Row<'_>, env: Scope) -> Value {
        let env = self.statements(&body.statements, env, row);
        match &body.result {
            // Columns are reached through parameters only.
            Some(result) => self.value(result, Row { id: row.id, ..Row::none() }, &env),
            None => {
                self.error("kql-empty-function", body.span, "the function has no result");
                Value::Table(self.error_rel(body.span))
            }
        }
    }

    /// The names that a function's body sees: those of `inner`, and its parameters.
    #[expect(clippy::too_many_arguments, reason = "a call has two sides, each with its names")]
    fn arguments(
        &mut self,
        name: &str,
        declaration: &FunctionDeclaration,
        arguments: &[Argument],
        piped: Option<&Arc<Rel>>,
        span: Span,
        row: Row<'_>,
        env: &Scope,
        inner: &Scope,
        takes_columns: bool,
    ) -> Option<Scope> {
        let parameters = &declaration.parameters;
        let mut given: Vec<Option<Given<'_>>> = parameters.iter().map(|_| None).collect();
        let mut next = 0;
        if let (Some(piped), Some(first)) = (piped, given.first_mut()) {
            *first = Some(Given::Rows(piped));
            next = 1;
        }
        let mut is_wrong = arguments.len() + next > parameters.len();
        for argument in arguments {
            let place = match &argument.name {
                Some(name) => parameters.iter().position(|parameter| parameter.name.text == name.text),
                None => Some(next),
            };
            next += 1;
            match place.and_then(|place| given.get_mut(place)) {
                Some(slot) => *slot = Some(Given::Argument(argument)),
                None => is_wrong = true,
            }
        }
        let missing = given
            .iter()
            .zip(parameters)
            .any(|(given, parameter)| given.is_none() && parameter.default.is_none());
        if is_wrong || missing {
            let least = parameters.iter().filter(|parameter| parameter.default.is_none()).count();
            let wanted = if least == parameters.len() {
                format!("{least}")
            } else {
                format!("{least} to {}", parameters.len())
            };
            let count = arguments.len() + usize::from(piped.is_some());
            let plural = if wanted == "1" { "" } else { "s" };
            self.error(
                "kql-argument-count",
                span,
                format!("`{name}` asks for {wanted} argument{plural}, there are {count}"),
            );
            return None;
        }
        let mut scope = inner.clone();
        for (given, parameter) in given.into_iter().zip(parameters) {
            let entry = self.parameter_entry(given.as_ref(), parameter, piped, row, env, takes_columns);
            scope = scope.with(parameter.name.text.clone(), entry);
        }
        Some(scope)
    }

    fn parameter_entry(
        &mut self,
        given: Option<&Given<'_>>,
        parameter: &Parameter,
        piped: Option<&Arc<Rel>>,
        row: Row<'_>,
        env: &Scope,
        takes_columns: bool,
    ) -> Entry {
        match &parameter.ty {
            ParameterType::Table { columns, .. } => {
                let (rel, span) = match given {
                    Some(Given::Rows(rel)) => (Arc::clone(rel), rel.span),
                    Some(Given::Argument(argument)) => {
                        (self.table(&argument.value, env), argument.value.span)
                    }
                    None => (self.error_rel(parameter.span), parameter.span),
                };
                let missing = columns
                    .iter()
                    .find(|column| !rel.schema.is_open && rel.schema.column(&column.name.text).is_none());
                if let Some(column) = missing {
                    let message = format!("the table has no column `{}`", column.name.text);
                    self.error("kql-argument-columns", span, message);
                }
                Entry::Table(rel)
            }
            ParameterType::Scalar(name) => {
                let ty = T::from_name(&name.text).unwrap_or(T::Unknown);
                let expr = match given {
                    Some(Given::Argument(argument)) => {
                        let columns = piped.filter(|_| takes_columns).map(|rel| &rel.schema);
                        let row = columns.map_or(row, |schema| Row::of(schema, u32::MAX));
                        let expr = self.scalar_argument(&argument.value, row, env);
                        if takes_columns && expr.reads_columns() {
                            // The column is what is meant; its name is the argument.
                            let text =
                                super::naming::implied_name(&argument.value, false).unwrap_or_default();
                            Expr::literal(Literal::String(text), expr.span)
                        } else {
                            expr
                        }
                    }
                    Some(Given::Rows(rel)) => {
                        self.error("kql-argument-type", rel.span, "a scalar is expected, this is a table");
                        Expr::error(rel.span)
                    }
                    None => match &parameter.default {
                        Some(default) => self.scalar(default, Row::none(), &Scope::default()),
                        None => Expr::error(self.at(parameter.span)),
                    },
                };
                let expr = self.converted(expr, ty);
                // Of a parameter no more is known than its type, whatever the argument.
                self.scalar_entry(expr, row.id, Shape::Any)
            }
            ParameterType::None => {
                let nothing = Expr::error(self.at(parameter.span));
                self.scalar_entry(nothing, row.id, Shape::Any)
            }
        }
    }

    /// An argument for a scalar parameter.
    fn scalar_argument(&mut self, ast: &crate::ast::Expr, row: Row<'_>, env: &Scope) -> Expr {
        if !self.is_reference() {
            return self.scalar(ast, row, env);
        }
        match self.value(ast, row, env) {
            Value::Scalar(expr) => expr,
            Value::Table(_) | Value::Place { .. } => Expr::error(self.at(ast.span)),
        }
    }

    /// A scalar under a name, with what is known of it.
    pub(super) fn scalar_entry(&mut self, expr: Expr, row: u32, shape: Shape) -> Entry {
        let reads_columns = expr.reads_columns();
        let row = reads_columns.then_some(row);
        let size = size(&expr);
        // A copy tells what it is itself.
        let is_copied = size <= SMALL
            && (expr.ty != T::Dynamic
                || shape != Shape::Any
                || self.shape_of(&expr, Row::none()) == Shape::Any);
        if is_copied || expr.is_volatile() || matches!(expr.kind, ExprKind::Error) {
            return Entry::Scalar { expr, row, size };
        }
        let (ty, span) = (expr.ty, expr.span);
        let (is_constant, has_aggregate) = (expr.is_constant(), expr.has_aggregate());
        let named = Arc::new(NamedValue { expr, is_constant, has_aggregate, reads_columns });
        self.remember_shape(&named, shape);
        Entry::Scalar { expr: Expr { kind: ExprKind::Named(named), ty, span }, row, size: 1 }
    }

    /// The columns of a row schema.
    pub(super) fn declared_schema(&mut self, columns: &[crate::ast::ColumnDeclaration]) -> Schema {
        let mut schema = Schema::default();
        for column in columns {
            let ty = self.declared_type(&column.ty);
            if schema.index_of(&column.name.text).is_some() {
                self.declared_twice(&column.name.text, column.name.span);
                continue;
            }
            schema.columns.push(Column::new(column.name.text.clone(), ty));
        }
        schema
    }
}

/// A pattern and its call.
type PatternCall<'a> = (Rc<(crate::ast::PatternDeclaration, Scope)>, &'a crate::ast::Call);

enum Given<'a> {
    Rows(&'a Arc<Rel>),
    Argument(&'a Argument),
}

/// Values of so many nodes are copied; larger ones are shared.
const SMALL: usize = 3;
