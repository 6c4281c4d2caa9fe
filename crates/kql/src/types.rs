//! Kusto's scalar types, and schemas.
//!
//! Source: "Scalar data types" of the Kusto reference. `string` has no null; every other type has one.

use std::fmt;
use std::hash::{Hash, Hasher};

pub(crate) use shape::Shape;

mod shape;

/// A scalar type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ScalarType {
    /// `bool`
    Bool,
    /// `int`, 32 bits
    Int,
    /// `long`, 64 bits
    Long,
    /// `real`, 64-bit floating point
    Real,
    /// `decimal`, 128-bit decimal
    Decimal,
    /// `datetime`, ticks of 100 ns from 0001-01-01
    Datetime,
    /// `timespan`, ticks of 100 ns
    Timespan,
    /// `guid`
    Guid,
    /// `string`
    String,
    /// `dynamic`, a JSON-like value
    Dynamic,
    /// Not known before the query runs (a column of an open schema), or after an error.
    Unknown,
}

impl ScalarType {
    /// The type of a declaration such as `x:long`; accepts the aliases that Kusto knows.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "bool" | "boolean" => Self::Bool,
            "int" | "int32" | "uint" | "uint32" | "int16" | "uint16" | "int8" | "uint8" | "byte" => Self::Int,
            "long" | "int64" | "uint64" | "ulong" => Self::Long,
            "real" | "double" | "float" => Self::Real,
            "decimal" => Self::Decimal,
            "datetime" | "date" => Self::Datetime,
            "timespan" | "time" => Self::Timespan,
            "guid" | "uuid" | "uniqueid" => Self::Guid,
            "string" => Self::String,
            "dynamic" | "object" => Self::Dynamic,
            _ => return None,
        })
    }

    /// Kusto's name, as in `getschema`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Long => "long",
            Self::Real => "real",
            Self::Decimal => "decimal",
            Self::Datetime => "datetime",
            Self::Timespan => "timespan",
            Self::Guid => "guid",
            Self::String => "string",
            Self::Dynamic => "dynamic",
            Self::Unknown => "unknown",
        }
    }

    /// `int`, `long`, `real` or `decimal`.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Long | Self::Real | Self::Decimal)
    }

    /// `int` or `long`.
    pub fn is_integer(self) -> bool {
        matches!(self, Self::Int | Self::Long)
    }

    /// A number, a timespan or a datetime: what `sum` and `min` work on.
    pub fn is_summable(self) -> bool {
        self.is_number() || matches!(self, Self::Timespan | Self::Datetime)
    }

    /// Whether a value of this type stands where `wanted` is asked for without a written conversion: `int` widens
    /// to `long`, integers to `real` and `decimal`. Unknown goes everywhere.
    pub fn widens_to(self, wanted: ScalarType) -> bool {
        self == wanted
            || self == Self::Unknown
            || wanted == Self::Unknown
            || matches!(
                (self, wanted),
                (Self::Int, Self::Long | Self::Real | Self::Decimal)
                    | (Self::Long, Self::Real | Self::Decimal)
                    | (Self::Real, Self::Decimal)
            )
    }

    /// The wider of two numbers (`int` < `long` < `real` < `decimal`), or the type that both share.
    pub fn common(self, other: ScalarType) -> Option<ScalarType> {
        if self == Self::Unknown {
            Some(other)
        } else if self.widens_to(other) {
            if other == Self::Unknown { Some(self) } else { Some(other) }
        } else if other.widens_to(self) {
            Some(self)
        } else {
            None
        }
    }
}

impl fmt::Display for ScalarType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A column of a table or result. Two are equal if name and type are.
#[derive(Clone, Debug)]
pub struct Column {
    /// The name; compared exactly, case included.
    pub name: String,
    /// The type.
    pub ty: ScalarType,
    /// What the binder knows of its values beyond their type.
    pub(crate) shape: Shape,
}

impl Column {
    /// A column.
    pub fn new(name: impl Into<String>, ty: ScalarType) -> Self {
        Self { name: name.into(), ty, shape: Shape::Any }
    }
}

impl PartialEq for Column {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.ty) == (&other.name, other.ty)
    }
}

impl Eq for Column {}

impl Hash for Column {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.name, self.ty).hash(state);
    }
}

/// The columns of a table or result, in order. Names are unique.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Schema {
    /// The columns.
    pub columns: Vec<Column>,
    /// There may be more columns that only the data tell (`bag_unpack`, `pivot`, a watchlist).
    pub is_open: bool,
}

impl Schema {
    /// A schema that is known in full.
    pub fn new(columns: Vec<Column>) -> Self {
        Self { columns, is_open: false }
    }

    /// The place of a column.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// A column by name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

impl fmt::Display for Schema {
    /// `(a:long, b:string)`, with `…` at the end of an open one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (at, column) in self.columns.iter().enumerate() {
            write!(f, "{}{}:{}", if at > 0 { ", " } else { "" }, column.name, column.ty)?;
        }
        f.write_str(if self.is_open { ", …)" } else { ")" })
    }
}

#[cfg(test)]
mod tests {
    use super::ScalarType as T;

    #[test]
    fn numbers_widen_one_way() {
        assert!(T::Int.widens_to(T::Long) && !T::Long.widens_to(T::Int));
        assert_eq!(T::Int.common(T::Real), Some(T::Real));
        assert_eq!(T::String.common(T::Long), None);
        assert_eq!(T::Unknown.common(T::Guid), Some(T::Guid));
    }
}
