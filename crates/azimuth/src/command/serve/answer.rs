//! Results of the query engine as answers of the host, and its errors as those of the host.

use std::time::Duration;

use azimuth_host::{Answer, AnswerTable, AskError, Cells, Column, ColumnType, Statistics};
use azimuth_kql::bound::Render;
use azimuth_kql::types::{ScalarType, Schema};
use azimuth_query::{QueryError, QueryResult, ResultSet};
use azimuth_values::{Json, Value, text};
use futures_util::StreamExt;
use serde_json::{Map, Value as JsonValue};

/// An answer whose rows are computed as they are read.
pub(super) fn answer(result: QueryResult, scanned: impl Fn() -> u64 + Send + Sync + 'static) -> Answer {
    let stats = result.stats;
    let statistics = move || Statistics { rows_read: scanned(), rows: stats.rows(), bytes: stats.bytes() };
    Answer { tables: result.results.into_iter().map(table).collect(), statistics: Box::new(statistics) }
}

fn table(set: ResultSet) -> AnswerTable {
    let ResultSet { name, schema, render, batches } = set;
    let columns = columns(&schema);
    let pages = batches.map(move |batch| {
        let table = azimuth_query::table(&[batch.map_err(error)?], &schema);
        Ok(table.rows.iter().map(|row| row.iter().map(cell).collect::<Cells>()).collect())
    });
    AnswerTable { name, columns, render: render.as_ref().map(drawing), pages: Box::pin(pages) }
}

/// Columns of the host.
pub(super) fn columns(schema: &Schema) -> Vec<Column> {
    schema.columns.iter().map(|column| Column::new(&column.name, column_type(column.ty))).collect()
}

fn column_type(ty: ScalarType) -> ColumnType {
    match ty {
        ScalarType::Bool => ColumnType::Bool,
        ScalarType::Int => ColumnType::Int,
        ScalarType::Long => ColumnType::Long,
        ScalarType::Real => ColumnType::Real,
        ScalarType::Decimal => ColumnType::Decimal,
        ScalarType::Datetime => ColumnType::Datetime,
        ScalarType::Timespan => ColumnType::Timespan,
        ScalarType::Guid => ColumnType::Guid,
        ScalarType::String => ColumnType::String,
        ScalarType::Dynamic | ScalarType::Unknown => ColumnType::Dynamic,
    }
}

/// A type of the language.
pub(super) fn scalar_type(ty: ColumnType) -> ScalarType {
    match ty {
        ColumnType::Bool => ScalarType::Bool,
        ColumnType::Int => ScalarType::Int,
        ColumnType::Long => ScalarType::Long,
        ColumnType::Real => ScalarType::Real,
        ColumnType::Decimal => ScalarType::Decimal,
        ColumnType::Datetime => ScalarType::Datetime,
        ColumnType::Timespan => ScalarType::Timespan,
        ColumnType::Guid => ScalarType::Guid,
        ColumnType::String => ScalarType::String,
        ColumnType::Dynamic => ScalarType::Dynamic,
    }
}

/// A value in the spelling of the host.
fn cell(value: &Value) -> JsonValue {
    match value {
        Value::Null => JsonValue::Null,
        Value::Bool(truth) => (*truth).into(),
        Value::Int(number) => (*number).into(),
        Value::Long(number) => (*number).into(),
        Value::Real(number) if number.is_finite() => (*number).into(),
        Value::String(text) => (&**text).into(),
        Value::Dynamic(json) => dynamic(json),
        other => text::to_string(other).into(),
    }
}

/// The depth is bounded by that of what was read.
fn dynamic(json: &Json) -> JsonValue {
    match json {
        Json::Array(items) => items.iter().map(dynamic).collect(),
        Json::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.to_string(), dynamic(value)));
            JsonValue::Object(members.collect())
        }
        scalar => cell(&scalar.to_value()),
    }
}

/// How a result asks to be drawn, by the names that Kusto's tools know.
fn drawing(render: &Render) -> Map<String, JsonValue> {
    const NAMES: [(&str, &str); 14] = [
        ("title", "Title"),
        ("xcolumn", "XColumn"),
        ("series", "Series"),
        ("ycolumns", "YColumns"),
        ("anomalycolumns", "AnomalyColumns"),
        ("xtitle", "XTitle"),
        ("ytitle", "YTitle"),
        ("xaxis", "XAxis"),
        ("yaxis", "YAxis"),
        ("legend", "Legend"),
        ("ysplit", "YSplit"),
        ("accumulate", "Accumulate"),
        ("kind", "Kind"),
        ("ymin", "Ymin"),
    ];
    let mut properties = Map::new();
    properties.insert("Visualization".to_owned(), render.chart.clone().into());
    for (_, name) in NAMES {
        properties.insert(name.to_owned(), JsonValue::Null);
    }
    properties.insert("Accumulate".to_owned(), false.into());
    properties.insert("IsQuerySorted".to_owned(), false.into());
    for (property, values) in &render.properties {
        let lower = property.to_ascii_lowercase();
        let name =
            NAMES.iter().find(|(known, _)| *known == lower).map_or(property.as_str(), |(_, name)| name);
        let value = match (name, values.as_slice()) {
            ("Series" | "YColumns" | "AnomalyColumns", values) => {
                values.iter().cloned().map(JsonValue::from).collect()
            }
            ("Accumulate", [value]) => value.eq_ignore_ascii_case("true").into(),
            (_, [value]) => value.clone().into(),
            (_, values) => values.join(",").into(),
        };
        properties.insert(name.to_owned(), value);
    }
    properties
}

/// What an error of the engine is to whoever asked.
pub(super) fn error(error: QueryError) -> AskError {
    let service = error.service();
    match error {
        QueryError::Invalid(diagnostics) => AskError::Invalid(diagnostics),
        QueryError::TimedOut(limit) => AskError::TimedOut(limit),
        QueryError::Cancelled => AskError::TimedOut(Duration::ZERO),
        QueryError::Option { .. } => AskError::Refused(error.to_string()),
        other => match (service, other) {
            (Some(service), _) => AskError::Limit {
                code: service.code.to_owned(),
                number: service.number,
                message: service.message,
            },
            // A function that refuses, or something that is not supported: the query asks for it.
            (None, QueryError::Failed(failure)) => AskError::Refused(failure.to_string()),
            (None, other) => AskError::Failed(other.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_have_the_spelling_of_the_host() {
        let bag = Json::parse(r#"{"a": [1, null, "x"]}"#).unwrap();
        for (value, wanted) in [
            (Value::Null, json!(null)),
            (Value::Real(f64::NAN), json!("NaN")),
            (Value::Real(1.5), json!(1.5)),
            (Value::TimeSpan(36_000_000_000), json!("01:00:00")),
            (Value::dynamic(bag), json!({"a": [1, null, "x"]})),
        ] {
            assert_eq!(cell(&value), wanted);
        }
    }

    #[test]
    fn drawings_have_the_names_that_tools_know() {
        let render = Render {
            chart: "timechart".to_owned(),
            properties: vec![("ycolumns".to_owned(), vec!["a".to_owned(), "b".to_owned()])],
        };
        let drawn = drawing(&render);
        assert_eq!((&drawn["Visualization"], &drawn["YColumns"]), (&json!("timechart"), &json!(["a", "b"])));
        assert_eq!(drawn["Title"], json!(null));
    }
}
