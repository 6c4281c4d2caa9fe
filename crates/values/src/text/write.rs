//! Values as text: what `tostring` gives.

use std::fmt::Write as _;

use crate::calendar::{self, DAY, HOUR, MINUTE, SECOND};
use crate::json::Json;
use crate::value::Value;

/// `tostring(value)`: null is the empty text; a bool is `True` or `False`, but inside a `dynamic` it prints as JSON does.
pub fn to_string(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(truth) => if *truth { "True" } else { "False" }.to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Long(number) => number.to_string(),
        Value::Real(number) => real(*number),
        Value::Decimal(number) => number.normalize().to_string(),
        Value::DateTime(ticks) => datetime(*ticks),
        Value::TimeSpan(ticks) => timespan(*ticks),
        Value::Guid(bits) => guid(*bits),
        Value::String(text) => text.to_string(),
        Value::Dynamic(json) => match &**json {
            Json::String(text) => text.to_string(),
            Json::DateTime(ticks) => datetime(*ticks),
            Json::TimeSpan(ticks) => timespan(*ticks),
            Json::Guid(bits) => guid(*bits),
            json => json.to_text(),
        },
    }
}

/// A double by its shortest spelling that reads back the same; always with a fraction or an exponent, so that it stays a
/// `real`. Not-a-number and the infinities are `NaN`, `Infinity`, `-Infinity`.
pub fn real(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let size = number.abs();
    if let Some(text) = widest(number) {
        return text;
    }
    if size != 0.0 && !(1e-5..1e15).contains(&size) {
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').expect("`e` formatting writes an exponent");
        let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    let text = number.to_string();
    if text.contains('.') { text } else { format!("{text}.0") }
}

/// Of several spellings of 16 digits or more that read back as the same number, the engine writes the one furthest from
/// zero. `None` where the shortest spelling has fewer digits, or an exponent.
fn widest(number: f64) -> Option<String> {
    let size = number.abs();
    if !(1e-5..1e15).contains(&size) {
        return None;
    }
    let shortest = number.to_string();
    let digits = shortest.trim_start_matches(['-', '0', '.']).bytes().filter(u8::is_ascii_digit).count();
    if digits < 16 || !shortest.contains('.') {
        return None;
    }
    let mut widest = shortest;
    loop {
        let last = widest.pop()?;
        if !('0'..='8').contains(&last) {
            widest.push(last);
            return Some(widest);
        }
        let next = char::from(last as u8 + 1);
        widest.push(next);
        if widest.parse() != Ok(number) {
            widest.pop();
            widest.push(last);
            return Some(widest);
        }
    }
}

/// `2020-01-02T03:04:05.6000000Z`.
pub fn datetime(ticks: i64) -> String {
    let at = calendar::civil(ticks);
    let time = at.time;
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:07}Z",
        at.year,
        at.month,
        at.day,
        time / HOUR,
        time % HOUR / MINUTE,
        time % MINUTE / SECOND,
        time % SECOND
    )
}

/// `[-][d.]hh:mm:ss[.fffffff]`.
pub fn timespan(ticks: i64) -> String {
    let size = ticks.unsigned_abs();
    let unit = |ticks: i64| ticks.unsigned_abs();
    let mut out = String::new();
    if ticks < 0 {
        out.push('-');
    }
    let days = size / unit(DAY);
    if days > 0 {
        let _ = write!(out, "{days}.");
    }
    let _ = write!(
        out,
        "{:02}:{:02}:{:02}",
        size % unit(DAY) / unit(HOUR),
        size % unit(HOUR) / unit(MINUTE),
        size % unit(MINUTE) / unit(SECOND)
    );
    let fraction = size % unit(SECOND);
    if fraction > 0 {
        let _ = write!(out, ".{fraction:07}");
    }
    out
}

/// A guid in lower case with hyphens.
pub fn guid(bits: u128) -> String {
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// Compact JSON text, appended.
pub fn write_json(out: &mut String, json: &Json) {
    match json {
        Json::Null => out.push_str("null"),
        Json::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Json::Long(number) => {
            let _ = write!(out, "{number}");
        }
        Json::Real(number) if number.is_finite() => out.push_str(&real(*number)),
        Json::Real(number) => quote(out, &real(*number)),
        Json::Decimal(number) => quote(out, &number.normalize().to_string()),
        Json::DateTime(ticks) => quote(out, &datetime(*ticks)),
        Json::TimeSpan(ticks) => quote(out, &timespan(*ticks)),
        Json::Guid(bits) => quote(out, &guid(*bits)),
        Json::String(text) => quote(out, text),
        Json::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_json(out, item);
            }
            out.push(']');
        }
        Json::Object(members) => {
            out.push('{');
            for (index, (name, value)) in members.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                quote(out, name);
                out.push(':');
                write_json(out, value);
            }
            out.push('}');
        }
    }
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            control if u32::from(control) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            plain => out.push(plain),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        for (value, text) in [
            (Value::Null, ""),
            (Value::Bool(true), "True"),
            (Value::dynamic(Json::Bool(true)), "true"),
            (Value::Real(1.5), "1.5"),
            (Value::Real(3.0), "3.0"),
            (Value::DateTime(0), "0001-01-01T00:00:00.0000000Z"),
            (Value::TimeSpan(937_840_000_000), "1.02:03:04"),
            (Value::TimeSpan(-5), "-00:00:00.0000005"),
            (Value::Guid(1), "00000000-0000-0000-0000-000000000001"),
            (Value::dynamic(Json::parse(r#"{"a":[1,"x\n"]}"#).unwrap()), r#"{"a":[1,"x\n"]}"#),
        ] {
            assert_eq!(to_string(&value), text);
        }
    }
}
