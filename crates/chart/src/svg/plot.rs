//! Lines, areas and points.

use super::canvas::{Anchor, Area, Canvas, MARGIN, SIZE, class, colour, label_room};
use super::legend::{self, dashes};
use crate::markup::Px;
use crate::model::{Chart, Line, Mark, Panel, Plot, Point};
use crate::scale::{Axis, Tick};

/// Width of an axis on the right.
const RIGHT_AXIS: f64 = 58.0;
/// Most places along x that have a tooltip.
const MOST_HITS: usize = 160;
/// A line with no more points than this shows each of them.
const MOST_MARKED: usize = 40;

pub(super) fn draw(canvas: &mut Canvas, chart: &Chart, plot: &Plot) {
    let panels = plot.panels.len().max(1);
    // A panel with one line is named by its title.
    if panels == 1 || plot.panels.iter().any(|panel| panel.lines.len() > 1) {
        legend::draw(canvas, chart, plot.mark == Mark::Line);
    }
    let left = (canvas.height - canvas.top) / panels as f64 - 42.0;
    let least = if panels > 1 { left.max(130.0) } else { 200.0 };
    for (index, panel) in plot.panels.iter().enumerate() {
        let is_last = index + 1 == panels;
        if let Some(title) = &panel.title {
            canvas.fitted(title, (MARGIN, canvas.top + 14.0), canvas.inner_width(), Anchor::Start, "");
            canvas.top += 20.0;
        }
        let mut area = if panels > 1 {
            canvas.take(least + if is_last { 44.0 } else { 22.0 })
        } else {
            canvas.rest(least + 60.0)
        };
        let above = if panel.ys.iter().any(|axis| !axis.title.is_empty()) { 30.0 } else { 8.0 };
        area.top += above;
        area.height -= above + if is_last { 44.0 } else { 22.0 };
        draw_panel(canvas, chart, plot, panel, (index, area), is_last);
    }
}

fn draw_panel(
    canvas: &mut Canvas,
    chart: &Chart,
    plot: &Plot,
    panel: &Panel,
    (index, mut area): (usize, Area),
    with_caption: bool,
) {
    let ticks: Vec<Vec<Tick>> = panel.ys.iter().map(|axis| axis.ticks(most_ticks(&area))).collect();
    // All panels leave the same room, so that their times lie under each other.
    let first_axes = plot.panels.iter().filter_map(|panel| panel.ys.first());
    let left = first_axes.map(|axis| label_room(&axis.ticks(most_ticks(&area)))).fold(16.0, f64::max);
    let right = RIGHT_AXIS * panel.ys.len().saturating_sub(1) as f64;
    area.left += left;
    area.width = (area.width - left - right - 8.0).max(40.0);
    if let (Some(axis), Some(ticks)) = (panel.ys.first(), ticks.first()) {
        let class = axis_class(chart, panel, 0);
        canvas.y_axis(axis, ticks, &area, &class);
    }
    for (number, (axis, ticks)) in panel.ys.iter().zip(&ticks).enumerate().skip(1) {
        let x = area.right() + 8.0 + RIGHT_AXIS * (number - 1) as f64;
        right_axis(canvas, chart, panel, (number, axis, ticks), (x, &area));
    }
    let mut x = plot.x.clone();
    if !with_caption {
        x.title.clear();
    }
    if with_caption {
        canvas.x_axis(&x, &area, false);
    } else {
        canvas.line((area.left, area.bottom()), (area.right(), area.bottom()), "axis");
    }

    let clip = format!("{}-clip{index}", canvas.id);
    canvas.markup.open("clipPath", &[("id", &clip)]);
    canvas.markup.empty(
        "rect",
        &[
            ("x", &Px(area.left - 4.0)),
            ("y", &Px(area.top - 4.0)),
            ("width", &Px(area.width + 8.0)),
            ("height", &Px(area.height + 8.0)),
        ],
    );
    canvas.markup.close();
    canvas.markup.open("g", &[("clip-path", &format_args!("url(#{clip})"))]);
    for line in &panel.lines {
        let Some(y) = panel.ys.get(line.axis) else { continue };
        let space = Space { x: &plot.x, y, area };
        match plot.mark {
            Mark::Point => draw_dots(canvas, chart, line, &space),
            Mark::Area => draw_area(canvas, chart, line, &space, plot.stacked),
            Mark::Line => draw_line(canvas, chart, line, &space, 2.0),
        }
    }
    for line in &panel.lines {
        let Some(y) = panel.ys.get(line.axis) else { continue };
        draw_anomalies(canvas, chart, line, &Space { x: &plot.x, y, area });
    }
    canvas.markup.close();
    if plot.mark != Mark::Point {
        draw_hits(canvas, chart, plot, panel, &area);
    }
}

fn most_ticks(area: &Area) -> usize {
    (area.height / 38.0).clamp(4.0, 8.0) as usize
}

