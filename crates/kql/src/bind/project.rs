//! Columns chosen, renamed and ordered: the `project` operators that name columns by patterns.

use std::sync::Arc;

use super::scope::Row;
use super::{Binder, Scope};
use crate::ast::{Direction, Expr as Ast, ExprKind as A, NamedExpr, Ordered};
use crate::bound::{Expr, ExprKind as B, Input, Rel, RelKind};
use crate::suggest::closest;
use crate::syntax::Span;
use crate::types::{Column, ScalarType as T, Schema};

impl Binder<'_> {
    /// The places of the columns that a name or pattern means; an error if there are none.
    pub(super) fn matching(&mut self, ast: &Ast, schema: &Schema) -> Vec<usize> {
        match &ast.kind {
            A::Star => (0..schema.columns.len()).collect(),
            A::Wildcard(pattern) => {
                let found: Vec<usize> = schema
                    .columns
                    .iter()
                    .enumerate()
                    .filter(|(_, column)| matches_pattern(pattern, &column.name))
                    .map(|(index, _)| index)
                    .collect();
                if found.is_empty() && !schema.is_open {
                    self.error("kql-unknown-name", ast.span, format!("no column is called `{pattern}`"));
                }
                found
            }
            A::Name(name) => match schema.index_of(name) {
                Some(index) => vec![index],
                None => {
                    if !schema.is_open {
                        let hint = closest(name, schema.columns.iter().map(|column| column.name.as_str()))
                            .map(|near| format!("did you mean `{near}`?"));
                        self.error_with_hint(
                            "kql-unknown-name",
                            ast.span,
                            format!("there is no column `{name}`"),
                            hint,
                        );
                    }
                    Vec::new()
                }
            },
            A::Missing => Vec::new(),
            _ => {
                self.error("kql-column-expected", ast.span, "the name of a column is expected here");
                Vec::new()
            }
        }
    }

    pub(super) fn chosen(&mut self, places: &[usize], input: Input, span: Span, is_open: bool) -> Arc<Rel> {
        let shown = self.at(span);
        let columns =
            places.iter().map(|index| Expr::column(*index, input.schema.columns[*index].ty, shown)).collect();
        let schema = Schema {
            columns: places.iter().map(|index| input.schema.columns[*index].clone()).collect(),
            is_open,
        };
        self.rel(RelKind::Project { input, columns }, schema, span)
    }

    pub(super) fn project_away(&mut self, columns: &[Ast], input: Input, span: Span) -> Arc<Rel> {
        let away: Vec<usize> = columns.iter().flat_map(|ast| self.matching(ast, &input.schema)).collect();
        let places: Vec<usize> =
            (0..input.schema.columns.len()).filter(|index| !away.contains(index)).collect();
        let is_open = input.schema.is_open;
        self.chosen(&places, input, span, is_open)
    }

    pub(super) fn project_keep(&mut self, columns: &[Ast], input: Input, span: Span) -> Arc<Rel> {
        let kept: Vec<usize> = columns.iter().flat_map(|ast| self.matching(ast, &input.schema)).collect();
        let places: Vec<usize> =
            (0..input.schema.columns.len()).filter(|index| kept.contains(index)).collect();
        let is_open =
            input.schema.is_open && columns.iter().any(|ast| matches!(ast.kind, A::Star | A::Wildcard(_)));
        if input.schema.is_open {
            // Names that only the data know stay too.
            let shown = self.at(span);
            let mut schema = Schema { columns: Vec::new(), is_open };
            let mut exprs = Vec::new();
            for index in &places {
                schema.columns.push(input.schema.columns[*index].clone());
                exprs.push(Expr::column(*index, input.schema.columns[*index].ty, shown));
            }
            for ast in columns {
                if let A::Name(name) = &ast.kind
                    && input.schema.index_of(name).is_none()
                {
                    schema.columns.push(Column::new(name.clone(), T::Unknown));
                    exprs.push(Expr { kind: B::OpenColumn(name.clone()), ty: T::Unknown, span: shown });
                }
            }
            return self.rel(RelKind::Project { input, columns: exprs }, schema, span);
        }
        self.chosen(&places, input, span, is_open)
    }

    pub(super) fn project_rename(&mut self, columns: &[NamedExpr], input: Input, span: Span) -> Arc<Rel> {
        let mut schema = input.schema.clone();
        let shown = self.at(span);
        let mut exprs: Vec<Expr> = (0..schema.columns.len())
            .map(|index| Expr::column(index, schema.columns[index].ty, shown))
            .collect();
        for column in columns {
            let Some(name) = column.names.first() else {
                self.error("kql-rename", column.span, "`new = old` is expected here");
                continue;
            };
            if let A::Name(old) = &column.value.kind
                && input.schema.is_open
                && input.schema.index_of(old).is_none()
            {
                schema.columns.push(Column::new(name.text.clone(), T::Unknown));
                exprs.push(Expr { kind: B::OpenColumn(old.clone()), ty: T::Unknown, span: shown });
                continue;
            }
            let Some(index) = self.matching(&column.value, &input.schema).first().copied() else { continue };
            let taken = schema.columns.iter().any(|column| column.name == name.text);
            if taken {
                self.declared_twice(&name.text, name.span);
            } else {
                schema.columns[index].name = name.text.clone();
            }
        }
        self.rel(RelKind::Project { input, columns: exprs }, schema, span)
    }

    pub(super) fn project_reorder(&mut self, columns: &[Ordered], input: Input, span: Span) -> Arc<Rel> {
        let schema = &input.schema;
        // Names that are written out are never met by a pattern.
        let written: Vec<usize> = columns
            .iter()
            .filter_map(|column| match &column.value.value.kind {
                A::Name(name) => schema.index_of(name),
                _ => None,
            })
            .collect();
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut star = None;
        for column in columns {
            let mut places = self.matching(&column.value.value, &input.schema);
            let is_pattern = !matches!(column.value.value.kind, A::Name(_));
            if is_pattern {
                places.retain(|place| {
                    !written.contains(place) && !groups.iter().flatten().any(|taken| taken == place)
                });
            }
            let name = |index: &usize| input.schema.columns[*index].name.clone();
            match column.direction {
                Some(Direction::Ascending) => places.sort_by_key(name),
                Some(Direction::Descending) => {
                    places.sort_by_key(name);
                    places.reverse();
                }
                Some(Direction::GrannyAscending) => places.sort_by_key(|index| granny(&name(index))),
                Some(Direction::GrannyDescending) => {
                    places.sort_by_key(|index| granny(&name(index)));
                    places.reverse();
                }
                None => {}
            }
            if matches!(column.value.value.kind, A::Star) && column.direction.is_none() {
                star = Some(groups.len());
            }
            groups.push(places);
        }
        if let Some(star) = star {
            // `*` takes what no other item takes, wherever it stands.
            let others: Vec<usize> = groups
                .iter()
                .enumerate()
                .filter(|(at, _)| *at != star)
                .flat_map(|(_, group)| group.clone())
                .collect();
            groups[star] = (0..input.schema.columns.len()).filter(|index| !others.contains(index)).collect();
        }
        let mut places: Vec<usize> = Vec::new();
        for place in groups.into_iter().flatten() {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places.extend(
            (0..input.schema.columns.len()).filter(|index| !places.contains(index)).collect::<Vec<_>>(),
        );
        let is_open = input.schema.is_open;
        self.chosen(&places, input, span, is_open)
    }

    pub(super) fn project_by_names(
        &mut self,
        columns: &[Ast],
        input: Input,
        span: Span,
        env: &Scope,
    ) -> Arc<Rel> {
        let mut places = Vec::new();
        for ast in columns {
            let row = self.new_row();
            let names: Vec<String> = match &ast.kind {
                A::Call(call) if call.name.text == "column_names_of" => match call.arguments.first() {
                    Some(argument) => {
                        let rel = self.table(&argument.value, env);
                        rel.schema.columns.iter().map(|column| column.name.clone()).collect()
                    }
                    None => Vec::new(),
                },
                _ => {
                    let expr = self.scalar(ast, Row::of(&input.schema, row), env);
                    match expr.as_literal() {
                        Some(crate::values::Literal::String(name)) => vec![name.clone()],
                        Some(crate::values::Literal::Dynamic(crate::values::Dynamic::Array(items))) => items
                            .iter()
                            .filter_map(|item| match item {
                                crate::values::Dynamic::String(name) => Some(name.clone()),
                                _ => None,
                            })
                            .collect(),
                        _ => match expr.kind {
                            B::Column(index) => vec![input.schema.columns[index].name.clone()],
                            _ => Vec::new(),
                        },
                    }
                }
            };
            for name in names {
                let found: Vec<usize> = input
                    .schema
                    .columns
                    .iter()
                    .enumerate()
                    .filter(|(_, column)| matches_pattern(&name, &column.name))
                    .map(|(index, _)| index)
                    .collect();
                for place in found {
                    if !places.contains(&place) {
                        places.push(place);
                    }
                }
            }
        }
        self.chosen(&places, input, span, false)
    }
}

/// Whether a name fits a pattern with stars.
pub(super) fn matches_pattern(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Numbers in names by their value: `a2` before `a10`.
fn granny(name: &str) -> Vec<(bool, u64, String)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let is_digit = rest.starts_with(|first: char| first.is_ascii_digit());
        let end = rest.find(|character: char| character.is_ascii_digit() != is_digit).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        parts.push((!is_digit, part.parse().unwrap_or(0), part.to_owned()));
        rest = after;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_names() {
        assert!(
            matches_pattern("a*", "abc") && matches_pattern("*c", "abc") && matches_pattern("a*c", "abc")
        );
        assert!(
            matches_pattern("abc", "abc") && !matches_pattern("ab", "abc") && !matches_pattern("*x*", "abc")
        );
        assert!(!matches_pattern("a*a", "a"));
    }

    #[test]
    fn granny_counts() {
        assert!(granny("a2") < granny("a10"));
    }
}
