//! Charts as SVG: accessible, themed by CSS, safe.
//!
//! A picture has a fixed `viewBox` and the width of its surroundings. Colours are CSS custom properties with values
//! for light, dark and print; every shape also has a plain presentation attribute for viewers without CSS. Tooltips
//! are `<title>` elements. There is no script and no `style` attribute.

mod bars;
mod canvas;
mod land;
mod legend;
mod map;
mod pie;
mod plot;
mod spans;
mod tiles;

use crate::model::{Chart, Drawing};
use crate::palette;
use canvas::{Anchor, Canvas};

/// How an SVG is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SvgOptions {
    /// Width of the `viewBox` in user units; text is 12 units high. At least 240 is used.
    pub width: u32,
    /// Height of the plot's surroundings; charts of many rows grow beyond it. At least 120 is used.
    pub height: u32,
    /// Start of the ids within the picture, to keep several of them in one page apart. Letters, digits, `-` and `_`
    /// are used.
    pub id: String,
    /// Whether the picture carries its own style sheet. Without it, the page has to hold [`SvgOptions::style_sheet`]
    /// once.
    pub with_style: bool,
}

impl Default for SvgOptions {
    /// 960 by 420 units, standing alone.
    fn default() -> Self {
        Self { width: 960, height: 420, id: "azc".to_owned(), with_style: true }
    }
}

impl SvgOptions {
    /// The style sheet of all pictures, for pages that hold several. A page may override the custom properties, for
    /// example `--azc-bg: transparent`.
    pub fn style_sheet() -> String {
        let rules = |colours: &[palette::Rgb], rest| {
            let series = colours.iter().enumerate();
            let series =
                series.map(|(index, colour)| format!(".azc .s{index}{{--c:{}}}", palette::hex(*colour)));
            let rest = format!(".azc .sr{{--c:{}}}", palette::hex(rest));
            series.chain([rest]).collect::<String>()
        };
        let light = rules(&palette::LIGHT, palette::REST_LIGHT);
        let dark = rules(&palette::DARK, palette::REST_DARK);
        let base = include_str!("style.css");
        format!("{base}{light}\n@media (prefers-color-scheme:dark){{{dark}}}\n@media print{{{light}}}\n")
    }
}

/// Draws a chart as an SVG document of its own, which may also stand in an HTML page as it is.
pub fn svg(chart: &Chart, options: &SvgOptions) -> String {
    let mut canvas = Canvas::new(options);
    canvas.title(chart.title.as_deref());
    match &chart.drawing {
        Drawing::Plot(plot) => plot::draw(&mut canvas, chart, plot),
        Drawing::Bars(bars) if bars.horizontal => bars::draw_rows(&mut canvas, chart, bars),
        Drawing::Bars(bars) => bars::draw_columns(&mut canvas, chart, bars),
        Drawing::Pie(pie) => pie::draw(&mut canvas, chart, pie),
        Drawing::Spans(spans) => spans::draw(&mut canvas, chart, spans),
        Drawing::Treemap(tiles) => tiles::draw_treemap(&mut canvas, chart, tiles),
        Drawing::Cards(cards) => tiles::draw_cards(&mut canvas, cards),
        Drawing::Map(map) => map::draw(&mut canvas, chart, map),
        Drawing::Grid(grid) => tiles::draw_grid(&mut canvas, grid),
        Drawing::Empty(reason) => {
            let area = canvas.take(120.0);
            let (x, y) = (area.left + area.width / 2.0, area.top + area.height / 2.0);
            canvas.label(reason, (x, y), 14.0, Anchor::Middle, "m");
        }
    }
    canvas.notes(&chart.notes);
    canvas.finish(chart, options)
}
