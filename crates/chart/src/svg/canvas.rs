//! The sheet that a picture is drawn on: what is used up so far, and shapes all charts share.

use super::SvgOptions;
use crate::markup::{Attributes, Markup, Px};
use crate::model::{Chart, Key};
use crate::palette;
use crate::scale::{Axis, Quantity, Tick};
use crate::text;
use crate::time;

/// Size of labels.
pub(super) const SIZE: f64 = 12.0;
/// Margin around everything.
pub(super) const MARGIN: f64 = 12.0;
/// Room between two labels of an axis.
const GAP: f64 = 14.0;

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Area {
    pub(super) fn right(&self) -> f64 {
        self.left + self.width
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }
}

/// The class of a series; a place beyond the palette starts again.
pub(super) fn class(keys: &[Key], key: usize) -> String {
    if keys.get(key).is_some_and(|key| key.is_rest) {
        "sr".to_owned()
    } else {
        format!("s{}", key % palette::LIGHT.len())
    }
}

/// The colour of a series for viewers without CSS.
pub(super) fn colour(keys: &[Key], key: usize) -> String {
    let is_rest = keys.get(key).is_some_and(|key| key.is_rest);
    palette::hex(if is_rest { palette::REST_LIGHT } else { palette::LIGHT[key % palette::LIGHT.len()] })
}

/// The picture under construction; it grows downwards.
#[derive(Debug)]
pub(super) struct Canvas {
    pub(super) markup: Markup,
    pub(super) width: f64,
    /// The height asked for.
    pub(super) height: f64,
    /// Where the next thing may start.
    pub(super) top: f64,
    pub(super) id: String,
}

impl Canvas {
    pub(super) fn new(options: &SvgOptions) -> Self {
        let id: String = options
            .id
            .chars()
            .filter(|character| character.is_ascii_alphanumeric() || "-_".contains(*character))
            .collect();
        Self {
            markup: Markup::default(),
            width: f64::from(options.width.clamp(240, 10_000)),
            height: f64::from(options.height.clamp(120, 10_000)),
            top: MARGIN,
            id: if id.starts_with(|character: char| character.is_ascii_alphabetic()) {
                id
            } else {
                format!("azc{id}")
            },
        }
    }

    /// Whether the picture is for a narrow screen.
    pub(super) fn is_narrow(&self) -> bool {
        self.width < 560.0
    }

    pub(super) fn inner_width(&self) -> f64 {
        self.width - 2.0 * MARGIN
    }

    pub(super) fn title(&mut self, title: Option<&str>) {
        const TITLE: f64 = 16.0;
        /// How much wider bold letters are.
        const BOLD: f64 = 1.14;
        let Some(title) = title else { return };
        let mut lines = wrap(title, TITLE * BOLD, self.inner_width());
        lines.truncate(3);
        for line in lines {
            let shown = text::fit(&line, TITLE * BOLD, self.inner_width());
            self.markup.element(
                "text",
                &[
                    ("x", &Px(MARGIN)),
                    ("y", &Px(self.top + TITLE)),
                    ("font-size", &TITLE),
                    ("font-weight", &600),
                ],
                &shown,
            );
            self.top += TITLE + 6.0;
        }
        self.top += 6.0;
    }

    /// The rest of the height asked for, at least `least`, from here on; what follows goes below it.
    pub(super) fn rest(&mut self, least: f64) -> Area {
        let height = (self.height - self.top - MARGIN).max(least);
        self.take(height)
    }

    /// So much height from here on, over the whole width.
    pub(super) fn take(&mut self, height: f64) -> Area {
        let area = Area { left: MARGIN, top: self.top, width: self.inner_width(), height };
        self.top += height;
        area
    }

