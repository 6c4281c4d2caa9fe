//! One scalar of Kusto.

use std::sync::Arc;

use rust_decimal::Decimal;

use crate::json::Json;

/// The scalar types of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Type {
    /// `bool`
    Bool,
    /// `int`, 32 bits
    Int,
    /// `long`, 64 bits
    Long,
    /// `real`, IEEE 754 double
    Real,
    /// `decimal`
    Decimal,
    /// `datetime`, ticks of 100 ns since 0001-01-01 UTC
    DateTime,
    /// `timespan`, ticks of 100 ns
    TimeSpan,
    /// `guid`
    Guid,
    /// `string`
    String,
    /// `dynamic`
    Dynamic,
}

impl Type {
    /// The name as queries write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Long => "long",
            Self::Real => "real",
            Self::Decimal => "decimal",
            Self::DateTime => "datetime",
            Self::TimeSpan => "timespan",
            Self::Guid => "guid",
            Self::String => "string",
            Self::Dynamic => "dynamic",
        }
    }
}

/// One scalar. The type is the binder's to know; a value carries only what tells it from others of its column, and
/// `Null` is null of any type.
///
/// Strings have no null in Kusto: a function that has no text to give answers with the empty one. The few places where
/// the engine does give a null string (`substring` with a null index over rows) answer `Null`.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Null of any type; of `dynamic`, also `dynamic(null)`
    #[default]
    Null,
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i32),
    /// `long`
    Long(i64),
    /// `real`
    Real(f64),
    /// `decimal`
    Decimal(Decimal),
    /// `datetime`: ticks of 100 ns since 0001-01-01T00:00:00Z, within 0..=[`crate::calendar::MAX`]
    DateTime(i64),
    /// `timespan`: ticks of 100 ns
    TimeSpan(i64),
    /// `guid`, its 128 bits in the order they are written
    Guid(u128),
    /// `string`
    String(Arc<str>),
    /// `dynamic` that is not null
    Dynamic(Arc<Json>),
}

impl Value {
    /// A `string`.
    pub fn string(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    /// A `dynamic`; JSON's null is the null of `dynamic`.
    pub fn dynamic(json: Json) -> Self {
        match json {
            Json::Null => Self::Null,
            json => Self::Dynamic(Arc::new(json)),
        }
    }

    /// A `dynamic` array.
    pub fn array(items: Vec<Json>) -> Self {
        Self::Dynamic(Arc::new(Json::Array(items)))
    }

    /// A finite-or-not `real`, where not-a-number stays one.
    pub fn real(number: f64) -> Self {
        Self::Real(number)
    }

    /// Null, of whatever type.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text of a `string`; a `dynamic` that holds a text counts as one, as string functions take it. `None` for
    /// everything else, null included.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Dynamic(json) => match &**json {
                Json::String(text) => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// The truth of a `bool` (or of a `dynamic` that holds one).
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            Self::Dynamic(json) => match &**json {
                Json::Bool(truth) => Some(*truth),
                _ => None,
            },
            _ => None,
        }
    }

    /// The whole number of an `int` or `long` (or of a `dynamic` that holds one); ticks of a datetime or timespan.
    pub fn as_long(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(i64::from(*number)),
            Self::Long(number) | Self::DateTime(number) | Self::TimeSpan(number) => Some(*number),
            Self::Dynamic(json) => match &**json {
                Json::Long(number) => Some(*number),
                _ => None,
            },
            _ => None,
        }
    }

    /// Any number as a double; `None` for what is no number.
    pub fn as_real(&self) -> Option<f64> {
        match self {
            Self::Int(number) => Some(f64::from(*number)),
            Self::Long(number) => Some(*number as f64),
            Self::Real(number) => Some(*number),
            Self::Decimal(number) => rust_decimal::prelude::ToPrimitive::to_f64(number),
            Self::Dynamic(json) => match &**json {
                Json::Long(number) => Some(*number as f64),
                Json::Real(number) => Some(*number),
                Json::Decimal(number) => rust_decimal::prelude::ToPrimitive::to_f64(number),
                _ => None,
            },
            _ => None,
        }
    }

    /// What a `dynamic` holds; `None` for null and other types.
    pub fn as_json(&self) -> Option<&Json> {
        match self {
            Self::Dynamic(json) => Some(json),
            _ => None,
        }
    }

    /// The items of a `dynamic` array.
    pub fn as_array(&self) -> Option<&[Json]> {
        match self.as_json() {
            Some(Json::Array(items)) => Some(items),
            _ => None,
        }
    }

    /// The members of a `dynamic` property bag.
    pub fn as_bag(&self) -> Option<&[(Arc<str>, Json)]> {
        match self.as_json() {
            Some(Json::Object(members)) => Some(members),
            _ => None,
        }
    }

    /// The value as it lies inside a `dynamic`: `pack_array`, `make_list` and the like.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(truth) => Json::Bool(*truth),
            Self::Int(number) => Json::Long(i64::from(*number)),
            Self::Long(number) => Json::Long(*number),
            Self::Real(number) => Json::Real(*number),
            Self::Decimal(number) => Json::Decimal(*number),
            Self::DateTime(ticks) => Json::DateTime(*ticks),
            Self::TimeSpan(ticks) => Json::TimeSpan(*ticks),
            Self::Guid(bits) => Json::Guid(*bits),
            Self::String(text) => Json::String(text.clone()),
            Self::Dynamic(json) => (**json).clone(),
        }
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Long(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
