//! Values in the types of columns, and the names of columns that nobody declared.
//!
//! Sources: the conversions of data collection rules, and the suffixes that the Data Collector API gave to columns. A value
//! that does not fit its column is not lost: it goes to a column of its own, named after its type (`Level` and `Level_s`).

use std::borrow::Cow;

use azimuth_kql::types::ScalarType;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::json;
use crate::record::{Cell, Row};

/// Members deeper than this stay JSON text.
const MAX_DEPTH: usize = 16;

/// The value in the type of a column; the value itself, if it does not fit. Null fits everywhere.
///
/// # Errors
/// The value.
pub fn cell<'a>(cell: Cell<'a>, ty: ScalarType) -> Result<Cell<'a>, Cell<'a>> {
    use ScalarType::{Bool, Dynamic, Int, Long, String, Unknown};
    match (cell, ty) {
        (Cell::Null, _) => Ok(Cell::Null),
        (Cell::Text(text), Dynamic) => Ok(match json_in(&text) {
            true => Cell::Json(text),
            false => Cell::Text(text),
        }),
        (cell, Dynamic | Unknown) | (cell @ Cell::Text(_), String) => Ok(cell),
        (cell, String) => Ok(Cell::from(cell.plain())),
        (Cell::Text(text), _) => from_text(text, ty).map_err(Cell::Text),
        (cell @ Cell::Bool(_), Bool) => Ok(cell),
        (Cell::Bool(bool), Int | Long) => Ok(i32::from(bool).into()),
        (Cell::Number(digits), _) => from_number(digits, ty).map_err(Cell::Number),
        (cell, _) => Err(cell),
    }
}

/// [`cell`] for a value that is a tree.
///
/// # Errors
/// The value.
pub fn convert(value: Value, ty: ScalarType) -> Result<Value, Value> {
    match (&value, ty) {
        (Value::Object(_) | Value::Array(_), ScalarType::Dynamic) => Ok(value),
        (Value::Object(_) | Value::Array(_), ScalarType::String) => Ok(value.to_string().into()),
        (Value::Object(_) | Value::Array(_), _) => Err(value),
        _ => match cell(Cell::from(value.clone()), ty) {
            Ok(fitting) => Ok(fitting.to_value()),
            Err(_) => Err(value),
        },
    }
}

/// Whether a text is an object or array in JSON.
fn json_in(text: &str) -> bool {
    match text.trim_start().as_bytes().first() {
        Some(b'{') => json::object(text).is_ok(),
        Some(b'[') => json::array(text).is_ok(),
        _ => false,
    }
}

/// The whole number of a text of digits, also where it is written as `7.0` or `7e0`.
fn whole(digits: &str) -> Option<i64> {
    digits.parse().ok().or_else(|| {
        // 2^63 is no long; every whole number below it is one.
        let real = digits.parse::<f64>().ok().filter(|real| real.fract() == 0.0 && real.abs() < 9.2e18)?;
        #[allow(clippy::cast_possible_truncation)]
        Some(real as i64)
    })
}

/// A number as JSON spells it, in the type of a column.
fn from_number<'a>(digits: Cow<'a, str>, ty: ScalarType) -> Result<Cell<'a>, Cow<'a, str>> {
    let fitting = match ty {
        ScalarType::Real | ScalarType::Decimal => return Ok(Cell::Number(digits)),
        ScalarType::Long => whole(&digits).map(Cell::from),
        ScalarType::Int => whole(&digits).and_then(|whole| i32::try_from(whole).ok()).map(Cell::from),
        ScalarType::Bool => {
            whole(&digits).filter(|whole| (0..=1).contains(whole)).map(|whole| (whole == 1).into())
        }
        _ => None,
    };
    match fitting {
        // Digits that need no other spelling are not copied.
        Some(Cell::Number(same)) if same == digits => Ok(Cell::Number(digits)),
        fitting => fitting.ok_or(digits),
    }
}

/// A value written as text. An empty text is null: that is how exporters write a missing number.
fn from_text<'a>(text: Cow<'a, str>, ty: ScalarType) -> Result<Cell<'a>, Cow<'a, str>> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Ok(Cell::Null);
    }
    let fitting = match ty {
        ScalarType::Bool if trimmed == "1" || trimmed.eq_ignore_ascii_case("true") => Some(true.into()),
        ScalarType::Bool if trimmed == "0" || trimmed.eq_ignore_ascii_case("false") => Some(false.into()),
        ScalarType::Int => trimmed.parse::<i32>().ok().map(Cell::from),
        ScalarType::Long => trimmed.parse::<i64>().ok().map(Cell::from),
        ScalarType::Real => trimmed
            .parse::<f64>()
            .ok()
            .filter(|real| real.is_finite())
            .and_then(serde_json::Number::from_f64)
            .map(|number| Cell::Number(number.to_string().into())),
        ScalarType::Decimal if trimmed.parse::<f64>().is_ok() => Some(trimmed.to_owned().into()),
        ScalarType::Datetime if is_written_out(trimmed) && trimmed.len() == text.len() => {
            return Ok(Cell::Text(text));
        }
        ScalarType::Datetime => moment(trimmed).map(Cell::from),
        ScalarType::Guid if is_guid(trimmed) => Some(trimmed.to_ascii_lowercase().into()),
        // Spelled as `[-][d.]hh:mm:ss[.fffffff]`, which the lake reads.
        ScalarType::Timespan if trimmed.contains(':') => Some(trimmed.to_owned().into()),
        _ => None,
    };
    fitting.ok_or(text)
}