    /// A label, its baseline at the place.
    pub(super) fn label(&mut self, text: &str, (x, y): (f64, f64), size: f64, anchor: Anchor, class: &str) {
        let fill = if class == "m" { "#5c5c66" } else { "#1f1f23" };
        let (x, y) = (Px(x), Px(y));
        let mut attributes: Vec<(&'static str, &dyn std::fmt::Display)> =
            vec![("x", &x), ("y", &y), ("font-size", &size), ("fill", &fill)];
        let word = anchor.word();
        if anchor != Anchor::Start {
            attributes.push(("text-anchor", &word));
        }
        if !class.is_empty() {
            attributes.push(("class", &class));
        }
        self.markup.element("text", &attributes, text);
    }

    /// A label in no more than `most` units, in full as its tooltip if it was cut.
    pub(super) fn fitted(&mut self, text: &str, (x, y): (f64, f64), most: f64, anchor: Anchor, class: &str) {
        let shown = text::fit(text, SIZE, most);
        if shown == text {
            self.label(text, (x, y), SIZE, anchor, class);
            return;
        }
        self.markup.open("g", &[]);
        self.markup.element("title", &[], text);
        self.label(&shown, (x, y), SIZE, anchor, class);
        self.markup.close();
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let stroke = if class == "grid" { "#e3e3e8" } else { "#8f8f99" };
        let (x1, y1, x2, y2) = (Px(from.0), Px(from.1), Px(to.0), Px(to.1));
        let attributes: Attributes<'_> =
            &[("x1", &x1), ("y1", &y1), ("x2", &x2), ("y2", &y2), ("class", &class), ("stroke", &stroke)];
        self.markup.empty("line", attributes);
    }

    /// Grid lines and labels of a vertical axis on the left of `area`, and its title above.
    pub(super) fn y_axis(&mut self, axis: &Axis, ticks: &[Tick], area: &Area, class: &str) {
        for tick in ticks {
            let y = area.bottom() - tick.at * area.height;
            self.line((area.left, y), (area.right(), y), "grid");
            self.label(&tick.label, (area.left - 8.0, y + 4.0), SIZE, Anchor::End, class);
        }
        if !axis.title.is_empty() {
            self.fitted(&axis.title, (MARGIN, area.top - 15.0), area.width / 2.0, Anchor::Start, class);
        }
    }

    /// Line, labels and title of a horizontal axis below `area`. Labels never meet: those that would are left out.
    pub(super) fn x_axis(&mut self, axis: &Axis, area: &Area, with_grid: bool) {
        for tick in spread(axis, area) {
            let x = area.left + tick.at * area.width;
            if with_grid {
                self.line((x, area.top), (x, area.bottom()), "grid");
            } else {
                self.line((x, area.bottom()), (x, area.bottom() + 5.0), "axis");
            }
            self.label(&tick.label, (x, area.bottom() + 19.0), SIZE, Anchor::Middle, "m");
        }
        self.line((area.left, area.bottom()), (area.right(), area.bottom()), "axis");
        let caption = x_caption(axis);
        if !caption.is_empty() {
            let x = area.left + area.width / 2.0;
            self.fitted(&caption, (x, area.bottom() + 37.0), self.inner_width(), Anchor::Middle, "m");
        }
    }

    /// What the reader should know, in small print.
    pub(super) fn notes(&mut self, notes: &[String]) {
        const SMALL: f64 = 11.0;
        let width = self.inner_width();
        for line in notes.iter().flat_map(|note| wrap(note, SMALL, width)).take(12) {
            self.top += 15.0;
            self.label(&line, (MARGIN, self.top), SMALL, Anchor::Start, "m");
        }
    }

    pub(super) fn finish(self, chart: &Chart, options: &SvgOptions) -> String {
        let height = self.top + MARGIN;
        let (title, description) = (format!("{}-title", self.id), format!("{}-desc", self.id));
        let mut out = Markup::default();
        out.open(
            "svg",
            &[
                ("xmlns", &"http://www.w3.org/2000/svg"),
                ("class", &"azc"),
                ("viewBox", &format_args!("0 0 {} {}", Px(self.width), Px(height))),
                ("width", &Px(self.width)),
                ("height", &Px(height)),
                ("role", &"img"),
                ("aria-labelledby", &format_args!("{title} {description}")),
                ("font-family", &"Segoe UI, system-ui, sans-serif"),
            ],
        );
        let description_text = chart.description();
        let name = chart.title.as_deref().unwrap_or(chart.kind);
        out.element("title", &[("id", &title)], name);
        let notes = chart.notes.iter().map(|note| format!(". {note}")).collect::<String>();
        out.element("desc", &[("id", &description)], &format!("{description_text}{notes}"));
        if options.with_style {
            out.open("style", &[]);
            out.trusted(&SvgOptions::style_sheet());
            out.close();
        }
        out.empty(
            "rect",
            &[("class", &"bg"), ("width", &Px(self.width)), ("height", &Px(height)), ("fill", &"#fff")],
        );
        out.trusted(&self.markup.finish());
        out.finish()
    }
}

/// Ticks of an axis along the width of `area`, so far apart that no labels meet.
pub(super) fn spread(axis: &Axis, area: &Area) -> Vec<Tick> {
    let widest = |ticks: &[Tick]| ticks.iter().map(|tick| text::width(&tick.label, SIZE)).fold(0.0, f64::max);
    let mut most = (area.width / 56.0).max(2.0) as usize;
    loop {
        let ticks = axis.ticks(most);
        let needed = (widest(&ticks) + GAP) * (ticks.len().saturating_sub(1)) as f64;
        let span = match (ticks.first(), ticks.last()) {
            (Some(first), Some(last)) => (last.at - first.at) * area.width,
            _ => 0.0,
        };
        if needed <= span + 1.0 || most <= 1 || ticks.len() < 2 {
            return ticks;
        }
        most -= 1;
    }
}

/// The title of an x axis; times say what they cover, since their labels do not.
pub(super) fn x_caption(axis: &Axis) -> String {
    match axis.quantity {
        Quantity::Datetime { origin } => {
            let from = origin.saturating_add(axis.min().ceil() as i64);
            let to = origin.saturating_add(axis.max().floor() as i64);
            let range = time::range_caption(from, to);
            if axis.title.is_empty() {
                format!("{range} UTC")
            } else {
                format!("{}, {range} UTC", axis.title)
            }
        }
        _ => axis.title.clone(),
    }
}

/// The room that labels of a vertical axis need on its left.
pub(super) fn label_room(ticks: &[Tick]) -> f64 {
    ticks.iter().map(|tick| text::width(&tick.label, SIZE)).fold(16.0, f64::max) + 10.0
}

/// Lines of no more than `most` units, broken between words.
pub(super) fn wrap(text: &str, size: f64, most: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if text::width(&longer, size) > most && !line.is_empty() {
            lines.push(std::mem::replace(&mut line, word.to_owned()));
        } else {
            line = longer;
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines.into_iter().map(|line| text::fit(&line, size, most)).collect()
}
