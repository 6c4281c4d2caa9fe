//! Functions over numbers.

use crate::arithmetic;
use crate::compare::as_decimal;
use crate::context::Context;
use crate::function::{Function, Refusal};
use crate::functions::convert;
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    Function::pure(&["abs"], |_, arguments| Ok(abs(&arguments[0]))),
    Function::pure(&["sign"], |_, arguments| Ok(sign(&arguments[0]))),
    Function::pure(&["bin"], |_, arguments| Ok(arithmetic::bin(&arguments[0], &arguments[1]))),
    Function::pure(&["floor"], floor),
    Function::pure(&["bin_at"], bin_at),
    Function::pure(&["ceiling"], |_, arguments| Ok(ceiling(&arguments[0]))),
    // With the size set, `bin` stands in its place.
    Function::pure(&["bin_auto"], |_, _| {
        Err(Refusal::new("`bin_auto` needs the size of its bins; begin with `set query_bin_auto_size=1h;`"))
    }),
    Function::pure(&["round"], round),
    Function::pure(&["sqrt"], |_, arguments| Ok(real(&arguments[0], f64::sqrt))),
    Function::pure(&["exp"], |_, arguments| Ok(real(&arguments[0], f64::exp))),
    Function::pure(&["exp2"], |_, arguments| Ok(real(&arguments[0], f64::exp2))),
    Function::pure(&["exp10"], |_, arguments| Ok(real(&arguments[0], |x| 10_f64.powf(x)))),
    Function::pure(&["log"], |_, arguments| Ok(logarithm(&arguments[0], f64::ln))),
    Function::pure(&["log2"], |_, arguments| Ok(logarithm(&arguments[0], f64::log2))),
    Function::pure(&["log10"], |_, arguments| Ok(logarithm(&arguments[0], f64::log10))),
    Function::pure(&["pow"], |_, arguments| Ok(real2(arguments, f64::powf))),
    Function::pure(&["sin"], |_, arguments| Ok(real(&arguments[0], f64::sin))),
    Function::pure(&["cos"], |_, arguments| Ok(real(&arguments[0], f64::cos))),
    Function::pure(&["tan"], |_, arguments| Ok(real(&arguments[0], f64::tan))),
    Function::pure(&["cot"], |_, arguments| Ok(real(&arguments[0], |x| x.tan().recip()))),
    Function::pure(&["asin"], |_, arguments| Ok(inside(&arguments[0], f64::asin))),
    Function::pure(&["acos"], |_, arguments| Ok(inside(&arguments[0], f64::acos))),
    Function::pure(&["atan"], |_, arguments| Ok(real(&arguments[0], f64::atan))),
    Function::pure(&["atan2"], |_, arguments| Ok(real2(arguments, f64::atan2))),
    Function::pure(&["degrees"], |_, arguments| {
        Ok(real(&arguments[0], |x| x * 180.0 / std::f64::consts::PI))
    }),
    Function::pure(&["radians"], |_, arguments| {
        Ok(real(&arguments[0], |x| x * std::f64::consts::PI / 180.0))
    }),
    Function::pure(&["pi"], |_, _| Ok(Value::Real(std::f64::consts::PI))),
    Function::pure(&["binary_and"], |_, arguments| Ok(bits(arguments, |a, b| a & b))),
    Function::pure(&["binary_or"], |_, arguments| Ok(bits(arguments, |a, b| a | b))),
    Function::pure(&["binary_xor"], |_, arguments| Ok(bits(arguments, |a, b| a ^ b))),
    Function::pure(&["binary_not"], |_, arguments| {
        Ok(convert::to_long(&arguments[0]).as_long().map(|a| !a).into())
    }),
    Function::pure(&["binary_shift_left"], |_, arguments| Ok(bits(arguments, shift_left))),
    Function::pure(&["binary_shift_right"], |_, arguments| Ok(bits(arguments, shift_right))),
    Function::pure(&["bitset_count_ones"], |_, arguments| {
        Ok(convert::to_long(&arguments[0]).as_long().map(|a| i64::from(a.count_ones())).into())
    }),
    Function::pure(&["tohex"], tohex),
    Function::volatile(&["rand"], rand),
];

fn number(value: &Value) -> Option<f64> {
    convert::to_real(value).as_real().filter(|_| !matches!(value, Value::String(_)))
}

fn real(value: &Value, function: fn(f64) -> f64) -> Value {
    number(value).map(function).into()
}

/// Logarithms of what is not positive: of zero minus infinity, below it null.
fn logarithm(value: &Value, function: fn(f64) -> f64) -> Value {
    number(value).filter(|number| *number >= 0.0).map(function).into()
}

/// Null outside -1..=1.
fn inside(value: &Value, function: fn(f64) -> f64) -> Value {
    number(value).filter(|number| number.is_nan() || number.abs() <= 1.0).map(function).into()
}

fn real2(arguments: &[Value], function: fn(f64, f64) -> f64) -> Value {
    match (number(&arguments[0]), number(&arguments[1])) {
        (Some(left), Some(right)) => Value::Real(function(left, right)),
        _ => Value::Null,
    }
}

fn abs(value: &Value) -> Value {
    match value {
        Value::Int(number) => number.checked_abs().map_or(Value::Null, Value::Int),
        Value::Long(number) => Value::Long(number.wrapping_abs()),
        Value::Real(number) => Value::Real(number.abs()),
        Value::Decimal(number) => Value::Decimal(number.abs()),
        Value::TimeSpan(ticks) => ticks.checked_abs().map_or(Value::Null, Value::TimeSpan),
        Value::Dynamic(json) => match json.to_value() {
            Value::Dynamic(_) => Value::Null,
            scalar => abs(&scalar),
        },
        _ => Value::Null,
    }
}

