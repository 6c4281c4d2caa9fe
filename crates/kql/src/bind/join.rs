//! `join` and `lookup`.

use std::collections::HashSet;
use std::sync::Arc;

use super::columns::free_name;
use super::scope::Row;
use super::{Binder, Scope};
use crate::ast::{BinaryOp, Expr as Ast, ExprKind as A, Operator, OperatorKind as O};
use crate::bound::{Expr, ExprKind as B, Input, Join, JoinColumn, JoinKind, Rel, RelKind};
use crate::suggest::closest;
use crate::types::{Column, ScalarType as T, Schema};

const KINDS: &[(&str, JoinKind)] = &[
    ("inner", JoinKind::Inner),
    ("innerunique", JoinKind::InnerUnique),
    ("leftouter", JoinKind::LeftOuter),
    ("rightouter", JoinKind::RightOuter),
    ("fullouter", JoinKind::FullOuter),
    ("leftsemi", JoinKind::LeftSemi),
    ("rightsemi", JoinKind::RightSemi),
    ("leftanti", JoinKind::LeftAnti),
    ("leftantisemi", JoinKind::LeftAnti),
    ("anti", JoinKind::LeftAnti),
    ("rightanti", JoinKind::RightAnti),
    ("rightantisemi", JoinKind::RightAnti),
];

impl Binder<'_> {
    pub(super) fn join(&mut self, operator: &Operator, left: Input, env: &Scope) -> Arc<Rel> {
        let (right, on, condition, is_lookup) = match &operator.kind {
            O::Join { right, on, condition } => (right, on, condition.as_ref(), false),
            O::Lookup { right, on } => (right, on, None, true),
            _ => return self.error_rel(operator.span),
        };
        let kind = self.join_kind(operator, is_lookup);
        let right = self.table(right, env);
        let mut keys = Vec::new();
        let row = self.new_row();
        if on.is_empty() && condition.is_none() && !self.has_syntax_errors {
            self.error("kql-join-on", operator.keyword, "the join has no `on`");
        }
        for ast in on.iter().chain(condition) {
            self.join_key(ast, &left.schema, &right.schema, row, env, &mut keys);
        }
        let right_keys: Vec<usize> = keys
            .iter()
            .filter_map(|(_, right)| match right.kind {
                B::Column(index) => Some(index),
                _ => None,
            })
            .collect();
        let (schema, output) = joined(&left.schema, &right.schema, kind, is_lookup, &right_keys);
        let hints = operator
            .parameters
            .iter()
            .filter(|parameter| parameter.name.text.starts_with("hint."))
            .map(|parameter| (parameter.name.text.clone(), parameter.word().unwrap_or_default().to_owned()))
            .collect();
        let join = Join { left, right, kind, keys, output, is_lookup, hints };
        self.rel(RelKind::Join(Box::new(join)), schema, operator.span)
    }

    fn join_kind(&mut self, operator: &Operator, is_lookup: bool) -> JoinKind {
        let default = if is_lookup { JoinKind::LeftOuter } else { JoinKind::InnerUnique };
        let Some(parameter) = operator.parameter("kind") else { return default };
        let word = parameter.word().unwrap_or_default();
        let found = KINDS.iter().find(|(name, _)| *name == word).map(|(_, kind)| *kind);
        let allowed = !is_lookup || matches!(found, Some(JoinKind::Inner | JoinKind::LeftOuter));
        match found {
            Some(kind) if allowed => kind,
            _ => {
                let hint = closest(word, KINDS.iter().map(|(name, _)| *name))
                    .map(|near| format!("did you mean `{near}`?"));
                let span = parameter.value.span;
                self.error_with_hint(
                    "kql-join-kind",
                    span,
                    format!("there is no kind `{word}` of this operator"),
                    hint,
                );
                default
            }
        }
    }

    /// `name`, `$left.a == $right.b`, or several with `and`.
    fn join_key(
        &mut self,
        ast: &Ast,
        left: &Schema,
        right: &Schema,
        row: u32,
        env: &Scope,
        keys: &mut Vec<(Expr, Expr)>,
    ) {
        match &ast.kind {
            A::And(parts) => {
                for part in parts {
                    self.join_key(part, left, right, row, env, keys);
                }
            }
            A::Name(name) => {
                let left = self.side_column(left, name, ast.span, false);
                let right = self.side_column(right, name, ast.span, true);
                let is_known = left.ty != T::Unknown && right.ty != T::Unknown;
                if is_known && left.ty != right.ty {
                    let message = format!(
                        "`{name}` is a {} on the left side and a {} on the right side",
                        left.ty, right.ty
                    );
                    self.error("kql-join-types", ast.span, message);
                }
                keys.push((left, as_column(right)));
            }
            A::Binary { op: BinaryOp::Equal, left: a, right: b, .. } => {
                let (first, second) = (&**a, &**b);
                for (operand, wanted) in [(first, "$left"), (second, "$right")] {
                    if side(operand) != Some(wanted) {
                        let message = format!("`{wanted}.column` is expected here");
                        self.error("kql-join-condition", operand.span, message);
                    }
                }
                if side(first) != Some("$left") || side(second) != Some("$right") {
                    return;
                }
                let row = Row { right: Some(right), ..Row::of(left, row) };
                let left = self.scalar(first, row, env);
                let right = self.scalar(second, row, env);
                for (operand, key) in [(first, &left), (second, &right)] {
                    if key.ty == T::Dynamic {
                        self.error("kql-join-types", operand.span, "a dynamic column cannot be a key");
                    }
                }
                let fits = left.ty == right.ty
                    || (left.ty.is_integer() && right.ty.is_integer())
                    || [left.ty, right.ty].iter().any(|ty| matches!(ty, T::Unknown | T::Dynamic));
                if !fits {
                    let message = format!(
                        "the key is a {} on the left side and a {} on the right side",
                        left.ty, right.ty
                    );
                    self.error("kql-join-types", ast.span, message);
                }
                keys.push((left, as_column(right)));
            }
            A::Missing => {}
            _ => {
                self.error_with_hint(
                    "kql-join-condition",
                    ast.span,
                    "a key is the name of a column or `$left.a == $right.b`",
                    Some("make a column of it with `extend` first".into()),
                );
            }
        }
    }
}

