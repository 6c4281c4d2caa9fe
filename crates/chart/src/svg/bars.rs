//! Strips: columns that stand and bars that lie.

use super::canvas::{Anchor, Area, Canvas, MARGIN, SIZE, class, colour, label_room, spread, x_caption};
use super::legend;
use crate::markup::{Attributes, Px};
use crate::model::{Bar, Bars, Chart};
use crate::scale::{Axis, Quantity};
use crate::text;

pub(super) fn draw_columns(canvas: &mut Canvas, chart: &Chart, bars: &Bars) {
    legend::draw(canvas, chart, false);
    let mut area = canvas.rest(260.0);
    let above = if bars.y.title.is_empty() { 10.0 } else { 30.0 };
    let most = (area.height / 50.0).clamp(2.0, 8.0) as usize;
    let ticks = bars.y.ticks(most);
    let left = label_room(&ticks);
    area.left += left;
    area.width -= left + 4.0;
    let slots = (bars.x.max() - bars.x.min()) / bars.slot;
    let slot = area.width / slots.max(1.0);
    let names = if let Quantity::Category(names) = &bars.x.quantity { Some(names.as_slice()) } else { None };
    let labels = names.map(|names| NameLabels::new(names, slot, canvas.is_narrow()));
    let below = labels.as_ref().map_or(24.0, |labels| labels.height) + 20.0;
    area.top += above;
    area.height -= above;
    // Long names take their room below, not from the plot.
    let extra = (below - 44.0).max(0.0);
    canvas.top += extra;
    area.height = (area.height - below + extra).max(60.0);
    canvas.y_axis(&bars.y, &ticks, &area, "m");
    match &labels {
        None => canvas.x_axis(&bars.x, &area, false),
        Some(labels) => {
            labels.draw(canvas, names.unwrap_or(&[]), &area, slot);
            canvas.line((area.left, area.bottom()), (area.right(), area.bottom()), "axis");
            let x = area.left + area.width / 2.0;
            let y = area.bottom() + labels.height + 14.0;
            canvas.fitted(&x_caption(&bars.x), (x, y), canvas.inner_width(), Anchor::Middle, "m");
        }
    }

    let base = bars.y.base();
    let places = Places::new(chart, bars, slot);
    let with_values = chart.keys.len() == 1 && slot > 44.0 && bars.bars.len() <= 24;
    for bar in &bars.bars {
        let Some(centre) = bars.x.place(bar.x) else { continue };
        let x = area.left + centre * area.width + places.offset(bar);
        let (low, high) = ends(bar, &bars.y, base);
        let (from, to) = (area.bottom() - low * area.height, area.bottom() - high * area.height);
        let rect = Rect { x, y: from.min(to), width: places.width, height: (from - to).abs() };
        strip(canvas, chart, bars, bar, &rect);
        if with_values {
            // What hangs below zero has its value above it, where no name of a category is.
            let y = from.min(to) - 5.0;
            canvas.label(
                &bars.y.quantity.short(bar.value),
                (x + places.width / 2.0, y),
                SIZE,
                Anchor::Middle,
                "",
            );
        }
    }
    if bars.y.min() < 0.0 && !bars.y.log {
        let y = area.bottom() - bars.y.place(0.0).unwrap_or(0.0) * area.height;
        canvas.line((area.left, y), (area.right(), y), "axis");
    }
}

pub(super) fn draw_rows(canvas: &mut Canvas, chart: &Chart, bars: &Bars) {
    const LEAST_ROW: f64 = 24.0;
    legend::draw(canvas, chart, false);
    let Quantity::Category(names) = &bars.x.quantity else { return };
    let slots = names.len().max(1) as f64;
    let series = if bars.grouped { chart.keys.len().max(1) as f64 } else { 1.0 };
    // A few rows stay slim rather than fill the sheet.
    let row = if bars.grouped { (series * 13.0 + 10.0).max(LEAST_ROW) } else { LEAST_ROW + 4.0 };
    canvas.top += 4.0;
    if !bars.x.title.is_empty() {
        canvas.fitted(&bars.x.title, (MARGIN, canvas.top + 8.0), canvas.inner_width(), Anchor::Start, "m");
        canvas.top += 18.0;
    }
    let mut area = canvas.take(row * slots + 44.0);
    area.height -= 44.0;
    let widest = names.iter().map(|name| text::width(name, SIZE)).fold(20.0, f64::max);
    let room = widest.min(area.width * if canvas.is_narrow() { 0.34 } else { 0.3 });
    let with_values = !bars.grouped && chart.keys.len() <= 1;
    area.left += room + 10.0;
    area.width -= room + 10.0 + if with_values { 52.0 } else { 16.0 };
    let slot = area.height / slots;
    for tick in spread(&bars.y, &area) {
        let x = area.left + tick.at * area.width;
        canvas.line((x, area.top), (x, area.bottom()), "grid");
        canvas.label(&tick.label, (x, area.bottom() + 18.0), SIZE, Anchor::Middle, "m");
    }
    let x = area.left + area.width / 2.0;
    canvas.fitted(&bars.y.title, (x, area.bottom() + 37.0), area.width, Anchor::Middle, "m");
    for (index, name) in names.iter().enumerate() {
        let y = area.top + (index as f64 + 0.5) * slot + 4.0;
        canvas.fitted(name, (area.left - 8.0, y), room, Anchor::End, "");
    }
    let base = bars.y.base();
    let places = Places::new(chart, bars, slot);
    for bar in &bars.bars {
        let Some(centre) = bars.x.place(bar.x) else { continue };
        let y = area.top + centre * area.height + places.offset(bar);
        let (low, high) = ends(bar, &bars.y, base);
        let (from, to) = (area.left + low * area.width, area.left + high * area.width);
        let rect = Rect { x: from.min(to), y, width: (to - from).abs(), height: places.width };
        strip(canvas, chart, bars, bar, &rect);
        if with_values {
            let y = y + places.width / 2.0 + 4.0;
            let text = bars.y.quantity.short(bar.value);
            canvas.label(&text, (from.max(to) + 6.0, y), SIZE, Anchor::Start, "m");
        }
    }
    let zero = area.left + bars.y.place(base).unwrap_or(0.0) * area.width;
    canvas.line((zero, area.top), (zero, area.bottom()), "axis");
}

