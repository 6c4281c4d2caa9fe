//! Records in bodies: JSON in its several layouts, and separated values.

use azimuth_host::{Column, ColumnType, Record};
use serde_json::Value;

/// Why a body holds no records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BadRecords {
    /// Which record, counted from 0, where one is at fault
    pub(super) index: Option<usize>,
    /// What is wrong and what to do
    pub(super) message: String,
}

impl BadRecords {
    pub(super) fn new(index: Option<usize>, message: impl Into<String>) -> Self {
        Self { index, message: message.into() }
    }

    fn too_many(limit: usize) -> Self {
        Self::new(Some(limit), format!("more than {limit} records in one request; send fewer at a time"))
    }
}

impl std::fmt::Display for BadRecords {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.index {
            Some(index) => write!(out, "record {index}: {}", self.message),
            None => out.write_str(&self.message),
        }
    }
}

/// The objects of one JSON array.
pub(super) fn array(bytes: &[u8], limit: usize) -> Result<Vec<Record>, BadRecords> {
    match serde_json::from_slice(bytes).map_err(|error| not_json(None, &error))? {
        Value::Array(items) if items.len() > limit => Err(BadRecords::too_many(limit)),
        Value::Array(items) => {
            items.into_iter().enumerate().map(|(index, item)| object(index, item)).collect()
        }
        other => Err(BadRecords::new(None, format!("expected an array of objects, found {}", kind(&other)))),
    }
}

/// Objects one after the other, with or without line ends between them; arrays among them count as their items.
pub(super) fn sequence(bytes: &[u8], limit: usize) -> Result<Vec<Record>, BadRecords> {
    let mut records = Vec::new();
    for value in serde_json::Deserializer::from_slice(bytes).into_iter::<Value>() {
        match value.map_err(|error| not_json(Some(records.len()), &error))? {
            Value::Array(items) => {
                for item in items {
                    records.push(object(records.len(), item)?);
                }
            }
            value => records.push(object(records.len(), value)?),
        }
        if records.len() > limit {
            return Err(BadRecords::too_many(limit));
        }
    }
    Ok(records)
}

/// Lines of separated values, by the position of the columns. What is missing at a line's end is null, what is too much is
/// dropped: so does Kusto.
pub(super) fn separated(
    bytes: &[u8],
    separator: u8,
    columns: &[Column],
    limit: usize,
) -> Result<Vec<Record>, BadRecords> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .quoting(separator != b'\t')
        .from_reader(bytes);
    let mut records = Vec::new();
    for line in reader.records() {
        let line = line.map_err(|error| BadRecords::new(Some(records.len()), error.to_string()))?;
        let cells = columns.iter().zip(&line).filter_map(|(column, cell)| {
            // A string has no null; of other types an empty field is one.
            let is_null = cell.is_empty() && column.ty != ColumnType::String;
            (!is_null).then(|| (column.name.clone(), Value::from(cell)))
        });
        records.push(cells.collect());
        if records.len() > limit {
            return Err(BadRecords::too_many(limit));
        }
    }
    Ok(records)
}

/// Every line as it is, in the first column.
pub(super) fn lines(bytes: &[u8], column: &str, limit: usize) -> Result<Vec<Record>, BadRecords> {
    let text = std::str::from_utf8(bytes).map_err(|_| BadRecords::new(None, "the body is not UTF-8"))?;
    let mut records = Vec::new();
    for line in text.lines() {
        records.push(Record::from_iter([(column.to_owned(), Value::from(line))]));
        if records.len() > limit {
            return Err(BadRecords::too_many(limit));
        }
    }
    Ok(records)
}

fn object(index: usize, value: Value) -> Result<Record, BadRecords> {
    match value {
        Value::Object(record) => Ok(record),
        other => Err(BadRecords::new(Some(index), format!("expected an object, found {}", kind(&other)))),
    }
}

/// What went wrong with JSON, by its line and column.
pub(super) fn not_json(index: Option<usize>, error: &serde_json::Error) -> BadRecords {
    BadRecords::new(index, format!("the body is no JSON that can be read: {error}"))
}

/// What a value is, for messages.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a bool",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn layouts_of_json() {
        assert_eq!(array(br#"[{"a":1},{"a":2}]"#, 9).unwrap().len(), 2);
        assert_eq!(sequence(b"{\"a\":1}\n{\"a\":2}{\"a\":3} [{\"a\":4}]", 9).unwrap().len(), 4);
        assert_eq!(sequence(b"", 9).unwrap().len(), 0);
    }

    #[test]
    fn hostile_bodies_are_errors_that_say_where() {
        let message = |bytes: &[u8]| array(bytes, 2).unwrap_err().to_string();
        assert_eq!(message(b"{}"), "expected an array of objects, found an object");
        assert_eq!(message(b"[{}, 5]"), "record 1: expected an object, found a number");
        assert!(message(b"[{},{},{}]").contains("more than 2 records"));
        assert!(message(b"[{\"a\":\"\xff\"}]").contains("no JSON"));
        assert!(message(&b"[".repeat(100_000)).contains("recursion limit"));
        assert_eq!(sequence(b"{} {\"a\":", 9).unwrap_err().index, Some(1));
    }

    #[test]
    fn separated_values_go_to_columns_by_position() {
        let columns = [Column::new("a", ColumnType::Long), Column::new("b", ColumnType::String)];
        let records = separated(b"1,\"x,\"\"y\"\n,\n2\n3,z,more\n", b',', &columns, 9).unwrap();
        let wanted = json!([{"a": "1", "b": "x,\"y"}, {"b": ""}, {"a": "2"}, {"a": "3", "b": "z"}]);
        assert_eq!(Value::from_iter(records.into_iter().map(Value::Object)), wanted);
    }
}
