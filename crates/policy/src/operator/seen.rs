//! A value found in a resource, as cheap to pass as a pointer.

use std::borrow::Cow;

use azimuth_arm::{Kind, Value};

use crate::document::{has_member, value_of_text};
use crate::fold;

/// A value found in a resource.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Seen<'a> {
    /// Nothing is there.
    Absent,
    /// `null`
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(f64),
    /// Text and its folded hash.
    Text(&'a str, u64),
    /// An array or object.
    Complex(Complex<'a>),
}

/// An array or object.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Complex<'a> {
    /// Its JSON text.
    Raw(&'a str),
    /// The value itself.
    Value(&'a Value),
}

impl<'a> Seen<'a> {
    pub(crate) fn text(text: &'a str) -> Self {
        Self::Text(text, fold::hash(text))
    }

    pub(crate) fn of(value: &'a Value) -> Self {
        match value.kind() {
            Kind::Null => Self::Null,
            Kind::Bool(truth) => Self::Bool(*truth),
            Kind::Int(int) => Self::Number(*int as f64),
            Kind::Float(float) => Self::Number(*float),
            Kind::String(text) => Self::text(text),
            Kind::Array(_) | Kind::Object(_) => Self::Complex(Complex::Value(value)),
            Kind::Symbolic(_) => Self::Absent,
        }
    }

    pub(crate) fn is_present(self) -> bool {
        !matches!(self, Self::Absent | Self::Null)
    }

    /// The value for functions and traces; null if absent.
    pub(crate) fn to_value(self) -> Value {
        match self {
            Self::Absent | Self::Null => Value::NULL,
            Self::Bool(truth) => Value::bool(truth),
            Self::Number(number) => number_value(number),
            Self::Text(text, _) => Value::string(text),
            Self::Complex(complex) => complex.value().into_owned(),
        }
    }
}

/// A number as the language has it: whole if it is.
pub(crate) fn number_value(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9.0e15 {
        Value::int(number as i64)
    } else {
        Value::new(Kind::Float(number))
    }
}

impl<'a> Complex<'a> {
    /// Whether it is an object with a member of this name, which is folded.
    pub(crate) fn has_key(self, folded: &str) -> bool {
        match self {
            Self::Raw(text) => has_member(text, folded),
            Self::Value(value) => {
                value.as_object().is_some_and(|object| object.keys().any(|name| fold::fold(name) == folded))
            }
        }
    }

    /// How long it is: bytes of JSON if it has to be read.
    pub(crate) fn length(self) -> u64 {
        match self {
            Self::Raw(text) => text.len() as u64,
            Self::Value(_) => 0,
        }
    }

    pub(crate) fn value(self) -> Cow<'a, Value> {
        match self {
            Self::Raw(text) => Cow::Owned(value_of_text(text)),
            Self::Value(value) => Cow::Borrowed(value),
        }
    }
}
