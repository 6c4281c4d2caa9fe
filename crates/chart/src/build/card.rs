//! `card` and `table`.

use super::Built;
use crate::error::ChartError;
use crate::model::{Card, Drawing, Grid};
use crate::number;
use crate::request::Request;
use crate::roles::named_all;
use crate::table::{ColumnType, Table, Value};
use crate::text::clean;
use crate::time;

/// Most cards.
const MOST_CARDS: usize = 12;
/// Most rows of a drawn table.
pub(crate) const MOST_ROWS: usize = 1_000;
/// Most columns of a drawn table.
const MOST_COLUMNS: usize = 60;

/// The values of the first record ("the first result record is a set of scalar values and shows as a card").
pub(super) fn card(request: &Request, table: &Table) -> Result<Built, ChartError> {
    let mut notes = Vec::new();
    let Some(row) = table.rows.first() else { return Ok(Built::empty("no rows", notes)) };
    let mut columns = named_all(table, "ycolumns", &request.y_columns)?;
    if columns.is_empty() {
        columns = (0..table.columns.len()).collect();
    }
    if columns.is_empty() {
        return Ok(Built::empty("no columns", notes));
    }
    if columns.len() > MOST_CARDS {
        notes.push(format!("the first {MOST_CARDS} of {} values shown", number::count(columns.len())));
        columns.truncate(MOST_CARDS);
    }
    let card = |column: usize| Card {
        name: clean(table.name(column)),
        value: match table.value(row, column) {
            Value::Long(value) => number::exact(*value as f64),
            Value::Real(value) => number::exact(*value),
            // Fractions of a second are too fine for a card.
            Value::Timespan(ticks) => time::timespan_text(ticks / time::SECOND * time::SECOND),
            Value::Datetime(ticks) => time::datetime_text(ticks / time::SECOND * time::SECOND),
            Value::Null => "–".to_owned(),
            other => clean(&other.label()),
        },
    };
    let cards = columns.into_iter().map(card).collect();
    Ok(Built { drawing: Drawing::Cards(cards), keys: Vec::new(), notes })
}

/// The result as a table.
pub(super) fn grid(table: &Table) -> Built {
    let (grid, notes) = texts(table);
    Built { drawing: Drawing::Grid(grid), keys: Vec::new(), notes }
}

/// The table as texts, cut to what a page can hold, and what was cut.
pub(crate) fn texts(table: &Table) -> (Grid, Vec<String>) {
    let mut notes = Vec::new();
    if table.rows.len() > MOST_ROWS {
        let rows = number::count(table.rows.len());
        notes.push(format!("the first {} of {rows} rows shown", number::count(MOST_ROWS)));
    }
    if table.columns.len() > MOST_COLUMNS {
        let columns = number::count(table.columns.len());
        notes.push(format!("the first {MOST_COLUMNS} of {columns} columns shown"));
    }
    let columns = 0..table.columns.len().min(MOST_COLUMNS);
    let numeric = |column: usize| matches!(table.kind(column), ColumnType::Number | ColumnType::Timespan);
    let row =
        |row: &Vec<Value>| columns.clone().map(|column| clean(&table.value(row, column).text())).collect();
    let grid = Grid {
        header: columns.clone().map(|column| clean(table.name(column))).collect(),
        numeric: columns.clone().map(numeric).collect(),
        rows: table.rows.iter().take(MOST_ROWS).map(row).collect(),
    };
    (grid, notes)
}
