//! Kernels over numbers and moments: `bin`, the keys of orders and groups.

use std::sync::Arc;

use azimuth_kql::types::ScalarType;
use azimuth_values::{Value, calendar};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type};
use datafusion::logical_expr::{Expr, Volatility};

/// `bin(value, size)` of a moment, a span or a long by a constant; `None` for other types.
pub(crate) fn bin(value: Expr, ty: ScalarType, size: &Value) -> Option<Expr> {
    let size = match (ty, size) {
        (ScalarType::Datetime | ScalarType::Timespan, Value::TimeSpan(size))
        | (ScalarType::Long, Value::Long(size))
            if *size > 0 =>
        {
            *size
        }
        _ => return None,
    };
    Some(super::call(
        "bin",
        &format!("{ty}/{size}"),
        Volatility::Immutable,
        DataType::Int64,
        vec![value],
        move |arrays, _| {
            let numbers = arrays[0].as_primitive::<Int64Type>();
            let floor = |number: i64| {
                let rest = number.rem_euclid(size);
                match ty {
                    ScalarType::Datetime => calendar::checked(number.checked_sub(rest)?),
                    ScalarType::Timespan => number.checked_sub(rest),
                    // As all arithmetic of whole numbers does, it goes round.
                    _ => Some(number.wrapping_sub(rest)),
                }
            };
            if numbers.null_count() > 0 {
                let floors = numbers.iter().map(|number| number.and_then(floor));
                return Ok(Arc::new(floors.collect::<Int64Array>()));
            }
            // Rows come by time: most lie in the bin of the row before, which no division has to tell.
            let mut floors = Vec::with_capacity(numbers.len());
            let mut bin = 0..0;
            for number in numbers.values() {
                if !bin.contains(number) {
                    let Some(start) = floor(*number) else {
                        let floors = numbers.iter().map(|number| number.and_then(floor));
                        return Ok(Arc::new(floors.collect::<Int64Array>()));
                    };
                    if start > *number {
                        floors.push(start);
                        continue;
                    }
                    bin = start..start.saturating_add(size);
                }
                floors.push(bin.start);
            }
            Ok(Arc::new(Int64Array::from(floors)))
        },
    ))
}

/// The bin of a moment, a span or a long, counted from the beginning of an axis or from zero.
pub(crate) fn point(value: Expr, from: Option<i64>, step: i64) -> Expr {
    let from = from.unwrap_or(0);
    let (key, arguments) = (format!("{from}/{step}"), vec![value]);
    super::call("point", &key, Volatility::Immutable, DataType::Int64, arguments, move |arrays, _| {
        let numbers = arrays[0].as_primitive::<Int64Type>();
        let point = |number: i64| Some(number.checked_sub(from)?.div_euclid(step));
        Ok(Arc::new(numbers.iter().map(|number| number.and_then(point)).collect::<Int64Array>()))
    })
}

/// A key by which reals sort as Kusto sorts them: NaN before all others, both zeros alike.
pub(crate) fn order_key(value: Expr) -> Expr {
    super::call("order", "real", Volatility::Immutable, DataType::Int64, vec![value], |arrays, _| {
        let numbers = arrays[0].as_primitive::<Float64Type>();
        Ok(Arc::new(numbers.iter().map(|number| number.map(sortable)).collect::<Int64Array>()))
    })
}

/// An integer that sorts as the number does.
pub(crate) fn sortable(number: f64) -> i64 {
    if number.is_nan() {
        return i64::MIN;
    }
    let bits = (number + 0.0).to_bits().cast_signed();
    if bits < 0 { i64::MIN.wrapping_sub(bits) } else { bits }
}

/// The number that [`sortable`] made the integer of; of both zeros the positive one.
pub(crate) fn sorted_as(integer: i64) -> f64 {
    if integer == i64::MIN {
        return f64::NAN;
    }
    let bits = if integer < 0 { i64::MIN.wrapping_sub(integer) } else { integer };
    f64::from_bits(bits.cast_unsigned())
}

/// Reals as keys of groups and joins: one NaN, one zero.
pub(crate) fn group_key(value: Expr) -> Expr {
    super::call("key", "real", Volatility::Immutable, DataType::Float64, vec![value], |arrays, _| {
        let key = |number: f64| if number.is_nan() { f64::NAN } else { number + 0.0 };
        let numbers = arrays[0].as_primitive::<Float64Type>();
        Ok(Arc::new(numbers.iter().map(|number| number.map(key)).collect::<Float64Array>()))
    })
}

