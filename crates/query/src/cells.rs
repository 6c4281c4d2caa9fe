//! Kusto's values in Arrow arrays.
//!
//! | type | array | |
//! |---|---|---|
//! | `bool`, `int`, `long`, `real` | `Boolean`, `Int32`, `Int64`, `Float64` | |
//! | `datetime`, `timespan` | `Int64` | ticks of 100 ns; datetimes since 0001-01-01 |
//! | `guid` | `FixedSizeBinary(16)` | |
//! | `decimal` | `Utf8View` | its normal spelling |
//! | `string` | `Utf8View` | null only where Kusto itself has a null string |
//! | `dynamic` | `Utf8View` | JSON text as [`Json::parse_kept`] reads it; text that is no JSON is a string |
//!
//! Which of them a column is, the bound query knows; arrays do not say.

use std::sync::Arc;

use azimuth_values::{Json, Type, Value, text};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, FixedSizeBinaryBuilder, Float64Builder, Int32Builder,
    Int64Builder, StringViewBuilder,
};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type};

/// The Arrow type of a column.
pub fn arrow_type(ty: Type) -> DataType {
    match ty {
        Type::Bool => DataType::Boolean,
        Type::Int => DataType::Int32,
        Type::Long | Type::DateTime | Type::TimeSpan => DataType::Int64,
        Type::Real => DataType::Float64,
        Type::Guid => DataType::FixedSizeBinary(16),
        Type::Decimal | Type::String | Type::Dynamic => DataType::Utf8View,
    }
}

/// The value of a cell. An array of another type than [`arrow_type`] says is a mistake of the planner, and reads as null.
pub fn value(array: &dyn Array, row: usize, ty: Type) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    match ty {
        Type::Bool => array.as_boolean_opt().map_or(Value::Null, |array| Value::Bool(array.value(row))),
        Type::Int => {
            array.as_primitive_opt::<Int32Type>().map_or(Value::Null, |array| Value::Int(array.value(row)))
        }
        Type::Long => long(array, row).map_or(Value::Null, Value::Long),
        Type::DateTime => long(array, row).map_or(Value::Null, Value::DateTime),
        Type::TimeSpan => long(array, row).map_or(Value::Null, Value::TimeSpan),
        Type::Real => {
            array.as_primitive_opt::<Float64Type>().map_or(Value::Null, |array| Value::Real(array.value(row)))
        }
        Type::Guid => array
            .as_fixed_size_binary_opt()
            .and_then(|array| array.value(row).try_into().ok())
            .map_or(Value::Null, |bytes| Value::Guid(u128::from_be_bytes(bytes))),
        Type::Decimal => written(array, row).and_then(text::read_decimal).map_or(Value::Null, Value::Decimal),
        Type::String => written(array, row).map_or(Value::Null, Value::string),
        Type::Dynamic => written(array, row).map_or(Value::Null, dynamic),
    }
}

/// The text of a `dynamic` as a value; text that is no JSON is a dynamic string.
pub fn dynamic(text: &str) -> Value {
    Value::dynamic(Json::parse_kept(text).unwrap_or_else(|| Json::string(text)))
}

fn long(array: &dyn Array, row: usize) -> Option<i64> {
    array.as_primitive_opt::<Int64Type>().map(|array| array.value(row))
}

fn written(array: &dyn Array, row: usize) -> Option<&str> {
    array.as_string_view_opt().map(|array| array.value(row))
}

/// An array of values. A value of another type than the column's is null.
pub fn array<'v>(values: impl IntoIterator<Item = &'v Value>, ty: Type) -> ArrayRef {
    let values = values.into_iter();
    let count = values.size_hint().0;
    macro_rules! built {
        ($builder:expr, $read:expr) => {{
            let mut builder = $builder;
            for value in values {
                builder.append_option($read(value));
            }
            Arc::new(builder.finish()) as ArrayRef
        }};
    }
    match ty {
        Type::Bool => built!(BooleanBuilder::with_capacity(count), |value: &Value| match value {
            Value::Bool(truth) => Some(*truth),
            _ => None,
        }),
        Type::Int => built!(Int32Builder::with_capacity(count), |value: &Value| match value {
            Value::Int(number) => Some(*number),
            _ => None,
        }),
        Type::Long | Type::DateTime | Type::TimeSpan => {
            built!(Int64Builder::with_capacity(count), |value: &Value| match value {
                Value::Int(number) => Some(i64::from(*number)),
                Value::Long(number) | Value::DateTime(number) | Value::TimeSpan(number) => Some(*number),
                _ => None,
            })
        }
        Type::Real => built!(Float64Builder::with_capacity(count), |value: &Value| match value {
            Value::Real(number) => Some(*number),
            _ => None,
        }),
        Type::Guid => {
            let mut builder = FixedSizeBinaryBuilder::with_capacity(count, 16);
            for value in values {
                match value {
                    // Sixteen bytes are what the builder was made for.
                    Value::Guid(bits) => drop(builder.append_value(bits.to_be_bytes())),
                    _ => builder.append_null(),
                }
            }
            Arc::new(builder.finish())
        }
        Type::Decimal => built!(StringViewBuilder::with_capacity(count), |value: &Value| match value {
            Value::Decimal(number) => Some(number.normalize().to_string()),
            _ => None,
        }),
        Type::String => {
            let mut builder = StringViewBuilder::with_capacity(count);
            for value in values {
                match value {
                    Value::String(text) => builder.append_value(text),
                    Value::Null => builder.append_null(),
                    other => builder.append_value(text::to_string(other)),
                }
            }
            Arc::new(builder.finish())
        }
        Type::Dynamic => built!(StringViewBuilder::with_capacity(count), |value: &Value| match value {
            Value::Null => None,
            Value::Dynamic(json) => Some(json.to_kept_text()),
            scalar => Some(scalar.to_json().to_kept_text()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back() {
        let json = Value::array(vec![Json::DateTime(5), Json::Real(f64::NAN)]);
        for (ty, given) in [
            (Type::Bool, Value::Bool(true)),
            (Type::Int, Value::Int(-3)),
            (Type::Long, Value::Long(i64::MIN)),
            (Type::Real, Value::Real(f64::INFINITY)),
            (Type::DateTime, Value::DateTime(7)),
            (Type::TimeSpan, Value::TimeSpan(-7)),
            (Type::Guid, Value::Guid(u128::MAX - 1)),
            (Type::Decimal, Value::Decimal("1.50".parse().unwrap())),
            (Type::String, Value::string("x")),
            (Type::Dynamic, Value::dynamic(Json::string("{"))),
        ] {
            let array = array([&given, &Value::Null], ty);
            assert_eq!(array.data_type(), &arrow_type(ty));
            assert_eq!(value(&array, 0, ty), given);
            assert_eq!(value(&array, 1, ty), Value::Null);
        }
        let array = array([&json], Type::Dynamic);
        assert_eq!(text::to_string(&value(&array, 0, Type::Dynamic)), text::to_string(&json));
    }
}
