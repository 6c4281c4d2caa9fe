//! Spans and moments on a time line.

use super::canvas::{Anchor, Canvas, SIZE, class, colour};
use super::legend;
use crate::markup::{Attributes, Px};
use crate::model::{Chart, Spans};
use crate::scale::Quantity;
use crate::text;
use crate::time;

/// Height of a row.
const ROW: f64 = 24.0;

pub(super) fn draw(canvas: &mut Canvas, chart: &Chart, spans: &Spans) {
    legend::draw(canvas, chart, false);
    let mut area = canvas.take(ROW * spans.rows.len().max(2) as f64 + 52.0);
    area.top += 6.0;
    area.height -= 52.0;
    let widest = spans.rows.iter().map(|name| text::width(name, SIZE)).fold(0.0, f64::max);
    let room = widest.min(area.width * if canvas.is_narrow() { 0.32 } else { 0.28 });
    area.left += room + 10.0;
    area.width -= room + 28.0;
    canvas.x_axis(&spans.x, &area, true);
    for (index, name) in spans.rows.iter().enumerate() {
        let y = area.top + (index as f64 + 0.5) * ROW + 4.0;
        canvas.fitted(name, (area.left - 10.0, y), room, Anchor::End, "");
    }
    for span in &spans.spans {
        let (Some(from), Some(to)) = (spans.x.place(span.start), spans.x.place(span.end)) else { continue };
        let (from, to) = (area.left + from * area.width, area.left + to * area.width);
        let y = area.top + span.row as f64 * ROW;
        let (class, colour) = (class(&chart.keys, span.key), colour(&chart.keys, span.key));
        let row = spans.rows.get(span.row).map_or("", String::as_str);
        let tooltip = if span.start == span.end {
            format!("{row}\n{}", spans.x.quantity.exact(span.start))
        } else {
            let length = match spans.x.quantity {
                Quantity::Datetime { .. } | Quantity::Timespan => {
                    format!("\n{}", time::timespan_text((span.end - span.start) as i64))
                }
                _ => String::new(),
            };
            let (start, end) = (spans.x.quantity.exact(span.start), spans.x.quantity.exact(span.end));
            format!("{row}\n{start} – {end}{length}")
        };
        // A moment is a stroke; a span is at least as wide as one, or it would not be seen.
        let width = (to - from).max(3.0);
        let radius = if width > 6.0 { 3 } else { 1 };
        let attributes: Attributes<'_> = &[
            ("x", &Px(from - if to - from < 3.0 { 1.5 } else { 0.0 })),
            ("y", &Px(y + 4.0)),
            ("width", &Px(width)),
            ("height", &Px(ROW - 8.0)),
            ("rx", &radius),
            ("class", &format_args!("f span {class}")),
            ("fill", &colour),
            ("fill-opacity", &0.8),
        ];
        canvas.markup.shape("rect", attributes, &tooltip);
    }
}
