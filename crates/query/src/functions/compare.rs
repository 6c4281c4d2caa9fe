//! `==`, `!=`, `<` and their kin over arrays, with Kusto's rules for null, NaN and the empty text.

use std::cmp::Ordering;
use std::sync::Arc;

use azimuth_kql::ast::BinaryOp;
use azimuth_kql::types::ScalarType;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, Volatility};

use super::repeat;

/// How values of two types are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// As 64-bit integers: whole numbers, moments, spans
    Whole,
    /// As doubles, with NaN unlike everything
    Real,
    /// Byte by byte; null is the empty text
    Text,
    /// `bool`
    Truth,
    /// `guid`
    Guid,
}

/// How two types are compared, if a kernel can.
pub(crate) fn kind(left: ScalarType, right: ScalarType) -> Option<Kind> {
    use ScalarType as T;
    match (left, right) {
        (T::Int | T::Long, T::Int | T::Long) | (T::Datetime, T::Datetime) | (T::Timespan, T::Timespan) => {
            Some(Kind::Whole)
        }
        (T::Int | T::Long | T::Real, T::Int | T::Long | T::Real) => Some(Kind::Real),
        (T::String, T::String) => Some(Kind::Text),
        (T::Bool, T::Bool) => Some(Kind::Truth),
        (T::Guid, T::Guid) => Some(Kind::Guid),
        _ => None,
    }
}

/// Whether the operator is one of these.
pub(crate) fn is_comparison(op: BinaryOp) -> bool {
    use BinaryOp as B;
    matches!(op, B::Equal | B::NotEqual | B::Less | B::LessOrEqual | B::Greater | B::GreaterOrEqual)
}

/// `isempty` and `isnotempty` of a text; null is empty.
pub(crate) fn is_empty(text: Expr, wanted: bool) -> Expr {
    let (name, ty) = (if wanted { "isempty" } else { "isnotempty" }, DataType::Boolean);
    super::call(name, "", Volatility::Immutable, ty, vec![text], move |arrays, _| {
        let texts = arrays[0].as_string_view();
        // The length is the low half of the low half of a view.
        let is_empty = |row| texts.views()[row] as u32 == 0 || texts.is_null(row);
        Ok(repeat::boolean(BooleanBuffer::collect_bool(texts.len(), |row| is_empty(row) == wanted)))
    })
}

/// A comparison as a call.
pub(crate) fn call(op: BinaryOp, kind: Kind, left: Expr, right: Expr) -> Expr {
    let key = format!("{kind:?}");
    super::call(
        op.text(),
        &key,
        Volatility::Immutable,
        DataType::Boolean,
        vec![left, right],
        move |arrays, _| compared(op, kind, &arrays[0], &arrays[1]),
    )
}

fn compared(op: BinaryOp, kind: Kind, left: &ArrayRef, right: &ArrayRef) -> Result<ArrayRef> {
    let same = |ty: &DataType| -> Result<(ArrayRef, ArrayRef)> { Ok((cast(left, ty)?, cast(right, ty)?)) };
    Ok(match kind {
        Kind::Whole => {
            let (left, right) = same(&DataType::Int64)?;
            let (left, right) = (left.as_primitive::<Int64Type>(), right.as_primitive::<Int64Type>());
            judged(op, left, right, |row| Some(left.value(row).cmp(&right.value(row))))
        }
        Kind::Real => {
            let (left, right) = same(&DataType::Float64)?;
            let (left, right) = (left.as_primitive::<Float64Type>(), right.as_primitive::<Float64Type>());
            judged(op, left, right, |row| left.value(row).partial_cmp(&right.value(row)))
        }
        Kind::Text => {
            let (left, right) = same(&DataType::Utf8View)?;
            let (left, right) = (left.as_string_view(), right.as_string_view());
            if matches!(op, BinaryOp::Equal | BinaryOp::NotEqual)
                && (left.is_nullable() || right.is_nullable())
            {
                return Ok(texts(op == BinaryOp::Equal, left, right));
            }
            judged(op, left, right, |row| Some(left.value(row).as_bytes().cmp(right.value(row).as_bytes())))
        }
        Kind::Truth => {
            let (left, right) = (left.as_boolean(), right.as_boolean());
            judged(op, left, right, |row| Some(left.value(row).cmp(&right.value(row))))
        }
        Kind::Guid => {
            let (left, right) = (left.as_fixed_size_binary(), right.as_fixed_size_binary());
            judged(op, left, right, |row| Some(left.value(row).cmp(right.value(row))))
        }
    })
}