/// `+`, `-`, `*` of whole numbers (which wrap) and of reals; `None` for other operators and types.
pub(crate) fn arithmetic(
    op: azimuth_kql::ast::BinaryOp,
    types: (ScalarType, ScalarType),
    left: Expr,
    right: Expr,
) -> Option<Expr> {
    use ScalarType as T;
    use azimuth_kql::ast::BinaryOp as B;
    let name = op.text();
    match types {
        (T::Int | T::Long, T::Int | T::Long) => {
            let compute: fn(i64, i64) -> Option<i64> = match op {
                B::Add => |left, right| Some(left.wrapping_add(right)),
                B::Subtract => |left, right| Some(left.wrapping_sub(right)),
                B::Multiply => |left, right| Some(left.wrapping_mul(right)),
                B::Divide => |left, right| (right != 0).then(|| left.wrapping_div(right)),
                B::Modulo => |left, right| (right != 0).then(|| left.wrapping_rem_euclid(right)),
                _ => return None,
            };
            Some(wholes(name, "long", left, right, compute))
        }
        (T::Datetime, T::Datetime) | (T::Timespan, T::Timespan) if op == B::Subtract => {
            Some(wholes(name, "ticks", left, right, i64::checked_sub))
        }
        (T::Timespan, T::Timespan) if op == B::Add => {
            Some(wholes(name, "ticks", left, right, i64::checked_add))
        }
        (T::Datetime, T::Timespan) if op == B::Add => {
            Some(wholes(name, "moment", left, right, |at, span| {
                at.checked_add(span).and_then(calendar::checked)
            }))
        }
        (T::Datetime, T::Timespan) if op == B::Subtract => {
            Some(wholes(name, "moment", left, right, |at, span| {
                at.checked_sub(span).and_then(calendar::checked)
            }))
        }
        (T::Int | T::Long | T::Real, T::Int | T::Long | T::Real) => {
            let compute: fn(f64, f64) -> f64 = match op {
                B::Add => |left, right| left + right,
                B::Subtract => |left, right| left - right,
                B::Multiply => |left, right| left * right,
                B::Divide => |left, right| left / right,
                B::Modulo => f64::rem_euclid,
                _ => return None,
            };
            let arguments = vec![left, right];
            Some(super::call(
                name,
                "real",
                Volatility::Immutable,
                DataType::Float64,
                arguments,
                move |arrays, rows| {
                    let (left, right) = (reals(&arrays[0]), reals(&arrays[1]));
                    let value = |row| Some(compute(left(row)?, right(row)?));
                    Ok(Arc::new((0..rows).map(value).collect::<Float64Array>()))
                },
            ))
        }
        _ => None,
    }
}

fn wholes(name: &str, key: &str, left: Expr, right: Expr, compute: fn(i64, i64) -> Option<i64>) -> Expr {
    super::call(name, key, Volatility::Immutable, DataType::Int64, vec![left, right], move |arrays, rows| {
        let (left, right) = (longs(&arrays[0]), longs(&arrays[1]));
        let value = |row| compute(left(row)?, right(row)?);
        Ok(Arc::new((0..rows).map(value).collect::<Int64Array>()))
    })
}

fn longs(array: &ArrayRef) -> Box<dyn Fn(usize) -> Option<i64> + '_> {
    match array.as_primitive_opt::<Int64Type>() {
        Some(array) => Box::new(move |row| array.is_valid(row).then(|| array.value(row))),
        None => {
            let array = array.as_primitive_opt::<Int32Type>();
            Box::new(move |row| {
                array.filter(|array| array.is_valid(row)).map(|array| i64::from(array.value(row)))
            })
        }
    }
}

fn reals(array: &ArrayRef) -> Box<dyn Fn(usize) -> Option<f64> + '_> {
    match array.as_primitive_opt::<Float64Type>() {
        Some(array) => Box::new(move |row| array.is_valid(row).then(|| array.value(row))),
        None => {
            let whole = longs(array);
            Box::new(move |row| whole(row).map(|number| number as f64))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reals_sort_as_kusto_sorts_them() {
        let sorted = [f64::NAN, f64::NEG_INFINITY, -2.0, -1.5, -0.0, 0.5, 3.0, f64::INFINITY];
        assert!(sorted.map(sortable).is_sorted());
        assert!(sorted.iter().skip(1).all(|number| sorted_as(sortable(*number)) == *number));
        assert_eq!(sortable(-0.0), sortable(0.0));
    }
}
