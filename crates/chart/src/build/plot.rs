//! Lines, areas and points: `timechart`, `linechart`, `anomalychart`, `areachart`, `stackedareachart`,
//! `scatterchart`.

use super::gather::{self, Gathered, Sample, Series, Surplus};
use super::{Built, thin};
use crate::error::ChartError;
use crate::model::{Drawing, Line, Mark, Panel, Plot, Point};
use crate::request::{Kind, Request, Visualisation, YSplit};
use crate::roles::roles;
use crate::scale::{Axis, Quantity};
use crate::table::Table;
use crate::text::clean;

/// Most panels: "one chart is rendered for each `ycolumn` value, maximum five panels" (reference, *ysplit*).
const MOST_PANELS: usize = 5;
/// Most y axes beside one plot; more leave no room for the plot.
const MOST_AXES: usize = 4;

pub(super) fn build(request: &Request, table: &Table) -> Result<Built, ChartError> {
    let roles = roles(request, table)?;
    let mut notes = Vec::new();
    let mut gathered = gather::gather(&roles, table, false, &mut notes);
    if request.visualisation == Visualisation::Anomaly && request.anomaly_columns.is_empty() {
        notes.push(
            "no point is marked: name columns of `series_decompose_anomalies` with `anomalycolumns`"
                .to_owned(),
        );
    }
    let mark = match request.visualisation {
        Visualisation::Scatter => Mark::Point,
        Visualisation::Area | Visualisation::StackedArea => Mark::Area,
        _ => Mark::Line,
    };
    let stacking = match (request.visualisation, request.kind) {
        (_, Kind::Stacked100) if mark == Mark::Area => Some(true),
        (Visualisation::StackedArea, Kind::Default | Kind::Stacked) => Some(false),
        (Visualisation::Area, Kind::Stacked) => Some(false),
        _ => None,
    };
    let surplus = match (mark, stacking) {
        (Mark::Point, _) => Surplus::Keep,
        (_, Some(_)) => Surplus::Add,
        (_, None) => Surplus::Drop,
    };
    gather::limit_series(&mut gathered, surplus, &mut notes);
    let y_log = wanted_log(request.y_log, "yaxis", stacking.is_some(), &gathered.y, &mut notes);
    let x_log = wanted_log(request.x_log, "xaxis", false, &gathered.x, &mut notes);
    let (mut without_x, mut without_y) = (0, 0);
    for series in &mut gathered.series {
        if stacking.is_some() {
            gather::add_up(series);
        } else if mark != Mark::Point {
            series.points.sort_by(|left, right| left.x.total_cmp(&right.x));
        }
        if request.accumulate {
            gather::accumulate(series);
        }
        let before = series.points.len();
        series.points.retain(|point| !x_log || point.x > 0.0);
        without_x += before - series.points.len();
        for point in series.points.iter_mut().filter(|point| y_log && point.y.is_some_and(|y| y <= 0.0)) {
            point.y = None;
            without_y += 1;
        }
    }
    note_unplaced("xaxis", without_x, &mut notes);
    note_unplaced("yaxis", without_y, &mut notes);
    if gathered.series.iter().flat_map(|series| &series.points).all(|point| point.y.is_none()) {
        let reason = if table.rows.is_empty() { "no rows" } else { "no values to draw" };
        return Ok(Built::empty(reason, notes));
    }

    let x = x_axis(request, &gathered, mark, x_log);
    let lines = match stacking {
        Some(full) => stack(&gathered.series, full),
        None => gathered.series.iter().map(|series| points(&series.points)).collect(),
    };
    let lines: Vec<Line> = lines
        .into_iter()
        .enumerate()
        .map(|(key, points)| {
            let anomalies = &gathered.series[key].points;
            let anomalies = anomalies.iter().zip(&points).filter(|(sample, _)| sample.is_anomaly);
            let anomalies: Vec<Point> = anomalies.map(|(_, point)| *point).collect();
            Line { key, axis: 0, points, anomalies }
        })
        .collect();
    let panels = panels(request, &gathered, lines, stacking, y_log, &mut notes);
    let mut plot = Plot { mark, stacked: stacking.is_some(), x, panels };
    thin::thin(&mut plot, &mut notes);
    let keys = gathered.series.into_iter().map(|series| series.key).collect();
    Ok(Built { drawing: Drawing::Plot(plot), keys, notes })
}

