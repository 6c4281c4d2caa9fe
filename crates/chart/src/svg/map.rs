//! Points, bubbles and pies on a map with meridians and parallels.

use super::canvas::{Anchor, Area, Canvas, SIZE, class, colour};
use super::land::LAND;
use super::{legend, pie};
use crate::markup::{Attributes, Px};
use crate::model::{Chart, Map, Place};
use crate::number;
use crate::scale::round_step;
use crate::text;

/// Radius of the largest bubble.
const LARGEST: f64 = 22.0;

/// What part of the earth is seen, in degrees.
struct View {
    west: f64,
    south: f64,
    east: f64,
    north: f64,
}

pub(super) fn draw(canvas: &mut Canvas, chart: &Chart, map: &Map) {
    legend::draw(canvas, chart, false);
    let view = view(&map.points);
    let (width, height) = (view.east - view.west, view.north - view.south);
    let full = canvas.inner_width() - 40.0;
    let drawn_height = (full * height / width).min(if canvas.is_narrow() { 320.0 } else { 460.0 });
    let drawn_width = (drawn_height * width / height).min(full);
    let mut area = canvas.take(drawn_height + 30.0);
    area.height = drawn_height;
    area.left += 36.0 + (full - drawn_width) / 2.0;
    area.width = drawn_width;
    land(canvas, &view, &area);
    graticule(canvas, &view, &area);
    let at = |place: &Place| {
        (
            area.left + (place.longitude - view.west) / width * area.width,
            area.bottom() - (place.latitude - view.south) / height * area.height,
        )
    };
    let mut points: Vec<&Place> = map.points.iter().collect();
    // Large ones first, so that they do not hide small ones.
    points.sort_by(|left, right| right.size().total_cmp(&left.size()));
    for place in points {
        let (x, y) = at(place);
        let radius = match map.largest {
            Some(largest) => {
                let most = if canvas.is_narrow() { LARGEST * 0.65 } else { LARGEST };
                ((place.size() / largest).sqrt() * most).max(3.0)
            }
            None => 4.5,
        };
        draw_place(canvas, chart, place, (x, y), radius, map.largest.is_some());
    }
}

fn draw_place(
    canvas: &mut Canvas,
    chart: &Chart,
    place: &Place,
    (x, y): (f64, f64),
    radius: f64,
    sized: bool,
) {
    let where_to = format!("{}, {}", degrees(place.latitude, "N", "S"), degrees(place.longitude, "E", "W"));
    let name = |key: usize| chart.keys.get(key).map_or("", |key| key.name.as_str());
    let total = place.size();
    if let [(key, size)] = place.parts[..] {
        let size = if sized { format!("\n{}", number::exact(size)) } else { String::new() };
        let tooltip = format!("{}\n{where_to}{size}", name(key)).trim_start().to_owned();
        let attributes: Attributes<'_> = &[
            ("cx", &Px(x)),
            ("cy", &Px(y)),
            ("r", &Px(radius)),
            ("class", &format_args!("f edge place {}", class(&chart.keys, key))),
            ("fill", &colour(&chart.keys, key)),
            ("fill-opacity", &0.75),
            ("stroke", &"#fff"),
        ];
        canvas.markup.shape("circle", attributes, &tooltip);
        return;
    }
    let mut start = 0.0;
    for (key, size) in &place.parts {
        let share = if total > 0.0 { size / total } else { 0.0 };
        let tooltip = format!("{}\n{where_to}\n{}", name(*key), number::exact(*size));
        let look = (class(&chart.keys, *key), colour(&chart.keys, *key));
        pie::sector(canvas, (x, y), (0.0, radius.max(6.0)), (start, start + share), &look, &tooltip);
        start += share;
    }
}

/// The smallest part of the earth that holds all points with some room, not distorted beyond use.
fn view(points: &[Place]) -> View {
    let fold = |value: fn(&Place) -> f64| {
        points
            .iter()
            .map(value)
            .fold((f64::MAX, f64::MIN), |(min, max), value| (min.min(value), max.max(value)))
    };
    let (west, east) = fold(|place| place.longitude);
    let (south, north) = fold(|place| place.latitude);
    let span = ((east - west) * 1.3).max((north - south) * 2.0 * 1.3).max(0.2);
    if span >= 300.0 || points.is_empty() {
        return View { west: -180.0, south: -90.0, east: 180.0, north: 90.0 };
    }
    let (across, along) = (span, span / 2.0);
    let middle = ((west + east) / 2.0, (south + north) / 2.0);
    let west = (middle.0 - across / 2.0).clamp(-180.0, 180.0 - across);
    let south = (middle.1 - along / 2.0).clamp(-90.0, 90.0 - along);
    View { west, south, east: west + across, north: south + along }
}

