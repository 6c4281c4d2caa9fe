//! A column under construction: values of JSON in the type of the column.
//!
//! The conversions are those of `azimuth_collect::fit`, on pieces of text.

use std::borrow::Cow;
use std::sync::Arc;

use azimuth_collect::fit;
use azimuth_kql::types::ScalarType;
use azimuth_values::text::{read_decimal, read_timespan};
use datafusion::arrow::array::{
    ArrayBuilder, ArrayRef, BooleanBuilder, Float64Builder, Int32Builder, Int64Builder, StringViewArray,
    StringViewBuilder, TimestampMicrosecondBuilder,
};

use crate::json;
use crate::moment;

/// A value of a record; nulls are left out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Bool(bool),
    Number(&'a str),
    Text(Cow<'a, str>),
    Nested(&'a str),
}

impl Value<'_> {
    /// What a column is called, and is, to which a value goes that does not fit its own: text, number, truth, time or GUID.
    pub(crate) fn own_column(&self) -> (&'static str, ScalarType) {
        match self {
            Value::Bool(_) => ("_b", ScalarType::Bool),
            Value::Number(_) => ("_d", ScalarType::Real),
            Value::Text(text) if fit::is_guid(text) => ("_g", ScalarType::Guid),
            Value::Text(text) if looks_like_time(text) => ("_t", ScalarType::Datetime),
            _ => ("_s", ScalarType::String),
        }
    }

    /// The type of a column that nobody declared.
    pub(crate) fn own_type(&self) -> ScalarType {
        match self {
            Value::Bool(_) => ScalarType::Bool,
            Value::Number(number) if number.parse::<i64>().is_ok() => ScalarType::Long,
            Value::Number(_) => ScalarType::Real,
            Value::Text(text) if looks_like_time(text) => ScalarType::Datetime,
            Value::Text(_) => ScalarType::String,
            Value::Nested(_) => ScalarType::Dynamic,
        }
    }

    /// The value as JSON.
    pub(crate) fn to_json(&self) -> String {
        match self {
            Value::Bool(truth) => truth.to_string(),
            Value::Number(text) | Value::Nested(text) => (*text).to_owned(),
            Value::Text(text) => serde_json::Value::from(text.as_ref()).to_string(),
        }
    }
}

/// A date and a time of day; a bare year or a version is none.
fn looks_like_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    (19..=40).contains(&bytes.len())
        && bytes[4] == b'-'
        && matches!(bytes[10], b'T' | b' ')
        && moment::micros(text).is_some()
}

/// The array of a column under construction.
#[derive(Debug)]
pub(crate) enum Builder {
    Bool(BooleanBuilder),
    Int(Int32Builder),
    Long(Int64Builder),
    Real(Float64Builder),
    Time(TimestampMicrosecondBuilder),
    Text(StringViewBuilder),
}

macro_rules! each {
    ($self:expr, $builder:ident => $body:expr) => {
        match $self {
            Builder::Bool($builder) => $body,
            Builder::Int($builder) => $body,
            Builder::Long($builder) => $body,
            Builder::Real($builder) => $body,
            Builder::Time($builder) => $body,
            Builder::Text($builder) => $body,
        }
    };
}

impl Builder {
    /// A column for about so many rows; one of texts takes `block_bytes` at a time. Small batches would fill memory with room
    /// for large ones.
    pub(crate) fn new(ty: ScalarType, rows: usize, block_bytes: u32) -> Self {
        match ty {
            ScalarType::Bool => Self::Bool(BooleanBuilder::with_capacity(rows)),
            ScalarType::Int => Self::Int(Int32Builder::with_capacity(rows)),
            ScalarType::Long | ScalarType::Timespan => Self::Long(Int64Builder::with_capacity(rows)),
            ScalarType::Real => Self::Real(Float64Builder::with_capacity(rows)),
            ScalarType::Datetime => Self::Time(TimestampMicrosecondBuilder::with_capacity(rows)),
            _ => Self::Text(StringViewBuilder::with_capacity(rows).with_fixed_block_size(block_bytes)),
        }
    }

