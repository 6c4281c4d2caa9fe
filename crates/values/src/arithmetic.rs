//! `+ - * / %` over numbers, datetimes and timespans.
//!
//! Whole numbers compute as `long`: the sum of two `int` is one. Integer results wrap at 64 bits; division by zero is
//! null for whole numbers and an infinity or NaN for reals; `%` is never negative.

use rust_decimal::Decimal;

use crate::calendar;
use crate::compare::as_decimal;
use crate::value::Value;

/// Scalars out of a `dynamic` compute as what they hold.
fn plain(value: &Value) -> Value {
    match value {
        Value::Dynamic(json) => json.to_value(),
        other => other.clone(),
    }
}

/// `left + right`.
pub fn add(left: &Value, right: &Value) -> Value {
    match (plain(left), plain(right)) {
        (Value::DateTime(at), Value::TimeSpan(span)) | (Value::TimeSpan(span), Value::DateTime(at)) => {
            datetime(at.checked_add(span))
        }
        (Value::TimeSpan(left), Value::TimeSpan(right)) => {
            left.checked_add(right).map(Value::TimeSpan).into_value()
        }
        (left, right) => numbers(&left, &right, i64::wrapping_add, |a, b| a + b, Decimal::checked_add),
    }
}

/// `left - right`.
pub fn subtract(left: &Value, right: &Value) -> Value {
    match (plain(left), plain(right)) {
        (Value::DateTime(at), Value::TimeSpan(span)) => datetime(at.checked_sub(span)),
        (Value::DateTime(left), Value::DateTime(right)) | (Value::TimeSpan(left), Value::TimeSpan(right)) => {
            left.checked_sub(right).map(Value::TimeSpan).into_value()
        }
        (left, right) => numbers(&left, &right, i64::wrapping_sub, |a, b| a - b, Decimal::checked_sub),
    }
}

/// `left * right`.
pub fn multiply(left: &Value, right: &Value) -> Value {
    match (plain(left), plain(right)) {
        (Value::TimeSpan(span), factor) | (factor, Value::TimeSpan(span)) => match factor {
            Value::Int(_) | Value::Long(_) => {
                factor.as_long().and_then(|factor| span.checked_mul(factor)).map(Value::TimeSpan).into_value()
            }
            factor => factor.as_real().and_then(|factor| ticks(span as f64 * factor)).into_value(),
        },
        (left, right) => numbers(&left, &right, i64::wrapping_mul, |a, b| a * b, Decimal::checked_mul),
    }
}

/// `left / right`: whole numbers truncate toward zero; spans by spans give a `real`.
pub fn divide(left: &Value, right: &Value) -> Value {
    match (plain(left), plain(right)) {
        (Value::TimeSpan(left), Value::TimeSpan(right)) => Value::Real(left as f64 / right as f64),
        (Value::TimeSpan(span), divisor @ (Value::Int(_) | Value::Long(_))) => {
            divisor.as_long().and_then(|divisor| span.checked_div(divisor)).map(Value::TimeSpan).into_value()
        }
        (Value::TimeSpan(span), divisor) => {
            divisor.as_real().and_then(|divisor| ticks(span as f64 / divisor)).into_value()
        }
        (left @ (Value::Int(_) | Value::Long(_)), right @ (Value::Int(_) | Value::Long(_))) => {
            let (Some(left), Some(right)) = (left.as_long(), right.as_long()) else { return Value::Null };
            if right == 0 { Value::Null } else { Value::Long(left.wrapping_div(right)) }
        }
        (left, right) => numbers(&left, &right, i64::wrapping_div, |a, b| a / b, Decimal::checked_div),
    }
}

/// `left % right`: the remainder that is not negative.
pub fn modulo(left: &Value, right: &Value) -> Value {
    match (plain(left), plain(right)) {
        (Value::TimeSpan(left), Value::TimeSpan(right)) => {
            left.checked_rem_euclid(right).map(Value::TimeSpan).into_value()
        }
        (left @ (Value::Int(_) | Value::Long(_)), right @ (Value::Int(_) | Value::Long(_))) => {
            let (Some(left), Some(right)) = (left.as_long(), right.as_long()) else { return Value::Null };
            if right == 0 { Value::Null } else { Value::Long(left.wrapping_rem_euclid(right)) }
        }
        (left, right) => {
            numbers(&left, &right, i64::wrapping_rem_euclid, f64::rem_euclid, Decimal::checked_rem)
        }
    }
}

/// `-value`.
pub fn negate(value: &Value) -> Value {
    match plain(value) {
        Value::Int(number) => Value::Long(-i64::from(number)),
        Value::Long(number) => Value::Long(number.wrapping_neg()),
        Value::Real(number) => Value::Real(-number),
        Value::Decimal(number) => Value::Decimal(-number),
        Value::TimeSpan(span) => span.checked_neg().map(Value::TimeSpan).into_value(),
        _ => Value::Null,
    }
}

