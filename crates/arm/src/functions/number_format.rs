//! Numbers in .NET's standard formats, invariant culture; custom ones are in `number_pattern`.

use super::number_pattern::{Decimal, custom};
use crate::value::{Kind, Value};

/// Most decimals or digits that a specifier may ask for.
const MAX_PRECISION: usize = 100;

/// The number as `specifier` wants it, or `None` if that is no format for it.
pub(super) fn format_number(value: &Value, specifier: &str) -> Option<String> {
    if specifier.is_empty() {
        return Some(match value.kind() {
            Kind::Int(int) => int.to_string(),
            Kind::Float(float) => float.to_string(),
            _ => return None,
        });
    }
    let letter = specifier.chars().next()?;
    let digits = &specifier[letter.len_utf8()..];
    if letter.is_ascii_alphabetic() && digits.len() <= 3 && digits.bytes().all(|b| b.is_ascii_digit()) {
        let precision = if digits.is_empty() { None } else { Some(digits.parse().ok()?) };
        return standard(value, letter, precision.filter(|_| !digits.is_empty()));
    }
    custom(value, specifier)
}

fn as_float(value: &Value) -> f64 {
    match value.kind() {
        Kind::Int(int) => *int as f64,
        Kind::Float(float) => *float,
        _ => 0.0,
    }
}

fn standard(value: &Value, letter: char, precision: Option<usize>) -> Option<String> {
    let precision = precision.map(|digits| digits.min(MAX_PRECISION));
    let number = as_float(value);
    Some(match letter.to_ascii_uppercase() {
        'D' => {
            let int = value.as_int()?;
            let sign = if int < 0 { "-" } else { "" };
            format!("{sign}{:0>width$}", int.unsigned_abs().to_string(), width = precision.unwrap_or(1))
        }
        'X' => {
            let int = value.as_int()?;
            // Negative numbers show as the service's 32-bit ones do when they fit.
            let bits = i32::try_from(int).map_or(int as u64, |narrow| u64::from(narrow as u32));
            let hex = if letter == 'X' { format!("{bits:X}") } else { format!("{bits:x}") };
            format!("{hex:0>width$}", width = precision.unwrap_or(1))
        }
        'B' => format!("{:0>width$}", format!("{:b}", value.as_int()?), width = precision.unwrap_or(1)),
        'F' => fixed(value, precision.unwrap_or(2)),
        'N' => grouped(&fixed(value, precision.unwrap_or(2))),
        'P' => {
            let places = precision.unwrap_or(2);
            let percent = value.as_int().and_then(|int| int.checked_mul(100)).map(Value::int);
            let text = percent.map_or_else(|| decimals(number * 100.0, places), |int| fixed(&int, places));
            format!("{} %", grouped(&text))
        }
        'C' => {
            let text = grouped(&fixed(value, precision.unwrap_or(2)));
            match text.strip_prefix('-') {
                Some(plain) => format!("(¤{plain})"),
                None => format!("¤{text}"),
            }
        }
        'E' => {
            let places = precision.unwrap_or(6);
            let mut number = Decimal::of(value)?;
            number.round(places as i64 + 1);
            let power = if number.digits.is_empty() { 0 } else { number.point - 1 };
            let mut digits = number.digits.iter().map(|digit| char::from(b'0' + digit));
            let mut out = String::from(if number.is_negative { "-" } else { "" });
            out.push(digits.next().unwrap_or('0'));
            if places > 0 {
                out.push('.');
                out.extend(digits.chain(std::iter::repeat('0')).take(places));
            }
            let sign = if power < 0 { '-' } else { '+' };
            format!("{out}{letter}{sign}{:03}", power.unsigned_abs())
        }
        'G' | 'R' => match value.kind() {
            Kind::Int(int) => int.to_string(),
            _ => number.to_string(),
        },
        _ => return None,
    })
}

/// With so many decimals, halves rounded away from zero.
fn fixed(value: &Value, places: usize) -> String {
    match value.kind() {
        Kind::Int(int) if places == 0 => int.to_string(),
        Kind::Int(int) => format!("{int}.{}", "0".repeat(places)),
        _ => decimals(as_float(value), places),
    }
}

fn decimals(number: f64, places: usize) -> String {
    let scale = 10_f64.powi(places as i32);
    let scaled = number * scale;
    let rounded = if scaled.is_finite() && scaled.abs() < 1.0e15 { scaled.round() / scale } else { number };
    format!("{rounded:.places$}")
}

/// With a comma between thousands.
fn grouped(text: &str) -> String {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (whole, fraction) = rest.split_at(rest.find('.').unwrap_or(rest.len()));
    let mut out = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(number: f64, specifier: &str, expected: &str) {
        let value =
            if number.fract() == 0.0 { Value::int(number as i64) } else { Value::new(Kind::Float(number)) };
        assert_eq!(format_number(&value, specifier).as_deref(), Some(expected), "{number} {specifier}");
    }

    #[test]
    fn standard_formats() {
        check(42.0, "D5", "00042");
        check(-42.0, "d5", "-00042");
        check(255.0, "X4", "00FF");
        check(-1.0, "x", "ffffffff");
        check(1_234_567.0, "N", "1,234,567.00");
        check(2.675_1, "F2", "2.68");
        check(0.125, "P1", "12.5 %");
        check(12345.0, "E3", "1.235E+004");
        check(-2.5, "e0", "-3e+000");
        check(0.000_25, "E1", "2.5E-004");
        check(0.0, "E2", "0.00E+000");
        check(90_071_992_547_409.0, "P0", "9,007,199,254,740,900 %");
        check(5.0, "G", "5");
    }

    #[test]
    fn custom_formats() {
        check(7.0, "000", "007");
        check(1234.0, "#,##0", "1,234");
        check(1234.5, "0.00", "1234.50");
        check(0.5, "#.##", ".5");
        check(-3.0, "0;(0)", "(3)");
        check(7.0, "'no. '0", "no. 7");
    }
}
