//! Lines, areas, points and maps in braille, with axes.

use super::Sheet;
use super::canvas::Canvas;
use crate::build::bounds;
use crate::model::{Map, Mark, Panel, Plot, Point};
use crate::scale::{Axis, Quantity, Tick};
use crate::text;
use crate::time;

pub(super) fn draw(sheet: &mut Sheet<'_>, plot: &Plot) {
    let split: Vec<Panel> = plot.panels.iter().flat_map(one_axis_each).collect();
    let panels = split.len();
    for (index, panel) in split.iter().enumerate() {
        if let Some(title) = &panel.title {
            let title = text::fit_cells(title, sheet.width);
            sheet.plain(&title);
            sheet.end_line();
        }
        let is_last = index + 1 == panels;
        let lines = if panels > 1 { (sheet.height / panels).max(6) } else { sheet.height };
        draw_panel(sheet, plot, panel, lines, is_last);
    }
}

/// A terminal has labels on the left only: each further axis gets a panel of its own.
fn one_axis_each(panel: &Panel) -> Vec<Panel> {
    if panel.ys.len() < 2 {
        return vec![panel.clone()];
    }
    let axes = panel.ys.iter().enumerate();
    let with_axis = axes.map(|(number, axis)| {
        let lines = panel.lines.iter().filter(|line| line.axis == number).cloned();
        let lines = lines.map(|line| crate::model::Line { axis: 0, ..line }).collect();
        Panel { title: None, ys: vec![axis.clone()], lines }
    });
    with_axis.collect()
}

fn draw_panel(sheet: &mut Sheet<'_>, plot: &Plot, panel: &Panel, lines: usize, is_last: bool) {
    let Some(axis) = panel.ys.first() else { return };
    let rows = lines.saturating_sub(3).max(3);
    let ticks = axis.ticks((rows / 3).clamp(2, 8));
    let room = label_room(&ticks, sheet.width);
    let mut canvas = Canvas::new(sheet.width.saturating_sub(room + 2).max(4), rows);
    for line in &panel.lines {
        let Some(y) = panel.ys.get(line.axis) else { continue };
        let at = |point: &Point| Some((plot.x.place(point.x)?, y.place(point.y?)?));
        let mark = sheet.mark(line.key);
        let mut last: Option<(f64, f64)> = None;
        for point in &line.points {
            let place = at(point);
            if let Some(place) = place {
                match (plot.mark, last) {
                    (Mark::Point, _) | (_, None) => canvas.dot(place, line.key, mark),
                    (Mark::Line, Some(last)) => canvas.line(last, place, line.key, mark),
                    (Mark::Area, Some(last)) => canvas.line(last, place, line.key, mark),
                }
            }
            last = place;
        }
        if plot.mark == Mark::Area {
            fill(&mut canvas, &line.points, (&plot.x, y), plot.stacked, (line.key, mark));
        }
    }
    for line in &panel.lines {
        let Some(y) = panel.ys.get(line.axis) else { continue };
        for point in &line.anomalies {
            if let (Some(x), Some(y)) = (plot.x.place(point.x), point.y.and_then(|value| y.place(value))) {
                // Red, the sixth colour.
                canvas.flag((x, y), 5, if sheet.unicode { '◉' } else { '!' });
            }
        }
    }
    write(sheet, &canvas, &ticks, room, panel);
    x_axis(sheet, &plot.x, canvas.columns(), room, is_last);
}

/// Fills an area column by column, between its lower and its upper end.
fn fill(
    canvas: &mut Canvas,
    points: &[Point],
    (x, y): (&Axis, &Axis),
    stacked: bool,
    (key, mark): (usize, Option<char>),
) {
    let base = y.place(y.base()).unwrap_or(0.0);
    let ends = |point: &Point| {
        let low = if stacked { y.place(point.low).unwrap_or(base) } else { base };
        Some((x.place(point.x)?, low, y.place(point.y?)?))
    };
    // Every other column only, where areas stand behind each other, so that all of them are seen.
    let stride = if stacked || canvas.columns() < 20 { 1 } else { 2 };
    let columns = canvas.columns() * 2;
    for pair in points.windows(2) {
        let (Some(from), Some(to)) = (ends(&pair[0]), ends(&pair[1])) else { continue };
        let first = (from.0.max(0.0) * (columns - 1) as f64).ceil() as usize;
        let last = (to.0.min(1.0) * (columns - 1) as f64).floor().max(0.0) as usize;
        for column in (first..=last).filter(|column| column % stride == 0) {
            let at = column as f64 / (columns - 1) as f64;
            let part = if to.0 > from.0 { (at - from.0) / (to.0 - from.0) } else { 0.0 };
            let low = from.1 + (to.1 - from.1) * part;
            let high = from.2 + (to.2 - from.2) * part;
            canvas.column(at, (low, high), key, mark);
        }
    }
}

fn label_room(ticks: &[Tick], width: usize) -> usize {
    ticks.iter().map(|tick| text::cells(&tick.label)).max().unwrap_or(1).min(width / 3)
}

