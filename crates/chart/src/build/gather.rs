//! From rows to series: one for each combination of the series columns and each y column.

use std::collections::HashMap;

use crate::model::Key;
use crate::number;
use crate::roles::Roles;
use crate::scale::Quantity;
use crate::table::{ColumnType, LARGEST, Table, Value};
use crate::text::clean;

/// Most series that a chart tells apart.
pub(super) const MOST_SERIES: usize = 10;
/// Most categories kept while reading; what is drawn is less.
const MOST_CATEGORIES: usize = 100_000;

/// Rows as series over an x axis.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) x_title: String,
    pub(super) x: Quantity,
    pub(super) y_titles: Vec<String>,
    /// What the y columns measure: numbers, unless all of them are timespans.
    pub(super) y: Quantity,
    pub(super) series: Vec<Series>,
}

#[derive(Debug)]
pub(super) struct Series {
    pub(super) key: Key,
    /// Its y column, a place in [`Gathered::y_titles`].
    pub(super) y: usize,
    pub(super) points: Vec<Sample>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) x: f64,
    pub(super) y: Option<f64>,
    pub(super) is_anomaly: bool,
}

/// Reads the series. With `categories`, x is a name unless it is a datetime.
pub(super) fn gather(roles: &Roles, table: &Table, categories: bool, notes: &mut Vec<String>) -> Gathered {
    let table = roles.expanded.as_ref().unwrap_or(table);
    if roles.cut {
        notes.push("the arrays are too long to be drawn whole; the end is missing".to_owned());
    }
    let (x, places) = x_values(roles.x, table, categories);
    let without_x = places.iter().filter(|place| place.is_none()).count();
    if without_x > 0 {
        let rows = if without_x == 1 { "row has" } else { "rows have" };
        notes.push(format!(
            "{} {rows} no value in `{}` and cannot be placed",
            number::count(without_x),
            clean(table.name(roles.x))
        ));
    }

    let mut series: Vec<Series> = Vec::new();
    // Per y column: series name → place in `series`.
    let mut known: Vec<HashMap<String, usize>> = vec![HashMap::new(); roles.ys.len()];
    let mut not_finite = 0_usize;
    let marks = anomaly_columns(roles);
    for (row, place) in table.rows.iter().zip(&places) {
        let Some(x) = *place else { continue };
        let name = series_name(roles, table, row);
        for (position, column) in roles.ys.iter().enumerate() {
            let value = table.value(row, *column);
            let y = value.measure();
            not_finite += usize::from(y.is_none() && value != &Value::Null);
            let index = *known[position].entry(name.clone()).or_insert_with(|| {
                let name = full_name(&name, table.name(*column), roles);
                series.push(Series { key: Key { name, is_rest: false }, y: position, points: Vec::new() });
                series.len() - 1
            });
            let is_anomaly = marks[position].iter().any(|mark| is_marked(table.value(row, *mark)));
            series[index].points.push(Sample { x, y, is_anomaly });
        }
    }
    if not_finite > 0 {
        let values = if not_finite == 1 { "value is" } else { "values are" };
        notes.push(format!("{} {values} not finite and not drawn", number::count(not_finite)));
    }
    let all_spans = roles.ys.iter().all(|column| table.kind(*column) == ColumnType::Timespan);
    Gathered {
        x_title: clean(table.name(roles.x)),
        x,
        y_titles: roles.ys.iter().map(|column| clean(table.name(*column))).collect(),
        y: if all_spans { Quantity::Timespan } else { Quantity::Number },
        series,
    }
}

/// What x measures, and the place of every row on it.
fn x_values(column: usize, table: &Table, categories: bool) -> (Quantity, Vec<Option<f64>>) {
    let values = || table.rows.iter().map(|row| table.value(row, column));
    match table.kind(column) {
        ColumnType::Datetime => {
            let ticks = |value: &Value| match value {
                Value::Datetime(ticks) => Some((*ticks).clamp(0, crate::time::LAST)),
                _ => None,
            };
            let origin = values().filter_map(ticks).min().unwrap_or(0);
            let place = |value: &Value| ticks(value).map(|ticks| (ticks - origin) as f64);
            (Quantity::Datetime { origin }, values().map(place).collect())
        }
        ColumnType::Number if !categories => (Quantity::Number, values().map(Value::number).collect()),
        ColumnType::Timespan if !categories => (Quantity::Timespan, values().map(Value::measure).collect()),
        _ => {
            let mut names: Vec<String> = Vec::new();
            let mut known: HashMap<String, usize> = HashMap::new();
            let mut places = Vec::with_capacity(table.rows.len());
            for value in values() {
                let name = clean(&value.label());
                if known.len() >= MOST_CATEGORIES && !known.contains_key(&name) {
                    places.push(None);
                    continue;
                }
                let index = *known.entry(name).or_insert_with_key(|name| {
                    names.push(name.clone());
                    names.len() - 1
                });
                places.push(Some(index as f64));
            }
            (Quantity::Category(names), places)
        }
    }
}