/// Where the ends of a strip lie, 0 to 1, within the axis.
fn ends(bar: &Bar, y: &Axis, base: f64) -> (f64, f64) {
    let place = |value: f64| {
        let value = if value == 0.0 { base } else { value };
        y.place(value).unwrap_or(0.0).clamp(0.0, 1.0)
    };
    (place(bar.low), place(bar.high))
}

/// How strips share a slot.
struct Places {
    width: f64,
    start: f64,
    /// Room from one series to the next.
    step: f64,
}

impl Places {
    fn new(chart: &Chart, bars: &Bars, slot: f64) -> Self {
        let used = (slot * if slot > 6.0 { 0.76 } else { 0.9 }).min(if bars.grouped { slot } else { 64.0 });
        let series = if bars.grouped { chart.keys.len().max(1) as f64 } else { 1.0 };
        let step = used / series;
        let gap = if bars.grouped && step > 4.0 { 1.0 } else { 0.0 };
        Self { width: (step - gap).max(0.5), start: -used / 2.0, step: if bars.grouped { step } else { 0.0 } }
    }

    fn offset(&self, bar: &Bar) -> f64 {
        self.start + self.step * bar.key as f64
    }
}

struct Rect {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

fn strip(canvas: &mut Canvas, chart: &Chart, bars: &Bars, bar: &Bar, rect: &Rect) {
    let value = match bars.y.quantity {
        Quantity::Share => {
            let share = crate::number::percent((bar.high - bar.low).abs());
            format!("{} ({share})", crate::number::exact(bar.value))
        }
        _ => bars.y.quantity.exact(bar.value),
    };
    let name = chart.keys.get(bar.key).map_or("", |key| key.name.as_str());
    let tooltip = format!("{}\n{name}: {value}", bars.x.quantity.exact(bar.x));
    let (class, colour) = (class(&chart.keys, bar.key), colour(&chart.keys, bar.key));
    let radius = if rect.width > 8.0 && rect.height > 8.0 { 2 } else { 0 };
    let attributes: Attributes<'_> = &[
        ("x", &Px(rect.x)),
        ("y", &Px(rect.y)),
        ("width", &Px(rect.width)),
        ("height", &Px(rect.height)),
        ("rx", &radius),
        ("class", &format_args!("f bar {class}")),
        ("fill", &colour),
    ];
    canvas.markup.shape("rect", attributes, &tooltip);
}

/// Labels of categories below columns: level if they fit, else slanted, and only as many as do not meet.
struct NameLabels {
    slanted: bool,
    stride: usize,
    height: f64,
}

impl NameLabels {
    const LONGEST: f64 = 120.0;

    fn new(names: &[String], slot: f64, is_narrow: bool) -> Self {
        let widest = names.iter().map(|name| text::width(name, SIZE)).fold(0.0, f64::max);
        if widest + 8.0 <= slot {
            return Self { slanted: false, stride: 1, height: 22.0 };
        }
        let longest = if is_narrow { 80.0 } else { Self::LONGEST };
        let stride = (18.0 / slot).ceil().max(1.0) as usize;
        // The sine of 40 degrees, and the height of the letters.
        Self { slanted: true, stride, height: widest.min(longest) * 0.643 + 20.0 }
    }

    fn draw(&self, canvas: &mut Canvas, names: &[String], area: &Area, slot: f64) {
        for (index, name) in names.iter().enumerate().step_by(self.stride) {
            let x = area.left + (index as f64 + 0.5) * slot;
            let y = area.bottom() + 18.0;
            if !self.slanted {
                canvas.label(name, (x, y), SIZE, Anchor::Middle, "m");
                continue;
            }
            let most = ((self.height - 20.0) / 0.643 + 0.5).min((x - MARGIN) / 0.766);
            canvas
                .markup
                .open("g", &[("transform", &format_args!("rotate(-40 {} {})", Px(x + 4.0), Px(y - 2.0)))]);
            canvas.fitted(name, (x + 4.0, y - 2.0), most.max(24.0), Anchor::End, "m");
            canvas.markup.close();
        }
    }
}
