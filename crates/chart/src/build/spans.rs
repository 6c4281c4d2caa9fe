//! Time lines: `ladderchart` and `timepivot`.

use std::collections::HashMap;

use super::Built;
use super::gather::MOST_SERIES;
use super::plot::bounds;
use crate::error::ChartError;
use crate::model::{Drawing, Key, Span, Spans};
use crate::number;
use crate::request::Request;
use crate::roles::{named, named_all};
use crate::scale::{Axis, Quantity};
use crate::table::{ColumnType, Table, Value};
use crate::text::clean;
use crate::time;

/// Most rows of a time line.
const MOST_ROWS: usize = 60;
/// Most spans drawn.
const MOST_SPANS: usize = 5_000;

/// "The last two columns are the x-axis, and the other columns are the y-axis."
pub(super) fn ladder(request: &Request, table: &Table) -> Result<Built, ChartError> {
    let count = table.columns.len();
    let needs = |needs: &str| ChartError::Needs {
        chart: "ladderchart",
        needs: needs.to_owned(),
        has: table.inventory(),
    };
    let fits = |kind| matches!(kind, ColumnType::Datetime | ColumnType::Number | ColumnType::Timespan);
    if count < 2 || !fits(table.kind(count - 2)) || !fits(table.kind(count - 1)) {
        return Err(needs("a start and an end (datetimes or numbers) as its last two columns"));
    }
    if table.kind(count - 2) == ColumnType::Datetime && table.kind(count - 1) == ColumnType::Number {
        return Err(needs("a start and an end of one type as its last two columns"));
    }
    let mut labels = named_all(table, "series", &request.series)?;
    if labels.is_empty() {
        labels = (0..count - 2).collect();
    }
    lay_out(request, table, count - 2, Some(count - 1), &labels)
}

/// Events by their first datetime column; if the second one follows it closely in the table, it is the end. The rows
/// are the `series`, else the first column of texts.
pub(super) fn time_pivot(request: &Request, table: &Table) -> Result<Built, ChartError> {
    let times: Vec<usize> =
        (0..table.columns.len()).filter(|index| table.kind(*index) == ColumnType::Datetime).collect();
    let start = request.x_column.as_deref().map(|name| named(table, "xcolumn", name)).transpose()?;
    let Some(start) = start.filter(|start| times.contains(start)).or(times.first().copied()) else {
        return Err(ChartError::Needs {
            chart: "timepivot",
            needs: "a datetime column".to_owned(),
            has: table.inventory(),
        });
    };
    let end = times.iter().copied().find(|column| *column > start);
    let mut labels = named_all(table, "series", &request.series)?;
    if labels.is_empty() {
        labels.extend((0..table.columns.len()).find(|index| table.kind(*index) == ColumnType::Text));
    }
    lay_out(request, table, start, end, &labels)
}

fn lay_out(
    request: &Request,
    table: &Table,
    start: usize,
    end: Option<usize>,
    labels: &[usize],
) -> Result<Built, ChartError> {
    let mut notes = Vec::new();
    let quantity = match table.kind(start) {
        ColumnType::Datetime => {
            let origin = table.rows.iter().filter_map(|row| ticks(table.value(row, start))).min();
            Quantity::Datetime { origin: origin.unwrap_or(0) }
        }
        ColumnType::Timespan => Quantity::Timespan,
        _ => Quantity::Number,
    };
    let origin = if let Quantity::Datetime { origin } = quantity { origin } else { 0 };
    let place = |value: &Value| match value {
        Value::Datetime(_) => ticks(value).map(|ticks| (ticks - origin) as f64),
        other => other.measure(),
    };
    let mut rows: Vec<String> = Vec::new();
    let mut keys: Vec<Key> = Vec::new();
    let mut known_rows: HashMap<String, usize> = HashMap::new();
    let mut known_keys: HashMap<String, usize> = HashMap::new();
    let mut spans = Vec::new();
    let (mut unplaced, mut surplus_rows, mut surplus_spans) = (0_usize, 0_usize, 0_usize);
    let coloured = coloured_label(table, labels);
    for row in &table.rows {
        let Some(from) = place(table.value(row, start)) else {
            unplaced += 1;
            continue;
        };
        // A timespan after a datetime is a duration.
        let to = end.and_then(|end| match table.value(row, end) {
            Value::Timespan(length) if table.kind(start) == ColumnType::Datetime => {
                Some(from + *length as f64)
            }
            other => place(other),
        });
        let names: Vec<String> =
            labels.iter().map(|label| clean(&table.value(row, *label).label())).collect();
        let name = names.join(" · ");
        let next = rows.len();
        let index = *known_rows.entry(name.clone()).or_insert(next);
        if index == next && rows.len() < MOST_ROWS {
            rows.push(name);
        }
        if index >= MOST_ROWS {
            surplus_rows += 1;
            continue;
        }
        if spans.len() >= MOST_SPANS {
            surplus_spans += 1;
            continue;
        }
        let group = names.get(coloured).cloned().unwrap_or_default();
        let key = *known_keys.entry(group.clone()).or_insert_with(|| {
            keys.push(Key { name: group, is_rest: false });
            keys.len() - 1
        });
        let to = to.unwrap_or(from);
        spans.push(Span { row: index, start: from.min(to), end: from.max(to), key });
    }
    let mut note = |number: usize, text: &str| {
        if number > 0 {
            notes.push(format!("{} {text}", number::count(number)));
        }
    };
    note(unplaced, "without a start and not drawn");
    note(surplus_rows, "more in rows beyond the first 60, not drawn");
    note(surplus_spans, "more spans than can be drawn");
    if spans.is_empty() {
        let reason = if table.rows.is_empty() { "no rows" } else { "no values to draw" };
        return Ok(Built::empty(reason, notes));
    }
    if keys.len() > MOST_SERIES || labels.len() < 2 {
        // A colour of its own says nothing that the row does not say.
        keys.truncate(1);
        spans.iter_mut().for_each(|span| span.key = 0);
    }
    let (min, max) = bounds(spans.iter().flat_map(|span| [span.start, span.end])).unwrap_or((0.0, 1.0));
    let title = request.x_title.as_deref().map_or_else(|| clean(table.name(start)), clean);
    let x = Axis::new(&title, quantity, false, min, max);
    Ok(Built { drawing: Drawing::Spans(Spans { x, rows, spans }), keys, notes })
}

/// Which label colours the spans: the one with the fewest names.
fn coloured_label(table: &Table, labels: &[usize]) -> usize {
    let names = |label: &usize| -> usize {
        let names = table.rows.iter().map(|row| table.value(row, *label).label());
        names.collect::<std::collections::HashSet<_>>().len()
    };
    let counted = labels.iter().map(names).enumerate();
    counted.min_by_key(|(_, count)| *count).map_or(0, |(index, _)| index)
}

fn ticks(value: &Value) -> Option<i64> {
    if let Value::Datetime(ticks) = value { Some((*ticks).clamp(0, time::LAST)) } else { None }
}