fn side(ast: &Ast) -> Option<&str> {
    match &ast.kind {
        A::Path { base, .. } => match &base.kind {
            A::Name(name) if name == "$left" || name == "$right" => Some(name),
            _ => side(base).filter(|_| false),
        },
        _ => None,
    }
}

/// Keys of the right side are over its own columns.
fn as_column(key: Expr) -> Expr {
    match key.kind {
        B::RightColumn(index) => Expr { kind: B::Column(index), ..key },
        _ => key,
    }
}

/// The output columns: right ones whose name is taken get the first free number.
fn joined(
    left: &Schema,
    right: &Schema,
    kind: JoinKind,
    is_lookup: bool,
    right_keys: &[usize],
) -> (Schema, Vec<JoinColumn>) {
    let whole = |schema: &Schema, side: fn(usize) -> JoinColumn| {
        (schema.clone(), (0..schema.columns.len()).map(side).collect())
    };
    match kind {
        JoinKind::LeftSemi | JoinKind::LeftAnti => return whole(left, JoinColumn::Left),
        JoinKind::RightSemi | JoinKind::RightAnti => return whole(right, JoinColumn::Right),
        _ => {}
    }
    let (mut schema, mut output): (Schema, Vec<JoinColumn>) = whole(left, JoinColumn::Left);
    schema.is_open = left.is_open || right.is_open;
    let mut names: HashSet<String> =
        left.columns.iter().chain(&right.columns).map(|column| column.name.clone()).collect();
    for (index, column) in right.columns.iter().enumerate() {
        if is_lookup && right_keys.contains(&index) {
            continue;
        }
        let name = if left.column(&column.name).is_some() {
            free_name(&column.name, |candidate| names.contains(candidate))
        } else {
            column.name.clone()
        };
        names.insert(name.clone());
        schema.columns.push(Column { name, ..column.clone() });
        output.push(JoinColumn::Right(index));
    }
    (schema, output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn right_names_get_the_first_free_number() {
        let schema =
            |names: &[&str]| Schema::new(names.iter().map(|name| Column::new(*name, T::Long)).collect());
        let check = |left: &[&str], right: &[&str], expected: &[&str]| {
            let (joined, _) = joined(&schema(left), &schema(right), JoinKind::Inner, false, &[]);
            let names: Vec<&str> = joined.columns.iter().map(|column| column.name.as_str()).collect();
            assert_eq!(names, expected);
        };
        check(&["x"], &["x", "x1", "x2"], &["x", "x3", "x1", "x2"]);
        check(&["x", "x1"], &["x", "x1"], &["x", "x1", "x2", "x11"]);
    }
}
