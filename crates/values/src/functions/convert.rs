//! Conversions between the scalar types: what cannot be converted is null.

use std::sync::Arc;

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use crate::calendar;
use crate::context::Context;
use crate::function::{Function, Refusal};
use crate::json::Json;
use crate::text;
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    Function::pure(&["tostring"], |_, arguments| Ok(text::to_string(&arguments[0]).into())),
    Function::pure(&["tobool", "toboolean"], |_, arguments| Ok(to_bool(&arguments[0]))),
    Function::pure(&["toint"], |_, arguments| Ok(to_int(&arguments[0]))),
    Function::pure(&["tolong"], |_, arguments| Ok(to_long(&arguments[0]))),
    Function::pure(&["toreal", "todouble"], |_, arguments| Ok(to_real(&arguments[0]))),
    Function::pure(&["todecimal"], |_, arguments| Ok(to_decimal(&arguments[0]))),
    Function::pure(&["todatetime"], |_, arguments| Ok(to_datetime(&arguments[0]))),
    Function::pure(&["totimespan", "totime"], |_, arguments| Ok(to_timespan(&arguments[0]))),
    Function::pure(&["toguid"], |_, arguments| Ok(to_guid(&arguments[0]))),
    Function::pure(&["todynamic", "parse_json", "parsejson", "toobject"], |_, arguments| {
        Ok(to_dynamic(&arguments[0]))
    }),
    Function::pure(&["gettype"], |_, arguments| Ok(type_name(&arguments[0]).into())),
    Function::pure(&["dynamic_to_json"], dynamic_to_json),
    Function::pure(&["isnan"], |_, arguments| Ok(classified(&arguments[0], f64::is_nan))),
    Function::pure(&["isinf"], |_, arguments| Ok(classified(&arguments[0], f64::is_infinite))),
    Function::pure(&["isfinite"], |_, arguments| Ok(classified(&arguments[0], f64::is_finite))),
];

/// `tobool`: numbers are true unless zero; texts are `true`, `false` or a whole number.
pub fn to_bool(value: &Value) -> Value {
    match scalar(value) {
        Value::Bool(truth) => Value::Bool(truth),
        Value::Int(number) => Value::Bool(number != 0),
        Value::Long(number) => Value::Bool(number != 0),
        Value::Real(number) => Value::Bool(number != 0.0),
        Value::Decimal(number) => Value::Bool(!number.is_zero()),
        Value::String(text) => text::read_bool(&text).into(),
        _ => Value::Null,
    }
}

/// `tolong`: fractions are cut; moments and spans give their ticks.
pub fn to_long(value: &Value) -> Value {
    match scalar(value) {
        Value::Bool(truth) => Value::Long(i64::from(truth)),
        Value::Int(number) => Value::Long(i64::from(number)),
        Value::Long(number) | Value::DateTime(number) | Value::TimeSpan(number) => Value::Long(number),
        Value::Real(number) => whole(number).into(),
        Value::Decimal(number) => number.trunc().to_i64().into(),
        Value::String(text) => text::read_long(&text).into(),
        _ => Value::Null,
    }
}

/// `toint`: as [`to_long`]; a whole number beyond 32 bits wraps, a text or a real beyond them is null.
pub fn to_int(value: &Value) -> Value {
    let wraps = !matches!(scalar(value), Value::String(_) | Value::Real(_) | Value::Decimal(_));
    match to_long(value) {
        Value::Long(number) if wraps => Value::Int(number as i32),
        Value::Long(number) => i32::try_from(number).map_or(Value::Null, Value::Int),
        _ => Value::Null,
    }
}

/// `toreal`.
pub fn to_real(value: &Value) -> Value {
    match scalar(value) {
        Value::Bool(truth) => Value::Real(f64::from(u8::from(truth))),
        Value::DateTime(ticks) | Value::TimeSpan(ticks) => Value::Real(ticks as f64),
        Value::String(text) => text::read_real(&text).into(),
        number => number.as_real().into(),
    }
}

/// `todecimal`.
pub fn to_decimal(value: &Value) -> Value {
    let number = match scalar(value) {
        Value::Bool(truth) => Some(Decimal::from(u8::from(truth))),
        Value::Int(number) => Some(Decimal::from(number)),
        Value::Long(number) | Value::DateTime(number) | Value::TimeSpan(number) => {
            Some(Decimal::from(number))
        }
        Value::Real(number) => Decimal::from_f64(number),
        Value::Decimal(number) => Some(number),
        Value::String(text) => text::read_decimal(&text),
        _ => None,
    };
    number.map_or(Value::Null, Value::Decimal)
}