/// Whether an axis is logarithmic: asked for, and possible.
pub(super) fn wanted_log(
    asked: bool,
    property: &str,
    stacked: bool,
    quantity: &Quantity,
    notes: &mut Vec<String>,
) -> bool {
    if !asked {
        return false;
    }
    if stacked {
        notes.push(format!("`{property} = log` is ignored: parts of a stack have no length on it"));
        return false;
    }
    if !matches!(quantity, Quantity::Number | Quantity::Timespan) {
        notes.push(format!("`{property} = log` is ignored: only numbers have logarithms"));
        return false;
    }
    true
}

/// Says how many values a logarithmic axis has no place for.
pub(super) fn note_unplaced(property: &str, count: usize, notes: &mut Vec<String>) {
    if count > 0 {
        let values = if count == 1 { "value" } else { "values" };
        notes.push(format!(
            "{} {values} of zero or below, which have no place on the logarithmic `{property}`",
            crate::number::count(count)
        ));
    }
}

fn x_axis(request: &Request, gathered: &Gathered, mark: Mark, log: bool) -> Axis {
    let places = gathered.series.iter().flat_map(|series| &series.points).map(|point| point.x);
    let (min, max) = bounds(places).unwrap_or((0.0, 1.0));
    let title = request.x_title.as_deref().map_or_else(|| gathered.x_title.clone(), clean);
    let axis = Axis::new(&title, gathered.x.clone(), log, min, max);
    if mark == Mark::Point && matches!(gathered.x, Quantity::Number | Quantity::Timespan) {
        axis.rounded(true, true)
    } else if let Quantity::Category(names) = &gathered.x {
        Axis::new(&title, gathered.x.clone(), false, -0.5, names.len() as f64 - 0.5)
    } else {
        axis
    }
}

/// Least and greatest of some values.
pub(crate) fn bounds(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |bounds, value| match bounds {
        None => Some((value, value)),
        Some((min, max)) => Some((min.min(value), max.max(value))),
    })
}

fn points(samples: &[Sample]) -> Vec<Point> {
    let point =
        |sample: &Sample| Point { x: sample.x, y: sample.y, low: 0.0, value: sample.y.unwrap_or(0.0) };
    samples.iter().map(point).collect()
}

/// Lays the series on one another, in their order; a series without a value at a place has none there. With `full`
/// every place is stretched to 1.
fn stack(series: &[Series], full: bool) -> Vec<Vec<Point>> {
    let mut places: Vec<f64> = series.iter().flat_map(|series| &series.points).map(|point| point.x).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let totals: Vec<f64> = if full {
        let mut totals = vec![0.0; places.len()];
        for_each_place(series, &places, |_, place, value| totals[place] += value.abs());
        totals
    } else {
        Vec::new()
    };
    let mut tops = vec![(0.0, 0.0); places.len()];
    let mut lines: Vec<Vec<Point>> = vec![Vec::with_capacity(places.len()); series.len()];
    for_each_place(series, &places, |index, place, value| {
        let height = match totals.get(place) {
            Some(total) if *total > 0.0 => value / total,
            Some(_) => 0.0,
            None => value,
        };
        let (positive, negative) = &mut tops[place];
        let top = if height < 0.0 { negative } else { positive };
        let low = *top;
        *top += height;
        lines[index].push(Point { x: places[place], y: Some(*top), low, value });
    });
    lines
}

/// Calls with series, place and value for every pair, series after series.
fn for_each_place(series: &[Series], places: &[f64], mut call: impl FnMut(usize, usize, f64)) {
    for (index, series) in series.iter().enumerate() {
        let mut points = series.points.iter().peekable();
        for (place, x) in places.iter().enumerate() {
            let found = points.next_if(|point| point.x == *x);
            call(index, place, found.and_then(|point| point.y).unwrap_or(0.0));
        }
    }
}

