//! Pies, as rings with a list of their parts.

use std::f64::consts::TAU;

use super::canvas::{Anchor, Canvas, SIZE, class, colour};
use crate::markup::{Attributes, Px};
use crate::model::{Chart, Pie, Slice};
use crate::number;
use crate::text;

/// Height of a line of the list.
const LINE: f64 = 25.0;

pub(super) fn draw(canvas: &mut Canvas, chart: &Chart, pie: &Pie) {
    let slices = &pie.slices;
    let with_list = !chart.hide_legend;
    let list = if with_list { LINE * slices.len() as f64 } else { 0.0 };
    let is_narrow = canvas.is_narrow();
    let size = if is_narrow { canvas.inner_width().min(260.0) } else { 300.0 };
    let area = if is_narrow { canvas.take(size + list + 16.0) } else { canvas.take(size.max(list) + 8.0) };
    let radius = size / 2.0 - 6.0;
    let list_width = if is_narrow { area.width } else { (area.width - size - 48.0).min(420.0) };
    let left = if is_narrow || !with_list {
        area.left + (area.width - size) / 2.0
    } else {
        area.left + (area.width - size - 48.0 - list_width) / 2.0
    };
    let centre_y = if is_narrow { area.top + size / 2.0 } else { area.top + area.height / 2.0 };
    let centre = (left + size / 2.0, centre_y);
    let mut start = 0.0;
    for slice in slices {
        let attributes = (class(&chart.keys, slice.key), colour(&chart.keys, slice.key));
        sector(
            canvas,
            centre,
            (radius * 0.58, radius),
            (start, start + slice.share),
            &attributes,
            &slice.text(),
        );
        if slice.share >= 0.06 {
            let angle = TAU * (start + slice.share / 2.0 - 0.25);
            let (x, y) = (centre.0 + radius * 0.79 * angle.cos(), centre.1 + radius * 0.79 * angle.sin());
            let share = number::percent((slice.share * 100.0).round() / 100.0);
            halo(canvas, &share, (x, y + 4.0));
        }
        start += slice.share;
    }
    canvas.markup.element(
        "text",
        &[
            ("x", &Px(centre.0)),
            ("y", &Px(centre.1 + 2.0)),
            ("font-size", &24),
            ("font-weight", &600),
            ("text-anchor", &"middle"),
        ],
        &text::fit(&pie.total, 28.0, radius * 1.05),
    );
    canvas.label("total", (centre.0, centre.1 + 22.0), SIZE, Anchor::Middle, "m");
    if with_list {
        let (x, y) = if is_narrow {
            (area.left, area.top + size + 16.0)
        } else {
            (left + size + 48.0, area.top + (area.height - list) / 2.0)
        };
        list_of(canvas, chart, slices, (x, y), list_width);
    }
}

/// A text that reads on any colour.
fn halo(canvas: &mut Canvas, text: &str, (x, y): (f64, f64)) {
    canvas.markup.element(
        "text",
        &[
            ("x", &Px(x)),
            ("y", &Px(y)),
            ("font-size", &SIZE),
            ("font-weight", &600),
            ("text-anchor", &"middle"),
            ("class", &"edge"),
            ("stroke", &"#fff"),
            ("stroke-width", &3),
            ("stroke-opacity", &0.85),
            ("paint-order", &"stroke"),
            ("stroke-linejoin", &"round"),
        ],
        text,
    );
}

/// A sector of a ring between two parts of the turn, clockwise from the top; `inner` 0 makes a slice.
pub(super) fn sector(
    canvas: &mut Canvas,
    (x, y): (f64, f64),
    (inner, outer): (f64, f64),
    (from, to): (f64, f64),
    (class, colour): &(String, String),
    tooltip: &str,
) {
    let at = |turn: f64, radius: f64| {
        let angle = TAU * (turn - 0.25);
        format!("{} {}", Px(x + radius * angle.cos()), Px(y + radius * angle.sin()))
    };
    // An arc cannot be a whole turn.
    let to = to.min(from + 0.9999);
    let large = u8::from(to - from > 0.5);
    let (out, back) = (Px(outer), Px(inner));
    let path = format!(
        "M{}A{out} {out} 0 {large} 1 {}L{}A{back} {back} 0 {large} 0 {}Z",
        at(from, outer),
        at(to, outer),
        at(to, inner),
        at(from, inner)
    );
    let attributes: Attributes<'_> = &[
        ("d", &path),
        ("class", &format_args!("f edge slice {class}")),
        ("fill", colour),
        ("stroke", &"#fff"),
        ("stroke-width", &1.5),
    ];
    canvas.markup.shape("path", attributes, tooltip);
}

fn list_of(canvas: &mut Canvas, chart: &Chart, slices: &[Slice], (left, top): (f64, f64), width: f64) {
    let value_width = slices.iter().map(|slice| text::width(&slice.value, SIZE)).fold(0.0, f64::max);
    let name_width = (width - value_width - 92.0).max(40.0);
    for (index, slice) in slices.iter().enumerate() {
        let y = top + LINE * index as f64;
        let (class, colour) = (class(&chart.keys, slice.key), colour(&chart.keys, slice.key));
        canvas.markup.empty(
            "rect",
            &[
                ("x", &Px(left)),
                ("y", &Px(y + 5.0)),
                ("width", &12),
                ("height", &12),
                ("rx", &3),
                ("class", &format_args!("f {class}")),
                ("fill", &colour),
            ],
        );
        canvas.fitted(&slice.name, (left + 20.0, y + 15.5), name_width, Anchor::Start, "");
        canvas.label(&slice.value, (left + width - 60.0, y + 15.5), SIZE, Anchor::End, "");
        canvas.label(&number::percent(slice.share), (left + width, y + 15.5), SIZE, Anchor::End, "m");
        if index + 1 < slices.len() {
            canvas.line((left, y + LINE - 1.0), (left + width, y + LINE - 1.0), "grid");
        }
    }
}
