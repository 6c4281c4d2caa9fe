//! `make-series` and `scan`.

use std::sync::Arc;

use super::columns::Columns;
use super::scope::{PartKind, Row, RowPart};
use super::{Binder, Scope};
use crate::ast::{
    ExprKind as A, MakeSeries as AstSeries, Operator, ParameterType, Scan as AstScan, SeriesRange,
};
use crate::bound::{Expr, Input, MakeSeries, Rel, RelKind, Scan, ScanStep};
use crate::types::{Column, ScalarType as T, Schema};
use crate::values::Literal;

impl Binder<'_> {
    pub(super) fn make_series(
        &mut self,
        operator: &Operator,
        ast: &AstSeries,
        input: Input,
        env: &Scope,
    ) -> Arc<Rel> {
        let row = self.new_row();
        let context = Row::of(&input.schema, row);
        let mut out = Columns::default();
        let mut by = Vec::new();
        for group in &ast.by {
            for (name, expr, span) in self.parts_of(group, context, env, Some(&input.schema)) {
                match name {
                    Some(name) if !out.write(&name) => self.declared_twice(&name, span),
                    name => {
                        out.add_free(name.as_deref(), expr.clone());
                        by.push(expr);
                    }
                }
            }
        }
        let mut series = Vec::new();
        for (item, default) in &ast.aggregates {
            let place = default.as_ref().map(|default| default.span);
            let default = default.as_ref().map(|default| self.constant(default, env));
            for (name, expr, _) in self.series_aggregate(item, &input.schema, row, env) {
                if let (Some(default), Some(place), true) = (&default, place, self.is_reference())
                    && expr.ty != T::Dynamic
                    && !default.ty.widens_to(expr.ty)
                {
                    let message = format!("a {} is expected here, this is a {}", expr.ty, default.ty);
                    self.error("kql-series-default", place, message);
                }
                let default =
                    default.clone().unwrap_or_else(|| Expr::literal(Literal::Long(Some(0)), expr.span));
                let typed = Expr { ty: T::Dynamic, ..expr.clone() };
                // The first column of `arg_max` stays a value in Kusto's schema; as a series it is an array like all.
                out.add_free(name.as_deref(), typed);
                series.push((expr, default));
            }
        }
        let on = self.scalar(&ast.on.value, context, env);
        let written = ast.on.names.first().map(|name| name.text.clone());
        let axis = written.or_else(|| self.name_of(&ast.on.value, false, &on, Some(&input.schema)));
        out.add_free(axis.as_deref(), Expr { ty: T::Dynamic, ..on.clone() });
        let (from, to, step, is_end_inclusive) = match &ast.range {
            SeriesRange::Step { from, to, step } => {
                let from = from.as_ref().map(|from| self.scalar(from, Row::none(), env));
                let to = to.as_ref().map(|to| self.scalar(to, Row::none(), env));
                (from, to, self.scalar(step, Row::none(), env), false)
            }
            SeriesRange::InRange(parts) => {
                let mut parts = parts
                    .iter()
                    .map(|part| self.scalar(part, Row::none(), env))
                    .collect::<Vec<_>>()
                    .into_iter();
                let (from, to, step) = (parts.next(), parts.next(), parts.next());
                let step = step.unwrap_or_else(|| {
                    self.error("kql-argument-count", operator.span, "`range` asks for 3 arguments here");
                    Expr::error(self.at(operator.span))
                });
                (from, to, step, true)
            }
        };
        let is_nonempty = operator.parameter("kind").is_some_and(|kind| kind.word() == Some("nonempty"));
        let series = MakeSeries { input, by, series, on, from, to, step, is_end_inclusive, is_nonempty };
        self.rel(RelKind::MakeSeries(Box::new(series)), out.schema, operator.span)
    }

    pub(super) fn scan(&mut self, operator: &Operator, ast: &AstScan, input: Input, env: &Scope) -> Arc<Rel> {
        let order = self.sort_keys(&ast.order, &input.schema, env, false);
        let row = self.new_row();
        let partition =
            ast.partition.iter().map(|key| self.scalar(key, Row::of(&input.schema, row), env)).collect();
        let mut schema = input.schema.clone();
        let mut declare = Vec::new();
        for parameter in &ast.declare {
            let ty = match &parameter.ty {
                ParameterType::Scalar(name) => self.declared_type(name),
                _ => T::Unknown,
            };
            let default = match &parameter.default {
                Some(default) => {
                    let default = self.constant(default, env);
                    self.converted(default, ty)
                }
                None => Expr::literal(Literal::null(ty), self.at(parameter.span)),
            };
            if schema.column(&parameter.name.text).is_some() {
                self.declared_twice(&parameter.name.text, parameter.name.span);
            }
            schema.columns.push(Column::new(parameter.name.text.clone(), ty));
            declare.push(default);
        }
        let parts: Vec<RowPart> = ast
            .steps
            .iter()
            .enumerate()
            .map(|(step, ast)| RowPart {
                name: ast.name.text.clone(),
                kind: PartKind::Step(step),
                schema: schema.clone(),
                inner: Schema::default(),
            })
            .collect();
        let mut steps = Vec::new();
        for step in &ast.steps {
            let row = self.new_row();
            let row = Row { parts: Some(&parts), ..Row::of(&schema, row) };
            let condition = self.predicate(&step.condition, row, env);
            let mut assignments = Vec::new();
            for assignment in &step.assignments {
                let value = self.scalar(&assignment.value, row, env);
                let Some(name) = assignment.names.first() else {
                    self.error("kql-scan", assignment.span, "`column = value` is expected here");
                    continue;
                };
                let declared =
                    schema.index_of(&name.text).filter(|index| *index >= input.schema.columns.len());
                match declared {
                    Some(index) => {
                        let value = self.converted(value, schema.columns[index].ty);
                        assignments.push((index, value));
                    }
                    None => {
                        let message =
                            format!("`{}` is not declared: only declared columns are assigned", name.text);
                        self.error("kql-scan", name.span, message);
                    }
                }
            }
            let output = step.output.as_ref().map_or("all", |output| output.text.as_str());
            steps.push(ScanStep {
                name: step.name.text.clone(),
                is_optional: step.is_optional,
                output: output.to_owned(),
                condition,
                assignments,
            });
        }
        let word = |name: &str| {
            let parameter = operator.parameters.iter().find(|parameter| parameter.name.text == name)?;
            match &parameter.value.kind {
                A::Name(word) => Some(word.clone()),
                _ => None,
            }
        };
        let (mut match_id, step_name) = (word("with_match_id"), word("with_step_name"));
        if self.is_reference() {
            match_id.get_or_insert_with(|| "match_id".to_owned());
        }
        let (has_match_id, has_step_name) = (match_id.is_some(), step_name.is_some());
        if let Some(name) = match_id {
            schema = self.with_column(&schema, &name, T::Long);
        }
        if let Some(name) = step_name {
            schema = self.with_column(&schema, &name, T::String);
        }
        let scan = Scan { input, order, partition, declare, steps, has_match_id, has_step_name };
        self.rel(RelKind::Scan(Box::new(scan)), Schema { is_open: false, ..schema }, operator.span)
    }
}
