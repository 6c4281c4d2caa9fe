//! Tables and the operators on them.

use std::sync::Arc;

use super::columns::Columns;
use super::naming::implied_name;
use super::scope::{Entry, Row, Value};
use super::{Binder, Scope};
use crate::ast::{
    Direction, Expr as Ast, ExprKind as A, NamedExpr, Operator, OperatorKind as O, Ordered, Pipeline,
};
use crate::bound::{Expr, ExprKind as B, Input, Rel, RelKind, SortKey, TableName};
use crate::suggest::closest;
use crate::syntax::Span;
use crate::types::{Column, ScalarType as T, Schema};

impl Binder<'_> {
    /// A tabular expression.
    pub(super) fn table(&mut self, ast: &Ast, env: &Scope) -> Arc<Rel> {
        if let A::Name(name) = &ast.kind {
            return self.named_table_or(name, ast.span, env);
        }
        match self.value(ast, Row::none(), env) {
            Value::Table(rel) => rel,
            Value::Scalar(expr) => {
                if !matches!(expr.kind, B::Error) {
                    self.error(
                        "kql-table-expected",
                        ast.span,
                        format!("a table is expected here, this is a {}", expr.ty),
                    );
                }
                self.error_rel(ast.span)
            }
            Value::Place { .. } => {
                self.error("kql-table-expected", ast.span, "a table is expected here, this is a database");
                self.error_rel(ast.span)
            }
        }
    }

    fn named_table_or(&mut self, name: &str, span: Span, env: &Scope) -> Arc<Rel> {
        if let Some(value) = self.declared(name, span, Row::none(), env) {
            return match value {
                Value::Table(rel) => rel,
                Value::Scalar(expr) => {
                    if !matches!(expr.kind, B::Error) {
                        let message = format!("a table is expected here, `{name}` is a {}", expr.ty);
                        self.error("kql-table-expected", span, message);
                    }
                    self.error_rel(span)
                }
                Value::Place { .. } => self.error_rel(span),
            };
        }
        self.named_table(name, span, env)
    }

    /// A table or function of the catalogue, by name.
    pub(super) fn named_table(&mut self, name: &str, span: Span, env: &Scope) -> Arc<Rel> {
        if let Some(Entry::Table(rel)) = env.get(name) {
            return rel.clone();
        }
        if let Some(table) = self.catalog_table(name, span) {
            return table;
        }
        if let Some(function) = self.catalog.function(name) {
            return match self.stored_function(&function, &[], None, span, Row::none(), env) {
                Value::Table(rel) => rel,
                _ => {
                    self.error("kql-table-expected", span, format!("`{name}` gives no table"));
                    self.error_rel(span)
                }
            };
        }
        if name.is_empty() {
            return self.error_rel(span);
        }
        let mut names = self.catalog.table_names();
        names.extend(self.catalog.function_names());
        names.extend(env.entries().map(|(name, _)| name.to_owned()));
        let hint =
            closest(name, names.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
        self.error_with_hint(
            "kql-unknown-table",
            span,
            format!("there is no table or function `{name}`"),
            hint,
        );
        self.error_rel(span)
    }

    pub(super) fn catalog_table(&mut self, name: &str, span: Span) -> Option<Arc<Rel>> {
        let name = TableName { table: name.to_owned(), ..TableName::default() };
        let schema = self.catalog.table(&name)?;
        if !self.is_allowed(&name.table) {
            self.restricted(&name.table, span);
            return Some(self.error_rel(span));
        }
        Some(self.scoped_table(name, (*schema).clone(), span))
    }

    /// `source | operator | …`
    pub(super) fn pipeline(&mut self, pipeline: &Pipeline, span: Span, env: &Scope) -> Arc<Rel> {
        let mut env = env.clone();
        let mut rel = match &pipeline.source {
            Some(source) => Some(self.table(source, &env)),
            None => self.given.last().cloned().and_then(|given| {
                let begins = pipeline.operators.first().is_some_and(|first| !is_source(&first.kind));
                begins.then(|| self.rel(RelKind::Given, given, span))
            }),
        };
        for operator in &pipeline.operators {
            let next = self.nested(operator.span, |binder| binder.operator(operator, rel.clone(), &env));
            let next = next.unwrap_or_else(|| self.error_rel(operator.span));
            let is_broken = rel.as_ref().is_some_and(|rel| matches!(rel.kind, RelKind::Error));
            let next = if is_broken { self.broken(&next) } else { next };
            if let O::As { name } = &operator.kind {
                env = env.with(name.text.clone(), Entry::Table(next.clone()));
            }
            rel = Some(next);
        }
        rel.unwrap_or_else(|| self.error_rel(span))
    }

    /// Rows that come of an error: beside the columns that are known there may be others.
    fn broken(&self, rel: &Rel) -> Arc<Rel> {
        let schema = Schema { is_open: true, ..rel.schema.clone() };
        Arc::new(Rel { kind: RelKind::Error, schema, span: rel.span })
    }

    pub(super) fn operator(&mut self, operator: &Operator, input: Option<Input>, env: &Scope) -> Arc<Rel> {
        if let Some(rel) = self.source_operator(operator, input.as_ref(), env) {
            return rel;
        }
        let Some(input) = input else {
            self.error(
                "kql-source-missing",
                operator.keyword,
                "this operator needs rows: a table and `|` before it",
            );
            return self.error_rel(operator.span);
        };
        match self.with_ingestion_time(operator, &input) {
            Some(input) => {
                let rel = self.piped_operator(operator, input, env);
                self.without_ingestion_time(rel)
            }
            None => self.piped_operator(operator, input, env),
        }
    }

    /// A constant of a type that `range` can count with.
    fn summable(&mut self, ast: &Ast, env: &Scope) -> Expr {
        let expr = self.constant(ast, env);
        if !(expr.ty.is_summable() || matches!(expr.ty, T::Dynamic | T::Unknown)) {
            let message = format!("a number, timespan or datetime is expected here, this is a {}", expr.ty);
            self.error("kql-number-expected", ast.span, message);
        }
        expr
    }

    /// Operators that may begin a query.
    fn source_operator(
        &mut self,
        operator: &Operator,
        input: Option<&Input>,
        env: &Scope,
    ) -> Option<Arc<Rel>> {
        let is_first_only = matches!(
            operator.kind,
            O::Print { .. }
                | O::Range { .. }
                | O::Datatable { .. }
                | O::ExternalData { .. }
                | O::MacroExpand { .. }
        );
        if is_first_only && input.is_some() {
            let text = "this operator can only begin a query";
            self.error("kql-source-place", operator.keyword, text);
        }
        Some(match &operator.kind {
            O::Print { columns } => self.print(operator, columns, env),
            O::Range { name, from, to, step } => {
                let [from, to] = [from, to].map(|part| self.summable(part, env));
                let step = match step {
                    Some(step) => self.summable(step, env),
                    None => Expr::literal(crate::values::Literal::Long(Some(1)), self.at(operator.span)),
                };
                let ty = match (from.ty, to.ty, step.ty) {
                    (T::Datetime, ..) => T::Datetime,
                    (T::Timespan, ..) => T::Timespan,
                    (from, to, step) => {
                        let wide = from.common(to).and_then(|ty| ty.common(step)).unwrap_or(from);
                        if wide == T::Int { T::Long } else { wide }
                    }
                };
                let schema = Schema::new(vec![Column::new(name.text.clone(), ty)]);
                self.rel(RelKind::Range { from, to, step }, schema, operator.span)
            }
            O::Datatable { columns, values } => self.datatable(operator, columns, values, env),
            O::ExternalData { columns, uris, properties } => {
                let schema = self.declared_schema(columns);
                let uris = uris.iter().map(|uri| self.constant(uri, env)).collect();
                let properties = properties
                    .iter()
                    .filter(|property| !matches!(property.value.kind, A::Name(_) | A::EntityGroup(_)))
                    .map(|property| {
                        (property.name.text.clone(), self.scalar(&property.value, Row::none(), env))
                    })
                    .collect();
                self.rel(RelKind::ExternalData { uris, properties }, schema, operator.span)
            }
            O::Union { tables } => self.union(operator, input, tables, env),
            O::Search { tables, predicate } => self.search(operator, input, tables, predicate, env),
            O::Find(find) => self.find(operator, input, find, env),
            O::Evaluate { call, schema } => self.evaluate(operator, input, call, schema.as_ref(), env),
            O::MacroExpand { group, name, body } => {
                self.macro_expand(operator, group, name.as_ref(), body, env)
            }
            _ => return None,
        })
    }

    fn piped_operator(&mut self, operator: &Operator, input: Input, env: &Scope) -> Arc<Rel> {
        let span = operator.span;
        let is_graph = is_graph(&input);
        let wants_graph = matches!(
            operator.kind,
            O::GraphMarkComponents
                | O::GraphMatch { .. }
                | O::GraphShortestPaths { .. }
                | O::GraphToTable { .. }
                | O::GraphWhereEdges { .. }
                | O::GraphWhereNodes { .. }
        );
        if is_graph != wants_graph && !matches!(input.kind, RelKind::Error) {
            let text = if wants_graph {
                "this operator asks for a graph: `make-graph` before it"
            } else {
                "this operator asks for rows, this is a graph"
            };
            self.error("kql-graph", operator.keyword, text);
            return self.error_rel(span);
        }
        match &operator.kind {
            O::Where { predicate } => {
                let row = self.new_row();
                let predicate = self.predicate(predicate, Row::of(&input.schema, row), env);
                let schema = input.schema.clone();
                self.rel(RelKind::Filter { input, predicate }, schema, span)
            }
            O::Extend { columns } => self.extend(columns, input, span, env),
            O::Serialize { columns } => {
                let schema = input.schema.clone();
                let input = self.rel(RelKind::Serialize { input }, schema, span);
                if columns.is_empty() { input } else { self.extend(columns, input, span, env) }
            }
            O::Project { columns } => self.project(columns, input, span, env),
            O::Distinct { columns } => self.distinct(columns, input, span, env),
            O::ProjectAway { columns } => self.project_away(columns, input, span),
            O::ProjectKeep { columns } => self.project_keep(columns, input, span),
            O::ProjectRename { columns } => self.project_rename(columns, input, span),
            O::ProjectReorder { columns } => self.project_reorder(columns, input, span),
            O::ProjectByNames { columns } => self.project_by_names(columns, input, span, env),
            O::Summarize { aggregates, by, bin } => {
                self.summarize(operator, aggregates, by, bin.as_ref(), input, env)
            }
            O::MakeSeries(series) => self.make_series(operator, series, input, env),
            O::TopNested { clauses } => self.top_nested(operator, clauses, input, env),
            O::TopHitters { count, of, by } => self.top_hitters(operator, count, of, by.as_ref(), input, env),
            O::Count { name } => {
                let name = name.as_ref().map_or("Count", |name| name.text.as_str());
                let schema = Schema::new(vec![Column::new(name, T::Long)]);
                self.rel(RelKind::Count { input }, schema, span)
            }
            O::Sort { by } => {
                let keys = self.sort_keys(by, &input.schema, env, true);
                let schema = input.schema.clone();
                self.rel(RelKind::Sort { input, keys }, schema, span)
            }
            O::Top { count, by } => {
                let count = self.count_of_rows(count, env);
                let keys = self.sort_keys(std::slice::from_ref(by), &input.schema, env, false);
                let schema = input.schema.clone();
                self.rel(RelKind::Top { input, count, keys }, schema, span)
            }
            O::Take { count } => {
                let count = self.count_of_rows(count, env);
                let schema = input.schema.clone();
                self.rel(RelKind::Take { input, count }, schema, span)
            }
            O::Sample { count } => {
                let count = self.count_of_rows(count, env);
                let schema = input.schema.clone();
                self.rel(RelKind::Sample { input, count }, schema, span)
            }
            O::SampleDistinct { count, of } => {
                let count = self.count_of_rows(count, env);
                let row = self.new_row();
                let name = implied_name(of, false);
                let place = of.span;
                let of = self.scalar(of, Row::of(&input.schema, row), env);
                if of.ty == T::Dynamic {
                    self.dynamic_key(place, None);
                }
                let schema = Schema::new(vec![Column::new(name.unwrap_or_else(|| "Column1".into()), of.ty)]);
                self.rel(RelKind::SampleDistinct { input, count, of }, schema, span)
            }
            O::Join { .. } | O::Lookup { .. } => self.join(operator, input, env),
            O::MvExpand { columns, limit } => self.mv_expand(operator, columns, limit.as_ref(), input, env),
            O::MvApply(apply) => self.mv_apply(operator, apply, &input, env),
            O::Parse { is_where, value, pattern } => {
                self.parse(operator, *is_where, value, pattern, input, env)
            }
            O::ParseKv { value, columns, properties } => {
                self.parse_kv(operator, value, columns, properties, input, env)
            }
            O::Partition { by, scope, body } => {
                self.partition(operator, by, scope.as_ref(), body, input, env)
            }
            O::Scan(scan) => self.scan(operator, scan, input, env),
            O::Reduce { by, with } => {
                let row = self.new_row();
                let place = by.span;
                let by = self.scalar(by, Row::of(&input.schema, row), env);
                if !matches!(by.ty, T::String | T::Unknown) {
                    let message = format!("a string is expected here, this is a {}", by.ty);
                    self.error_with_hint(
                        "kql-text-expected",
                        place,
                        message,
                        Some("`tostring()` makes it one".into()),
                    );
                }
                let properties = with
                    .iter()
                    .map(|property| {
                        (property.name.text.clone(), self.scalar(&property.value, Row::none(), env))
                    })
                    .collect();
                let schema = Schema::new(vec![
                    Column::new("Pattern", T::String),
                    Column::new("Count", T::Long),
                    Column::new("Representative", T::String),
                ]);
                self.rel(RelKind::Reduce { input, by, properties }, schema, span)
            }
            O::Getschema => {
                let schema = Schema::new(vec![
                    Column::new("ColumnName", T::String),
                    Column::new("ColumnOrdinal", if self.is_reference() { T::Long } else { T::Int }),
                    Column::new("DataType", T::String),
                    Column::new("ColumnType", T::String),
                ]);
                self.rel(RelKind::GetSchema { input }, schema, span)
            }
            O::Invoke { call } => self.invoke(call, &input, env),
            O::As { name } => {
                let schema = input.schema.clone();
                self.rel(RelKind::As { input, name: name.text.clone() }, schema, span)
            }
            O::AssertSchema { columns } => {
                let wanted = self.declared_schema(columns);
                if !input.schema.is_open && wanted.columns != input.schema.columns {
                    let message = format!("the columns are {}", input.schema);
                    self.error("kql-assert-schema", span, message);
                }
                input
            }
            O::Consume => self.rel(RelKind::Consume { input }, Schema::default(), span),
            O::ExecuteAndCache | O::Render { .. } => input,
            O::Fork { branches } => self.fork(branches, &input, span, env),
            O::Facet { by, with } => self.facet(by, with.as_ref(), &input, span, env),
            O::MakeGraph(graph) => self.make_graph(operator, graph, input, env),
            O::GraphMarkComponents => self.graph_mark_components(operator, input),
            O::GraphMatch { patterns, filter, project } => {
                self.graph_match(operator, patterns, filter.as_ref(), project.as_deref(), input, env)
            }
            O::GraphShortestPaths { patterns, filter, project } => {
                self.graph_match(operator, patterns, filter.as_ref(), project.as_deref(), input, env)
            }
            O::GraphToTable { outputs } => self.graph_to_table(outputs, &input, span),
            O::GraphWhereEdges { predicate } => self.graph_filter(predicate, false, input, span, env),
            O::GraphWhereNodes { predicate } => self.graph_filter(predicate, true, input, span, env),
            O::Unknown { .. } => self.error_rel(span),
            O::Print { .. }
            | O::Range { .. }
            | O::Datatable { .. }
            | O::ExternalData { .. }
            | O::Union { .. }
            | O::Search { .. }
            | O::Find(_)
            | O::Evaluate { .. }
            | O::MacroExpand { .. } => self.error_rel(span),
        }
    }

    fn print(&mut self, operator: &Operator, columns: &[NamedExpr], env: &Scope) -> Arc<Rel> {
        let mut out = Columns::default();
        for (index, column) in columns.iter().enumerate() {
            let parts = self.parts_of(column, Row::none(), env, None);
            let has_several = parts.len() > 1;
            for (name, expr, name_span) in parts {
                match name {
                    Some(name) if !column.names.is_empty() || has_several => {
                        if out.write(&name) {
                            out.add_free(Some(&name), expr);
                        } else {
                            self.declared_twice(&name, name_span);
                        }
                    }
                    _ => {
                        out.add_free(Some(&format!("print_{index}")), expr);
                    }
                }
            }
        }
        self.rel(RelKind::Print { columns: out.exprs }, out.schema, operator.span)
    }

    fn datatable(
        &mut self,
        operator: &Operator,
        columns: &[crate::ast::ColumnDeclaration],
        values: &[Ast],
        env: &Scope,
    ) -> Arc<Rel> {
        let schema = self.declared_schema(columns);
        let width = schema.columns.len().max(1);
        if !values.len().is_multiple_of(width) {
            let message = format!("there are {} values for rows of {width} columns", values.len());
            self.error("kql-datatable-values", operator.keyword, message);
        }
        let mut rows = Vec::new();
        for chunk in values.chunks_exact(width) {
            let row = chunk.iter().zip(&schema.columns).map(|(value, column)| {
                let value = self.constant(value, env);
                self.converted(value, column.ty)
            });
            rows.push(row.collect());
        }
        self.rel(RelKind::Datatable { rows }, schema, operator.span)
    }

    /// The columns that one expression of a list gives: usually one, with its name if it has one. Functions with
    /// several results give several.
    pub(super) fn parts_of(
        &mut self,
        column: &NamedExpr,
        row: Row<'_>,
        env: &Scope,
        input: Option<&Schema>,
    ) -> Vec<(Option<String>, Expr, Span)> {
        let expr = self.scalar(&column.value, row, env);
        if let Some(parts) = super::summarize::several_columns(&expr, &column.value) {
            let call = Arc::new(expr);
            let first_name = |index: usize| column.names.get(index).map(|name| name.text.clone());
            let limit = if column.is_tuple { column.names.len() } else { parts.len() };
            return parts
                .into_iter()
                .take(limit)
                .enumerate()
                .map(|(index, (name, ty))| {
                    let expr = Expr { kind: B::Part { call: call.clone(), index }, ty, span: call.span };
                    (first_name(index).or(Some(name)), expr, column.span)
                })
                .collect();
        }
        if column.is_tuple && column.names.len() > 1 && !matches!(expr.kind, B::Error) {
            self.error("kql-tuple", column.span, "the expression has one value, not several");
        }
        match column.names.first() {
            Some(name) => vec![(Some(name.text.clone()), expr, name.span)],
            None => {
                let name = self.name_of(&column.value, row.in_aggregate, &expr, input);
                vec![(name, expr, column.value.span)]
            }
        }
    }

    /// The name that an expression suggests; names of variables and functions do not count.
    pub(super) fn name_of(
        &self,
        ast: &Ast,
        in_aggregate: bool,
        expr: &Expr,
        input: Option<&Schema>,
    ) -> Option<String> {
        match &ast.kind {
            A::Call(call) if matches!(call.name.text.as_str(), "column_ifexists" | "columnifexists") => {
                let name = match expr.kind {
                    B::Column(index) => column_name(input, index),
                    B::Convert(ref inner) => match inner.kind {
                        B::Column(index) => column_name(input, index),
                        _ => None,
                    },
                    _ => None,
                };
                // The other value may be a column as well; that one gives no name.
                name.filter(|name| match call.arguments.first().map(|argument| &argument.value.kind) {
                    Some(A::Literal(crate::values::Literal::String(wanted))) => wanted == name,
                    _ => true,
                })
            }
            _ => implied_name(ast, in_aggregate),
        }
    }

    fn extend(&mut self, columns: &[NamedExpr], input: Input, span: Span, env: &Scope) -> Arc<Rel> {
        let row = self.new_row();
        let mut out = Columns::of_input(&input.schema, self.at(span));
        for column in columns {
            let is_explicit = !column.names.is_empty();
            for (name, expr, name_span) in
                self.parts_of(column, Row::of(&input.schema, row), env, Some(&input.schema))
            {
                let is_column = matches!(column.value.kind, A::Name(_));
                match name {
                    Some(name) if (is_explicit || is_column) && !out.write(&name) => {
                        self.declared_twice(&name, name_span);
                    }
                    Some(name) if out.is_defined(&name) => {
                        out.add_free(Some(&name), expr);
                    }
                    Some(name) if !name.is_empty() => {
                        out.replace(&name, expr);
                    }
                    _ => {
                        out.add_free(None, expr);
                    }
                }
            }
        }
        self.rel(RelKind::Project { input, columns: out.exprs }, out.schema, span)
    }

    fn project(&mut self, columns: &[NamedExpr], input: Input, span: Span, env: &Scope) -> Arc<Rel> {
        let row = self.new_row();
        let out = self.projected(columns, Row::of(&input.schema, row), env, &input.schema);
        self.rel(RelKind::Project { input, columns: out.exprs }, out.schema, span)
    }

    /// Columns that are chosen one by one.
    pub(super) fn projected(
        &mut self,
        columns: &[NamedExpr],
        row: Row<'_>,
        env: &Scope,
        input: &Schema,
    ) -> Columns {
        let mut out = Columns::default();
        for column in columns {
            if matches!(column.value.kind, A::Star) && column.names.is_empty() {
                for (index, input) in input.columns.iter().enumerate() {
                    let expr = Expr::column(index, input.ty, self.at(column.span));
                    out.add_free(Some(&input.name), expr);
                }
                continue;
            }
            let is_explicit = !column.names.is_empty() || matches!(column.value.kind, A::Name(_));
            for (name, expr, name_span) in self.parts_of(column, row, env, Some(input)) {
                match name {
                    Some(name) if is_explicit && !out.write(&name) => self.declared_twice(&name, name_span),
                    name => {
                        out.add_free(name.as_deref(), expr);
                    }
                }
            }
        }
        out
    }

    fn distinct(&mut self, columns: &[NamedExpr], input: Input, span: Span, env: &Scope) -> Arc<Rel> {
        let row = self.new_row();
        let out = self.projected(columns, Row::of(&input.schema, row), env, &input.schema);
        for (index, column) in out.schema.columns.iter().enumerate() {
            if column.ty == T::Dynamic {
                let place = columns.get(index).map_or(span, |column| column.value.span);
                self.dynamic_key(place, columns.get(index).map(|column| &column.value));
            }
        }
        let mut schema = out.schema;
        schema.is_open =
            input.schema.is_open && columns.iter().any(|column| matches!(column.value.kind, A::Star));
        let input = self.rel(RelKind::Project { input, columns: out.exprs }, schema.clone(), span);
        self.rel(RelKind::Distinct { input }, schema, span)
    }

    /// Reports a dynamic key of a group; Kusto lets elements pass until it runs.
    pub(super) fn dynamic_key(&mut self, span: Span, ast: Option<&Ast>) {
        if ast.is_none_or(|ast| !matches!(ast.kind, A::Index { .. })) {
            self.error_with_hint(
                "kql-dynamic-key",
                span,
                "a dynamic value cannot be a key here",
                Some("`tostring()` makes it a text".into()),
            );
        }
    }

    pub(super) fn sort_keys(
        &mut self,
        by: &[Ordered],
        schema: &Schema,
        env: &Scope,
        is_sort: bool,
    ) -> Vec<SortKey> {
        let row = self.new_row();
        by.iter()
            .map(|key| {
                let value = self.scalar(&key.value.value, Row::of(schema, row), env);
                if is_sort && value.ty == T::Dynamic && matches!(value.kind, B::Column(_)) {
                    self.dynamic_key(key.value.value.span, None);
                }
                let is_descending = !matches!(key.direction, Some(Direction::Ascending));
                SortKey { value, is_descending, nulls_first: key.nulls_first.unwrap_or(!is_descending) }
            })
            .collect()
    }

    fn invoke(&mut self, call: &crate::ast::Call, input: &Input, env: &Scope) -> Arc<Rel> {
        let name = call.name.text.as_str();
        let value = match env.get(name).cloned() {
            Some(Entry::Function(function)) => {
                self.let_function(&function, &call.arguments, Some(input), call.span, Row::none(), env)
            }
            _ => match self.catalog.function(name) {
                Some(function) => {
                    self.stored_function(&function, &call.arguments, Some(input), call.span, Row::none(), env)
                }
                None => {
                    self.unknown_function(name, call.name.span, env, crate::functions::Use::Scalar);
                    return self.error_rel(call.span);
                }
            },
        };
        match value {
            Value::Table(rel) => rel,
            _ => {
                self.error("kql-table-expected", call.span, format!("`{name}` gives no table"));
                self.error_rel(call.span)
            }
        }
    }

    /// The operators between parentheses, over rows that are given to them.
    pub(super) fn over_given(
        &mut self,
        pipeline: &Pipeline,
        given: Schema,
        span: Span,
        env: &Scope,
    ) -> Arc<Rel> {
        self.given.push(given.clone());
        let rel = if pipeline.operators.is_empty() && pipeline.source.is_none() {
            self.rel(RelKind::Given, given, span)
        } else {
            self.pipeline(pipeline, span, env)
        };
        self.given.pop();
        rel
    }

    /// Every branch is a result of the query; the last one stands for the operator, its name as `as`.
    fn fork(
        &mut self,
        branches: &[(Option<crate::ast::Name>, Pipeline)],
        input: &Input,
        span: Span,
        env: &Scope,
    ) -> Arc<Rel> {
        let id = self.share(input.clone(), None);
        let mut last = None;
        for (name, pipeline) in branches {
            let shared = self.rel(RelKind::Shared(id), input.schema.clone(), span);
            let mut rel = shared;
            for operator in &pipeline.operators {
                rel = self.operator(operator, Some(rel), env);
            }
            let name = name.as_ref().map(|name| name.text.clone());
            if let Some((name, rel)) = last.replace((name, rel)) {
                self.push_result(name, rel, None);
            }
        }
        match last {
            Some((Some(name), rel)) => {
                let schema = rel.schema.clone();
                self.rel(RelKind::As { input: rel, name }, schema, span)
            }
            Some((None, rel)) => rel,
            None => self.error_rel(span),
        }
    }

    /// For each column its values with their counts, then the rows, all as results of the query.
    fn facet(
        &mut self,
        by: &[Ast],
        with: Option<&Pipeline>,
        input: &Input,
        span: Span,
        env: &Scope,
    ) -> Arc<Rel> {
        let id = self.share(input.clone(), None);
        let shared = self.rel(RelKind::Shared(id), input.schema.clone(), span);
        let mut results = Vec::new();
        for ast in by {
            let named = NamedExpr { names: Vec::new(), is_tuple: false, value: ast.clone(), span: ast.span };
            results.push(self.counted(&named, shared.clone(), env));
        }
        if let Some(with) = with {
            let mut rel = shared;
            for operator in &with.operators {
                rel = self.operator(operator, Some(rel), env);
            }
            results.push(rel);
        }
        let last = results.pop();
        for rel in results {
            self.push_result(None, rel, None);
        }
        last.unwrap_or_else(|| self.error_rel(span))
    }
}

fn column_name(schema: Option<&Schema>, index: usize) -> Option<String> {
    schema.and_then(|schema| schema.columns.get(index)).map(|column| column.name.clone())
}

/// Whether it begins a query.
fn is_source(kind: &O) -> bool {
    matches!(kind, O::Print { .. } | O::Range { .. } | O::Datatable { .. } | O::ExternalData { .. })
}

/// Whether the rows are a graph.
pub(super) fn is_graph(rel: &Rel) -> bool {
    match &rel.kind {
        RelKind::MakeGraph(_) | RelKind::GraphMarkComponents { .. } | RelKind::GraphFilter { .. } => true,
        RelKind::As { input, .. } => is_graph(input),
        _ => false,
    }
}