/// `bin(value, size)`: the largest multiple of the size that is not above the value, in the value's own type; a real size
/// makes it real. Null for a size that is not positive.
pub fn bin(value: &Value, size: &Value) -> Value {
    match (plain(value), plain(size)) {
        (Value::DateTime(at), Value::TimeSpan(size)) if size > 0 => datetime(Some(at - at.rem_euclid(size))),
        (Value::TimeSpan(span), Value::TimeSpan(size)) if size > 0 => {
            span.checked_sub(span.rem_euclid(size)).map(Value::TimeSpan).into_value()
        }
        (Value::DateTime(at), size @ (Value::Int(_) | Value::Long(_))) => match size.as_long() {
            Some(size) if size > 0 => datetime(Some(at - at.rem_euclid(size))),
            _ => Value::Null,
        },
        (number @ (Value::Int(_) | Value::Long(_)), size @ (Value::Int(_) | Value::Long(_))) => {
            let (Some(whole), Some(size)) = (number.as_long(), size.as_long()) else { return Value::Null };
            if size <= 0 {
                return Value::Null;
            }
            let floor = whole.wrapping_sub(whole.rem_euclid(size));
            match number {
                Value::Int(_) => i32::try_from(floor).map_or(Value::Null, Value::Int),
                _ => Value::Long(floor),
            }
        }
        (Value::Decimal(number), size) | (size, Value::Decimal(number)) if as_decimal(&size).is_some() => {
            let (number, size) = match plain(value) {
                Value::Decimal(number) => (number, as_decimal(&size)),
                other => (as_decimal(&other).unwrap_or_default(), Some(number)),
            };
            size.filter(|size| *size > Decimal::ZERO)
                .and_then(|size| number.checked_div(size)?.floor().checked_mul(size))
                .map(Value::Decimal)
                .into_value()
        }
        (number, size) => match (number.as_real(), size.as_real()) {
            (Some(number), Some(size)) if size > 0.0 => Value::Real((number / size).floor() * size),
            _ => Value::Null,
        },
    }
}

/// Ticks of a timespan from a double; `None` beyond the range.
fn ticks(number: f64) -> Option<Value> {
    (number.abs() < 9.223e18).then_some(Value::TimeSpan(number as i64))
}

fn datetime(ticks: Option<i64>) -> Value {
    ticks.and_then(calendar::checked).map(Value::DateTime).into_value()
}

fn numbers(
    left: &Value,
    right: &Value,
    long: fn(i64, i64) -> i64,
    real: fn(f64, f64) -> f64,
    decimal: fn(Decimal, Decimal) -> Option<Decimal>,
) -> Value {
    match (left, right) {
        (Value::Int(_) | Value::Long(_), Value::Int(_) | Value::Long(_)) => {
            match (left.as_long(), right.as_long()) {
                (Some(left), Some(right)) => Value::Long(long(left, right)),
                _ => Value::Null,
            }
        }
        (Value::Decimal(_), _) | (_, Value::Decimal(_)) => match (as_decimal(left), as_decimal(right)) {
            (Some(left), Some(right)) => decimal(left, right).map(Value::Decimal).into_value(),
            _ => Value::Null,
        },
        _ => match (left.as_real(), right.as_real()) {
            (Some(left), Some(right)) => Value::Real(real(left, right)),
            _ => Value::Null,
        },
    }
}

trait IntoValue {
    fn into_value(self) -> Value;
}

impl IntoValue for Option<Value> {
    fn into_value(self) -> Value {
        self.unwrap_or(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers() {
        assert_eq!(add(&Value::Int(i32::MAX), &Value::Int(1)), Value::Long(2_147_483_648));
        assert_eq!(divide(&Value::Long(-7), &Value::Long(2)), Value::Long(-3));
        assert_eq!(divide(&Value::Long(1), &Value::Long(0)), Value::Null);
        assert_eq!(modulo(&Value::Long(-10), &Value::Long(-4)), Value::Long(2));
        assert_eq!(divide(&Value::Real(1.0), &Value::Long(0)), Value::Real(f64::INFINITY));
    }

    #[test]
    fn moments_and_spans() {
        let day = Value::TimeSpan(calendar::DAY);
        let epoch = Value::DateTime(calendar::UNIX_EPOCH);
        assert_eq!(subtract(&add(&epoch, &day), &epoch), day);
        assert_eq!(divide(&day, &Value::TimeSpan(calendar::HOUR)), Value::Real(24.0));
        assert_eq!(subtract(&Value::DateTime(0), &day), Value::Null);
        assert_eq!(multiply(&Value::Real(0.5), &day), Value::TimeSpan(12 * calendar::HOUR));
    }

    #[test]
    fn bins_go_down_below_zero() {
        assert_eq!(bin(&Value::Long(-1), &Value::Long(5)), Value::Long(-5));
        assert_eq!(bin(&Value::Int(7), &Value::Long(5)), Value::Int(5));
        assert_eq!(bin(&Value::Real(-1.5), &Value::Long(1)), Value::Real(-2.0));
        assert_eq!(bin(&Value::Long(7), &Value::Long(0)), Value::Null);
    }
}