fn series_name(roles: &Roles, table: &Table, row: &[Value]) -> String {
    let parts = roles.series.iter().map(|column| clean(&table.value(row, *column).label()));
    parts.collect::<Vec<_>>().join(" · ")
}

fn full_name(name: &str, y: &str, roles: &Roles) -> String {
    match (name.is_empty(), roles.ys.len()) {
        (true, _) => clean(y),
        (false, 1) => name.to_owned(),
        (false, _) => format!("{name} · {}", clean(y)),
    }
}

/// The columns whose marks belong to each y column: one each, if there are as many as y columns, else all of them
/// to the first.
fn anomaly_columns(roles: &Roles) -> Vec<Vec<usize>> {
    let mut marks = vec![Vec::new(); roles.ys.len()];
    if roles.anomalies.len() == roles.ys.len() {
        for (mark, column) in marks.iter_mut().zip(&roles.anomalies) {
            mark.push(*column);
        }
    } else if let Some(first) = marks.first_mut() {
        first.clone_from(&roles.anomalies);
    }
    marks
}

/// Anomaly columns hold −1, 0 and 1, as `series_decompose_anomalies` returns them, or bools.
fn is_marked(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => *flag,
        other => other.number().is_some_and(|number| number != 0.0),
    }
}

/// What becomes of series beyond [`MOST_SERIES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Surplus {
    /// Left out: a sum of averages would be a lie.
    Drop,
    /// Gathered in a series of their own, whose values are added up where they meet.
    Add,
    /// Gathered in a series of their own as they are.
    Keep,
}

/// Keeps the series with the largest totals, in their order, and says what became of the rest.
pub(super) fn limit_series(gathered: &mut Gathered, surplus: Surplus, notes: &mut Vec<String>) {
    let count = gathered.series.len();
    if count <= MOST_SERIES {
        return;
    }
    let most = if surplus == Surplus::Drop { MOST_SERIES } else { MOST_SERIES - 1 };
    let total = |series: &Series| -> f64 {
        let sum: f64 = series.points.iter().filter_map(|point| point.y).map(f64::abs).sum();
        sum.min(LARGEST)
    };
    let mut ranked: Vec<(usize, f64)> = gathered.series.iter().map(total).enumerate().collect();
    ranked.sort_by(|left, right| right.1.total_cmp(&left.1));
    let mut is_kept = vec![false; count];
    ranked.iter().take(most).for_each(|(index, _)| is_kept[*index] = true);
    let (mut kept, mut rest) = (Vec::new(), Vec::new());
    for (series, is_kept) in std::mem::take(&mut gathered.series).into_iter().zip(is_kept) {
        if is_kept { kept.push(series) } else { rest.push(series) }
    }
    let shown = number::count(most);
    let total = number::count(count);
    match surplus {
        Surplus::Drop => {
            notes.push(format!("{shown} of {total} series drawn, those with the largest totals"));
        }
        Surplus::Add | Surplus::Keep => {
            notes.push(format!("{shown} of {total} series told apart, the rest is in \"other\""));
            let key = Key { name: format!("other ({})", number::count(rest.len())), is_rest: true };
            let points = rest.into_iter().flat_map(|series| series.points).collect();
            kept.push(Series { key, y: 0, points });
        }
    }
    gathered.series = kept;
}

/// Adds up the samples of each series that stand at the same place, in the order of x.
pub(super) fn add_up(series: &mut Series) {
    series.points.sort_by(|left, right| left.x.total_cmp(&right.x));
    let mut merged: Vec<Sample> = Vec::with_capacity(series.points.len());
    for point in series.points.drain(..) {
        match merged.last_mut() {
            Some(last) if last.x == point.x => {
                last.y = match (last.y, point.y) {
                    (Some(left), Some(right)) => Some((left + right).clamp(-LARGEST, LARGEST)),
                    (left, right) => left.or(right),
                };
                last.is_anomaly |= point.is_anomaly;
            }
            _ => merged.push(point),
        }
    }
    series.points = merged;
}

/// `accumulate`: each value is added to all its predecessors.
pub(super) fn accumulate(series: &mut Series) {
    let mut sum = 0.0_f64;
    for point in &mut series.points {
        if let Some(y) = &mut point.y {
            sum = (sum + *y).clamp(-LARGEST, LARGEST);
            *y = sum;
        }
    }
}