/// Distributes lines over panels and axes, and finds the range of each axis.
fn panels(
    request: &Request,
    gathered: &Gathered,
    mut lines: Vec<Line>,
    stacking: Option<bool>,
    log: bool,
    notes: &mut Vec<String>,
) -> Vec<Panel> {
    let columns = gathered.y_titles.len();
    let y_of = |line: &Line| gathered.series[line.key].y;
    let quantity = if stacking == Some(true) { Quantity::Share } else { gathered.y.clone() };
    let y_title = |column: usize| match &request.y_title {
        Some(title) => clean(title),
        None => gathered.y_titles[column].clone(),
    };
    let axis = |title: &str, lines: &[&Line]| y_axis(request, title, &quantity, log, lines);
    match request.y_split {
        YSplit::Panels if columns > 1 => {
            if columns > MOST_PANELS {
                notes.push(format!("{MOST_PANELS} of {columns} panels drawn, which is the most there are"));
            }
            let mut panels: Vec<Panel> = Vec::new();
            for column in 0..columns.min(MOST_PANELS) {
                let lines: Vec<Line> = lines.extract_if(.., |line| y_of(line) == column).collect();
                let title = gathered.y_titles[column].clone();
                let ys = vec![axis("", &lines.iter().collect::<Vec<_>>())];
                panels.push(Panel { title: Some(title), ys, lines });
            }
            panels
        }
        YSplit::Axes if lines.len() > 1 => {
            // One axis for each measure; a single measure has one for each of its series.
            let groups = if columns > 1 { columns } else { lines.len() };
            let axes = groups.min(MOST_AXES);
            if groups > axes {
                notes.push(format!("{axes} of {groups} y axes drawn, the others share the last one"));
            }
            for line in &mut lines {
                let group = if columns > 1 { y_of(line) } else { line.key };
                line.axis = group.min(axes - 1);
            }
            let ys = (0..axes).map(|index| {
                let on_axis: Vec<&Line> = lines.iter().filter(|line| line.axis == index).collect();
                let title = match on_axis.first() {
                    Some(_) if columns > 1 => gathered.y_titles[index].clone(),
                    Some(line) => gathered.series[line.key].key.name.clone(),
                    None => String::new(),
                };
                axis(&title, &on_axis)
            });
            let ys = ys.collect();
            vec![Panel { title: None, ys, lines }]
        }
        YSplit::None | YSplit::Axes | YSplit::Panels => {
            let title = if columns == 1 || request.y_title.is_some() { y_title(0) } else { String::new() };
            let ys = vec![axis(&title, &lines.iter().collect::<Vec<_>>())];
            vec![Panel { title: None, ys, lines }]
        }
    }
}

/// A y axis over the lines on it. It starts at zero where that costs less than half of its length, and always under
/// areas; `ymin` and `ymax` count as given.
fn y_axis(request: &Request, title: &str, quantity: &Quantity, log: bool, lines: &[&Line]) -> Axis {
    let is_area = matches!(request.visualisation, Visualisation::Area | Visualisation::StackedArea);
    let points = lines.iter().flat_map(|line| &line.points);
    let ends = points.filter_map(|point| point.y.map(|y| [y, if is_area { point.low } else { y }]));
    let (mut min, mut max) = bounds(ends.flatten()).unwrap_or((0.0, 1.0));
    if !log {
        let zero_is_near = (min > 0.0 && min < max * 0.5) || (max < 0.0 && max > min * 0.5);
        let is_flat = min == max;
        if is_area || zero_is_near || is_flat {
            min = min.min(0.0);
            max = max.max(0.0);
        }
    }
    ranged(request, title, quantity, log, (min, max))
}

/// An axis from `min` to `max`, or from `ymin` to `ymax` where they are given and leave an extent.
pub(super) fn ranged(
    request: &Request,
    title: &str,
    quantity: &Quantity,
    log: bool,
    (min, max): (f64, f64),
) -> Axis {
    if *quantity == Quantity::Share {
        return Axis::new(title, Quantity::Share, false, if min < 0.0 { -1.0 } else { 0.0 }, 1.0);
    }
    let usable = |bound: Option<f64>| bound.filter(|bound| !log || *bound > 0.0);
    let (low, high) = (usable(request.y_min), usable(request.y_max));
    let (low, high) = match (low, high) {
        (Some(low), Some(high)) if low >= high => (None, None),
        other => other,
    };
    let start =
        low.unwrap_or(if high.is_some_and(|high| high <= min) { high.unwrap_or(0.0) - 1.0 } else { min });
    let end = high.unwrap_or(if low.is_some_and(|low| low >= max) { low.unwrap_or(0.0) + 1.0 } else { max });
    Axis::new(title, quantity.clone(), log, start, end).rounded(low.is_none(), high.is_none())
}
