//! Operators that take values apart: `mv-expand`, `mv-apply`, `parse`, `parse-kv`, and `partition`.

use std::sync::Arc;

use super::columns::Columns;
use super::scope::Row;
use super::{Binder, Scope};
use crate::ast::{
    ColumnDeclaration, Expr as Ast, MvApply as AstApply, MvColumn, Operator, OperatorParameter, ParsePiece,
    PartitionBody,
};
use crate::bound::{
    ApplyColumn, ExpandedColumn, Expr, ExprKind as B, Input, MvApply, MvExpand, NewColumn, Parse, ParseMode,
    ParsePart, Rel, RelKind,
};
use crate::types::{Column, ScalarType as T, Schema, Shape};
use crate::values::Literal;

impl Binder<'_> {
    pub(super) fn mv_expand(
        &mut self,
        operator: &Operator,
        columns: &[MvColumn],
        limit: Option<&Ast>,
        input: Input,
        env: &Scope,
    ) -> Arc<Rel> {
        let mut out = Columns::of_input(&input.schema, self.at(operator.span));
        let expand = self.expansion(operator, columns, limit, input, env, &mut out);
        self.rel(RelKind::MvExpand(Box::new(expand)), out.schema, operator.span)
    }

    /// The arrays of an expansion; their columns are added to `out`, or take the place of a column of their name.
    fn expansion(
        &mut self,
        operator: &Operator,
        columns: &[MvColumn],
        limit: Option<&Ast>,
        input: Input,
        env: &Scope,
        out: &mut Columns,
    ) -> MvExpand {
        let row = self.new_row();
        let mut expanded = Vec::new();
        let expansion = operator.parameter("bagexpansion").or_else(|| operator.parameter("kind"));
        let is_bag_array = expansion.is_some_and(|parameter| parameter.word() == Some("array"));
        for column in columns {
            let value = self.scalar(&column.value.value, Row::of(&input.schema, row), env);
            if !matches!(value.ty, T::Dynamic | T::Unknown) {
                let hint = (value.ty == T::String)
                    .then(|| "`parse_json()` or `split()` makes an array of a text".to_owned());
                self.error_with_hint(
                    "kql-dynamic-expected",
                    column.value.value.span,
                    format!("a dynamic value is expected here, this is a {}", value.ty),
                    hint,
                );
            }
            let ty = column.ty.as_ref().map_or(T::Dynamic, |ty| self.declared_type(ty));
            let shape = match self.shape_of(&value, Row::of(&input.schema, row)) {
                _ if column.ty.is_some() => Shape::Any,
                Shape::Array(element) => (*element).clone(),
                Shape::Bag(_) if is_bag_array => Shape::array(),
                Shape::Bag(_) => Shape::bag(),
                _ => Shape::Any,
            };
            let written = column.value.names.first().map(|name| name.text.clone());
            let name =
                written.or_else(|| self.name_of(&column.value.value, false, &value, Some(&input.schema)));
            let typed = Expr { kind: B::Error, ty, span: value.span };
            let output = match name {
                Some(name) if !name.is_empty() => out.replace(&name, typed),
                _ => out.add_free(None, typed),
            };
            out.schema.columns[output].shape = shape;
            expanded.push(ExpandedColumn { value, output, ty });
        }
        let index_column = operator.parameter("with_itemindex").map(|parameter| {
            let name = parameter.word().unwrap_or("index").to_owned();
            out.replace(&name, Expr { kind: B::Error, ty: T::Long, span: self.at(parameter.value.span) })
        });
        let limit = limit.map(|limit| self.count_of_rows(limit, env));
        MvExpand { input, columns: expanded, limit, is_bag_array, index_column }
    }

    pub(super) fn mv_apply(
        &mut self,
        operator: &Operator,
        apply: &AstApply,
        input: &Input,
        env: &Scope,
    ) -> Arc<Rel> {
        let names: Vec<Option<String>> = apply
            .columns
            .iter()
            .map(|column| match column.value.names.first() {
                Some(name) => Some(name.text.clone()),
                None => super::naming::implied_name(&column.value.value, false),
            })
            .collect();
        let is_expanded = |name: &str| names.iter().flatten().any(|expanded| expanded == name);
        let kept: Vec<usize> = (0..input.schema.columns.len())
            .filter(|index| !is_expanded(&input.schema.columns[*index].name))
            .collect();
        let mut out = Columns::default();
        out.schema.is_open = input.schema.is_open;
        for index in &kept {
            let column = &input.schema.columns[*index];
            out.push(column.name.clone(), Expr::column(*index, column.ty, self.at(operator.span)));
            if let Some(kept) = out.schema.columns.last_mut() {
                kept.shape = column.shape.clone();
            }
        }
        let expand =
            self.expansion(operator, &apply.columns, apply.limit.as_ref(), input.clone(), env, &mut out);
        if let Some(id) = &apply.context_id {
            out.add_free(Some(&id.text), Expr { kind: B::Error, ty: T::Long, span: self.at(id.span) });
        }
        let given = out.schema;
        let body = self.over_given(&apply.body, given.clone(), operator.span, env);
        let mut schema = Schema { columns: Vec::new(), is_open: input.schema.is_open || body.schema.is_open };
        let mut output = Vec::new();
        for index in &kept {
            let column = &input.schema.columns[*index];
            match body.schema.index_of(&column.name) {
                Some(place) => {
                    schema.columns.push(body.schema.columns[place].clone());
                    output.push(ApplyColumn::Body(place));
                }
                None => {
                    schema.columns.push(column.clone());
                    output.push(ApplyColumn::Input(*index));
                }
            }
        }
        for (place, column) in body.schema.columns.iter().enumerate() {
            if schema.column(&column.name).is_none() {
                schema.columns.push(column.clone());
                output.push(ApplyColumn::Body(place));
            }
        }
        let has_context_id = apply.context_id.is_some();
        let apply = MvApply { expand, given, kept, body, output, has_context_id };
        self.rel(RelKind::MvApply(Box::new(apply)), schema, operator.span)
    }

    pub(super) fn parse(
        &mut self,
        operator: &Operator,
        is_where: bool,
        value: &Ast,
        pattern: &[ParsePiece],
        input: Input,
        env: &Scope,
    ) -> Arc<Rel> {
        let row = self.new_row();
        let bound = self.scalar(value, Row::of(&input.schema, row), env);
        if !matches!(bound.ty, T::String | T::Dynamic | T::Unknown) {
            let message = format!("a text is expected here, this is a {}", bound.ty);
            self.error_with_hint(
                "kql-text-expected",
                value.span,
                message,
                Some("`tostring()` makes it one".into()),
            );
        }
        let mode = match operator.parameter("kind").and_then(|kind| kind.word()) {
            Some("regex") => ParseMode::Regex,
            Some("relaxed") => ParseMode::Relaxed,
            Some("simple") | None => ParseMode::Simple,
            Some(other) => {
                let message = format!("there is no kind `{other}`: simple, relaxed or regex");
                self.error("kql-parse-kind", operator.keyword, message);
                ParseMode::Simple
            }
        };
        let flags = operator.parameter("flags").and_then(|flags| flags.word()).unwrap_or_default().to_owned();
        let mut out = Columns::of_input(&input.schema, self.at(operator.span));
        let mut parts: Vec<ParsePart> = Vec::new();
        for (at, piece) in pattern.iter().enumerate() {
            match piece {
                ParsePiece::Skip(_) => {
                    if self.is_reference() {
                        self.parse_neighbours(pattern, at);
                    }
                    parts.push(ParsePart::Skip);
                }
                ParsePiece::Text(text, _) => match parts.last_mut() {
                    Some(ParsePart::Text(before)) => before.push_str(text),
                    _ => parts.push(ParsePart::Text(text.clone())),
                },
                ParsePiece::Column(column) => {
                    if self.is_reference() {
                        self.parse_neighbours(pattern, at);
                    }
                    if matches!(parts.last(), Some(ParsePart::Skip)) && mode != ParseMode::Regex {
                        self.error("kql-parse-pattern", column.name.span, "a column has to follow a text");
                    }
                    let new = self.parsed_column(column, &mut out);
                    parts.push(ParsePart::Column(new));
                }
            }
        }
        let parse = Parse { input, value: bound, mode, flags, pattern: parts, is_where };
        self.rel(RelKind::Parse(Box::new(parse)), out.schema, operator.span)
    }

    /// The reference binder asks for a text between the columns of a pattern, and none of the columns before a star may
    /// be a text, since both could take the same characters.
    fn parse_neighbours(&mut self, pattern: &[ParsePiece], at: usize) {
        let before = at.checked_sub(1).and_then(|before| pattern.get(before));
        let (span, message) = match &pattern[at] {
            ParsePiece::Column(column) if !matches!(before, None | Some(ParsePiece::Text(..))) => {
                (column.name.span, "a column has to follow a text")
            }
            ParsePiece::Skip(span) => match (before, pattern.get(at + 1)) {
                (_, Some(ParsePiece::Column(_) | ParsePiece::Skip(_))) => {
                    (*span, "a text has to follow a `*`")
                }
                (Some(ParsePiece::Column(column)), _) if matches!(column.ty.text.as_str(), "" | "string") => {
                    (*span, "a `*` cannot follow a column that is a text")
                }
                _ => return,
            },
            _ => return,
        };
        self.error("kql-parse-pattern", span, message);
    }

    fn parsed_column(&mut self, column: &ColumnDeclaration, out: &mut Columns) -> NewColumn {
        let ty = self.declared_type(&column.ty);
        if !out.write(&column.name.text) {
            self.declared_twice(&column.name.text, column.name.span);
        }
        let expr = Expr { kind: B::Error, ty, span: self.at(column.name.span) };
        let output = if self.is_reference() {
            out.add_free(Some(&column.name.text), expr)
        } else {
            out.replace(&column.name.text, expr)
        };
        NewColumn { output, name: column.name.text.clone(), ty }
    }

    pub(super) fn parse_kv(
        &mut self,
        operator: &Operator,
        value: &Ast,
        columns: &[ColumnDeclaration],
        properties: &[OperatorParameter],
        input: Input,
        env: &Scope,
    ) -> Arc<Rel> {
        let row = self.new_row();
        let value = self.scalar(value, Row::of(&input.schema, row), env);
        let mut out = Columns::of_input(&input.schema, self.at(operator.span));
        let keys = columns.iter().map(|column| self.parsed_column(column, &mut out)).collect();
        let mut bound = Vec::new();
        for property in properties {
            let values = match &property.value.kind {
                crate::ast::ExprKind::EntityGroup(items) => items.iter().collect(),
                _ => vec![&property.value],
            };
            let values = values.into_iter().map(|value| match &value.kind {
                crate::ast::ExprKind::Name(word) => {
                    Expr::literal(Literal::String(word.clone()), self.at(value.span))
                }
                _ => self.scalar(value, Row::none(), env),
            });
            let values = values.collect();
            bound.push((property.name.text.clone(), values));
        }
        self.rel(RelKind::ParseKv { input, value, keys, properties: bound }, out.schema, operator.span)
    }

    pub(super) fn partition(
        &mut self,
        operator: &Operator,
        by: &Ast,
        scope: Option<&Ast>,
        body: &PartitionBody,
        input: Input,
        env: &Scope,
    ) -> Arc<Rel> {
        if let Some(scope) = scope {
            self.error("kql-unsupported", scope.span, "`in` of `partition` is not supported");
        }
        let row = self.new_row();
        let name = super::naming::implied_name(by, false);
        let place = by.span;
        let by = self.scalar(by, Row::of(&input.schema, row), env);
        if by.ty == T::Dynamic {
            self.dynamic_key(place, None);
        }
        let strategy = operator.parameter("hint.strategy").and_then(|hint| hint.word()).map(str::to_owned);
        let body = match body {
            PartitionBody::Operators(pipeline) => {
                self.over_given(pipeline, input.schema.clone(), operator.span, env)
            }
            PartitionBody::Query(body) => {
                // The name of the key is its value in each run.
                let mut inner = env.clone();
                if let Some(name) = name {
                    let key = Expr { kind: B::Parameter(name.clone()), ty: by.ty, span: by.span };
                    inner = inner.with(name, self.scalar_entry(key, 0, Shape::Any));
                }
                let inner = self.statements(&body.statements, inner, Row::none());
                match &body.result {
                    Some(result) => self.table(result, &inner),
                    None => self.error_rel(body.span),
                }
            }
        };
        let schema = body.schema.clone();
        self.rel(RelKind::Partition { input, by, body, strategy }, schema, operator.span)
    }

    /// A schema with one more column at its end, under a free name.
    pub(super) fn with_column(&self, schema: &Schema, name: &str, ty: T) -> Schema {
        let mut schema = schema.clone();
        let name = super::columns::free_name(name, |candidate| schema.column(candidate).is_some());
        schema.columns.push(Column::new(name, ty));
        schema
    }
}
