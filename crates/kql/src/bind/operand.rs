//! Which types go with which operator, and what comes out.

use crate::ast::BinaryOp;
use crate::types::ScalarType as T;

/// The type of `left op right`; `None` if the operator is not defined for these types.
pub(super) fn binary_type(op: BinaryOp, left: T, right: T) -> Option<T> {
    match op {
        BinaryOp::Equal | BinaryOp::NotEqual | BinaryOp::SearchTerm => Some(T::Bool),
        op if op.is_relational() => are_ordered(left, right).then_some(T::Bool),
        op if op.is_arithmetic() => arithmetic(op, left, right),
        _ => {
            let takes_dynamic = !matches!(op, BinaryOp::Has | BinaryOp::NotHas);
            let is_text = |ty, dynamic| matches!(ty, T::String | T::Unknown) || (dynamic && ty == T::Dynamic);
            (is_text(left, true) && is_text(right, takes_dynamic)).then_some(T::Bool)
        }
    }
}

fn are_ordered(left: T, right: T) -> bool {
    let is_loose = |ty: T| ty.is_number() || ty == T::Bool;
    match (left, right) {
        (T::Unknown, _) | (_, T::Unknown) => true,
        (T::Datetime, T::Datetime) | (T::Timespan, T::Timespan) => true,
        (T::Dynamic, other) | (other, T::Dynamic) => other.is_number() || other == T::Dynamic,
        (left, right) => is_loose(left) && is_loose(right),
    }
}

fn arithmetic(op: BinaryOp, left: T, right: T) -> Option<T> {
    use BinaryOp as B;
    Some(match (op, left, right) {
        (_, T::Unknown, T::Unknown) => T::Unknown,
        (_, T::Unknown, known) | (_, known, T::Unknown) => {
            arithmetic(op, known, known)?;
            if known.is_number() { T::Unknown } else { known }
        }
        (_, left, right) if left.is_number() && right.is_number() => {
            let wide = left.common(right)?;
            if wide == T::Int { T::Long } else { wide }
        }
        (_, T::Dynamic, T::Dynamic) => T::Dynamic,
        (_, T::Dynamic, T::Int | T::Long) | (_, T::Int | T::Long, T::Dynamic) => T::Long,
        (_, T::Dynamic, number @ (T::Real | T::Decimal))
        | (_, number @ (T::Real | T::Decimal), T::Dynamic) => number,
        (B::Add, T::Timespan, T::Timespan) => T::Timespan,
        (B::Add, T::Datetime | T::Timespan, T::Datetime | T::Timespan) => T::Datetime,
        (B::Add, T::Dynamic, time @ (T::Datetime | T::Timespan))
        | (B::Add, time @ (T::Datetime | T::Timespan), T::Dynamic) => time,
        (B::Subtract, T::Datetime, T::Datetime) | (B::Subtract, T::Timespan, T::Timespan) => T::Timespan,
        (B::Subtract, T::Datetime, T::Timespan) | (B::Subtract, T::Timespan, T::Datetime) => T::Datetime,
        (B::Subtract, T::Dynamic, T::Datetime | T::Timespan)
        | (B::Subtract, T::Datetime | T::Timespan, T::Dynamic) => T::Timespan,
        (B::Multiply, time @ (T::Datetime | T::Timespan), number)
        | (B::Multiply, number, time @ (T::Datetime | T::Timespan))
            if number.is_number() =>
        {
            time
        }
        (B::Multiply, T::Timespan, T::Timespan) => T::Timespan,
        (B::Divide | B::Modulo, time @ (T::Datetime | T::Timespan), number) if number.is_number() => time,
        (B::Divide, T::Timespan, T::Timespan) | (B::Divide, T::Datetime, T::Datetime | T::Timespan) => {
            T::Real
        }
        (B::Modulo, T::Timespan, T::Timespan) | (B::Modulo, T::Datetime, T::Datetime | T::Timespan) => {
            T::Timespan
        }
        _ => return None,
    })
}

/// Whether `value between (low .. high)` is defined.
pub(super) fn is_between_defined(value: T, low: T, high: T) -> bool {
    let fits = |bound: T, offset: bool| match (value, bound) {
        (T::Unknown, _) | (_, T::Unknown) => true,
        (T::Datetime, T::Datetime) | (T::Timespan, T::Timespan) => true,
        (T::Datetime, T::Timespan) => offset,
        (value, bound) => {
            let is_number = |ty: T| ty.is_number() || ty == T::Dynamic;
            is_number(value) && is_number(bound)
        }
    };
    fits(low, false) && fits(high, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_arithmetic() {
        let check = |op, left, right, expected| assert_eq!(binary_type(op, left, right), expected);
        check(BinaryOp::Add, T::Int, T::Int, Some(T::Long));
        check(BinaryOp::Divide, T::Timespan, T::Timespan, Some(T::Real));
        check(BinaryOp::Subtract, T::Datetime, T::Datetime, Some(T::Timespan));
        check(BinaryOp::Add, T::String, T::String, None);
        check(BinaryOp::Add, T::Long, T::Timespan, None);
        check(BinaryOp::Add, T::Dynamic, T::Int, Some(T::Long));
    }

    #[test]
    fn texts_are_not_ordered_and_terms_are_texts() {
        assert_eq!(binary_type(BinaryOp::Less, T::String, T::String), None);
        assert_eq!(binary_type(BinaryOp::Has, T::Long, T::String), None);
        assert_eq!(binary_type(BinaryOp::Has, T::Dynamic, T::String), Some(T::Bool));
    }
}