fn write(sheet: &mut Sheet<'_>, canvas: &Canvas, ticks: &[Tick], room: usize, panel: &Panel) {
    let titles: Vec<&str> =
        panel.ys.iter().map(|axis| axis.title.as_str()).filter(|title| !title.is_empty()).collect();
    if !titles.is_empty() {
        let line = text::fit_cells(&titles.join(", "), sheet.width);
        sheet.dim_line(&line);
    }
    let row_of = |tick: &Tick| ((1.0 - tick.at) * (canvas.rows() - 1) as f64).round() as usize;
    for row in 0..canvas.rows() {
        let tick = ticks.iter().find(|tick| (0.0..=1.0).contains(&tick.at) && row_of(tick) == row);
        let label = tick.map_or("", |tick| tick.label.as_str());
        let label = text::fit_cells(label, room);
        let padding = " ".repeat(room.saturating_sub(text::cells(&label)));
        let edge = match (sheet.unicode, tick.is_some()) {
            (true, true) => '┤',
            (true, false) => '│',
            (false, true) => '+',
            (false, false) => '|',
        };
        sheet.dim(&format!("{padding}{label} {edge}"));
        canvas.write_row(sheet, row);
        sheet.end_line();
    }
}

/// The line of an x axis, its labels and, below the last plot, its title.
pub(super) fn x_axis(sheet: &mut Sheet<'_>, axis: &Axis, columns: usize, room: usize, with_title: bool) {
    let column_of = |tick: &Tick| (tick.at * (columns - 1) as f64).round() as usize;
    // As many ticks as fit, with room between their labels.
    let mut most = (columns / 8).max(1);
    let ticks = loop {
        let ticks = axis.ticks(most);
        let fits = ticks.windows(2).all(|pair| {
            let (left, right) = (text::cells(&pair[0].label), text::cells(&pair[1].label));
            column_of(&pair[1]).saturating_sub(column_of(&pair[0])) >= left.midpoint(right) + 2
        });
        if fits || most == 1 {
            break ticks;
        }
        most -= 1;
    };
    let (corner, line, notch) = if sheet.unicode { ('└', '─', '┬') } else { ('+', '-', '+') };
    let mut edge: Vec<char> = vec![line; columns];
    let mut labels: Vec<String> = Vec::new();
    let mut used = 0;
    for tick in ticks.iter().filter(|tick| (0.0..=1.0).contains(&tick.at)) {
        let column = column_of(tick).min(columns - 1);
        let label = text::fit_cells(&tick.label, columns);
        let width = text::cells(&label);
        let start = column.saturating_sub(width / 2).min(columns.saturating_sub(width));
        if start < used {
            continue;
        }
        edge[column] = notch;
        labels.push(" ".repeat(start - used) + &label);
        used = start + width + 1;
        labels.push(" ".to_owned());
    }
    let indent = " ".repeat(room + 1);
    sheet.dim(&format!("{indent}{corner}{}", edge.into_iter().collect::<String>()));
    sheet.end_line();
    sheet.dim(format!("{indent} {}", labels.concat()).trim_end());
    sheet.end_line();
    let caption = caption(axis, sheet.unicode);
    if with_title && !caption.is_empty() {
        let caption = text::fit_cells(&caption, sheet.width);
        let indent = (room + 2 + columns.saturating_sub(text::cells(&caption)) / 2)
            .min(sheet.width.saturating_sub(text::cells(&caption)));
        sheet.dim_line(&format!("{}{caption}", " ".repeat(indent)));
    }
}

fn caption(axis: &Axis, unicode: bool) -> String {
    let Quantity::Datetime { origin } = axis.quantity else { return axis.title.clone() };
    let from = origin.saturating_add(axis.min().ceil() as i64);
    let to = origin.saturating_add(axis.max().floor() as i64);
    let range = format!("{}, {} UTC", axis.title, time::range_caption(from, to));
    if unicode { range } else { range.replace('–', "-") }
}

pub(super) fn draw_map(sheet: &mut Sheet<'_>, map: &Map) {
    let fold =
        |value: fn(&crate::model::Place) -> f64| bounds(map.points.iter().map(value)).unwrap_or((0.0, 1.0));
    let (west, east) = fold(|place| place.longitude);
    let (south, north) = fold(|place| place.latitude);
    let axis = |title: &str, (min, max): (f64, f64)| {
        let room = (max - min) * 0.04;
        Axis::new(title, Quantity::Number, false, min - room, max + room)
    };
    let (x, y) = (axis("longitude", (west, east)), axis("latitude", (south, north)));
    let rows = sheet.height.saturating_sub(3).max(3);
    let ticks = y.ticks((rows / 3).clamp(2, 8));
    let room = label_room(&ticks, sheet.width);
    let mut canvas = Canvas::new(sheet.width.saturating_sub(room + 2).max(4), rows);
    for place in &map.points {
        let (Some(x), Some(y)) = (x.place(place.longitude), y.place(place.latitude)) else { continue };
        let key =
            place.parts.iter().max_by(|left, right| left.1.total_cmp(&right.1)).map_or(0, |part| part.0);
        let mark = sheet.mark(key).or((map.points.len() <= 400).then_some('●'));
        canvas.dot((x, y), key, mark);
    }
    let panel = Panel { title: None, ys: vec![y], lines: Vec::new() };
    write(sheet, &canvas, &ticks, room, &panel);
    x_axis(sheet, &x, canvas.columns(), room, true);
}
