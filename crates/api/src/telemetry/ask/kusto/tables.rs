//! Answers of version 1: `{"Tables": [{"TableName", "Columns", "Rows"}]}`.
//!
//! Source: "Query V1 HTTP response": the results, then their properties, the status, and a table of contents.

use azimuth_host::{Cells, Column, ColumnType};
use serde_json::{Value, json};

use super::super::Collected;
use super::command::CommandTable;
use super::{data_type, visualization};

/// The answer of a command: one table.
pub(super) fn of_command(table: &CommandTable) -> Value {
    json!({"Tables": [written(0, &table.columns, &table.rows)]})
}

/// The answer of a query.
pub(super) fn of_query(results: &[Collected]) -> Value {
    let mut tables: Vec<Value> = results
        .iter()
        .enumerate()
        .map(|(place, result)| written(place, &result.columns, &result.rows))
        .collect();
    let contents = results.iter().enumerate().map(|(place, result)| {
        let name = result.name.clone().unwrap_or_else(|| "PrimaryResult".to_owned());
        (place, "QueryResult", name)
    });
    let mut contents: Vec<(usize, &str, String)> = contents.collect();
    let properties = results
        .iter()
        .map(|result| match &result.render {
            Some(render) => vec![Value::from(visualization(render))],
            None => vec![Value::from("{\"Visualization\":null}")],
        })
        .collect::<Vec<Cells>>();
    contents.push((tables.len(), "QueryProperties", "@ExtendedProperties".to_owned()));
    tables.push(written(tables.len(), &[Column::new("Value", ColumnType::String)], &properties));
    let status = [
        ("Severity", ColumnType::Int, json!(4)),
        ("SeverityName", ColumnType::String, json!("Info")),
        ("StatusCode", ColumnType::Int, json!(0)),
        ("StatusDescription", ColumnType::String, json!("Query completed successfully")),
        ("Count", ColumnType::Int, json!(1)),
    ];
    let columns: Vec<Column> = status.iter().map(|(name, ty, _)| Column::new(*name, *ty)).collect();
    let row: Cells = status.into_iter().map(|(_, _, value)| value).collect();
    contents.push((tables.len(), "QueryStatus", "QueryStatus".to_owned()));
    tables.push(written(tables.len(), &columns, &[row]));
    let columns = [
        Column::new("Ordinal", ColumnType::Long),
        Column::new("Kind", ColumnType::String),
        Column::new("Name", ColumnType::String),
        Column::new("Id", ColumnType::String),
        Column::new("PrettyName", ColumnType::String),
    ];
    let rows: Vec<Cells> = contents
        .into_iter()
        .map(|(place, kind, name)| {
            vec![place.into(), kind.into(), name.into(), place.to_string().into(), "".into()]
        })
        .collect();
    tables.push(written(tables.len(), &columns, &rows));
    json!({ "Tables": tables })
}

fn written(place: usize, columns: &[Column], rows: &[Cells]) -> Value {
    let described = columns.iter().map(|column| {
        json!({"ColumnName": column.name, "DataType": data_type(column.ty), "ColumnType": column.ty.name()})
    });
    json!({"TableName": format!("Table_{place}"), "Columns": described.collect::<Value>(), "Rows": rows})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_table_tells_what_the_others_are() {
        let columns = vec![Column::new("a", ColumnType::Long)];
        let rows = vec![vec![json!(1)]];
        let answer = of_query(&[Collected { name: None, columns, render: None, rows }]);
        let tables = answer["Tables"].as_array().unwrap();
        assert_eq!(tables.len(), 4);
        assert_eq!(
            tables[0]["Columns"][0],
            json!({"ColumnName": "a", "DataType": "Int64", "ColumnType": "long"})
        );
        assert_eq!(tables[3]["Rows"][0][1], "QueryResult");
    }
}
