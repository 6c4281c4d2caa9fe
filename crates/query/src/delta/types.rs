//! The schema of a table, and the values of its partitions and statistics.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use datafusion::common::ScalarValue;
use serde_json::Value;

/// Columns of a table, nested ones counted.
const MAX_FIELDS: usize = 100_000;

/// Why a schema cannot be read.
#[derive(Debug)]
pub(super) enum BadSchema {
    Unsupported(String),
    Wrong(String),
}

/// The columns that a schema of the log tells.
pub(super) fn fields(schema: &str) -> Result<Vec<Field>, BadSchema> {
    // The reader of JSON bounds how deep it goes, and so how deep this does.
    let parsed: Value =
        serde_json::from_str(schema).map_err(|error| wrong(format!("the schema: {error}")))?;
    let mut left = MAX_FIELDS;
    Ok(members(&parsed, &mut left)?.into_iter().map(|field| Field::clone(&field)).collect())
}

fn wrong(why: impl Into<String>) -> BadSchema {
    BadSchema::Wrong(why.into())
}

fn members(of: &Value, left: &mut usize) -> Result<Vec<Arc<Field>>, BadSchema> {
    let listed = of["fields"].as_array().ok_or_else(|| wrong("the schema has no `fields`"))?;
    listed
        .iter()
        .map(|field| {
            *left = left.checked_sub(1).ok_or_else(|| wrong(format!("more than {MAX_FIELDS} columns")))?;
            let name = field["name"].as_str().ok_or_else(|| wrong("a column has no `name`"))?;
            Ok(Arc::new(Field::new(name, ty(&field["type"], left)?, true)))
        })
        .collect()
}

fn ty(of: &Value, left: &mut usize) -> Result<DataType, BadSchema> {
    if let Some(name) = of.as_str() {
        return primitive(name);
    }
    let item = |ty: DataType| Arc::new(Field::new("element", ty, true));
    match of["type"].as_str() {
        Some("struct") => Ok(DataType::Struct(Fields::from(members(of, left)?))),
        Some("array") => Ok(DataType::List(item(ty(&of["elementType"], left)?))),
        Some("map") => {
            let key = Field::new("key", ty(&of["keyType"], left)?, false);
            let value = Field::new("value", ty(&of["valueType"], left)?, true);
            let entries = DataType::Struct(Fields::from(vec![key, value]));
            Ok(DataType::Map(Arc::new(Field::new("key_value", entries, false)), false))
        }
        _ => Err(wrong("a column has no type that the protocol knows")),
    }
}

fn primitive(name: &str) -> Result<DataType, BadSchema> {
    Ok(match name {
        "string" => DataType::Utf8View,
        "long" => DataType::Int64,
        "integer" => DataType::Int32,
        "short" => DataType::Int16,
        "byte" => DataType::Int8,
        "float" => DataType::Float32,
        "double" => DataType::Float64,
        "boolean" => DataType::Boolean,
        "binary" => DataType::Binary,
        "date" => DataType::Date32,
        "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        "timestamp_ntz" => DataType::Timestamp(TimeUnit::Microsecond, None),
        other => match decimal(other) {
            Some((precision, scale)) => DataType::Decimal128(precision, scale),
            None => return Err(BadSchema::Unsupported(format!("a column of the type `{other}`"))),
        },
    })
}

/// `decimal(10,2)`; up to 38 digits, as the protocol has them.
fn decimal(name: &str) -> Option<(u8, i8)> {
    let (precision, scale) = name.strip_prefix("decimal(")?.strip_suffix(')')?.split_once(',')?;
    let (precision, scale): (u8, i8) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
    let is_valid = (1..=38).contains(&precision) && scale >= 0 && scale as u8 <= precision;
    is_valid.then_some((precision, scale))
}

/// The value of a partition, which the log has as text: the empty text is null. `None` if the text is none of the type.
pub(super) fn partition(text: Option<&str>, ty: &DataType) -> Option<ScalarValue> {
    match text.filter(|text| !text.is_empty()) {
        None => ScalarValue::try_from(ty).ok(),
        Some(text) => {
            let value = ScalarValue::try_from_string(text.to_owned(), ty).ok()?;
            (!value.is_null()).then_some(value)
        }
    }
}

/// The least or the greatest value of a column, as statistics have it; `None` if it says nothing. What is written as a
/// `timestamp` there is cut to milliseconds: the greatest may be up to one more.
pub(super) fn bound(value: &Value, ty: &DataType, is_greatest: bool) -> Option<ScalarValue> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        _ => return None,
    };
    match ty {
        DataType::Binary | DataType::Struct(_) | DataType::List(_) | DataType::Map(..) => return None,
        // An empty text is a value here.
        DataType::Utf8View => return Some(ScalarValue::Utf8View(Some(text))),
        // What is not a number is in no statistics, and rounding moves bounds.
        DataType::Float32 | DataType::Float64 if !value.is_number() => return None,
        _ => {}
    }
    match ScalarValue::try_from_string(text, ty).ok()? {
        value if value.is_null() => None,
        ScalarValue::TimestampMicrosecond(Some(micros), zone) if is_greatest => {
            Some(ScalarValue::TimestampMicrosecond(Some(micros.saturating_add(999)), zone))
        }
        value => Some(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_the_protocol() {
        let schema = r#"{"type":"struct","fields":[
            {"name":"a","type":"string","nullable":true,"metadata":{}},
            {"name":"b","type":"decimal(10,2)","nullable":true,"metadata":{}},
            {"name":"c","type":{"type":"array","elementType":"long","containsNull":true}},
            {"name":"d","type":{"type":"map","keyType":"string","valueType":{"type":"struct","fields":[{"name":"e","type":"date"}]}}}]}"#;
        let found = fields(schema).unwrap();
        assert_eq!(found.len(), 4);
        assert_eq!(found[1].data_type(), &DataType::Decimal128(10, 2));
        for bad in [
            "",
            "{}",
            r#"{"fields":[{"type":"string"}]}"#,
            r#"{"fields":[{"name":"a","type":{"type":"tree"}}]}"#,
        ] {
            assert!(matches!(fields(bad), Err(BadSchema::Wrong(_))), "{bad}");
        }
        for odd in ["variant", "decimal(39,1)", "decimal(1", "decimal(3,9)"] {
            let schema = format!(r#"{{"fields":[{{"name":"a","type":"{odd}"}}]}}"#);
            assert!(matches!(fields(&schema), Err(BadSchema::Unsupported(_))), "{odd}");
        }
        let deep =
            format!("{}\"long\"{}", r#"{"type":"array","elementType":"#.repeat(5_000), "}".repeat(5_000));
        assert!(fields(&format!(r#"{{"fields":[{{"name":"a","type":{deep}}}]}}"#)).is_err());
    }

    #[test]
    fn values_of_partitions() {
        let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let micros = |text| match partition(Some(text), &utc) {
            Some(ScalarValue::TimestampMicrosecond(micros, _)) => micros,
            _ => None,
        };
        assert_eq!(micros("2024-01-01 00:00:00"), Some(1_704_067_200_000_000));
        assert_eq!(micros("2024-01-01T00:00:00.000001Z"), Some(1_704_067_200_000_001));
        assert_eq!(partition(Some("x"), &DataType::Int64), None);
        assert_eq!(partition(Some(""), &DataType::Utf8View), Some(ScalarValue::Utf8View(None)));
        assert_eq!(partition(None, &DataType::Int32), Some(ScalarValue::Int32(None)));
    }
}
