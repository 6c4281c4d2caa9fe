//! Statements: `let`, `set`, declarations and results.

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use super::restrict::{REQUEST_PROPERTIES, is_request_property};
use super::scope::{Entry, LetFunction, Row, Value};
use super::{Binder, Scope};
use crate::ast::{
    Expr as Ast, ExprKind as A, OperatorKind as O, ParameterType, Query, Statement, StatementKind as S,
};
use crate::bound::{BoundResult, Expr, ExprKind as B, QueryParameter, Rel, Render, ResultValue};
use crate::suggest::closest;
use crate::types::{ScalarType as T, Shape};
use crate::values::Literal;

impl Binder<'_> {
    /// The whole query.
    pub(super) fn query(&mut self, query: &Query) {
        let mut env = Scope::default();
        let mut has_result = false;
        self.check_names(&query.statements);
        for statement in &query.statements {
            match &statement.kind {
                S::Expression(ast) => {
                    has_result = true;
                    self.result(ast, &env);
                }
                S::Command(_) => {
                    has_result = true;
                    self.error("kql-command", statement.span, "this is a management command, not a query");
                }
                _ => env = self.statement(statement, env, Row::none()),
            }
        }
        if !has_result && !self.has_syntax_errors {
            let end = query.statements.last().map_or(crate::syntax::Span::empty(0), |last| last.span);
            let warning = azimuth_diag::Diagnostic::warning("kql-no-result", "the query has no result");
            self.report(warning, end, Some("end it with a tabular expression".into()));
        }
    }

    /// The names after some statements of a function body.
    pub(super) fn statements(&mut self, statements: &[Statement], mut env: Scope, row: Row<'_>) -> Scope {
        self.check_names(statements);
        for statement in statements {
            env = self.statement(statement, env, row);
        }
        env
    }

    /// The engine lets the last of several `let` with one name count; the reference binder refuses the others.
    fn check_names(&mut self, statements: &[Statement]) {
        if !self.is_reference() {
            return;
        }
        let mut names = HashSet::new();
        for statement in statements {
            if let S::Let { name, .. } = &statement.kind
                && !names.insert(name.text.as_str())
            {
                let message = format!("there is a name `{}` already", name.text);
                self.error("kql-duplicate-name", name.span, message);
            }
        }
    }

    fn statement(&mut self, statement: &Statement, env: Scope, row: Row<'_>) -> Scope {
        match &statement.kind {
            S::Let { name, value } => {
                let entry = self.let_entry(&name.text, value, &env, row);
                env.with(name.text.clone(), entry)
            }
            S::Set { name, value } => {
                let value = match value {
                    Some(value) => match &value.kind {
                        A::Name(word) => Literal::String(word.clone()),
                        _ => {
                            let expr = self.scalar(value, Row::none(), &env);
                            expr.as_literal().cloned().unwrap_or(Literal::Bool(Some(true)))
                        }
                    },
                    None => Literal::Bool(Some(true)),
                };
                if !is_request_property(&name.text) {
                    let hint = closest(&name.text, REQUEST_PROPERTIES.iter().copied())
                        .map(|near| format!("did you mean `{near}`?"));
                    let message = format!("there is no request property `{}`", name.text);
                    let warning = azimuth_diag::Diagnostic::warning("kql-unknown-option", message);
                    self.report(warning, name.span, hint);
                }
                self.bound.options.push((name.text.clone(), value));
                env
            }
            S::QueryParameters(parameters) => {
                let mut env = env;
                for parameter in parameters {
                    let entry = self.query_parameter(parameter, &env);
                    env = env.with(parameter.name.text.clone(), entry);
                }
                env
            }
            S::Alias { name, value } => {
                let entry = match self.value(value, Row::none(), &env) {
                    Value::Place { cluster, database } => Entry::Place { cluster, database },
                    _ => {
                        self.error("kql-alias", value.span, "`cluster(…).database(…)` is expected here");
                        Entry::Place { cluster: None, database: None }
                    }
                };
                env.with(name.text.clone(), entry)
            }
            S::Pattern(pattern) => {
                let entry = Entry::Pattern(Rc::new((pattern.clone(), env.clone())));
                env.with(pattern.name.text.clone(), entry)
            }
            S::Restrict(allowed) => self.restrict(allowed, &env),
            S::Expression(ast) => {
                self.value(ast, Row::none(), &env);
                env
            }
            S::Command(_) => env,
        }
    }

    fn let_entry(&mut self, name: &str, value: &Ast, env: &Scope, row: Row<'_>) -> Entry {
        match &value.kind {
            A::Function(declaration) => {
                let function = LetFunction {
                    name: name.to_owned(),
                    declaration: (**declaration).clone(),
                    env: env.clone(),
                    call_site: self.call_site,
                    allowed: self.allowed.clone(),
                };
                let function = Rc::new(function);
                if self.expansions == 0 {
                    self.check_function(&function, row);
                }
                Entry::Function(function)
            }
            A::EntityGroup(items) => Entry::Group(Rc::new((items.clone(), env.clone()))),
            // Columns are reached through the arguments of a function only.
            _ => match self.value(value, Row { id: row.id, ..Row::none() }, env) {
                Value::Scalar(expr) => {
                    let shape = self.shape_of(&expr, row);
                    self.scalar_entry(expr, row.id, shape)
                }
                Value::Table(rel) => Entry::Table(rel),
                Value::Place { cluster, database } => Entry::Place { cluster, database },
            },
        }
    }

    fn query_parameter(&mut self, parameter: &crate::ast::Parameter, env: &Scope) -> Entry {
        let ty = match &parameter.ty {
            ParameterType::Scalar(name) => self.declared_type(name),
            ParameterType::Table { .. } | ParameterType::None => {
                self.error("kql-parameter-type", parameter.span, "a query parameter is a scalar");
                T::Unknown
            }
        };
        let span = self.at(parameter.span);
        let default = parameter.default.as_ref().map(|default| self.scalar(default, Row::none(), env));
        let default = default.and_then(|default| default.as_literal().cloned());
        let name = parameter.name.text.clone();
        let expr = match self.options.parameters.get(&name).or(default.as_ref()) {
            Some(value) => {
                let value = Expr::literal(value.clone(), span);
                self.converted(value, ty)
            }
            None => Expr { kind: B::Parameter(name.clone()), ty, span },
        };
        self.bound.parameters.push(QueryParameter { name, ty, default, span });
        self.scalar_entry(expr, 0, Shape::Any)
    }

    /// A result: rows or a value, with what `render`, `as`, `fork` and `facet` at its end say about it.
    fn result(&mut self, ast: &Ast, env: &Scope) {
        match self.value(ast, Row::none(), env) {
            Value::Scalar(expr) => {
                self.bound.results.push(BoundResult {
                    name: None,
                    value: ResultValue::Scalar(expr),
                    render: None,
                });
            }
            Value::Table(rel) => {
                let render = self.render_of(ast);
                self.push_result(None, rel, render);
            }
            Value::Place { .. } => self.error("kql-no-result", ast.span, "a database is no result"),
        }
    }

    pub(super) fn push_result(&mut self, name: Option<String>, rel: Arc<Rel>, render: Option<Render>) {
        self.bound.results.push(BoundResult { name, value: ResultValue::Table(rel), render });
    }

    fn render_of(&mut self, ast: &Ast) -> Option<Render> {
        let A::Pipeline(pipeline) = &ast.kind else { return None };
        let O::Render { chart, properties } = &pipeline.operators.last()?.kind else { return None };
        let properties = properties.iter().map(|property| {
            (property.name.text.clone(), property.values.iter().map(property_text).collect())
        });
        Some(Render {
            chart: chart.as_ref().map_or_else(|| "table".to_owned(), |chart| chart.text.clone()),
            properties: properties.collect(),
        })
    }
}

/// The value of a property of `render` as text.
fn property_text(value: &Ast) -> String {
    match &value.kind {
        A::Name(name) => name.clone(),
        A::Literal(Literal::String(text)) => text.clone(),
        A::Literal(Literal::Long(Some(number))) => number.to_string(),
        A::Literal(Literal::Real(Some(number))) => number.to_string(),
        A::Literal(Literal::Bool(Some(flag))) => flag.to_string(),
        A::Unary { is_minus, operand } => {
            let sign = if *is_minus { "-" } else { "" };
            format!("{sign}{}", property_text(operand))
        }
        _ => String::new(),
    }
}
