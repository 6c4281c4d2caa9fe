//! Values in the types of columns, and the names of columns that nobody declared.
//!
//! Sources: the conversions of data collection rules, and the suffixes that the Data Collector API gave to columns. A value
//! that does not fit its column is not lost: it goes to a column of its own, named after its type (`Level` and `Level_s`).

use azimuth_kql::types::ScalarType;
use jiff::Timestamp;
use serde_json::Value;

use crate::record::{Row, set, time};

/// Members deeper than this stay JSON text.
const MAX_DEPTH: usize = 16;

/// The value in the type of a column; the value itself, if it does not fit. Null fits everywhere.
///
/// # Errors
/// The value.
pub fn convert(value: Value, ty: ScalarType) -> Result<Value, Value> {
    let converted = match (&value, ty) {
        (Value::Null, _) => Some(Value::Null),
        (Value::String(text), ScalarType::Dynamic) => Some(json_in(text).unwrap_or_else(|| value.clone())),
        (_, ScalarType::Dynamic | ScalarType::Unknown) | (Value::String(_), ScalarType::String) => {
            return Ok(value);
        }
        (_, ScalarType::String) => Some(Value::from(value.to_string())),
        (Value::String(text), _) => from_text(text.trim(), ty),
        (Value::Bool(bool), ScalarType::Bool) => Some((*bool).into()),
        (Value::Bool(bool), ScalarType::Int | ScalarType::Long) => Some(i32::from(*bool).into()),
        (Value::Number(number), _) => from_number(number, ty),
        _ => None,
    };
    converted.ok_or(value)
}

/// An object or array that is written as text.
fn json_in(text: &str) -> Option<Value> {
    text.trim_start().starts_with(['{', '[']).then(|| serde_json::from_str(text).ok()).flatten()
}

fn from_number(number: &serde_json::Number, ty: ScalarType) -> Option<Value> {
    let whole = || {
        number.as_i64().or_else(|| {
            // 2^63 is no long; every whole number below it is one.
            let real = number.as_f64().filter(|real| real.fract() == 0.0 && real.abs() < 9.2e18)?;
            #[allow(clippy::cast_possible_truncation)]
            Some(real as i64)
        })
    };
    match ty {
        ScalarType::Long => whole().map(Value::from),
        ScalarType::Int => whole().and_then(|whole| i32::try_from(whole).ok()).map(Value::from),
        ScalarType::Real | ScalarType::Decimal => Some(Value::Number(number.clone())),
        ScalarType::Bool => whole().filter(|whole| (0..=1).contains(whole)).map(|whole| (whole == 1).into()),
        _ => None,
    }
}

/// A value written as text. An empty text is null: that is how exporters write a missing number.
fn from_text(text: &str, ty: ScalarType) -> Option<Value> {
    if text.is_empty() {
        return Some(Value::Null);
    }
    match ty {
        ScalarType::Bool => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true.into()),
            "false" | "0" => Some(false.into()),
            _ => None,
        },
        ScalarType::Int => text.parse::<i32>().ok().map(Value::from),
        ScalarType::Long => text.parse::<i64>().ok().map(Value::from),
        ScalarType::Real => text.parse::<f64>().ok().filter(|real| real.is_finite()).map(Value::from),
        ScalarType::Decimal => text.parse::<f64>().is_ok().then(|| text.into()),
        ScalarType::Datetime => moment(text).map(|moment| time(moment).into()),
        ScalarType::Guid => is_guid(text).then(|| text.to_ascii_lowercase().into()),
        // Spelled as `[-][d.]hh:mm:ss[.fffffff]`, which the lake reads.
        ScalarType::Timespan => text.contains(':').then(|| text.into()),
        _ => None,
    }
}

/// A moment in ISO 8601; without a zone it is UTC.
pub fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let local: jiff::civil::DateTime = text.parse().ok()?;
        jiff::tz::TimeZone::UTC.to_timestamp(local).ok()
    })
}

/// Whether a text is spelled as a GUID: 8-4-4-4-12 hexadecimal digits.
pub fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// What a column of this value is called where nobody declared it: the name and `_s`, `_d`, `_b`, `_t` or `_g` for text,
/// number, truth, time and GUID. Objects and arrays are texts.
pub fn suffix(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "_b",
        Value::Number(_) => "_d",
        Value::String(text) if is_guid(text) => "_g",
        Value::String(text) if looks_like_time(text) => "_t",
        _ => "_s",
    }
}