    pub(crate) fn len(&self) -> usize {
        each!(self, builder => builder.len())
    }

    /// Fills up to so many rows.
    pub(crate) fn pad(&mut self, rows: usize) {
        let missing = rows.saturating_sub(self.len());
        match self {
            _ if missing == 0 => {}
            Self::Text(builder) => (0..missing).for_each(|_| builder.append_null()),
            Self::Bool(builder) => builder.append_nulls(missing),
            Self::Int(builder) => builder.append_nulls(missing),
            Self::Long(builder) => builder.append_nulls(missing),
            Self::Real(builder) => builder.append_nulls(missing),
            Self::Time(builder) => builder.append_nulls(missing),
        }
    }

    pub(crate) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Time(builder) => Arc::new(builder.finish().with_timezone("UTC")),
            other => each!(other, builder => ArrayBuilder::finish(builder)),
        }
    }

    /// Appends a value in the type of the column. What does not fit is not appended: `false`.
    pub(crate) fn put(&mut self, value: &Value<'_>, ty: ScalarType) -> bool {
        match self {
            Self::Text(builder) => put_text(builder, value, ty),
            Self::Time(builder) => match value {
                Value::Text(text) => put_option(text, moment::micros, |value| builder.append_option(value)),
                _ => false,
            },
            Self::Long(builder) if ty == ScalarType::Timespan => match value {
                Value::Text(text) => put_option(
                    text,
                    |text| text.contains(':').then(|| read_timespan(text)).flatten(),
                    |value| builder.append_option(value),
                ),
                _ => false,
            },
            Self::Long(builder) => put_whole(value, |value| {
                builder.append_option(value);
                true
            }),
            Self::Int(builder) => put_whole(value, |value| match value.map(i32::try_from) {
                Some(Err(_)) => false,
                Some(Ok(value)) => {
                    builder.append_value(value);
                    true
                }
                None => {
                    builder.append_null();
                    true
                }
            }),
            Self::Real(builder) => {
                let number = |text: &str| text.parse::<f64>().ok().filter(|real| real.is_finite());
                match value {
                    Value::Number(text) => number(text).is_some_and(|real| {
                        builder.append_value(real);
                        true
                    }),
                    Value::Text(text) => put_option(text, number, |value| builder.append_option(value)),
                    _ => false,
                }
            }
            Self::Bool(builder) => {
                let truth = match value {
                    Value::Bool(truth) => Some(*truth),
                    Value::Number("1") => Some(true),
                    Value::Number("0") => Some(false),
                    Value::Text(text) if text.trim().is_empty() => {
                        builder.append_null();
                        return true;
                    }
                    Value::Text(text) if text.eq_ignore_ascii_case("true") || text == "1" => Some(true),
                    Value::Text(text) if text.eq_ignore_ascii_case("false") || text == "0" => Some(false),
                    _ => None,
                };
                truth.is_some_and(|truth| {
                    builder.append_value(truth);
                    true
                })
            }
        }
    }

    /// Appends a moment, in microseconds since 1970.
    pub(crate) fn put_time(&mut self, micros: i64) {
        if let Self::Time(builder) = self {
            builder.append_value(micros);
        }
    }
}

/// A text in another type. An empty one is null: that is how exporters write a missing value.
fn put_option<T>(text: &str, read: impl Fn(&str) -> Option<T>, append: impl FnOnce(Option<T>)) -> bool {
    let text = text.trim();
    let value = read(text);
    let fits = value.is_some() || text.is_empty();
    if fits {
        append(value);
    }
    fits
}

fn put_whole(value: &Value<'_>, mut append: impl FnMut(Option<i64>) -> bool) -> bool {
    match value {
        Value::Bool(truth) => append(Some(i64::from(*truth))),
        Value::Number(text) => {
            // 2^63 is no long; every whole number below it is one.
            let real = || text.parse::<f64>().ok().filter(|real| real.fract() == 0.0 && real.abs() < 9.2e18);
            match text.parse().ok().or_else(|| real().map(|real| real as i64)) {
                Some(whole) => append(Some(whole)),
                None => false,
            }
        }
        Value::Text(text) if text.trim().is_empty() => append(None),
        Value::Text(text) => text.trim().parse().is_ok_and(|whole| append(Some(whole))),
        _ => false,
    }
}

