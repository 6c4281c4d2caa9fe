//! What a parser gives: rows of tables, or the reason why there is none.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde_json::{Map, Value};

/// A row: values by column. A column that is absent is null.
pub type Row = Map<String, Value>;

/// A row and the table that it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The table's name.
    pub table: Cow<'static, str>,
    /// The values.
    pub row: Row,
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

/// Sets a column unless there is nothing to set.
pub(crate) fn set(row: &mut Row, column: &str, value: impl Into<Value>) {
    let value = value.into();
    if !value.is_null() && value.as_str() != Some("") {
        row.insert(column.to_owned(), value);
    }
}

/// A moment as tables hold it: ISO 8601 with seven digits of a second, in UTC.
pub(crate) fn time(moment: Timestamp) -> String {
    let ticks = moment.subsec_nanosecond() / 100;
    // The fraction counts from the second below, also before 1970.
    let (second, ticks) =
        if ticks < 0 { (moment.as_second() - 1, ticks + 10_000_000) } else { (moment.as_second(), ticks) };
    let whole = Timestamp::from_second(second).unwrap_or(Timestamp::MIN);
    format!("{}.{ticks:07}Z", whole.strftime("%Y-%m-%dT%H:%M:%S"))
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
}