/// Whether a text is a moment with a date and a time of day; a bare year or a version is none.
fn looks_like_time(text: &str) -> bool {
    text.len() >= 19
        && text.as_bytes()[4] == b'-'
        && matches!(text.as_bytes()[10], b'T' | b' ')
        && moment(text).is_some()
}

/// Sets a column in its type; what does not fit goes to the column with the suffix of its own type.
pub fn put(row: &mut Row, column: &str, ty: ScalarType, value: Value) {
    match convert(value, ty) {
        Ok(value) => set(row, column, value),
        Err(value) => {
            let name = format!("{column}{}", suffix(&value));
            set(row, &name, plain(value));
        }
    }
}

/// The members of an object as columns with suffixes, members of members joined by `_`: how the Data Collector API and
/// `AzureDiagnostics` name columns.
pub fn flatten(row: &mut Row, prefix: &str, members: Row) {
    flatten_at(row, prefix, members, 0);
}

fn flatten_at(row: &mut Row, prefix: &str, members: Row, depth: usize) {
    for (member, value) in members {
        let name = format!("{prefix}{}", column_name(&member));
        match value {
            Value::Object(inner) if depth < MAX_DEPTH => {
                flatten_at(row, &format!("{name}_"), inner, depth + 1);
            }
            value => {
                let suffix = suffix(&value);
                let value = match plain(value) {
                    Value::String(text) if suffix == "_t" => {
                        moment(&text).map_or(Value::Null, |at| time(at).into())
                    }
                    value => value,
                };
                set(row, &format!("{name}{suffix}"), value);
            }
        }
    }
}

/// Objects and arrays as their text.
fn plain(value: Value) -> Value {
    match value {
        Value::Object(_) | Value::Array(_) => value.to_string().into(),
        value => value,
    }
}

/// A member's name with everything but letters, digits and `_` replaced by `_`.
pub fn column_name(member: &str) -> String {
    member.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_take_the_type_of_their_column() {
        use ScalarType::{Bool, Datetime, Dynamic, Guid, Int, Long, Real, String};
        let cases = [
            (json!("443"), Int, json!(443)),
            (json!(7.0), Long, json!(7)),
            (json!(true), Long, json!(1)),
            (json!("1.5"), Real, json!(1.5)),
            (json!("True"), Bool, json!(true)),
            (json!({"a": 1}), String, json!("{\"a\":1}")),
            (json!(5), String, json!("5")),
            (json!("[1]"), Dynamic, json!([1])),
            (json!("text"), Dynamic, json!("text")),
            (json!("2024-01-02T03:04:05"), Datetime, json!("2024-01-02T03:04:05.0000000Z")),
            (json!(""), Datetime, json!(null)),
            (
                json!("6F9619FF-8B86-D011-B42D-00C04FC964FF"),
                Guid,
                json!("6f9619ff-8b86-d011-b42d-00c04fc964ff"),
            ),
        ];
        for (given, ty, wanted) in cases {
            assert_eq!(convert(given.clone(), ty), Ok(wanted), "{given} as {ty}");
        }
        for (given, ty) in [
            (json!("high"), Int),
            (json!(3_000_000_000_u64), Int),
            (json!(1.5), Long),
            (json!(9.3e18), Long),
            (json!([1]), Real),
            (json!(2), Bool),
            (json!("noon"), Datetime),
        ] {
            assert_eq!(convert(given.clone(), ty), Err(given));
        }
    }

    #[test]
    fn what_does_not_fit_has_a_column_of_its_own() {
        let mut row = Row::new();
        put(&mut row, "Level", ScalarType::Int, json!("high"));
        put(&mut row, "Level", ScalarType::Int, json!(4));
        assert_eq!(Value::from(row), json!({"Level_s": "high", "Level": 4}));
    }

    #[test]
    fn undeclared_members_carry_suffixes() {
        let mut row = Row::new();
        let Value::Object(members) = json!({
            "identity": {"claim": {"http://a/b": "x"}}, "count": 3, "ok": false, "when": "2024-01-02T03:04:05Z",
            "id": "6f9619ff-8b86-d011-b42d-00c04fc964ff", "list": [1], "none": null, "version": "2024-01"
        }) else {
            unreachable!()
        };
        flatten(&mut row, "", members);
        let wanted = json!({
            "identity_claim_http___a_b_s": "x", "count_d": 3, "ok_b": false, "when_t": "2024-01-02T03:04:05.0000000Z",
            "id_g": "6f9619ff-8b86-d011-b42d-00c04fc964ff", "list_s": "[1]", "version_s": "2024-01"
        });
        assert_eq!(Value::from(row), wanted);
    }
}