/// `todatetime`: texts as [`text::read_datetime`]; numbers are ticks.
pub fn to_datetime(value: &Value) -> Value {
    let ticks = match scalar(value) {
        Value::DateTime(ticks) => Some(ticks),
        Value::Int(number) => Some(i64::from(number)),
        Value::Long(number) => Some(number),
        Value::Real(number) => whole(number),
        Value::String(text) => text::read_datetime(&text),
        _ => None,
    };
    ticks.and_then(calendar::checked).map_or(Value::Null, Value::DateTime)
}

/// `totimespan`: texts as [`text::read_timespan`]; numbers are ticks, a datetime gives its own.
pub fn to_timespan(value: &Value) -> Value {
    let ticks = match scalar(value) {
        Value::TimeSpan(ticks) | Value::DateTime(ticks) | Value::Long(ticks) => Some(ticks),
        Value::Int(number) => Some(i64::from(number)),
        Value::Real(number) => whole(number),
        Value::Decimal(number) => number.trunc().to_i64(),
        Value::String(text) => text::read_timespan(&text),
        _ => None,
    };
    ticks.map_or(Value::Null, Value::TimeSpan)
}

/// `toguid`.
pub fn to_guid(value: &Value) -> Value {
    match scalar(value) {
        Value::Guid(bits) => Value::Guid(bits),
        Value::String(text) => text::read_guid(&text).map_or(Value::Null, Value::Guid),
        _ => Value::Null,
    }
}

/// `todynamic`: a text is read as JSON, and is itself a `dynamic` text if it is none; other scalars are packed.
pub fn to_dynamic(value: &Value) -> Value {
    match value {
        Value::String(text) if text.is_empty() => Value::Null,
        Value::String(text) => {
            Value::dynamic(Json::parse(text).unwrap_or_else(|| Json::String(text.clone())))
        }
        Value::Dynamic(json) => match &**json {
            Json::String(text) => to_dynamic(&Value::String(text.clone())),
            _ => value.clone(),
        },
        other => Value::dynamic(other.to_json()),
    }
}

/// A scalar out of a `dynamic` as what it holds.
fn scalar(value: &Value) -> Value {
    match value {
        Value::Dynamic(json) => json.to_value(),
        other => other.clone(),
    }
}

/// A double without its fraction; `None` if it does not fit or is no number.
fn whole(number: f64) -> Option<i64> {
    let cut = number.trunc();
    // 2^63 itself does not fit.
    (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&cut).then_some(cut as i64)
}

/// `gettype`.
fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Long(_) => "long",
        Value::Real(_) => "real",
        Value::Decimal(_) => "decimal",
        Value::DateTime(_) => "datetime",
        Value::TimeSpan(_) => "timespan",
        Value::Guid(_) => "guid",
        Value::String(_) => "string",
        Value::Dynamic(json) => match &**json {
            Json::Array(_) => "array",
            Json::Object(_) => "dictionary",
            scalar => type_name(&scalar.to_value()),
        },
    }
}

/// `dynamic_to_json`: JSON text with the members of every bag in the order of their names.
fn dynamic_to_json(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    fn sorted(json: &Json) -> Json {
        match json {
            Json::Array(items) => Json::Array(items.iter().map(sorted).collect()),
            Json::Object(members) => {
                let mut members: Vec<(Arc<str>, Json)> =
                    members.iter().map(|(name, value)| (name.clone(), sorted(value))).collect();
                members.sort_by(|(left, _), (right, _)| left.cmp(right));
                Json::Object(members)
            }
            scalar => scalar.clone(),
        }
    }
    Ok(match &arguments[0] {
        Value::Null => "null".into(),
        value => sorted(&value.to_json()).to_text().into(),
    })
}

fn classified(value: &Value, test: fn(f64) -> bool) -> Value {
    value.as_real().map(test).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(to_long(&"1.5".into()), Value::Null);
        assert_eq!(to_int(&Value::Long(4_294_967_297)), Value::Int(1));
        assert_eq!(to_long(&Value::Real(f64::NAN)), Value::Null);
        assert_eq!(to_long(&Value::Real(-1.9)), Value::Long(-1));
        assert_eq!(to_bool(&Value::Real(1.5)), Value::Bool(true));
        assert_eq!(to_timespan(&Value::dynamic(Json::Real(20.5))), Value::TimeSpan(20));
    }

    #[test]
    fn text_that_is_no_json_is_a_text() {
        assert_eq!(to_dynamic(&"{x".into()), Value::dynamic(Json::string("{x")));
        assert_eq!(to_dynamic(&"[1]".into()), Value::array(vec![Json::Long(1)]));
    }
}
