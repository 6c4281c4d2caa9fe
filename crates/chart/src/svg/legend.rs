//! Legends: a swatch and a name for each series, in as many lines as they need.

use super::canvas::{Anchor, Canvas, MARGIN, SIZE, class, colour};
use crate::markup::Px;
use crate::model::Chart;
use crate::text;

/// Width of a swatch and the room after it.
const SWATCH: f64 = 18.0;
/// Room between two names.
const GAP: f64 = 18.0;

/// The legend of a chart, above what follows. With `lines`, swatches are strokes as they are drawn.
pub(super) fn draw(canvas: &mut Canvas, chart: &Chart, lines: bool) {
    let keys = chart.legend();
    if keys.is_empty() {
        return;
    }
    let most = (canvas.inner_width() * 0.45).min(220.0);
    let mut x = MARGIN;
    let mut y = canvas.top;
    for (index, key) in keys.iter().enumerate() {
        let width = SWATCH + text::width(&text::fit(&key.name, SIZE, most), SIZE);
        if x + width > MARGIN + canvas.inner_width() && x > MARGIN {
            x = MARGIN;
            y += 19.0;
        }
        let (class, colour) = (class(keys, index), colour(keys, index));
        if lines {
            canvas.markup.empty(
                "line",
                &[
                    ("x1", &Px(x)),
                    ("x2", &Px(x + 13.0)),
                    ("y1", &Px(y + 7.0)),
                    ("y2", &Px(y + 7.0)),
                    ("class", &format_args!("l {class}")),
                    ("stroke", &colour),
                    ("stroke-width", &3),
                    ("stroke-dasharray", &dashes(index, keys.len())),
                ],
            );
        } else {
            canvas.markup.empty(
                "rect",
                &[
                    ("x", &Px(x)),
                    ("y", &Px(y + 1.0)),
                    ("width", &12),
                    ("height", &12),
                    ("rx", &3),
                    ("class", &format_args!("f {class}")),
                    ("fill", &colour),
                ],
            );
        }
        canvas.fitted(&key.name, (x + SWATCH, y + 11.5), most, Anchor::Start, "");
        x += width + GAP;
    }
    canvas.top = y + 19.0 + 4.0;
}

/// Where colours get many, every other line is dashed, so that it is not colour alone that tells them apart.
pub(super) fn dashes(key: usize, keys: usize) -> &'static str {
    match key {
        _ if keys < 5 => "none",
        key if key % 2 == 0 => "none",
        1 | 5 | 9 => "7 3",
        _ => "2 3",
    }
}