/// Whether a text is a time as tables hold it already: `2024-01-02T03:04:05.0000000Z`, with each number in its range.
fn is_written_out(text: &str) -> bool {
    let Ok(bytes) = <&[u8; 28]>::try_from(text.as_bytes()) else { return false };
    let pattern = b"0000-00-00T00:00:00.0000000Z";
    let fits = bytes.iter().zip(pattern).all(|(byte, wanted)| match wanted {
        b'0' => byte.is_ascii_digit(),
        wanted => byte == wanted,
    });
    let pair = |at: usize| u32::from(bytes[at] & 15) * 10 + u32::from(bytes[at + 1] & 15);
    // Days from 29 on are left to the calendar.
    fits && (1..=12).contains(&pair(5))
        && (1..=28).contains(&pair(8))
        && pair(11) < 24
        && pair(14) < 60
        && pair(17) < 60
}

/// A moment in ISO 8601, without a zone in UTC; or as American programs write it, `1/2/2024 3:04:05 PM`.
pub fn moment(text: &str) -> Option<Timestamp> {
    let utc = |local: jiff::civil::DateTime| jiff::tz::TimeZone::UTC.to_timestamp(local).ok();
    text.parse().ok().or_else(|| utc(text.parse().ok()?)).or_else(|| {
        let formats = ["%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y, %I:%M:%S%.f %p"];
        let is_american = text.as_bytes().get(1..3).is_some_and(|start| start.contains(&b'/'));
        formats
            .iter()
            .filter(|_| is_american)
            .find_map(|format| utc(jiff::civil::DateTime::strptime(format, text).ok()?))
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
        Value::String(text) => text_suffix(text),
        _ => "_s",
    }
}

/// [`suffix`] for a cell.
pub fn cell_suffix(cell: &Cell<'_>) -> &'static str {
    match cell {
        Cell::Bool(_) => "_b",
        Cell::Number(_) => "_d",
        Cell::Text(text) => text_suffix(text),
        _ => "_s",
    }
}

fn text_suffix(text: &str) -> &'static str {
    if is_guid(text) {
        "_g"
    } else if looks_like_time(text) {
        "_t"
    } else {
        "_s"
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
pub fn put(row: &mut Map<String, Value>, column: &str, ty: ScalarType, value: Value) {
    let (name, value) = match convert(value, ty) {
        Ok(value) => (column.to_owned(), value),
        Err(value) => (format!("{column}{}", suffix(&value)), plain(value)),
    };
    if !value.is_null() {
        row.insert(name, value);
    }
}

/// Objects and arrays as their text.
fn plain(value: Value) -> Value {
    match value {
        Value::Object(_) | Value::Array(_) => value.to_string().into(),
        value => value,
    }
}

/// The members of an object as columns with suffixes, members of members joined by `_`: how the Data Collector API and
/// `AzureDiagnostics` name columns.
pub fn flatten<'a>(row: &mut Row<'a>, prefix: &str, members: Row<'a>) {
    flatten_at(row, prefix, members, 0);
}

fn flatten_at<'a>(row: &mut Row<'a>, prefix: &str, members: Row<'a>, depth: usize) {
    for (member, value) in members {
        let name = format!("{prefix}{}", column_name(&member));
        match value {
            Cell::Json(Cow::Borrowed(inner)) if depth < MAX_DEPTH && inner.starts_with('{') => {
                if let Ok(members) = json::object(inner) {
                    flatten_at(row, &format!("{name}_"), members, depth + 1);
                }
            }
            value => {
                let suffix = cell_suffix(&value);
                let value = match value {
                    Cell::Text(text) if suffix == "_t" => moment(&text).into(),
                    Cell::Json(text) => Cell::Text(text),
                    value => value,
                };
                row.set(format!("{name}{suffix}"), value);
            }
        }
    }
}

/// A member's name with everything but letters, digits and `_` replaced by `_`; never empty.
pub fn column_name(member: &str) -> Cow<'_, str> {
    let is_plain = |letter: char| letter.is_alphanumeric() || letter == '_';
    if member.is_empty() {
        return "_".into();
    }
    if member.chars().all(is_plain) {
        return member.into();
    }
    member.chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect::<String>().into()
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
            (json!("2024-02-30T03:04:05.0000000Z"), String, json!("2024-02-30T03:04:05.0000000Z")),
            (json!("1/2/2024 3:04:05 PM"), Datetime, json!("2024-01-02T15:04:05.0000000Z")),
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
            (json!("2024-02-30T03:04:05.0000000Z"), Datetime),
            (json!("2024-13-01T03:04:05.0000000Z"), Datetime),
        ] {
            assert_eq!(convert(given.clone(), ty), Err(given));
        }
    }

    #[test]
    fn what_does_not_fit_has_a_column_of_its_own() {
        let mut row = Map::new();
        put(&mut row, "Level", ScalarType::Int, json!("high"));
        put(&mut row, "Level", ScalarType::Int, json!(4));
        assert_eq!(Value::from(row), json!({"Level_s": "high", "Level": 4}));
    }

    #[test]
    fn undeclared_members_carry_suffixes() {
        let text = r#"{
            "identity": {"claim": {"http://a/b": "x"}}, "count": 3, "ok": false, "when": "2024-01-02T03:04:05Z",
            "id": "6f9619ff-8b86-d011-b42d-00c04fc964ff", "list": [1], "none": null, "version": "2024-01"
        }"#;
        let mut row = Row::default();
        flatten(&mut row, "", json::object(text).unwrap());
        let wanted = json!({
            "identity_claim_http___a_b_s": "x", "count_d": 3, "ok_b": false, "when_t": "2024-01-02T03:04:05.0000000Z",
            "id_g": "6f9619ff-8b86-d011-b42d-00c04fc964ff", "list_s": "[1]", "version_s": "2024-01"
        });
        assert_eq!(Value::from(row.to_map()), wanted);
    }
}
