//! Conditions of operators above, told to the tables below, so that files and rows are left out of what is read.
//!
//! A condition held over an operator's rows is held over its input's as far as it speaks of columns that the operator passes on.
//! It leaves out no row that the operators above would keep, as they test it again; where leaving out a row changes others
//! (`take`, `row_number`, the row that `innerunique` keeps, the missing side of an outer join), nothing is told.

use azimuth_kql::bound::{Call, Expr as Bound, ExprKind, InList, Join, JoinColumn, JoinKind, Rel, RelKind};

/// The conditions over the columns of an input; `column` is what a column of the operator is there, where it is plain.
pub(super) fn through(held: &[Bound], column: &dyn Fn(usize) -> Option<Bound>) -> Vec<Bound> {
    held.iter().filter_map(|condition| over(condition, column)).collect()
}

/// A column of an input that passes on unchanged.
pub(super) fn plain(expr: &Bound) -> Option<Bound> {
    match &expr.kind {
        ExprKind::Column(_) => Some(expr.clone()),
        ExprKind::Named(named) => plain(&named.expr),
        _ => None,
    }
}

/// A column of an operator of the row engine that its input has at the same place.
pub(super) fn kept(rel: &Rel, place: usize) -> Option<Bound> {
    let RelKind::MvExpand(expand) = &rel.kind else { return None };
    let column = expand.input.schema.columns.get(place)?;
    let is_made =
        expand.columns.iter().any(|column| column.output == place) || expand.index_column == Some(place);
    (!is_made).then(|| Bound::column(place, column.ty, rel.span))
}

/// A column of a join as the one of a side, if rows of that side may be left out.
pub(super) fn of_side(join: &Join, place: usize, is_left: bool) -> Option<Bound> {
    use JoinKind as K;
    match (join.output.get(place)?, is_left) {
        (JoinColumn::Left(inner), true)
            if matches!(join.kind, K::Inner | K::LeftOuter | K::LeftSemi | K::LeftAnti) =>
        {
            Some(Bound::column(*inner, join.left.schema.columns.get(*inner)?.ty, join.left.span))
        }
        (JoinColumn::Right(inner), false)
            if matches!(
                join.kind,
                K::Inner | K::InnerUnique | K::RightOuter | K::RightSemi | K::RightAnti
            ) =>
        {
            Some(Bound::column(*inner, join.right.schema.columns.get(*inner)?.ty, join.right.span))
        }
        _ => None,
    }
}

/// A condition over other columns; `None` if it speaks of one that is not there, or in a way that tables make nothing of.
fn over(condition: &Bound, column: &dyn Fn(usize) -> Option<Bound>) -> Option<Bound> {
    if condition.is_constant() {
        return Some(condition.clone());
    }
    let boxed = |expr: &Bound| operand(expr, column).map(Box::new);
    let kind = match &condition.kind {
        ExprKind::Column(_) => return operand(condition, column),
        ExprKind::Named(named) => return over(&named.expr, column),
        // Of parts that all have to hold, some are better than none.
        ExprKind::And(parts) => {
            let parts: Vec<Bound> = parts.iter().filter_map(|part| over(part, column)).collect();
            if parts.is_empty() {
                return None;
            }
            ExprKind::And(parts)
        }
        ExprKind::Or(parts) => {
            ExprKind::Or(parts.iter().map(|part| over(part, column)).collect::<Option<_>>()?)
        }
        ExprKind::Binary { op, left, right } => {
            ExprKind::Binary { op: *op, left: boxed(left)?, right: boxed(right)? }
        }
        ExprKind::Between { is_negated, value, low, high } => ExprKind::Between {
            is_negated: *is_negated,
            value: boxed(value)?,
            low: boxed(low)?,
            high: boxed(high)?,
        },
        ExprKind::In { op, left, list } => {
            let list = match list {
                InList::Values(values) => {
                    InList::Values(values.iter().map(|value| operand(value, column)).collect::<Option<_>>()?)
                }
                InList::Table(rel) => InList::Table(rel.clone()),
            };
            ExprKind::In { op: *op, left: boxed(left)?, list }
        }
        ExprKind::AnyColumn { op, columns, term } => ExprKind::AnyColumn {
            op: *op,
            columns: columns.iter().map(|each| operand(each, column)).collect::<Option<_>>()?,
            term: boxed(term)?,
        },
        _ => return None,
    };
    Some(Bound { kind, ty: condition.ty, span: condition.span })
}

/// What a condition compares, over other columns: all of it, or nothing.
fn operand(expr: &Bound, column: &dyn Fn(usize) -> Option<Bound>) -> Option<Bound> {
    if expr.is_constant() {
        return Some(expr.clone());
    }
    let kind = match &expr.kind {
        ExprKind::Column(place) => return column(*place).filter(|found| found.ty == expr.ty),
        ExprKind::Named(named) => return operand(&named.expr, column),
        ExprKind::Call(call) if call.function.name == "tostring" => {
            let arguments = call.arguments.iter().map(|argument| operand(argument, column));
            ExprKind::Call(Call { function: call.function, arguments: arguments.collect::<Option<_>>()? })
        }
        _ => return None,
    };
    Some(Bound { kind, ty: expr.ty, span: expr.span })
}
