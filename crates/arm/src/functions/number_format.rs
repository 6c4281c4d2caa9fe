//! Numbers in .NET's standard and custom formats, invariant culture.

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
    Some(custom(as_float(value), specifier))
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
        'P' => format!("{} %", grouped(&decimals(number * 100.0, precision.unwrap_or(2)))),
        'C' => {
            let text = grouped(&fixed(value, precision.unwrap_or(2)));
            match text.strip_prefix('-') {
                Some(plain) => format!("(¤{plain})"),
                None => format!("¤{text}"),
            }
        }
        'E' => {
            let text = format!("{number:.width$e}", width = precision.unwrap_or(6));
            let (mantissa, exponent) = text.split_once('e')?;
            let exponent: i32 = exponent.parse().ok()?;
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{mantissa}{letter}{sign}{:03}", exponent.abs())
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

/// A custom pattern: `0`, `#`, `.`, `,`, `%`, quoted text, and sections for positive, negative and zero.
fn custom(number: f64, pattern: &str) -> String {
    let sections = sections(pattern);
    let section = match (number, sections.len()) {
        (0.0, 3..) => &sections[2],
        (n, 2..) if n < 0.0 => &sections[1],
        _ => &sections[0],
    };
    let shows_sign = number < 0.0 && sections.len() < 2;
    let mut out = digits(number.abs(), section);
    if shows_sign {
        out.insert(0, '-');
    }
    out
}

fn sections(pattern: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quote = None;
    for c in pattern.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '\'' | '"') => quote = Some(c),
            _ => {}
        }
        if c == ';' && quote.is_none() {
            out.push(String::new());
        } else if let Some(last) = out.last_mut() {
            last.push(c);
        }
    }
    out
}

fn without_quoted(section: &str) -> String {
    let mut quote = None;
    let keep = |c: &char| match quote {
        Some(open) => {
            if *c == open {
                quote = None;
            }
            false
        }
        None if matches!(c, '\'' | '"') => {
            quote = Some(*c);
            false
        }
        None => true,
    };
    section.chars().filter(keep).collect()
}

fn digits(number: f64, section: &str) -> String {
    let pattern = without_quoted(section);
    let scaled = if pattern.contains('%') { number * 100.0 } else { number };
    let (before, after) = pattern.split_at(pattern.find('.').unwrap_or(pattern.len()));
    let places = after.chars().filter(|c| matches!(c, '0' | '#')).count().min(MAX_PRECISION);
    let least_places =
        after.rfind('0').map_or(0, |at| after[..=at].chars().filter(|c| matches!(c, '0' | '#')).count());
    let text = decimals(scaled, places);
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut fraction: String = fraction.trim_start_matches('.').to_owned();
    while fraction.len() > least_places && fraction.ends_with('0') {
        fraction.pop();
    }
    let slots: Vec<char> = before.chars().filter(|c| matches!(c, '0' | '#')).collect();
    let least = slots.iter().position(|c| *c == '0').map_or(0, |at| slots.len() - at);
    let whole = if whole == "0" && least == 0 { "" } else { whole };
    let mut padded = format!("{whole:0>least$}");
    if before.contains(',') {
        padded = grouped(&padded);
    }
    // All digits go where the first placeholder stands; literals keep their places around them.
    let mut out = String::new();
    let mut has_digits = false;
    let mut in_quote = None;
    for c in section.chars() {
        match (in_quote, c) {
            (Some(open), c) if c == open => in_quote = None,
            (Some(_), c) => out.push(c),
            (None, '\'' | '"') => in_quote = Some(c),
            (None, '0' | '#' | ',' | '.') => {
                if !has_digits {
                    has_digits = true;
                    out.push_str(&padded);
                    if !fraction.is_empty() {
                        out.push('.');
                        out.push_str(&fraction);
                    }
                }
            }
            (None, '\\') => {}
            (None, c) => out.push(c),
        }
    }
    out
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
        check(12345.0, "E3", "1.234E+004");
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