/// Land within the view, without details that would not be seen.
fn land(canvas: &mut Canvas, view: &View, area: &Area) {
    let margin = (view.east - view.west) * 0.1;
    let mut path = String::new();
    for ring in LAND.iter() {
        let is_seen = ring.iter().any(|(x, _)| *x >= view.west - margin)
            && ring.iter().any(|(x, _)| *x <= view.east + margin)
            && ring.iter().any(|(_, y)| *y >= view.south - margin)
            && ring.iter().any(|(_, y)| *y <= view.north + margin);
        if !is_seen {
            continue;
        }
        let mut last: Option<(f64, f64)> = None;
        let mut drawn = String::new();
        let mut count = 0;
        for (longitude, latitude) in ring {
            let x = area.left + (longitude - view.west) / (view.east - view.west) * area.width;
            let y = area.bottom() - (latitude - view.south) / (view.north - view.south) * area.height;
            if last.is_some_and(|last| (last.0 - x).abs() + (last.1 - y).abs() < 1.2) {
                continue;
            }
            last = Some((x, y));
            drawn.push_str(&format!("{}{} {}", if count == 0 { 'M' } else { 'L' }, Px(x), Px(y)));
            count += 1;
        }
        if count > 2 {
            path.push_str(&drawn);
            path.push('Z');
        }
    }
    if path.is_empty() {
        return;
    }
    let clip = format!("{}-map", canvas.id);
    canvas.markup.open("clipPath", &[("id", &clip)]);
    canvas.markup.empty(
        "rect",
        &[
            ("x", &Px(area.left)),
            ("y", &Px(area.top)),
            ("width", &Px(area.width)),
            ("height", &Px(area.height)),
        ],
    );
    canvas.markup.close();
    canvas.markup.empty(
        "path",
        &[
            ("d", &path),
            ("class", &"land"),
            ("fill", &"#ececef"),
            ("fill-rule", &"evenodd"),
            ("clip-path", &format_args!("url(#{clip})")),
        ],
    );
}

fn graticule(canvas: &mut Canvas, view: &View, area: &Area) {
    canvas.markup.empty(
        "rect",
        &[
            ("x", &Px(area.left)),
            ("y", &Px(area.top)),
            ("width", &Px(area.width)),
            ("height", &Px(area.height)),
            ("class", &"grid"),
            ("fill", &"none"),
            ("stroke", &"#e3e3e8"),
        ],
    );
    let step = match (view.east - view.west) / 6.0 {
        rough if rough > 40.0 => 60.0,
        rough if rough > 22.0 => 30.0,
        rough if rough > 12.0 => 15.0,
        rough => round_step(rough, 1),
    };
    let multiples = |from: f64, to: f64| {
        let first = (from / step).ceil();
        (0..24)
            .map(move |index| (first + f64::from(index)) * step)
            .take_while(move |value| *value <= to + 1e-9)
    };
    for longitude in multiples(view.west, view.east) {
        let x = area.left + (longitude - view.west) / (view.east - view.west) * area.width;
        canvas.line((x, area.top), (x, area.bottom()), "grid");
        let label = degrees(longitude, "E", "W");
        if x + text::width(&label, SIZE) / 2.0 < canvas.width {
            canvas.label(&label, (x, area.bottom() + 18.0), SIZE, Anchor::Middle, "m");
        }
    }
    for latitude in multiples(view.south, view.north) {
        let y = area.bottom() - (latitude - view.south) / (view.north - view.south) * area.height;
        canvas.line((area.left, y), (area.right(), y), "grid");
        canvas.label(&degrees(latitude, "N", "S"), (area.left - 6.0, y + 4.0), SIZE, Anchor::End, "m");
    }
}

fn degrees(value: f64, positive: &str, negative: &str) -> String {
    let rounded = (value * 1_000.0).round() / 1_000.0;
    let side = match rounded {
        rounded if rounded > 0.0 => positive,
        rounded if rounded < 0.0 => negative,
        _ => "",
    };
    format!("{}°{side}", number::exact(rounded.abs()))
}