/// An axis on the right, in the colour of its line if it is of one.
fn right_axis(
    canvas: &mut Canvas,
    chart: &Chart,
    panel: &Panel,
    (number, axis, ticks): (usize, &Axis, &[Tick]),
    (x, area): (f64, &Area),
) {
    let class = axis_class(chart, panel, number);
    canvas.line((x, area.top), (x, area.bottom()), "axis");
    for tick in ticks {
        let y = area.bottom() - tick.at * area.height;
        canvas.label(&tick.label, (x + 6.0, y + 4.0), SIZE, Anchor::Start, &class);
    }
    if number + 1 == panel.ys.len() {
        let room = if panel.ys.len() == 2 { area.width / 2.0 } else { RIGHT_AXIS };
        canvas.fitted(&axis.title, (x + RIGHT_AXIS - 8.0, area.top - 15.0), room, Anchor::End, &class);
    } else {
        canvas.fitted(&axis.title, (x + 6.0, area.top - 15.0), RIGHT_AXIS - 10.0, Anchor::Start, &class);
    }
}

/// The colour of an axis among several: that of its line, if it is of one.
fn axis_class(chart: &Chart, panel: &Panel, number: usize) -> String {
    let mut lines = panel.lines.iter().filter(|line| line.axis == number);
    let owner = lines.next().filter(|_| lines.next().is_none() && panel.ys.len() > 1);
    owner.map_or_else(|| "m".to_owned(), |line| format!("ct {}", class(&chart.keys, line.key)))
}

/// Where a value lies on the sheet.
struct Space<'a> {
    x: &'a Axis,
    y: &'a Axis,
    area: Area,
}

impl Space<'_> {
    fn x(&self, value: f64) -> Option<f64> {
        self.x.place(value).map(|place| self.area.left + place * self.area.width)
    }

    fn y(&self, value: f64) -> Option<f64> {
        self.y.place(value).map(|place| self.area.bottom() - place * self.area.height)
    }

    fn point(&self, point: &Point) -> Option<(f64, f64)> {
        Some((self.x(point.x)?, self.y(point.y?)?))
    }

    /// The runs of points without a gap.
    fn runs<'p>(&self, points: &'p [Point]) -> Vec<Vec<(&'p Point, (f64, f64))>> {
        let placed: Vec<_> = points.iter().map(|point| self.point(point).map(|at| (point, at))).collect();
        placed
            .split(Option::is_none)
            .filter(|run| !run.is_empty())
            .map(|run| run.iter().copied().flatten().collect())
            .collect()
    }
}

fn draw_line(canvas: &mut Canvas, chart: &Chart, line: &Line, space: &Space<'_>, stroke: f64) {
    let (class, colour) = (class(&chart.keys, line.key), colour(&chart.keys, line.key));
    let mut path = String::new();
    let mut dots = Vec::new();
    let marked = line.points.len() <= MOST_MARKED;
    for run in space.runs(&line.points) {
        if run.len() == 1 || marked {
            dots.extend(run.iter().map(|(_, at)| *at));
        }
        if run.len() > 1 {
            trace(&mut path, run.iter().map(|(_, at)| *at));
        }
    }
    if !path.is_empty() {
        canvas.markup.empty(
            "path",
            &[
                ("d", &path),
                ("class", &format_args!("l {class}")),
                ("stroke", &colour),
                ("stroke-width", &stroke),
                ("stroke-linejoin", &"round"),
                ("stroke-dasharray", &dashes(line.key, chart.keys.len())),
                ("fill", &"none"),
            ],
        );
    }
    if dots.is_empty() {
        return;
    }
    canvas.markup.open("g", &[("class", &format_args!("f {class}")), ("fill", &colour)]);
    for (x, y) in dots {
        canvas.markup.empty("circle", &[("cx", &Px(x)), ("cy", &Px(y)), ("r", &2.6)]);
    }
    canvas.markup.close();
}

fn trace(path: &mut String, points: impl Iterator<Item = (f64, f64)>) {
    for (index, (x, y)) in points.enumerate() {
        let command = if index == 0 { 'M' } else { 'L' };
        path.push(command);
        path.push_str(&format!("{} {}", Px(x), Px(y)));
    }
}

fn draw_area(canvas: &mut Canvas, chart: &Chart, line: &Line, space: &Space<'_>, stacked: bool) {
    let (class, colour) = (class(&chart.keys, line.key), colour(&chart.keys, line.key));
    let base = space.y(space.y.base()).unwrap_or_else(|| space.area.bottom());
    let mut path = String::new();
    for run in space.runs(&line.points).iter().filter(|run| run.len() > 1) {
        trace(&mut path, run.iter().map(|(_, at)| *at));
        for (point, (x, _)) in run.iter().rev() {
            let y = if stacked { space.y(point.low).unwrap_or(base) } else { base };
            path.push_str(&format!("L{} {}", Px(*x), Px(y)));
        }
        path.push('Z');
    }
    let opacity = if stacked { 0.82 } else { 0.22 };
    if !path.is_empty() {
        canvas.markup.empty(
            "path",
            &[
                ("d", &path),
                ("class", &format_args!("f {class}")),
                ("fill", &colour),
                ("fill-opacity", &opacity),
            ],
        );
    }
    draw_line(canvas, chart, line, space, if stacked { 1.0 } else { 1.8 });
}

