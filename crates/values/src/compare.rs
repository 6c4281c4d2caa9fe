//! Equality and order with Kusto's rules for null and for `dynamic`.

use std::cmp::Ordering;

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use crate::json::Json;
use crate::text;
use crate::value::Value;

/// `left == right`: null if both are null, false if one is. A text has no null, so null beside one is the empty text.
pub fn equal(left: &Value, right: &Value) -> Value {
    match (left, right) {
        (Value::Null, Value::Null) => Value::Null,
        (Value::Null, Value::String(text)) | (Value::String(text), Value::Null) => {
            Value::Bool(text.is_empty())
        }
        (Value::Null, _) | (_, Value::Null) => Value::Bool(false),
        _ => Value::Bool(compare(left, right) == Some(Ordering::Equal)),
    }
}

/// `left != right`: null if both are null, true if one is.
pub fn unequal(left: &Value, right: &Value) -> Value {
    negate(&equal(left, right))
}

/// `left < right`, and the three others by `wanted`: null if one side is.
pub fn ordered(left: &Value, right: &Value, wanted: fn(Ordering) -> bool) -> Value {
    if left.is_null() || right.is_null() {
        return Value::Null;
    }
    Value::Bool(compare(left, right).is_some_and(wanted))
}

/// `not(x)`: null stays null.
pub fn negate(truth: &Value) -> Value {
    truth.as_bool().map(|truth| !truth).into()
}

/// Three-valued `and`: false wins over null.
pub fn and(left: &Value, right: &Value) -> Value {
    match (left.as_bool(), right.as_bool()) {
        (Some(false), _) | (_, Some(false)) => Value::Bool(false),
        (Some(true), Some(true)) => Value::Bool(true),
        _ => Value::Null,
    }
}

/// Three-valued `or`: true wins over null.
pub fn or(left: &Value, right: &Value) -> Value {
    match (left.as_bool(), right.as_bool()) {
        (Some(true), _) | (_, Some(true)) => Value::Bool(true),
        (Some(false), Some(false)) => Value::Bool(false),
        _ => Value::Null,
    }
}

/// How two values that are not null compare; `None` when they cannot be compared, or one is not a number (NaN).
pub fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::String(left), Value::String(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
        (Value::Guid(left), Value::Guid(right)) => Some(left.cmp(right)),
        (Value::DateTime(left), Value::DateTime(right)) | (Value::TimeSpan(left), Value::TimeSpan(right)) => {
            Some(left.cmp(right))
        }
        (Value::Dynamic(left), Value::Dynamic(right)) => match (&**left, &**right) {
            (Json::Array(_) | Json::Object(_), _) | (_, Json::Array(_) | Json::Object(_)) => {
                (left == right).then_some(Ordering::Equal)
            }
            (left, right) => compare(&left.to_value(), &right.to_value()),
        },
        (Value::Dynamic(json), other) => match json.to_value() {
            Value::Dynamic(_) => None,
            value => compare(&value, other),
        },
        (value, Value::Dynamic(_)) => compare(right, value).map(Ordering::reverse),
        // A text beside another type is read as that type.
        (value, Value::String(text)) => compare(value, &read_like(value, text)?),
        (Value::String(_), _) => compare(right, left).map(Ordering::reverse),
        _ => compare_numbers(left, right),
    }
}

/// A text read as the type of another value.
fn read_like(value: &Value, text: &str) -> Option<Value> {
    match value {
        Value::Bool(_) => text::read_bool(text).map(Value::Bool),
        Value::Int(_) | Value::Long(_) => {
            text::read_long(text).map(Value::Long).or_else(|| text::read_real(text).map(Value::Real))
        }
        Value::Real(_) => text::read_real(text).map(Value::Real),
        Value::Decimal(_) => text::read_decimal(text).map(Value::Decimal),
        Value::DateTime(_) => text::read_datetime(text).map(Value::DateTime),
        Value::TimeSpan(_) => text::read_timespan(text).map(Value::TimeSpan),
        Value::Guid(_) => text::read_guid(text).map(Value::Guid),
        Value::Null | Value::String(_) | Value::Dynamic(_) => None,
    }
}

fn compare_numbers(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Int(_) | Value::Long(_), Value::Int(_) | Value::Long(_)) => {
            Some(left.as_long()?.cmp(&right.as_long()?))
        }
        (Value::Decimal(_), _) | (_, Value::Decimal(_)) => Some(as_decimal(left)?.cmp(&as_decimal(right)?)),
        // A bool beside a number counts as 0 or 1, as the engine converts it.
        (Value::Bool(truth), _) => compare_numbers(&Value::Long(i64::from(*truth)), right),
        (_, Value::Bool(truth)) => compare_numbers(left, &Value::Long(i64::from(*truth))),
        _ => left.as_real()?.partial_cmp(&right.as_real()?),
    }
}

/// Any number as a decimal; `None` for what is none or does not fit.
pub fn as_decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Decimal(number) => Some(*number),
        Value::Int(number) => Some(Decimal::from(*number)),
        Value::Long(number) => Some(Decimal::from(*number)),
        Value::Real(number) => Decimal::from_f64(*number),
        _ => None,
    }
}

/// A total order for `sort`, `top` and grouping: null is the smallest, then NaN, then by [`compare`]; values that cannot
/// be compared stand in an order of their kinds.
pub fn total(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        _ => compare(left, right).unwrap_or_else(|| {
            let nan = |value: &Value| !value.as_real().is_some_and(f64::is_nan);
            nan(left)
                .cmp(&nan(right))
                .then_with(|| kind(left).cmp(&kind(right)))
                .then_with(|| crate::text::to_string(left).cmp(&crate::text::to_string(right)))
        }),
    }
}

fn kind(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Int(_) | Value::Long(_) | Value::Real(_) | Value::Decimal(_) => 2,
        Value::DateTime(_) => 3,
        Value::TimeSpan(_) => 4,
        Value::Guid(_) => 5,
        Value::String(_) => 6,
        Value::Dynamic(json) => match &**json {
            Json::Array(_) => 8,
            Json::Object(_) => 9,
            scalar => kind(&scalar.to_value()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_meets_null_and_others() {
        let one = Value::Long(1);
        assert_eq!(equal(&Value::Null, &Value::Null), Value::Null);
        assert_eq!(equal(&one, &Value::Null), Value::Bool(false));
        assert_eq!(unequal(&one, &Value::Null), Value::Bool(true));
        assert_eq!(ordered(&one, &Value::Null, Ordering::is_lt), Value::Null);
        assert_eq!(and(&Value::Null, &Value::Bool(false)), Value::Bool(false));
        assert_eq!(or(&Value::Null, &Value::Bool(false)), Value::Null);
    }

    #[test]
    fn numbers_compare_across_types() {
        assert_eq!(compare(&Value::Int(2), &Value::Real(2.0)), Some(Ordering::Equal));
        assert_eq!(compare(&Value::Decimal(Decimal::new(15, 1)), &Value::Long(1)), Some(Ordering::Greater));
        assert_eq!(compare(&Value::dynamic(Json::Long(3)), &Value::Long(4)), Some(Ordering::Less));
        assert_eq!(total(&Value::Null, &Value::Real(f64::NAN)), Ordering::Less);
        assert_eq!(total(&Value::Real(f64::NAN), &Value::Real(f64::NEG_INFINITY)), Ordering::Less);
    }
}
