//! What a parser gives: rows of tables, or the reason why there is none.
//!
//! A row borrows from the bytes that it was read from. An object or array in it stays the JSON text that it is, because most
//! of them are stored as they came, and building trees of them costs more than all else.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::json;

/// A value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Cell<'a> {
    /// Nothing
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as JSON spells it
    Number(Cow<'a, str>),
    /// A text
    Text(Cow<'a, str>),
    /// An object or array, as valid JSON
    Json(Cow<'a, str>),
}

impl<'a> Cell<'a> {
    /// The text of a text, the digits of a number.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text),
            _ => None,
        }
    }

    /// Whether there is nothing in it; an empty text is nothing, as it is in KQL.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Null) || matches!(self, Self::Text(text) if text.is_empty())
    }

    /// The value as JSON text: a text without its quotes, everything else as it is written.
    pub fn plain(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Null => None,
            Self::Bool(bool) => Some(if bool { "true" } else { "false" }.into()),
            Self::Number(text) | Self::Text(text) | Self::Json(text) => Some(text),
        }
    }

    /// The value as a tree.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(bool) => (*bool).into(),
            Self::Text(text) => text.as_ref().into(),
            Self::Number(text) | Self::Json(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        }
    }

    /// Appends the value as JSON.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Bool(bool) => out.extend_from_slice(if *bool { b"true" } else { b"false" }),
            Self::Number(text) | Self::Json(text) => out.extend_from_slice(text.as_bytes()),
            Self::Text(text) => quote(text, out),
        }
    }

    /// The value without what it borrows from.
    pub fn into_owned(self) -> Cell<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        match self {
            Self::Null => Cell::Null,
            Self::Bool(bool) => Cell::Bool(bool),
            Self::Number(text) => Cell::Number(owned(text)),
            Self::Text(text) => Cell::Text(owned(text)),
            Self::Json(text) => Cell::Json(owned(text)),
        }
    }
}

impl From<Value> for Cell<'_> {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Cell::Null,
            Value::Bool(bool) => Cell::Bool(bool),
            Value::String(text) => Cell::Text(text.into()),
            Value::Number(number) => Cell::Number(number.to_string().into()),
            tree => Cell::Json(tree.to_string().into()),
        }
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Cell::Text(text.into())
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Cell::Text(text.into())
    }
}

impl<'a> From<Cow<'a, str>> for Cell<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Cell::Text(text)
    }
}

impl From<bool> for Cell<'_> {
    fn from(bool: bool) -> Self {
        Cell::Bool(bool)
    }
}

impl From<i64> for Cell<'_> {
    fn from(number: i64) -> Self {
        Cell::Number(number.to_string().into())
    }
}

impl From<i32> for Cell<'_> {
    fn from(number: i32) -> Self {
        i64::from(number).into()
    }
}

impl From<Timestamp> for Cell<'_> {
    fn from(moment: Timestamp) -> Self {
        Cell::Text(time(moment).into())
    }
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Cell::Null, Into::into)
    }
}

/// Values by column, or by the name of a member, in the order in which they came. A column that is absent is null.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row<'a> {
    cells: Vec<(Cow<'a, str>, Cell<'a>)>,
}

impl<'a> Row<'a> {
    /// An empty row with room for so many columns.
    pub fn with_capacity(columns: usize) -> Self {
        Self { cells: Vec::with_capacity(columns) }
    }

    /// Sets a column, unless there is nothing to set.
    pub fn set(&mut self, column: impl Into<Cow<'a, str>>, value: impl Into<Cell<'a>>) {
        let (column, value) = (column.into(), value.into());
        if value.is_empty() {
            return;
        }
        match self.cells.iter_mut().find(|(name, _)| *name == column) {
            Some((_, old)) => *old = value,
            None => self.cells.push((column, value)),
        }
    }

    /// Sets a column that has no value yet.
    pub fn set_missing(&mut self, column: impl Into<Cow<'a, str>>, value: impl Into<Cell<'a>>) {
        let column = column.into();
        if self.get(&column).is_empty() {
            self.set(column, value);
        }
    }

    /// Appends a column that is not there yet.
    pub(crate) fn push(&mut self, column: Cow<'a, str>, value: Cell<'a>) {
        self.cells.push((column, value));
    }