/// `sign(x)`: -1, 0 or 1.
fn sign(value: &Value) -> Value {
    match number(value) {
        Some(number) if number.is_nan() => Value::Null,
        Some(number) => Value::Int(i32::from(number > 0.0) - i32::from(number < 0.0)),
        None => Value::Null,
    }
}

/// `floor(x, size)` is `bin`; with one argument the size is 1.
fn floor(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    Ok(arithmetic::bin(&arguments[0], arguments.get(1).unwrap_or(&Value::Long(1))))
}

/// `bin_at(value, size, fixed point)`.
fn bin_at(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let [value, size, fixed] = [&arguments[0], &arguments[1], &arguments[2]];
    // Distances from the fixed point are whole multiples of the size; they may be negative, which a datetime is not.
    let ticks = |value: &Value| match value {
        Value::DateTime(ticks) | Value::TimeSpan(ticks) => Some(*ticks),
        _ => None,
    };
    if let (Some(at), Some(fixed), Some(size)) = (ticks(value), ticks(fixed), ticks(size)) {
        if size <= 0 {
            return Ok(Value::Null);
        }
        let floor = at.checked_sub(fixed).map(|distance| at - distance.rem_euclid(size));
        return Ok(match value {
            Value::DateTime(_) => {
                floor.and_then(crate::calendar::checked).map_or(Value::Null, Value::DateTime)
            }
            _ => floor.map_or(Value::Null, Value::TimeSpan),
        });
    }
    Ok(arithmetic::add(&arithmetic::bin(&arithmetic::subtract(value, fixed), size), fixed))
}

fn ceiling(value: &Value) -> Value {
    match value {
        Value::Int(number) => Value::Long(i64::from(*number)),
        Value::Decimal(number) => Value::Decimal(number.ceil()),
        Value::Long(_) => value.clone(),
        value => real(value, f64::ceil),
    }
}

/// `round(x, digits)`: halves away from zero; negative digits round to tens, hundreds …
fn round(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let digits = arguments.get(1).map_or(Some(0), Value::as_long);
    let Some(digits) = digits.map(|digits| digits.clamp(-300, 300) as i32) else { return Ok(Value::Null) };
    if let Value::Decimal(number) = &arguments[0] {
        let rounded = number.round_dp_with_strategy(
            u32::try_from(digits).unwrap_or(0),
            rust_decimal::RoundingStrategy::MidpointAwayFromZero,
        );
        return Ok(Value::Decimal(rounded));
    }
    Ok(number(&arguments[0]).map(|number| round_to(number, digits)).into())
}

/// A double rounded at a decimal place, by its shortest spelling so that 2.675 rounds as it reads.
pub(crate) fn round_to(number: f64, digits: i32) -> f64 {
    let exact = (0..=15).contains(&digits).then(|| {
        let decimal = as_decimal(&Value::Real(number))?;
        let rounded = decimal
            .round_dp_with_strategy(digits as u32, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
        rust_decimal::prelude::ToPrimitive::to_f64(&rounded)
    });
    if let Some(Some(rounded)) = exact
        && number.abs() < 1e15
    {
        return rounded;
    }
    if digits >= 0 && number.abs() >= 9_007_199_254_740_992.0 {
        return number;
    }
    let scale = 10_f64.powi(digits.abs());
    let rounded =
        if digits < 0 { (number / scale).round() * scale } else { (number * scale).round() / scale };
    if rounded.is_finite() { rounded } else { number }
}

fn bits(arguments: &[Value], function: fn(i64, i64) -> i64) -> Value {
    match (convert::to_long(&arguments[0]).as_long(), convert::to_long(&arguments[1]).as_long()) {
        (Some(left), Some(right)) => Value::Long(function(left, right)),
        _ => Value::Null,
    }
}

/// Shifts count modulo 64, negative ones are none.
fn shift_left(number: i64, by: i64) -> i64 {
    number.wrapping_shl((by.rem_euclid(64)) as u32)
}

fn shift_right(number: i64, by: i64) -> i64 {
    number.wrapping_shr((by.rem_euclid(64)) as u32)
}

/// `tohex(x, length)`: lower case, filled with zeros; negative numbers in two's complement.
fn tohex(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let Some(number) = convert::to_long(&arguments[0]).as_long() else { return Ok("".into()) };
    let hex = match &arguments[0] {
        Value::Int(number) => format!("{number:x}"),
        _ => format!("{number:x}"),
    };
    let length = arguments.get(1).and_then(Value::as_long).unwrap_or(0).clamp(0, 64) as usize;
    Ok(format!("{hex:0>length$}").into())
}

/// `rand()`: a real in 0..1; `rand(n)`: a whole number below n.
fn rand(context: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let random = context.random();
    Ok(match arguments.first().and_then(Value::as_long) {
        Some(below) if below > 1 => Value::Long((random % below.unsigned_abs()) as i64),
        _ => Value::Real((random >> 11) as f64 / (1_u64 << 53) as f64),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding() {
        assert_eq!(round_to(2.675, 2), 2.68);
        assert_eq!(round_to(-0.5, 0), -1.0);
        assert_eq!(round_to(15_663.0, -2), 15_700.0);
        assert_eq!(round_to(1e300, 5), 1e300);
    }

    #[test]
    fn bits_and_hex() {
        let context = Context::new(0, 0);
        assert_eq!(tohex(&context, &[Value::Int(-546)]).unwrap(), "fffffdde".into());
        assert_eq!(tohex(&context, &[256.into(), 8.into()]).unwrap(), "00000100".into());
        assert_eq!(bits(&[1.into(), 65.into()], shift_left), Value::Long(2));
    }
}