/// Equality of texts where some are null: beside a text, null is the empty one.
fn texts(
    wanted: bool,
    left: &datafusion::arrow::array::StringViewArray,
    right: &datafusion::arrow::array::StringViewArray,
) -> ArrayRef {
    let verdicts = (0..left.len()).map(|row| match (left.is_null(row), right.is_null(row)) {
        (true, true) => None,
        (true, false) => Some(right.value(row).is_empty() == wanted),
        (false, true) => Some(left.value(row).is_empty() == wanted),
        (false, false) => Some((left.value(row) == right.value(row)) == wanted),
    });
    Arc::new(verdicts.collect::<BooleanArray>())
}

fn judged(
    op: BinaryOp,
    left: &dyn Array,
    right: &dyn Array,
    order: impl Fn(usize) -> Option<Ordering>,
) -> ArrayRef {
    use BinaryOp as B;
    let wanted: fn(Ordering) -> bool = match op {
        B::Equal | B::NotEqual => Ordering::is_eq,
        B::Less => Ordering::is_lt,
        B::LessOrEqual => Ordering::is_le,
        B::Greater => Ordering::is_gt,
        _ => Ordering::is_ge,
    };
    let is_equality = matches!(op, B::Equal | B::NotEqual);
    let negated = op == B::NotEqual;
    let verdict = |row: usize| order(row).is_some_and(wanted) != negated;
    if left.null_count() == 0 && right.null_count() == 0 {
        return repeat::boolean(BooleanBuffer::collect_bool(left.len(), verdict));
    }
    let verdicts = (0..left.len()).map(|row| match (left.is_null(row), right.is_null(row)) {
        (false, false) => Some(verdict(row)),
        (true, true) => None,
        // Of equality, one null is an answer; of order it is none.
        _ if is_equality => Some(negated),
        _ => None,
    });
    Arc::new(verdicts.collect::<BooleanArray>())
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Float64Array, Int64Array, StringViewArray};

    use super::*;

    fn verdicts(op: BinaryOp, kind: Kind, left: &ArrayRef, right: &ArrayRef) -> Vec<Option<bool>> {
        compared(op, kind, left, right).unwrap().as_boolean().iter().collect()
    }

    #[test]
    fn nulls_and_nan() {
        let left: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, None, Some(2)]));
        let right: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), Some(1), None, Some(3)]));
        let equal = verdicts(BinaryOp::Equal, Kind::Whole, &left, &right);
        assert_eq!(equal, [Some(true), Some(false), None, Some(false)]);
        let unequal = verdicts(BinaryOp::NotEqual, Kind::Whole, &left, &right);
        assert_eq!(unequal, [Some(false), Some(true), None, Some(true)]);
        assert_eq!(
            verdicts(BinaryOp::Less, Kind::Whole, &left, &right),
            [Some(false), None, None, Some(true)]
        );
        let nan: ArrayRef = Arc::new(Float64Array::from(vec![f64::NAN, 0.0]));
        let zero: ArrayRef = Arc::new(Float64Array::from(vec![f64::NAN, -0.0]));
        assert_eq!(verdicts(BinaryOp::Equal, Kind::Real, &nan, &zero), [Some(false), Some(true)]);
        assert_eq!(verdicts(BinaryOp::Greater, Kind::Real, &nan, &zero), [Some(false), Some(false)]);
    }

    #[test]
    fn a_null_text_is_empty() {
        let left: ArrayRef = Arc::new(StringViewArray::from(vec![None, Some("a"), None]));
        let right: ArrayRef = Arc::new(StringViewArray::from(vec![Some(""), Some("a"), Some("b")]));
        let equal = verdicts(BinaryOp::Equal, Kind::Text, &left, &right);
        assert_eq!(equal, [Some(true), Some(true), Some(false)]);
    }
}
