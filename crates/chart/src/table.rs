//! The result that is drawn: typed columns and rows of values, as a query hands them over.

use crate::{number, time};

/// Numbers beyond this are drawn at this: sums and differences of what is drawn then stay finite.
pub(crate) const LARGEST: f64 = 1e300;

/// What a column holds, as far as drawing cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// `bool`
    Bool,
    /// `int`, `long`, `real`, `decimal`
    Number,
    /// `datetime`
    Datetime,
    /// `timespan`
    Timespan,
    /// `string`, `guid`
    Text,
    /// `dynamic`; columns of arrays, as `make-series` returns them, are expanded
    Dynamic,
}

impl ColumnType {
    /// The word used in messages.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Number => "number",
            Self::Datetime => "datetime",
            Self::Timespan => "timespan",
            Self::Text => "text",
            Self::Dynamic => "dynamic",
        }
    }
}

/// A column of a [`Table`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name, any text.
    pub name: String,
    /// What it holds.
    pub kind: ColumnType,
}

impl Column {
    /// A column.
    pub fn new(name: impl Into<String>, kind: ColumnType) -> Self {
        Self { name: name.into(), kind }
    }
}

/// A value. It should fit the type of its column; one that does not is drawn as if it were null.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// `bool`
    Bool(bool),
    /// `int` or `long`
    Long(i64),
    /// `real`, and `decimal` at the precision of a double
    Real(f64),
    /// `datetime`: 100-ns ticks since 0001-01-01, UTC
    Datetime(i64),
    /// `timespan`: 100-ns ticks
    Timespan(i64),
    /// `string` or `guid`
    Text(String),
    /// `dynamic`, as JSON text
    Dynamic(String),
}

impl Value {
    /// As a finite number; `None` for null, NaN, infinities and other types.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Long(value) => Some(*value as f64),
            Self::Real(value) if value.is_finite() => Some(value.clamp(-LARGEST, LARGEST)),
            _ => None,
        }
    }

    /// As a number to measure with: a number, or the ticks of a timespan.
    pub(crate) fn measure(&self) -> Option<f64> {
        match self {
            Self::Timespan(ticks) => Some(*ticks as f64),
            other => other.number(),
        }
    }

    /// As the name of a category or series.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Null => "(null)".to_owned(),
            Self::Text(text) if text.is_empty() => "(empty)".to_owned(),
            other => other.text(),
        }
    }

    /// As people read it in a table; null is empty.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Bool(flag) => flag.to_string(),
            Self::Long(value) => value.to_string(),
            Self::Real(value) => number::plain(*value),
            Self::Datetime(ticks) => time::datetime_text(*ticks),
            Self::Timespan(ticks) => time::timespan_text(*ticks),
            Self::Text(text) | Self::Dynamic(text) => text.clone(),
        }
    }
}

/// A result: columns, and rows of as many values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The columns, in order.
    pub columns: Vec<Column>,
    /// The rows. Values missing at the end of a row are null, surplus ones are not looked at.
    pub rows: Vec<Vec<Value>>,
}

impl Table {
    pub(crate) fn value<'t>(&self, row: &'t [Value], column: usize) -> &'t Value {
        let value = row.get(column).unwrap_or(&Value::Null);
        let fits = match (value, self.columns[column].kind) {
            (Value::Null, _)
            | (Value::Bool(_), ColumnType::Bool)
            | (Value::Long(_) | Value::Real(_), ColumnType::Number)
            | (Value::Datetime(_), ColumnType::Datetime)
            | (Value::Timespan(_), ColumnType::Timespan)
            | (Value::Text(_), ColumnType::Text)
            | (Value::Dynamic(_), ColumnType::Dynamic) => true,
            (
                Value::Bool(_)
                | Value::Long(_)
                | Value::Real(_)
                | Value::Datetime(_)
                | Value::Timespan(_)
                | Value::Text(_)
                | Value::Dynamic(_),
                _,
            ) => false,
        };
        if fits { value } else { &Value::Null }
    }

    pub(crate) fn kind(&self, column: usize) -> ColumnType {
        self.columns[column].kind
    }

    pub(crate) fn name(&self, column: usize) -> &str {
        &self.columns[column].name
    }

    /// The columns for a message: `` `State` (text), `count_` (number) ``.
    pub(crate) fn inventory(&self) -> String {
        const SHOWN: usize = 12;
        if self.columns.is_empty() {
            return "no columns".to_owned();
        }
        let shown: Vec<String> = self
            .columns
            .iter()
            .take(SHOWN)
            .map(|column| format!("`{}` ({})", column.name, column.kind.word()))
            .collect();
        let more = self.columns.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", shown.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_another_type_counts_as_null() {
        let table = Table {
            columns: vec![Column::new("n", ColumnType::Number)],
            rows: vec![vec![Value::Text("12".into())], vec![]],
        };
        assert_eq!(table.value(&table.rows[0], 0), &Value::Null);
        assert_eq!(table.value(&table.rows[1], 0), &Value::Null);
    }

    #[test]
    fn only_finite_numbers_are_numbers() {
        assert_eq!(Value::Real(f64::NAN).number(), None);
        assert_eq!(Value::Real(f64::NEG_INFINITY).number(), None);
        assert_eq!(Value::Real(f64::MAX).number(), Some(LARGEST));
        assert_eq!(Value::Long(-3).number(), Some(-3.0));
    }
}
