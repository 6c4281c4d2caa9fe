//! A chart ready to be drawn: everything decided, nothing about pixels or cells.

use crate::scale::{Axis, Quantity};

/// A chart, resolved from a request and a table by [`chart`](crate::chart); draw it with [`svg`](crate::svg),
/// [`terminal`](crate::terminal) or [`html`](crate::html).
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    pub(crate) title: Option<String>,
    /// The visualisation's name in words, for descriptions.
    pub(crate) kind: &'static str,
    pub(crate) drawing: Drawing,
    pub(crate) keys: Vec<Key>,
    pub(crate) hide_legend: bool,
    pub(crate) notes: Vec<String>,
}

impl Chart {
    /// The title, if the request gives one.
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// What the reader should know about the picture: what was left out, thinned or not understood. Each is a
    /// lower-case clause without a full stop; every drawing shows them, too.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// A sentence that says what is drawn, for those who cannot see it.
    pub fn description(&self) -> String {
        let series = match self.keys.len() {
            0 | 1 => String::new(),
            number => format!(", {number} series"),
        };
        let body = match &self.drawing {
            Drawing::Plot(plot) => {
                let ys: Vec<&str> = plot
                    .panels
                    .iter()
                    .flat_map(|panel| panel.ys.iter().map(|axis| axis.title.as_str()))
                    .filter(|title| !title.is_empty())
                    .collect();
                let y = if ys.is_empty() { "values".to_owned() } else { ys.join(", ") };
                format!(" of {y} by {}{}{series}", plot.x.title, range(&plot.x))
            }
            Drawing::Bars(bars) => {
                format!(" of {} by {}{}{series}", bars.y.title, bars.x.title, range(&bars.x))
            }
            Drawing::Pie(pie) => {
                let parts: Vec<String> = pie.slices.iter().take(12).map(Slice::text).collect();
                format!(": {}", parts.join("; "))
            }
            Drawing::Spans(spans) => format!(" of {} rows over {}", spans.rows.len(), spans.x.title),
            Drawing::Treemap(tiles) => format!(" of {} groups", tiles.len()),
            Drawing::Cards(cards) => {
                let values = cards.iter().map(|card| format!("{} {}", card.name, card.value));
                format!(": {}", values.collect::<Vec<_>>().join("; "))
            }
            Drawing::Map(map) => format!(" of {} points{series}", map.points.len()),
            Drawing::Grid(grid) => {
                format!(" of {} rows, {} columns", grid.rows.len(), grid.header.len())
            }
            Drawing::Empty(reason) => format!(": {reason}"),
        };
        format!("{}{body}", self.kind)
    }

    /// Whether a legend is shown: wanted, and there is more than one series to tell apart.
    pub(crate) fn legend(&self) -> &[Key] {
        if self.hide_legend || self.keys.len() < 2 { &[] } else { &self.keys }
    }
}

fn range(axis: &Axis) -> String {
    match &axis.quantity {
        Quantity::Datetime { .. } | Quantity::Number | Quantity::Timespan => format!(
            " from {} to {}",
            axis.quantity.exact(axis.min().ceil()),
            axis.quantity.exact(axis.max().floor())
        ),
        Quantity::Category(names) => format!(", {} values", names.len()),
        Quantity::Share => String::new(),
    }
}

/// The name of a series; its place in [`Chart::keys`] is its colour.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    pub(crate) name: String,
    /// What is left of many series, drawn in grey.
    pub(crate) is_rest: bool,
}

/// What is drawn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Drawing {
    Plot(Plot),
    Bars(Bars),
    Pie(Pie),
    Spans(Spans),
    Treemap(Vec<Tile>),
    Cards(Vec<Card>),
    Map(Map),
    Grid(Grid),
    /// Nothing, for a reason.
    Empty(String),
}

/// Lines, areas or points over an x axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plot {
    pub(crate) mark: Mark,
    /// Areas and columns lie on one another: low ends matter.
    pub(crate) stacked: bool,
    pub(crate) x: Axis,
    pub(crate) panels: Vec<Panel>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Line,
    Area,
    Point,
}

/// One rectangle of a plot with its y axes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Panel {
    pub(crate) title: Option<String>,
    pub(crate) ys: Vec<Axis>,
    pub(crate) lines: Vec<Line>,
}

/// A series in a plot.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    /// Its key in [`Chart::keys`].
    pub(crate) key: usize,
    /// Its axis in [`Panel::ys`].
    pub(crate) axis: usize,
    pub(crate) points: Vec<Point>,
    /// Points marked as anomalies.
    pub(crate) anomalies: Vec<Point>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    /// `None` is a gap.
    pub(crate) y: Option<f64>,
    /// Where an area starts, in stacks.
    pub(crate) low: f64,
    /// The value as measured, which in stacks is not `y`.
    pub(crate) value: f64,
}

/// Bars or columns.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bars {
    pub(crate) horizontal: bool,
    /// Where the bars stand; for times, the slots between the first and the last.
    pub(crate) x: Axis,
    /// Width of a slot in units of x.
    pub(crate) slot: f64,
    /// Bars of different keys stand side by side.
    pub(crate) grouped: bool,
    pub(crate) y: Axis,
    pub(crate) bars: Vec<Bar>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bar {
    pub(crate) x: f64,
    pub(crate) key: usize,
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) value: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pie {
    pub(crate) slices: Vec<Slice>,
    /// The sum of all, in few characters.
    pub(crate) total: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Slice {
    pub(crate) name: String,
    pub(crate) key: usize,
    /// Its value in full, as text.
    pub(crate) value: String,
    /// Its part of the whole, 0 to 1.
    pub(crate) share: f64,
}

impl Slice {
    pub(crate) fn text(&self) -> String {
        format!("{}: {} ({})", self.name, self.value, crate::number::percent(self.share))
    }
}

/// Spans and moments on a time line, in rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Spans {
    pub(crate) x: Axis,
    pub(crate) rows: Vec<String>,
    pub(crate) spans: Vec<Span>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Span {
    pub(crate) row: usize,
    pub(crate) start: f64,
    /// Equal to `start` for a moment.
    pub(crate) end: f64,
    pub(crate) key: usize,
}

/// A rectangle of a treemap and what is in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tile {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) children: Vec<Tile>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Card {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// Points on a map, in degrees.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Map {
    pub(crate) points: Vec<Place>,
    /// The largest size, if points are sized.
    pub(crate) largest: Option<f64>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) longitude: f64,
    pub(crate) latitude: f64,
    /// Parts of its size by key; one part of 1 for plain points.
    pub(crate) parts: Vec<(usize, f64)>,
}

impl Place {
    pub(crate) fn size(&self) -> f64 {
        self.parts.iter().map(|(_, size)| size).sum()
    }
}

/// A table of texts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grid {
    pub(crate) header: Vec<String>,
    pub(crate) numeric: Vec<bool>,
    pub(crate) rows: Vec<Vec<String>>,
}
