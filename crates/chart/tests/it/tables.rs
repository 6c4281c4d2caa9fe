//! Tables and requests for tests.

use azimuth_chart::{Chart, Column, ColumnType, Request, SvgOptions, Table, Value, chart, svg};

pub(crate) const HOUR: i64 = 36_000_000_000;
/// 2024-01-01
pub(crate) const NEW_YEAR: i64 = 638_396_640_000_000_000;

pub(crate) fn table(columns: &[(&str, ColumnType)], rows: Vec<Vec<Value>>) -> Table {
    Table { columns: columns.iter().map(|(name, kind)| Column::new(*name, *kind)).collect(), rows }
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub(crate) fn request(visualisation: &str, properties: &[(&str, &str)]) -> Request {
    let properties: Vec<(String, Vec<String>)> = properties
        .iter()
        .map(|(name, values)| ((*name).to_owned(), values.split(", ").map(str::to_owned).collect()))
        .collect();
    Request::parse(visualisation, &properties).unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
pub(crate) fn drawn(visualisation: &str, properties: &[(&str, &str)], table: &Table) -> Chart {
    chart(&request(visualisation, properties), table).unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
pub(crate) fn picture(visualisation: &str, properties: &[(&str, &str)], table: &Table) -> String {
    svg(&drawn(visualisation, properties, table), &SvgOptions::default())
}

/// Storms by state and kind.
pub(crate) fn storms() -> Table {
    let row = |state: &str, kind: &str, count| vec![text(state), text(kind), Value::Long(count)];
    table(
        &[("State", ColumnType::Text), ("EventType", ColumnType::Text), ("count_", ColumnType::Number)],
        vec![
            row("TEXAS", "Hail", 40),
            row("TEXAS", "Flood", 20),
            row("KANSAS", "Hail", 30),
            row("KANSAS", "Flood", 60),
            row("IOWA", "Hail", 10),
        ],
    )
}

/// Values at hours after the new year, in the order given.
pub(crate) fn hourly(values: &[(i64, f64)]) -> Table {
    let row = |(hour, value): &(i64, f64)| vec![Value::Datetime(NEW_YEAR + hour * HOUR), Value::Real(*value)];
    table(&[("Time", ColumnType::Datetime), ("n", ColumnType::Number)], values.iter().map(row).collect())
}
