//! Names and scalar expressions.

use super::scope::{Entry, PartKind, Row, Value, type_of};
use super::{Binder, Scope};
use crate::ast::{BinaryOp, Expr as Ast, ExprKind as A, InOp};
use crate::bound::{Expr, ExprKind as B, InList, RelKind};
use crate::suggest::closest;
use crate::syntax::Span;
use crate::types::{ScalarType as T, Schema, Shape};
use crate::values::Literal;

use super::operand::{binary_type, is_between_defined};

impl Binder<'_> {
    /// A scalar expression.
    pub(super) fn scalar(&mut self, ast: &Ast, row: Row<'_>, env: &Scope) -> Expr {
        match self.value(ast, row, env) {
            Value::Scalar(expr) => expr,
            // What is wrong was said already.
            Value::Table(rel) if matches!(rel.kind, RelKind::Error) => Expr::error(self.at(ast.span)),
            Value::Table(_) | Value::Place { .. } => {
                self.error_with_hint(
                    "kql-scalar-expected",
                    ast.span,
                    "a scalar is expected here, this is a table",
                    Some("`toscalar()` takes its first value".into()),
                );
                Expr::error(self.at(ast.span))
            }
        }
    }

    /// A scalar expression of type `bool`.
    pub(super) fn predicate(&mut self, ast: &Ast, row: Row<'_>, env: &Scope) -> Expr {
        let expr = self.scalar(ast, row, env);
        if !matches!(expr.ty, T::Bool | T::Unknown) {
            self.error(
                "kql-bool-expected",
                ast.span,
                format!("a bool is expected here, this is a {}", expr.ty),
            );
        }
        expr
    }

    /// An expression of either kind.
    pub(super) fn value(&mut self, ast: &Ast, row: Row<'_>, env: &Scope) -> Value {
        self.nested(ast.span, |binder| binder.value_inner(ast, row, env))
            .unwrap_or_else(|| Value::Scalar(Expr::error(self.at(ast.span))))
    }

    fn value_inner(&mut self, ast: &Ast, row: Row<'_>, env: &Scope) -> Value {
        let span = self.at(ast.span);
        let scalar = match &ast.kind {
            A::Literal(literal) if row.is_search && literal.as_str().is_some() => {
                return Value::Scalar(self.search_term(ast, row));
            }
            A::Literal(literal) => Expr::literal(literal.clone(), span),
            A::Name(name) => return self.name(name, ast, row, env),
            A::Pipeline(pipeline) => return Value::Table(self.pipeline(pipeline, ast.span, env)),
            A::Path { base, member } => return self.path(ast, base, member, row, env),
            A::Method { base, call } => return self.method(ast, base, call, row, env),
            A::Index { base, index } => match self.pattern_of(base, env) {
                Some((pattern, call)) => {
                    let path = self.constant_text(index, env);
                    return self.pattern_call(&pattern, call, Some(&path), ast.span, env);
                }
                None => self.index(ast, base, index, row, env),
            },
            A::Call(call) => return self.call(call, ast.span, row, env),
            A::Unary { is_minus, operand } => self.unary(ast, *is_minus, operand, row, env),
            A::And(operands) => {
                let operands = operands.iter().map(|operand| self.predicate(operand, row, env)).collect();
                Expr { kind: B::And(operands), ty: T::Bool, span }
            }
            A::Or(operands) => {
                let operands = operands.iter().map(|operand| self.predicate(operand, row, env)).collect();
                Expr { kind: B::Or(operands), ty: T::Bool, span }
            }
            A::Binary { .. } => self.binary(ast, row, env),
            A::In { op, op_span, left, list } => self.membership(ast, *op, *op_span, left, list, row, env),
            A::Between { is_negated, op_span, value, low, high } => {
                let [value, low, high] = [value, low, high].map(|part| self.scalar(part, row, env));
                if !is_between_defined(value.ty, low.ty, high.ty) {
                    let message =
                        format!("`between` is not defined for {}, {} and {}", value.ty, low.ty, high.ty);
                    self.error("kql-operand-types", *op_span, message);
                }
                let (value, low, high) = (Box::new(value), Box::new(low), Box::new(high));
                Expr { kind: B::Between { is_negated: *is_negated, value, low, high }, ty: T::Bool, span }
            }
            A::TypeOf(_) => Expr::literal(Literal::String(type_of(ast).unwrap_or_default().to_owned()), span),
            A::EntityGroup(_) => {
                self.error("kql-entity-group", ast.span, "an entity group is only for `macro-expand`");
                Expr::error(span)
            }
            // `search *` takes every row.
            A::Star if row.is_search => Expr::literal(Literal::Bool(Some(true)), span),
            A::Star | A::Wildcard(_) => {
                self.error("kql-star", ast.span, "a `*` cannot stand here");
                Expr::error(span)
            }
            A::Function(_) => {
                self.error("kql-function-value", ast.span, "a function cannot stand here");
                Expr::error(span)
            }
            A::Missing => Expr::error(span),
        };
        Value::Scalar(scalar)
    }

    /// A name: a column, what `let` declared, a parameter, a table, a function without arguments.
    fn name(&mut self, name: &str, ast: &Ast, row: Row<'_>, env: &Scope) -> Value {
        let span = self.at(ast.span);
        if let Some(schema) = row.schema
            && let Some(index) = schema.index_of(name)
        {
            if row.in_aggregate {
                self.error_with_hint(
                    "kql-aggregate-expected",
                    ast.span,
                    format!("the column `{name}` is not aggregated"),
                    Some("put it behind `by`, or in an aggregate".into()),
                );
            }
            return Value::Scalar(Expr::column(index, schema.columns[index].ty, span));
        }
        if let Some(part) = row.parts.and_then(|parts| parts.iter().find(|part| part.name == name))
            && let PartKind::Element { place, is_path } = part.kind
        {
            // The whole element; of several hops, all of them.
            let ty = T::Dynamic;
            let _ = is_path;
            return Value::Scalar(Expr { kind: B::Element { element: place, column: None }, ty, span });
        }
        if let Some(value) = self.declared(name, ast.span, row, env) {
            return value;
        }
        if let Some(schema) = row.schema
            && schema.is_open
        {
            return Value::Scalar(Expr { kind: B::OpenColumn(name.to_owned()), ty: T::Unknown, span });
        }
        if let Some(table) = self.catalog_table(name, ast.span) {
            return Value::Table(table);
        }
        if let Some(function) = self.catalog.function(name) {
            return self.stored_function(&function, &[], None, ast.span, row, env);
        }
        self.unknown_name(name, ast.span, row, env);
        Value::Scalar(Expr::error(span))
    }

    /// What `let`, a parameter or a declaration means here.
    pub(super) fn declared(&mut self, name: &str, span: Span, row: Row<'_>, env: &Scope) -> Option<Value> {
        let shown = self.at(span);
        Some(match env.get(name)?.clone() {
            Entry::Scalar { expr, row: of_row, size } => {
                self.work += size;
                if of_row.is_some_and(|of_row| of_row != row.id) {
                    let message = format!("`{name}` depends on the rows of another table");
                    self.error("kql-correlated", span, message);
                    return Some(Value::Scalar(Expr::error(shown)));
                }
                Value::Scalar(Expr { span: shown, ..expr })
            }
            Entry::Table(rel) => Value::Table(rel),
            Entry::Function(function) => self.let_function(&function, &[], None, span, row, env),
            Entry::Pattern(_) => {
                self.error("kql-pattern", span, format!("the pattern `{name}` is called with arguments"));
                Value::Table(self.error_rel(span))
            }
            Entry::Place { cluster, database } => Value::Place { cluster, database },
            Entry::Group(_) => {
                self.error("kql-entity-group", span, "an entity group is only for `macro-expand`");
                Value::Scalar(Expr::error(shown))
            }
            Entry::Restricted => {
                self.restricted(name, span);
                Value::Table(self.error_rel(span))
            }
        })
    }

    fn unknown_name(&mut self, name: &str, span: Span, row: Row<'_>, env: &Scope) {
        let columns = row.schema.map(|schema| schema.columns.as_slice()).unwrap_or_default();
        let names =
            columns.iter().map(|column| column.name.as_str()).chain(env.entries().map(|(name, _)| name));
        let hint = closest(name, names).map(|near| format!("did you mean `{near}`?"));
        let what = if row.schema.is_some() { "column or variable" } else { "column, variable or table" };
        self.error_with_hint("kql-unknown-name", span, format!("there is no {what} `{name}`"), hint);
    }

    fn path(&mut self, ast: &Ast, base: &Ast, member: &crate::ast::Name, row: Row<'_>, env: &Scope) -> Value {
        let span = self.at(ast.span);
        if let A::Name(name) = &base.kind {
            let side = match (name.as_str(), row.right) {
                ("$left", Some(_)) => row.schema,
                ("$right", Some(right)) => Some(right),
                _ => None,
            };
            if let Some(schema) = side {
                let is_right = name == "$right";
                return Value::Scalar(self.side_column(schema, &member.text, member.span, is_right));
            }
            let part = row.parts.and_then(|parts| parts.iter().find(|part| &part.name == name));
            if let Some(part) = part.cloned() {
                return Value::Scalar(self.part_member(&part, member, span));
            }
        }
        if let Some((pattern, call)) = self.pattern_of(base, env) {
            return self.pattern_call(&pattern, call, Some(&member.text), ast.span, env);
        }
        match self.value(base, row, env) {
            // What is wrong was said already.
            Value::Scalar(base) if matches!(base.kind, B::Error) => Value::Scalar(Expr::error(span)),
            Value::Scalar(base) => {
                if !matches!(base.ty, T::Dynamic | T::Unknown) {
                    let hint =
                        (base.ty == T::String).then(|| "`parse_json()` reads a text as JSON".to_owned());
                    let message = format!("a {} has no member `{}`", base.ty, member.text);
                    self.error_with_hint("kql-member", member.span, message, hint);
                    return Value::Scalar(Expr::error(span));
                }
                let kind = B::Member { base: Box::new(base), name: member.text.clone() };
                Value::Scalar(Expr { kind, ty: T::Dynamic, span })
            }
            Value::Place { cluster, database } if member.text.starts_with("$current_") => {
                // Where `macro-expand` is now.
                let text = match member.text.as_str() {
                    "$current_database" => database,
                    _ => cluster,
                };
                Value::Scalar(Expr::literal(Literal::String(text.unwrap_or_default()), span))
            }
            Value::Place { cluster, database } => {
                let name = crate::bound::TableName { cluster, database, table: member.text.clone() };
                Value::Table(self.remote_table(name, ast.span, env))
            }
            Value::Table(rel) if matches!(rel.kind, RelKind::Error) => Value::Table(rel),
            Value::Table(_) => {
                self.error("kql-member", member.span, "a table has no members");
                Value::Scalar(Expr::error(span))
            }
        }
    }

    pub(super) fn side_column(&mut self, schema: &Schema, name: &str, span: Span, is_right: bool) -> Expr {
        let shown = self.at(span);
        match schema.index_of(name) {
            Some(index) => {
                let kind = if is_right { B::RightColumn(index) } else { B::Column(index) };
                Expr { kind, ty: schema.columns[index].ty, span: shown }
            }
            None if schema.is_open => {
                Expr { kind: B::OpenColumn(name.to_owned()), ty: T::Unknown, span: shown }
            }
            None => {
                let hint = closest(name, schema.columns.iter().map(|column| column.name.as_str()))
                    .map(|near| format!("did you mean `{near}`?"));
                let side = if is_right { "right" } else { "left" };
                let message = format!("there is no column `{name}` on the {side} side");
                self.error_with_hint("kql-unknown-name", span, message, hint);
                Expr::error(shown)
            }
        }
    }

    fn part_member(&mut self, part: &super::scope::RowPart, member: &crate::ast::Name, span: Span) -> Expr {
        let Some(column) = part.schema.index_of(&member.text) else {
            if part.schema.is_open {
                return Expr { kind: B::OpenColumn(member.text.clone()), ty: T::Unknown, span };
            }
            let hint = closest(&member.text, part.schema.columns.iter().map(|column| column.name.as_str()))
                .map(|near| format!("did you mean `{near}`?"));
            let message = format!("`{}` has no column `{}`", part.name, member.text);
            self.error_with_hint("kql-unknown-name", member.span, message, hint);
            return Expr::error(span);
        };
        let ty = part.schema.columns[column].ty;
        match part.kind {
            PartKind::Element { place, is_path } => Expr {
                kind: B::Element { element: place, column: Some(column) },
                ty: if is_path { T::Dynamic } else { ty },
                span,
            },
            PartKind::Step(step) => Expr { kind: B::StepColumn { step, column }, ty, span },
        }
    }

    fn index(&mut self, ast: &Ast, base: &Ast, index: &Ast, row: Row<'_>, env: &Scope) -> Expr {
        let span = self.at(ast.span);
        let base_value = self.scalar(base, row, env);
        let index = self.scalar(index, row, env);
        if matches!(base_value.kind, B::Error) {
            return Expr::error(span);
        }
        if !matches!(base_value.ty, T::Dynamic | T::Unknown) {
            let hint = (base_value.ty == T::String).then(|| "`parse_json()` reads a text as JSON".to_owned());
            self.error_with_hint(
                "kql-member",
                base.span,
                format!("a {} has no elements", base_value.ty),
                hint,
            );
            return Expr::error(span);
        }
        let fault = match (self.shape_of(&base_value, row), index.ty) {
            (Shape::Scalar(ty), _) => Some(format!("a {ty} has no elements")),
            (Shape::Array(_), T::String) => Some("an array has numbered elements, no named ones".to_owned()),
            (Shape::Bag(_), T::Int | T::Long) => {
                Some("a property bag has named members, no numbered ones".to_owned())
            }
            _ => None,
        };
        if let Some(fault) = fault {
            self.error("kql-member", ast.span, fault);
        }
        Expr { kind: B::Index { base: Box::new(base_value), index: Box::new(index) }, ty: T::Dynamic, span }
    }

    fn unary(&mut self, ast: &Ast, is_minus: bool, operand: &Ast, row: Row<'_>, env: &Scope) -> Expr {
        let operand = self.scalar(operand, row, env);
        let span = self.at(ast.span);
        if !(operand.ty.is_number() || matches!(operand.ty, T::Timespan | T::Dynamic | T::Unknown)) {
            let sign = if is_minus { "-" } else { "+" };
            self.error(
                "kql-operand-types",
                ast.span,
                format!("`{sign}` is not defined for a {}", operand.ty),
            );
        }
        if !is_minus {
            return operand;
        }
        let literal = match operand.as_literal() {
            Some(Literal::Long(Some(value))) => Some(Literal::Long(Some(value.wrapping_neg()))),
            Some(Literal::Int(Some(value))) => Some(Literal::Long(Some(-i64::from(*value)))),
            Some(Literal::Real(Some(value))) => Some(Literal::Real(Some(-value))),
            Some(Literal::Timespan(Some(value))) => Some(Literal::Timespan(Some(value.wrapping_neg()))),
            _ => None,
        };
        if let Some(literal) = literal {
            return Expr::literal(literal, span);
        }
        let ty = if operand.ty == T::Int { T::Long } else { operand.ty };
        Expr { kind: B::Negate(Box::new(operand)), ty, span }
    }

    /// Two operands; long chains of them without recursion.
    fn binary(&mut self, ast: &Ast, row: Row<'_>, env: &Scope) -> Expr {
        let mut spine = Vec::new();
        let mut first = ast;
        while let A::Binary { op, op_span, left, right } = &first.kind {
            spine.push((*op, *op_span, left, right, first.span));
            first = left;
        }
        let mut left: Option<Expr> = None;
        for (op, op_span, left_ast, right_ast, span) in spine.into_iter().rev() {
            // `where * has "x"` asks all columns, as `search` does.
            let is_any = matches!(left_ast.kind, A::Star)
                && (row.is_search || row.schema.is_some() && !op.is_arithmetic());
            if left.is_none() && is_any {
                let term = self.scalar(right_ast, Row { is_search: false, ..row }, env);
                left = Some(self.any_column(op, term, row, span));
                continue;
            }
            let row = Row { is_search: false, ..row };
            let left_value = match left.take() {
                Some(left) => left,
                None => self.scalar(left_ast, row, env),
            };
            let right_value = self.scalar(right_ast, row, env);
            // `where a = b` is an equality to the engine, and a name for `b` to the reference binder.
            let is_name = op == BinaryOp::Equal && op_span.end - op_span.start == 1 && self.is_reference();
            if is_name && !matches!(right_value.ty, T::Bool | T::Unknown) {
                let message = format!("a bool is expected here, this is a {}", right_value.ty);
                self.error("kql-bool-expected", right_ast.span, message);
            }
            left = Some(self.operation(op, op_span, left_value, right_value, span));
        }
        left.unwrap_or_else(|| Expr::error(self.at(ast.span)))
    }

    fn operation(&mut self, op: BinaryOp, op_span: Span, left: Expr, right: Expr, span: Span) -> Expr {
        let span = self.at(span);
        let ty = binary_type(op, left.ty, right.ty).unwrap_or_else(|| {
            let message = format!("`{}` is not defined for {} and {}", op.text(), left.ty, right.ty);
            let hint = match (op.is_arithmetic() || op.is_relational(), left.ty, right.ty) {
                (true, T::String, _) | (true, _, T::String) if op == BinaryOp::Add => {
                    Some("`strcat()` joins texts".to_owned())
                }
                (true, T::Dynamic, _) | (true, _, T::Dynamic) => {
                    Some("convert it first, for instance with `tolong()`".into())
                }
                (true, T::String, _) | (true, _, T::String) => {
                    Some("convert the text first, for instance with `todatetime()` or `tolong()`".into())
                }
                (false, ..) => Some("`tostring()` makes it a text".into()),
                _ => None,
            };
            self.error_with_hint("kql-operand-types", op_span, message, hint);
            if op.is_arithmetic() { T::Unknown } else { T::Bool }
        });
        Expr { kind: B::Binary { op, left: Box::new(left), right: Box::new(right) }, ty, span }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of the node, and where it stands")]
    fn membership(
        &mut self,
        ast: &Ast,
        op: InOp,
        op_span: Span,
        left: &Ast,
        list: &[Ast],
        row: Row<'_>,
        env: &Scope,
    ) -> Expr {
        let span = self.at(ast.span);
        let inner = Row { is_search: false, ..row };
        let is_any = (row.is_search || row.schema.is_some()) && matches!(left.kind, A::Star);
        let left_value = if is_any { Expr::error(span) } else { self.scalar(left, inner, env) };
        let needs_text = !matches!(op, InOp::In | InOp::NotIn);
        if needs_text && !matches!(left_value.ty, T::String | T::Dynamic | T::Unknown) {
            let message = format!("`{}` asks for a text, this is a {}", op.text(), left_value.ty);
            self.error_with_hint(
                "kql-text-expected",
                left.span,
                message,
                Some("`tostring()` makes it one".into()),
            );
        }
        let _ = op_span;
        // Alone in the list a name means a table before it means a column.
        let table = match list {
            [item] => match &item.kind {
                A::Name(name) => match env.get(name) {
                    Some(Entry::Table(rel)) => Some(Value::Table(rel.clone())),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        };
        let values: Vec<Value> = match table {
            Some(table) => vec![table],
            None => list.iter().map(|item| self.value(item, inner, env)).collect(),
        };
        let list = match values.as_slice() {
            [Value::Table(rel)] => InList::Table(rel.clone()),
            _ => InList::Values(
                values
                    .into_iter()
                    .zip(list)
                    .map(|(value, ast)| match value {
                        Value::Scalar(expr) => expr,
                        _ => {
                            self.error(
                                "kql-scalar-expected",
                                ast.span,
                                "a table cannot be one of several values",
                            );
                            Expr::error(self.at(ast.span))
                        }
                    })
                    .collect(),
            ),
        };
        if is_any {
            let columns = self.search_columns(row, span);
            let tests = columns.into_iter().map(|column| Expr {
                kind: B::In { op, left: Box::new(column), list: list.clone() },
                ty: T::Bool,
                span,
            });
            return Expr { kind: B::Or(tests.collect()), ty: T::Bool, span };
        }
        Expr { kind: B::In { op, left: Box::new(left_value), list }, ty: T::Bool, span }
    }

    /// The value in another type; literals of the type already stay as they are.
    pub(super) fn converted(&self, expr: Expr, ty: T) -> Expr {
        if expr.ty == ty || ty == T::Unknown {
            return expr;
        }
        let literal = match (expr.as_literal(), ty) {
            (Some(Literal::Int(value)), T::Long) => Some(Literal::Long(value.map(i64::from))),
            (Some(Literal::Int(value)), T::Real) => Some(Literal::Real(value.map(f64::from))),
            (Some(Literal::Long(value)), T::Real) => Some(Literal::Real(value.map(|value| value as f64))),
            _ => None,
        };
        let span = expr.span;
        match literal {
            Some(literal) => Expr::literal(literal, span),
            None => Expr { kind: B::Convert(Box::new(expr)), ty, span },
        }
    }

    /// A constant of a type that has values to count with.
    pub(super) fn constant(&mut self, ast: &Ast, env: &Scope) -> Expr {
        let expr = self.scalar(ast, Row::none(), env);
        if !expr.is_constant() {
            self.error("kql-constant-expected", ast.span, "a constant is expected here");
        }
        expr
    }

    /// A whole number known before rows are read.
    pub(super) fn count_of_rows(&mut self, ast: &Ast, env: &Scope) -> Expr {
        let expr = self.constant(ast, env);
        if !matches!(expr.ty, T::Int | T::Long | T::Unknown) {
            self.error(
                "kql-integer-expected",
                ast.span,
                format!("a whole number is expected here, this is a {}", expr.ty),
            );
        }
        expr
    }

    /// A new identity for the rows of an operator.
    pub(super) fn new_row(&mut self) -> u32 {
        self.next_row += 1;
        self.next_row
    }
}

/// How many nodes an expression has.
pub(super) fn size(expr: &Expr) -> usize {
    1 + expr.children().into_iter().map(size).sum::<usize>()
}