fn put_text(builder: &mut StringViewBuilder, value: &Value<'_>, ty: ScalarType) -> bool {
    match (value, ty) {
        (Value::Text(text), ScalarType::String) => builder.append_value(text),
        (Value::Text(text), ScalarType::Guid) => {
            return put_option(
                text,
                |text| fit::is_guid(text).then(|| text.to_ascii_lowercase()),
                |value| builder.append_option(value),
            );
        }
        (Value::Text(text), ScalarType::Decimal) => {
            return put_option(
                text,
                |text| read_decimal(text).map(|number| number.normalize().to_string()),
                |value| builder.append_option(value),
            );
        }
        (Value::Number(text), ScalarType::Decimal) => match read_decimal(text) {
            Some(number) => builder.append_value(number.normalize().to_string()),
            None => return false,
        },
        (_, ScalarType::Guid | ScalarType::Decimal) => return false,
        // Objects and arrays are often written as texts.
        (Value::Text(text), _) if text.trim_start().starts_with(['{', '[']) && json::is_json(text) => {
            builder.append_value(text);
        }
        (Value::Text(_), _) => builder.append_value(value.to_json()),
        (Value::Number(text) | Value::Nested(text), _) => builder.append_value(text),
        (Value::Bool(truth), _) => builder.append_value(if *truth { "true" } else { "false" }),
    }
    true
}

/// The same text in every row.
pub(crate) fn repeated(text: &str, rows: usize) -> ArrayRef {
    Arc::new(StringViewArray::from_iter_values(std::iter::repeat_n(text, rows)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::util::display::array_value_to_string;

    fn put(value: &Value<'_>, ty: ScalarType) -> Option<String> {
        let mut builder = Builder::new(ty, 1, 1_024);
        builder.put(value, ty).then(|| array_value_to_string(&builder.finish(), 0).unwrap())
    }

    #[test]
    fn values_take_the_type_of_their_column() {
        use ScalarType as T;
        let text = |text: &'static str| Value::Text(Cow::Borrowed(text));
        for (value, ty, wanted) in [
            (text("443"), T::Int, "443"),
            (Value::Number("7.0"), T::Long, "7"),
            (Value::Bool(true), T::Long, "1"),
            (text("1.5"), T::Real, "1.5"),
            (text("True"), T::Bool, "true"),
            (Value::Nested("{\"a\":1}"), T::String, "{\"a\":1}"),
            (Value::Number("5"), T::String, "5"),
            (text("[1]"), T::Dynamic, "[1]"),
            (text("[1"), T::Dynamic, "\"[1\""),
            (text("2024-01-02T03:04:05"), T::Datetime, "2024-01-02T03:04:05Z"),
            (text(""), T::Datetime, ""),
            (text("6F9619FF-8B86-D011-B42D-00C04FC964FF"), T::Guid, "6f9619ff-8b86-d011-b42d-00c04fc964ff"),
            (text("1.02:03:04"), T::Timespan, "937840000000"),
            (Value::Number("1.50"), T::Decimal, "1.5"),
        ] {
            assert_eq!(put(&value, ty).as_deref(), Some(wanted), "{value:?} as {ty}");
        }
        for (value, ty) in [
            (text("high"), T::Int),
            (Value::Number("3000000000"), T::Int),
            (Value::Number("1.5"), T::Long),
            (Value::Number("9.3e18"), T::Long),
            (Value::Nested("[1]"), T::Real),
            (Value::Number("2"), T::Bool),
            (text("noon"), T::Datetime),
            (text("x"), T::Guid),
        ] {
            assert_eq!(put(&value, ty), None, "{value:?} as {ty}");
        }
    }
}