fn draw_dots(canvas: &mut Canvas, chart: &Chart, line: &Line, space: &Space<'_>) {
    let (class, colour) = (class(&chart.keys, line.key), colour(&chart.keys, line.key));
    let with_tooltips = line.points.len() <= 1_000;
    let radius = if line.points.len() > 400 { 2.5 } else { 4.0 };
    canvas.markup.open(
        "g",
        &[
            ("class", &format_args!("f {class}")),
            ("fill", &colour),
            ("fill-opacity", &0.72),
            ("stroke-width", &0),
        ],
    );
    for point in &line.points {
        let Some((x, y)) = space.point(point) else { continue };
        let attributes: crate::markup::Attributes<'_> = &[("cx", &Px(x)), ("cy", &Px(y)), ("r", &radius)];
        if with_tooltips {
            let name = if chart.keys.len() > 1 { &chart.keys[line.key].name } else { "" };
            let tooltip = format!(
                "{name}{}{}: {}\n{}: {}",
                if name.is_empty() { "" } else { "\n" },
                or(&space.x.title, "x"),
                space.x.quantity.exact(point.x),
                or(&space.y.title, "y"),
                space.y.quantity.exact(point.value)
            );
            canvas.markup.shape("circle", attributes, &tooltip);
        } else {
            canvas.markup.empty("circle", attributes);
        }
    }
    canvas.markup.close();
}

fn or<'a>(text: &'a str, other: &'a str) -> &'a str {
    if text.is_empty() { other } else { text }
}

/// Anomalies are rings, larger than the points of a line, in the colour of an alarm.
fn draw_anomalies(canvas: &mut Canvas, chart: &Chart, line: &Line, space: &Space<'_>) {
    for point in &line.anomalies {
        let Some((x, y)) = space.point(point) else { continue };
        let name = chart.keys.get(line.key).map_or("", |key| key.name.as_str());
        let tooltip = format!(
            "anomaly of {name}\n{}\n{}",
            space.x.quantity.exact(point.x),
            space.y.quantity.exact(point.value)
        );
        canvas.markup.shape(
            "circle",
            &[
                ("cx", &Px(x)),
                ("cy", &Px(y)),
                ("r", &5),
                ("class", &"flag"),
                ("fill", &"#fff"),
                ("stroke", &"#c50f1f"),
                ("stroke-width", &2.5),
            ],
            &tooltip,
        );
    }
}

/// Invisible strips over the plot, each with the values of all lines at its place as a tooltip.
fn draw_hits(canvas: &mut Canvas, chart: &Chart, plot: &Plot, panel: &Panel, area: &Area) {
    let mut places: Vec<f64> = panel
        .lines
        .iter()
        .flat_map(|line| &line.points)
        .filter(|point| point.y.is_some())
        .map(|point| point.x)
        .collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let stride = places.len().div_ceil(MOST_HITS).max(1);
    let places: Vec<(f64, f64)> = places
        .into_iter()
        .step_by(stride)
        .filter_map(|place| Some((place, area.left + plot.x.place(place)? * area.width)))
        .collect();
    for (index, (place, x)) in places.iter().enumerate() {
        let start = if index == 0 { area.left } else { (places[index - 1].1 + x) / 2.0 };
        let end = places.get(index + 1).map_or(area.right(), |next| (next.1 + x) / 2.0);
        let mut tooltip = plot.x.quantity.exact(*place);
        for line in &panel.lines {
            let at = line.points.partition_point(|point| point.x < *place);
            let Some(point) = line.points.get(at).filter(|point| point.x == *place && point.y.is_some())
            else {
                continue;
            };
            let axis = panel.ys.get(line.axis).map_or(&plot.x, |axis| axis);
            let value = if plot.stacked {
                crate::number::exact(point.value)
            } else {
                axis.quantity.exact(point.value)
            };
            let name = chart.keys.get(line.key).map_or("", |key| key.name.as_str());
            tooltip.push_str(&format!("\n{name}: {value}"));
        }
        let attributes: crate::markup::Attributes<'_> = &[
            ("x", &Px(start)),
            ("y", &Px(area.top)),
            ("width", &Px((end - start).max(0.5))),
            ("height", &Px(area.height)),
            ("class", &"hit"),
            ("fill", &"transparent"),
        ];
        canvas.markup.shape("rect", attributes, &tooltip);
    }
}
