//! Columns of arrays, as `make-series` returns them, as one row per element.
//!
//! Reference: "render operator", *How to render continuous data*: if the x column is `dynamic` and holds an array, its
//! elements are the values of x, and each y column should hold an array of similar length.

use serde_json::Value as Json;

use crate::table::{Column, ColumnType, Table, Value};
use crate::time;

/// Most elements taken from all arrays of a table.
const MOST_ELEMENTS: usize = 2_000_000;
/// Rows looked at to tell what a dynamic column holds.
const SAMPLED: usize = 20;

/// What the arrays of a column hold, if it is a column of arrays of one type.
pub(crate) fn element_type(table: &Table, column: usize) -> Option<ColumnType> {
    if table.kind(column) != ColumnType::Dynamic {
        return None;
    }
    let mut found = None;
    for row in table.rows.iter().filter(|row| table.value(row, column) != &Value::Null).take(SAMPLED) {
        let elements = array(table.value(row, column))?;
        let Some(first) = elements.iter().find(|element| !element.is_null()) else { continue };
        let kind = match element(first) {
            Value::Long(_) | Value::Real(_) => ColumnType::Number,
            Value::Datetime(_) => ColumnType::Datetime,
            Value::Timespan(_) => ColumnType::Timespan,
            Value::Text(_) => ColumnType::Text,
            Value::Null | Value::Bool(_) | Value::Dynamic(_) => return None,
        };
        match found {
            None => found = Some(kind),
            Some(found) if found == kind => {}
            Some(_) => return None,
        }
    }
    found
}

/// Expands the `columns` of arrays together, the others are repeated. Shorter arrays end in nulls. The second value
/// says whether elements were left out.
pub(crate) fn expand(table: &Table, columns: &[(usize, ColumnType)]) -> (Table, bool) {
    let kind = |index: usize| columns.iter().find(|(column, _)| *column == index).map(|(_, kind)| *kind);
    let header = table.columns.iter().enumerate();
    let header = header.map(|(index, column)| Column {
        name: column.name.clone(),
        kind: kind(index).unwrap_or(column.kind),
    });
    let mut expanded = Table { columns: header.collect(), rows: Vec::new() };
    for row in &table.rows {
        let mut arrays: Vec<Option<std::vec::IntoIter<Json>>> = (0..table.columns.len())
            .map(|index| kind(index).map(|_| array(table.value(row, index)).unwrap_or_default().into_iter()))
            .collect();
        let length = arrays.iter().flatten().map(ExactSizeIterator::len).max().unwrap_or(0);
        if (expanded.rows.len() + length) * table.columns.len().max(1) > MOST_ELEMENTS {
            return (expanded, true);
        }
        for _ in 0..length {
            let values = arrays.iter_mut().enumerate().map(|(index, elements)| match elements {
                Some(elements) => elements.next().map_or(Value::Null, |next| element(&next)),
                None => table.value(row, index).clone(),
            });
            expanded.rows.push(values.collect());
        }
    }
    (expanded, false)
}

fn array(value: &Value) -> Option<Vec<Json>> {
    let Value::Dynamic(text) = value else { return None };
    match serde_json::from_str(text) {
        Ok(Json::Array(elements)) => Some(elements),
        _ => None,
    }
}

/// An element of an array as a value; texts that are times become times.
fn element(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Long(whole),
            None => number.as_f64().map_or(Value::Null, Value::Real),
        },
        Json::String(text) => {
            if let Some(ticks) = time::parse_datetime(text) {
                Value::Datetime(ticks)
            } else if let Some(ticks) = time::parse_timespan(text) {
                Value::Timespan(ticks)
            } else {
                match text.as_str() {
                    "NaN" | "Infinity" | "-Infinity" => Value::Real(f64::NAN),
                    _ => Value::Text(text.clone()),
                }
            }
        }
        Json::Array(_) | Json::Object(_) => Value::Dynamic(json.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(rows: &[(&str, &str)]) -> Table {
        let row = |(times, values): &(&str, &str)| {
            vec![Value::Text("a".into()), Value::Dynamic((*times).into()), Value::Dynamic((*values).into())]
        };
        Table {
            columns: vec![
                Column::new("key", ColumnType::Text),
                Column::new("t", ColumnType::Dynamic),
                Column::new("n", ColumnType::Dynamic),
            ],
            rows: rows.iter().map(row).collect(),
        }
    }

    #[test]
    fn arrays_tell_their_type() {
        let table = series(&[("[\"2024-01-01T00:00:00.0000000Z\"]", "[null, 2.5]"), ("[]", "[1]")]);
        assert_eq!(element_type(&table, 0), None);
        assert_eq!(element_type(&table, 1), Some(ColumnType::Datetime));
        assert_eq!(element_type(&table, 2), Some(ColumnType::Number));
        assert_eq!(element_type(&series(&[("{\"a\":1}", "not json")]), 1), None);
        assert_eq!(element_type(&series(&[("{\"a\":1}", "not json")]), 2), None);
    }

    #[test]
    fn each_element_becomes_a_row() {
        let table = series(&[("[\"01:00:00\", \"02:00:00\"]", "[1]")]);
        let (expanded, cut) = expand(&table, &[(1, ColumnType::Timespan), (2, ColumnType::Number)]);
        assert!(!cut);
        assert_eq!(
            expanded.rows,
            [
                [Value::Text("a".into()), Value::Timespan(time::HOUR), Value::Long(1)],
                [Value::Text("a".into()), Value::Timespan(2 * time::HOUR), Value::Null],
            ]
        );
    }
}
