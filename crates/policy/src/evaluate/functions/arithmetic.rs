//! Arithmetic with fractions.

use azimuth_arm::{Fault, HostCall, Kind, Value};

use super::{Outcome, argument};
use crate::evaluate::host::built_in;
use crate::operator::{number_of, number_value};

pub(super) fn add(call: &HostCall<'_>) -> Outcome {
    with_fractions(call, "add", |a, b| a + b)
}

pub(super) fn sub(call: &HostCall<'_>) -> Outcome {
    with_fractions(call, "sub", |a, b| a - b)
}

pub(super) fn mul(call: &HostCall<'_>) -> Outcome {
    with_fractions(call, "mul", |a, b| a * b)
}

fn with_fractions(call: &HostCall<'_>, name: &str, compute: fn(f64, f64) -> f64) -> Outcome {
    let number = |value: &Value| match value.kind() {
        Kind::Int(int) => Some(*int as f64),
        Kind::Float(float) => Some(*float),
        _ => None,
    };
    let has_fraction = call.arguments.iter().any(|value| matches!(value.kind(), Kind::Float(_)));
    if let [Kind::Int(left), Kind::Int(right)] =
        call.arguments.iter().map(Value::kind).collect::<Vec<_>>()[..]
    {
        let exact = match name {
            "add" => left.checked_add(*right),
            "sub" => left.checked_sub(*right),
            _ => left.checked_mul(*right),
        };
        return exact.map(Value::int).ok_or_else(|| Fault::new("the result does not fit into 64 bits"));
    }
    match call.arguments {
        [left, right] if has_fraction => match (number(left), number(right)) {
            (Some(left), Some(right)) => Ok(number_value(compute(left, right))),
            _ => built_in(name, call.arguments),
        },
        _ => built_in(name, call.arguments),
    }
}

/// As in templates, but a text may have a fraction, which is cut off.
pub(super) fn int(call: &HostCall<'_>) -> Outcome {
    let value = argument(call, 0)?;
    let Some(text) = value.as_str() else { return built_in("int", call.arguments) };
    if let Ok(int) = text.trim().parse::<i64>() {
        return Ok(Value::int(int));
    }
    let number = number_of(text).filter(|number| number.abs() < 9.0e15);
    let number = number.ok_or_else(|| Fault::new("the text is no number").about(0))?;
    Ok(Value::int(number.trunc() as i64))
}
