//! Schemas as Kusto's tools read and write them.

use azimuth_host::{Cells, Column, ColumnType, TableSchema};
use serde_json::{Map, Value, json};

/// The type of .NET with its namespace.
pub(super) fn clr(ty: ColumnType) -> &'static str {
    match ty {
        ColumnType::Bool => "System.SByte",
        ColumnType::Int => "System.Int32",
        ColumnType::Long => "System.Int64",
        ColumnType::Real => "System.Double",
        ColumnType::Decimal => "System.Data.SqlTypes.SqlDecimal",
        ColumnType::Datetime => "System.DateTime",
        ColumnType::Timespan => "System.TimeSpan",
        ColumnType::Guid => "System.Guid",
        ColumnType::String => "System.String",
        ColumnType::Dynamic => "System.Object",
    }
}

/// A table in JSON.
pub(super) fn table(table: &TableSchema) -> Value {
    let columns = table
        .columns
        .iter()
        .map(|column| json!({"Name": column.name, "Type": clr(column.ty), "CslType": column.ty.name()}));
    json!({"Name": table.name, "EntityType": "Table", "OrderedColumns": columns.collect::<Value>(), "Folder": "", "DocString": ""})
}

/// A database in JSON, as editors want it: all maps are there.
pub(super) fn database(name: &str, tables: &[TableSchema]) -> Value {
    let described: Map<String, Value> =
        tables.iter().map(|described| (described.name.clone(), table(described))).collect();
    json!({
        "Name": name, "Tables": described, "ExternalTables": {}, "MaterializedViews": {}, "EntityGroups": {},
        "Functions": {}, "MajorVersion": 1, "MinorVersion": 0, "DatabaseAccessMode": "ReadWrite"
    })
}

/// Columns as commands write them: `a:long, ['b c']:string`.
pub(super) fn csl(table: &TableSchema) -> String {
    table
        .columns
        .iter()
        .map(|column| format!("{}:{}", name(&column.name), column.ty.name()))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Reads `(a:long, ['b c']:string)`.
pub(super) fn columns(list: &str) -> Result<Vec<Column>, String> {
    let inner = list.trim().strip_prefix('(').and_then(|list| list.strip_suffix(')')).unwrap_or(list);
    let mut columns: Vec<Column> = Vec::new();
    for written in inner.split(',').map(str::trim).filter(|written| !written.is_empty()) {
        let (name, ty) = written
            .rsplit_once(':')
            .ok_or_else(|| format!("the column `{written}` has no type; write `{written}:string`"))?;
        let name = name.trim();
        let bare = name
            .strip_prefix("['")
            .and_then(|name| name.strip_suffix("']"))
            .or_else(|| name.strip_prefix("[\"").and_then(|name| name.strip_suffix("\"]")))
            .unwrap_or(name);
        if bare.is_empty() {
            return Err(format!("a column in `{list}` has no name"));
        }
        if columns.iter().any(|known| known.name == bare) {
            return Err(format!("the column `{bare}` is there twice"));
        }
        let ty =
            ColumnType::from_name(ty).ok_or_else(|| format!("`{}` is no type of a column", ty.trim()))?;
        columns.push(Column::new(bare, ty));
    }
    if columns.is_empty() {
        return Err("a table needs columns".to_owned());
    }
    Ok(columns)
}

/// Rows as a literal table of KQL.
pub(super) fn datatable(columns: &[Column], rows: &[Cells]) -> String {
    let declared: Vec<String> =
        columns.iter().map(|column| format!("{}:{}", name(&column.name), column.ty.name())).collect();
    let cells = rows.iter().flat_map(|row| columns.iter().zip(row)).map(|(column, value)| match value {
        Value::Null if column.ty == ColumnType::String => "''".to_owned(),
        Value::Null => format!("{}(null)", column.ty.name()),
        Value::String(text) if column.ty == ColumnType::String => quoted(text),
        Value::String(text) => format!("{}({text})", column.ty.name()),
        value => format!("{}({value})", column.ty.name()),
    });
    format!("datatable({})[{}]", declared.join(", "), cells.collect::<Vec<_>>().join(", "))
}

fn name(name: &str) -> String {
    let is_plain = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_plain { name.to_owned() } else { format!("[{}]", quoted(name)) }
}

/// A text as a literal of KQL.
fn quoted(text: &str) -> String {
    let mut out = String::from("'");
    for letter in text.chars() {
        match letter {
            '\'' | '\\' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            letter => out.push(letter),
        }
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_read_as_they_are_written() {
        let read = columns("(a:long, ['b c']: string,d:dynamic)").unwrap();
        let table = TableSchema { name: "T".to_owned(), columns: read.clone() };
        assert_eq!(csl(&table), "a:long, ['b c']:string, d:dynamic");
        assert_eq!(columns(&csl(&table)).unwrap(), read);
        for wrong in ["()", "(a)", "(a:number)", "(a:long, a:long)", "(:long)"] {
            assert!(columns(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn rows_are_literals() {
        let columns = [Column::new("a", ColumnType::String), Column::new("b", ColumnType::Bool)];
        let rows = [vec![json!("it's\\"), json!(true)], vec![json!("x"), Value::Null]];
        assert_eq!(
            datatable(&columns, &rows),
            "datatable(a:string, b:bool)['it\\'s\\\\', bool(true), 'x', bool(null)]"
        );
    }
}
