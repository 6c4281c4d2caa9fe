//! `summarize`, `make-series`' relatives and everything with groups.

use std::sync::Arc;

use super::columns::Columns;
use super::naming::{implied_name, percentile_suffix};
use super::scope::Row;
use super::{Binder, Scope};
use crate::ast::{Direction, Expr as Ast, ExprKind as A, NamedExpr, Operator, TopNestedClause};
use crate::bound::{Call, Expr, ExprKind as B, Input, Rel, RelKind, SummaryColumn, TopNestedLevel};
use crate::functions::{Returns, Use, lookup};
use crate::syntax::Span;
use crate::types::{Column, ScalarType as T, Schema};

/// Output columns of `summarize` while they are found.
struct Summary {
    out: Columns,
    by: Vec<Expr>,
    aggregates: Vec<Expr>,
    output: Vec<SummaryColumn>,
}

impl Binder<'_> {
    pub(super) fn summarize(
        &mut self,
        operator: &Operator,
        aggregates: &[NamedExpr],
        by: &[NamedExpr],
        bin: Option<&Ast>,
        input: Input,
        env: &Scope,
    ) -> Arc<Rel> {
        let row = self.new_row();
        let mut summary =
            Summary { out: Columns::default(), by: Vec::new(), aggregates: Vec::new(), output: Vec::new() };
        for (index, group) in by.iter().enumerate() {
            let is_last = index + 1 == by.len();
            self.group(
                group,
                Row::of(&input.schema, row),
                bin.filter(|_| is_last),
                &mut summary,
                env,
                &input.schema,
            );
        }
        // Names of groups stay out of the way of names that are written.
        for aggregate in aggregates {
            self.aggregate(aggregate, &input.schema, row, &mut summary, env);
        }
        let aggregates_a_star = aggregates.iter().any(|aggregate| match &aggregate.value.kind {
            A::Call(call) => call.arguments.iter().any(|argument| matches!(argument.value.kind, A::Star)),
            _ => false,
        });
        let Summary { out, by: groups, aggregates, output } = summary;
        let mut schema = out.schema;
        // `arg_max(x, *)` of rows whose columns are not all known.
        schema.is_open = input.schema.is_open && aggregates_a_star;
        let kind = RelKind::Summarize { input, by: groups, aggregates, has_by: !by.is_empty(), output };
        self.rel(kind, schema, operator.span)
    }

    fn group(
        &mut self,
        group: &NamedExpr,
        row: Row<'_>,
        bin: Option<&Ast>,
        summary: &mut Summary,
        env: &Scope,
        input: &Schema,
    ) {
        for (name, mut expr, name_span) in self.parts_of(group, row, env, Some(input)) {
            if expr.ty == T::Dynamic {
                self.dynamic_key(group.value.span, Some(&group.value));
            }
            if let Some(bin) = bin
                && let Some(function) = lookup(Use::Scalar, "bin")
            {
                let size = self.constant(bin, env);
                let (ty, span) = (expr.ty, expr.span);
                expr = Expr { kind: B::Call(Call { function, arguments: vec![expr, size] }), ty, span };
            }
            let is_explicit = !group.names.is_empty() || matches!(group.value.kind, A::Name(_));
            match name {
                Some(name) if is_explicit && !summary.out.write(&name) => {
                    self.declared_twice(&name, name_span);
                }
                name => {
                    // `Column1` makes way for columns of the input too.
                    let name = name.unwrap_or_else(|| summary.out.numbered_beside("Column", input));
                    summary.out.add_free(Some(&name), expr.clone());
                    summary.output.push(SummaryColumn::Group(summary.by.len()));
                    summary.by.push(expr);
                }
            }
        }
    }

    fn aggregate(&mut self, item: &NamedExpr, input: &Schema, row: u32, summary: &mut Summary, env: &Scope) {
        let context = Row { in_aggregate: true, ..Row::of(input, row) };
        if let A::Call(call) = &item.value.kind
            && let Some(function) = lookup(Use::Aggregate, &call.name.text)
            && env.get(&call.name.text).is_none()
            && let Some(parts) = self.special_aggregate(function.name, call, item, input, row, summary, env)
        {
            for (name, expr, is_written) in parts {
                if is_written && !summary.out.write(&name) {
                    self.declared_twice(&name, item.span);
                    continue;
                }
                summary.out.add_free(Some(&name), expr.clone());
                summary.output.push(SummaryColumn::Aggregate(summary.aggregates.len()));
                summary.aggregates.push(expr);
            }
            return;
        }
        for (name, expr, name_span) in self.parts_of(item, context, env, Some(input)) {
            let is_written = !item.names.is_empty();
            match name {
                Some(name) if is_written && !summary.out.write(&name) => {
                    self.declared_twice(&name, name_span);
                }
                name => {
                    summary.out.add_free(name.as_deref(), expr.clone());
                    summary.output.push(SummaryColumn::Aggregate(summary.aggregates.len()));
                    summary.aggregates.push(expr);
                }
            }
        }
    }

    /// Aggregates with several columns, or with `*`: `arg_max`, `take_any`, `percentiles`. For each column its name,
    /// its expression, and whether the query names it.
    #[expect(clippy::too_many_arguments, reason = "everything that names depend on")]
    fn special_aggregate(
        &mut self,
        function: &'static str,
        call: &crate::ast::Call,
        item: &NamedExpr,
        input: &Schema,
        row: u32,
        summary: &Summary,
        env: &Scope,
    ) -> Option<Vec<(String, Expr, bool)>> {
        let is_old = matches!(function, "argmax" | "argmin");
        let is_arg = is_old || matches!(function, "arg_max" | "arg_min");
        let is_any = matches!(function, "take_any" | "any");
        let has_star = call.arguments.iter().any(|argument| matches!(argument.value.kind, A::Star));
        if !is_arg && !is_any && !has_star {
            return None;
        }
        let context = Row { in_aggregate: true, ..Row::of(input, row) };
        let whole = self.builtin(lookup(Use::Aggregate, function)?, call, item.value.span, context, env);
        let prefix = if call.name.text == "any" { "any_" } else { "" };
        let extremum = if matches!(function, "arg_min" | "argmin") { "min_" } else { "max_" };
        // What is returned: an expression over the columns, with its name.
        let mut returned: Vec<(String, T)> = Vec::new();
        let mut arguments = Vec::new();
        let mut sought = String::new();
        let mut met: Vec<usize> = summary
            .by
            .iter()
            .filter_map(|group| match group.kind {
                B::Column(index) => Some(index),
                _ => None,
            })
            .collect();
        let bound = match &whole.kind {
            B::Aggregate(call) => call.arguments.clone(),
            _ => Vec::new(),
        };
        for (place, argument) in call.arguments.iter().enumerate() {
            if matches!(argument.value.kind, A::Star) {
                for (index, column) in input.columns.iter().enumerate() {
                    if !met.contains(&index) {
                        returned.push((format!("{prefix}{}", column.name), column.ty));
                        arguments.push(Expr::column(index, column.ty, self.at(argument.value.span)));
                    }
                }
                continue;
            }
            let Some(expr) = bound.get(place).cloned() else { continue };
            if let (B::Column(index), true) = (&expr.kind, is_arg) {
                met.push(*index);
            }
            let own = match &argument.name {
                Some(name) => Some(name.text.clone()),
                None => implied_name(&argument.value, false),
            };
            if place == 0 {
                sought = own.clone().unwrap_or_default();
            }
            let name = match own {
                // The older functions name all by what is sought: `max_a`, `max_a_b`.
                Some(name) if is_old && place == 0 => format!("{extremum}{name}"),
                Some(name) if is_old => format!("{extremum}{sought}_{name}"),
                Some(name) => format!("{prefix}{name}"),
                None if is_arg && place == 0 => extremum.to_owned(),
                None if is_arg => format!("{extremum}{sought}_arg{place}"),
                None if call.name.text == "any" && call.arguments.len() == 1 => "any_".to_owned(),
                None => format!("any_arg{place}"),
            };
            returned.push((name, expr.ty));
            arguments.push(expr);
        }
        let shown = self.at(item.value.span);
        let function = lookup(Use::Aggregate, function)?;
        let ty = returned.first().map_or(T::Unknown, |(_, ty)| *ty);
        let whole = Arc::new(Expr { kind: B::Aggregate(Call { function, arguments }), ty, span: shown });
        let single = returned.len() == 1;
        Some(
            returned
                .into_iter()
                .enumerate()
                .map(|(index, (name, ty))| {
                    let written = item.names.get(index).map(|name| name.text.clone());
                    let expr = if single {
                        (*whole).clone()
                    } else {
                        Expr { kind: B::Part { call: whole.clone(), index }, ty, span: shown }
                    };
                    let is_written = written.is_some();
                    (written.unwrap_or(name), expr, is_written)
                })
                .collect(),
        )
    }

    /// `summarize count_ = count() by item`
    pub(super) fn counted(&mut self, item: &NamedExpr, input: Input, env: &Scope) -> Arc<Rel> {
        let row = self.new_row();
        let mut summary =
            Summary { out: Columns::default(), by: Vec::new(), aggregates: Vec::new(), output: Vec::new() };
        let schema = input.schema.clone();
        self.group(item, Row::of(&schema, row), None, &mut summary, env, &schema);
        if let Some(function) = lookup(Use::Aggregate, "count") {
            let kind = B::Aggregate(Call { function, arguments: Vec::new() });
            let expr = Expr { kind, ty: T::Long, span: self.at(item.span) };
            summary.out.add_free(Some("count_"), expr.clone());
            summary.output.push(SummaryColumn::Aggregate(0));
            summary.aggregates.push(expr);
        }
        let Summary { out, by, aggregates, output } = summary;
        let kind = RelKind::Summarize { input, by, aggregates, has_by: true, output };
        self.rel(kind, out.schema, item.span)
    }

    pub(super) fn top_nested(
        &mut self,
        operator: &Operator,
        clauses: &[TopNestedClause],
        input: Input,
        env: &Scope,
    ) -> Arc<Rel> {
        let row = self.new_row();
        let mut out = Columns::default();
        let mut levels = Vec::new();
        for clause in clauses {
            let count = clause.count.as_ref().map(|count| self.count_of_rows(count, env));
            let of = self.scalar(&clause.of.value, Row::of(&input.schema, row), env);
            let written = clause.of.names.first().map(|name| name.text.clone());
            let own = written.or_else(|| self.name_of(&clause.of.value, false, &of, Some(&input.schema)));
            let place = out.add_free(own.as_deref(), of.clone());
            let others = clause.others.as_ref().map(|others| self.constant(others, env));
            let context = Row { in_aggregate: true, ..Row::of(&input.schema, row) };
            let by = self.scalar(&clause.by.value.value, context, env);
            let name = match clause.by.value.names.first() {
                Some(name) => name.text.clone(),
                None => format!("aggregated_{}", out.schema.columns[place].name),
            };
            out.add_free(Some(&name), by.clone());
            let is_descending = !matches!(clause.by.direction, Some(Direction::Ascending));
            levels.push(TopNestedLevel { count, of, others, by, is_descending });
        }
        self.rel(RelKind::TopNested { input, levels }, out.schema, operator.span)
    }

    pub(super) fn top_hitters(
        &mut self,
        operator: &Operator,
        count: &Ast,
        of: &NamedExpr,
        by: Option<&Ast>,
        input: Input,
        env: &Scope,
    ) -> Arc<Rel> {
        let count = self.count_of_rows(count, env);
        let row = self.new_row();
        let context = Row::of(&input.schema, row);
        let value = self.scalar(&of.value, context, env);
        let name = of.names.first().map(|name| name.text.clone());
        let name = name.or_else(|| implied_name(&of.value, false)).unwrap_or_else(|| "Column1".into());
        let (weight, weight_name) = match by {
            Some(by) => {
                let weight = self.scalar(by, context, env);
                let own = implied_name(by, false).unwrap_or_default();
                (Some(weight), format!("approximate_sum_{own}"))
            }
            None => (None, format!("approximate_count_{name}")),
        };
        let weight_type = match weight.as_ref().map(|weight| weight.ty) {
            None => T::Long,
            Some(T::Int) if !self.is_reference() => T::Long,
            Some(ty) => ty,
        };
        let schema = Schema::new(vec![Column::new(name, value.ty), Column::new(weight_name, weight_type)]);
        self.rel(RelKind::TopHitters { input, count, of: value, by: weight }, schema, operator.span)
    }

    /// An aggregate and the names of its columns, for `make-series`.
    pub(super) fn series_aggregate(
        &mut self,
        item: &NamedExpr,
        input: &Schema,
        row: u32,
        env: &Scope,
    ) -> Vec<(Option<String>, Expr, Span)> {
        let summary =
            Summary { out: Columns::default(), by: Vec::new(), aggregates: Vec::new(), output: Vec::new() };
        if let A::Call(call) = &item.value.kind
            && let Some(function) = lookup(Use::Aggregate, &call.name.text)
            && let Some(parts) = self.special_aggregate(function.name, call, item, input, row, &summary, env)
        {
            return parts.into_iter().map(|(name, expr, _)| (Some(name), expr, item.span)).collect();
        }
        let context = Row { in_aggregate: true, ..Row::of(input, row) };
        self.parts_of(item, context, env, Some(input))
    }
}