    /// The value of a column; null where it is absent.
    pub fn get(&self, column: &str) -> &Cell<'a> {
        // Of two of one name the last one counts.
        self.cells.iter().rev().find(|(name, _)| name == column).map_or(&Cell::Null, |(_, cell)| cell)
    }

    /// The text of a column; nothing where it is absent or something else.
    pub fn text(&self, column: &str) -> &str {
        self.get(column).text().unwrap_or("")
    }

    /// Whether there is such a column.
    pub fn has(&self, column: &str) -> bool {
        self.cells.iter().any(|(name, _)| name == column)
    }

    /// Takes a value out.
    pub fn take(&mut self, column: &str) -> Cell<'a> {
        match self.cells.iter().rposition(|(name, _)| name == column) {
            Some(place) => self.cells.remove(place).1,
            None => Cell::Null,
        }
    }

    /// Gives a column another name; nothing happens where it is absent or the other name is taken.
    pub fn rename(&mut self, column: &str, to: impl Into<Cow<'a, str>>) {
        let to = to.into();
        if self.has(&to) {
            return;
        }
        if let Some((name, _)) = self.cells.iter_mut().find(|(name, _)| name == column) {
            *name = to;
        }
    }

    /// Columns and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Cell<'a>)> {
        self.cells.iter().map(|(name, cell)| (name.as_ref(), cell))
    }

    /// How many columns have a value.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether no column has a value.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Appends the row as a JSON object, without a line end.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        for (place, (name, cell)) in self.cells.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            quote(name, out);
            out.push(b':');
            cell.write(out);
        }
        out.push(b'}');
    }

    /// The row as a tree.
    pub fn to_map(&self) -> Map<String, Value> {
        self.iter().map(|(name, cell)| (name.to_owned(), cell.to_value())).collect()
    }

    /// The row without what it borrows from.
    pub fn into_owned(self) -> Row<'static> {
        let owned =
            |(name, cell): (Cow<'_, str>, Cell<'_>)| (Cow::Owned(name.into_owned()), cell.into_owned());
        Row { cells: self.cells.into_iter().map(owned).collect() }
    }
}

impl<'a> IntoIterator for Row<'a> {
    type Item = (Cow<'a, str>, Cell<'a>);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.cells.into_iter()
    }
}

impl<'a> FromIterator<(Cow<'a, str>, Cell<'a>)> for Row<'a> {
    fn from_iter<I: IntoIterator<Item = (Cow<'a, str>, Cell<'a>)>>(cells: I) -> Self {
        Self { cells: cells.into_iter().collect() }
    }
}

/// A row and the table that it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct Record<'a> {
    /// The table's name.
    pub table: Cow<'a, str>,
    /// The values.
    pub row: Row<'a>,
}

impl<'a> Record<'a> {
    /// A row of a table.
    pub fn new(table: impl Into<Cow<'a, str>>, row: Row<'a>) -> Self {
        Self { table: table.into(), row }
    }
}

/// Why a record could not be read. It goes to the dead letters together with the record's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, lower case, without a full stop.
    pub message: String,
    /// The byte at which it was noticed, from the start of the record.
    pub offset: usize,
}

impl Fault {
    pub(crate) fn new(message: impl Into<String>, offset: usize) -> Self {
        Self { message: message.into(), offset }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} at byte {}", self.message, self.offset)
    }
}

impl std::error::Error for Fault {}

/// A moment as tables hold it: ISO 8601 with seven digits of a second, in UTC.
pub(crate) fn time(moment: Timestamp) -> String {
    let ticks = moment.subsec_nanosecond() / 100;
    // The fraction counts from the second below, also before 1970.
    let (second, ticks) =
        if ticks < 0 { (moment.as_second() - 1, ticks + 10_000_000) } else { (moment.as_second(), ticks) };
    let whole = Timestamp::from_second(second).unwrap_or(Timestamp::MIN);
    let civil = jiff::tz::TimeZone::UTC.to_datetime(whole);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{ticks:07}Z",
        civil.year(),
        civil.month(),
        civil.day(),
        civil.hour(),
        civil.minute(),
        civil.second()
    )
}

/// Appends a text as a JSON string.
pub(crate) fn quote(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (plain, special) = rest.split_at(json::plain_length(rest));
        out.extend_from_slice(plain);
        let Some((byte, behind)) = special.split_first() else { break };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => out.extend_from_slice(format!("\\u{control:04x}").as_bytes()),
        }
        rest = behind;
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_seven_digits() {
        let written = |text: &str| time(text.parse().unwrap());
        assert_eq!(written("2024-05-06T07:08:09Z"), "2024-05-06T07:08:09.0000000Z");
        assert_eq!(written("2024-05-06T09:08:09.1234567+02:00"), "2024-05-06T07:08:09.1234567Z");
        assert_eq!(written("1969-12-31T23:59:59.5Z"), "1969-12-31T23:59:59.5000000Z");
    }

    #[test]
    fn rows_are_written_as_json() {
        let mut row = Row::default();
        row.set("a", "x");
        row.set("none", "");
        row.set("n", 7);
        row.set("a", "quo\"te\\ \u{1}\n\u{e9}");
        row.set("list", Cell::Json("[1, {}]".into()));
        row.rename("n", "number");
        let mut text = Vec::new();
        row.write(&mut text);
        let value: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(value, serde_json::json!({"a": "quo\"te\\ \u{1}\n\u{e9}", "number": 7, "list": [1, {}]}));
        assert_eq!(value, Value::from(row.to_map()));
        assert_eq!((row.take("number"), row.has("number")), (Cell::Number("7".into()), false));
    }
}
