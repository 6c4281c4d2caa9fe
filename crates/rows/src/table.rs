//! Rows with their columns.

use std::sync::Arc;

use azimuth_kql::types::{ScalarType, Schema};
use azimuth_kql::values::{Dynamic, Literal};
use azimuth_values::{Json, Type, Value, text};

/// The values of a row, one for each column.
pub type Row = Vec<Value>;

/// Rows under a schema.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The columns
    pub schema: Schema,
    /// The rows, in their order
    pub rows: Vec<Row>,
}

impl Table {
    /// A table.
    pub fn new(schema: Schema, rows: Vec<Row>) -> Self {
        Self { schema, rows }
    }

    /// The index of a column by name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.schema.index_of(name)
    }
}

/// The value that stands where there is none: null, and for `string`, which has no null, the empty text.
pub fn null_of(ty: ScalarType) -> Value {
    if ty == ScalarType::String { Value::string("") } else { Value::Null }
}

/// The binder's type as a type of values; what is unknown is `dynamic`.
pub fn type_of(ty: ScalarType) -> Type {
    match ty {
        ScalarType::Bool => Type::Bool,
        ScalarType::Int => Type::Int,
        ScalarType::Long => Type::Long,
        ScalarType::Real => Type::Real,
        ScalarType::Decimal => Type::Decimal,
        ScalarType::Datetime => Type::DateTime,
        ScalarType::Timespan => Type::TimeSpan,
        ScalarType::Guid => Type::Guid,
        ScalarType::String => Type::String,
        ScalarType::Dynamic | ScalarType::Unknown => Type::Dynamic,
    }
}

/// A constant of a query as a value.
pub fn literal_value(literal: &Literal) -> Value {
    match literal {
        Literal::Bool(value) => value.map_or(Value::Null, Value::Bool),
        Literal::Int(value) => value.map_or(Value::Null, Value::Int),
        Literal::Long(value) => value.map_or(Value::Null, Value::Long),
        Literal::Real(value) => value.map_or(Value::Null, Value::Real),
        Literal::Decimal(value) => {
            value.as_deref().and_then(text::read_decimal).map_or(Value::Null, Value::Decimal)
        }
        Literal::Datetime(value) => value.map_or(Value::Null, Value::DateTime),
        Literal::Timespan(value) => value.map_or(Value::Null, Value::TimeSpan),
        Literal::Guid(value) => value.map_or(Value::Null, Value::Guid),
        Literal::String(value) => Value::string(value.as_str()),
        Literal::Dynamic(value) => Value::dynamic(json_of(value)),
    }
}

/// What equal values share, and others do not: the key of groups and joins. Null is a key of its own.
pub fn key_of(values: &[Value]) -> Vec<u8> {
    let mut key = Vec::new();
    for value in values {
        let tagged = |tag: u8, bytes: &[u8], key: &mut Vec<u8>| {
            key.push(tag);
            key.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            key.extend_from_slice(bytes);
        };
        match value {
            Value::Null => key.push(0),
            Value::Bool(truth) => tagged(1, &[u8::from(*truth)], &mut key),
            Value::Int(number) => tagged(2, &i64::from(*number).to_le_bytes(), &mut key),
            Value::Long(number) => tagged(2, &number.to_le_bytes(), &mut key),
            Value::Real(number) => {
                let number = if number.is_nan() { f64::NAN } else { number + 0.0 };
                tagged(3, &number.to_bits().to_le_bytes(), &mut key);
            }
            Value::Decimal(number) => tagged(4, number.normalize().to_string().as_bytes(), &mut key),
            Value::DateTime(ticks) => tagged(5, &ticks.to_le_bytes(), &mut key),
            Value::TimeSpan(ticks) => tagged(6, &ticks.to_le_bytes(), &mut key),
            Value::Guid(bits) => tagged(7, &bits.to_le_bytes(), &mut key),
            Value::String(text) => tagged(8, text.as_bytes(), &mut key),
            Value::Dynamic(json) => match &**json {
                Json::Array(_) | Json::Object(_) => tagged(9, json.to_text().as_bytes(), &mut key),
                scalar => key.extend(key_of(&[scalar.to_value()])),
            },
        }
    }
    key
}

fn json_of(value: &Dynamic) -> Json {
    match value {
        Dynamic::Null => Json::Null,
        Dynamic::Bool(value) => Json::Bool(*value),
        Dynamic::Long(value) => Json::Long(*value),
        Dynamic::Real(value) => Json::Real(*value),
        Dynamic::String(value) => Json::string(value.as_str()),
        Dynamic::Array(items) => Json::Array(items.iter().map(json_of).collect()),
        Dynamic::Datetime(ticks) => Json::DateTime(*ticks),
        Dynamic::Timespan(ticks) => Json::TimeSpan(*ticks),
        Dynamic::Guid(bits) => Json::Guid(*bits),
        Dynamic::Bag(members) => {
            let mut read: Vec<(Arc<str>, Json)> = Vec::new();
            for (name, value) in members {
                let value = json_of(value);
                match read.iter_mut().find(|(known, _)| **known == **name) {
                    Some((_, known)) => *known = value,
                    None => read.push((name.as_str().into(), value)),
                }
            }
            Json::Object(read)
        }
    }
}