/// The names and types of the columns of a call that has several: `series_stats`, `percentiles`.
pub(super) fn several_columns(expr: &Expr, ast: &Ast) -> Option<Vec<(String, T)>> {
    let (B::Call(call) | B::Aggregate(call)) = &expr.kind else { return None };
    let A::Call(written) = &ast.kind else { return None };
    let first =
        written.arguments.first().and_then(|first| implied_name(&first.value, false)).unwrap_or_default();
    if call.function.name.starts_with("array_sort_") && call.arguments.len() > 1 {
        let name = |index: usize| {
            let argument =
                written.arguments.get(index).and_then(|argument| implied_name(&argument.value, false));
            argument.map_or_else(|| format!("array{index}_sorted"), |name| format!("{name}_sorted"))
        };
        let arrays = call.arguments.iter().take_while(|argument| argument.ty != T::Bool).count();
        return (arrays > 1).then(|| (0..arrays).map(|index| (name(index), T::Dynamic)).collect());
    }
    if matches!(call.function.name, "percentiles" | "percentilesw") {
        let ty = expr.ty;
        let skipped = if call.function.name == "percentilesw" { 2 } else { 1 };
        let percentiles = call.arguments.iter().skip(skipped);
        let name = |percentile: &Expr| {
            let suffix = percentile.as_literal().map(percentile_suffix).unwrap_or_default();
            (format!("percentile_{first}_{suffix}"), ty)
        };
        return Some(percentiles.map(name).collect());
    }
    match call.function.signatures.first()?.returns {
        Returns::Columns(columns) if columns.len() > 1 => {
            let stem = format!("{}_{first}", call.function.name);
            Some(columns.iter().map(|(suffix, ty)| (format!("{stem}_{suffix}"), *ty)).collect())
        }
        _ => None,
    }
}

/// The name of `percentile(x, 5)`: the percentile is part of it.
pub(super) fn percentile_name(call: &crate::ast::Call, stem: &str) -> Option<String> {
    let at = if call.name.text == "percentilew" { 2 } else { 1 };
    let percentile = call.arguments.get(at)?;
    let A::Literal(literal) = &percentile.value.kind else { return None };
    Some(format!("{stem}_{}", percentile_suffix(literal)))
}
