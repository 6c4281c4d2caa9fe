//! Treemaps, cards and tables.

use super::canvas::{Anchor, Area, Canvas, MARGIN, SIZE, class, colour};
use crate::markup::{Attributes, Px};
use crate::model::{Card, Chart, Grid, Tile};
use crate::number;
use crate::text;

/// Rows of a table that are drawn.
const MOST_ROWS: usize = 40;

pub(super) fn draw_treemap(canvas: &mut Canvas, chart: &Chart, tiles: &[Tile]) {
    let area = canvas.rest(280.0);
    let total: f64 = tiles.iter().map(|tile| tile.value).sum();
    for (index, (tile, rect)) in tiles.iter().zip(squarify(tiles, area)).enumerate() {
        let look = (class(&chart.keys, index), colour(&chart.keys, index));
        draw_tile(canvas, tile, rect, &look, &Place { path: "", total, depth: 0 });
    }
}

/// Where a tile is in the hierarchy.
struct Place<'a> {
    path: &'a str,
    total: f64,
    depth: usize,
}

fn draw_tile(canvas: &mut Canvas, tile: &Tile, area: Area, look: &(String, String), place: &Place<'_>) {
    let path =
        if place.path.is_empty() { tile.name.clone() } else { format!("{} · {}", place.path, tile.name) };
    let share = if place.total > 0.0 { tile.value / place.total } else { 0.0 };
    let tooltip = format!("{path}\n{} ({})", number::exact(tile.value), number::percent(share));
    let is_leaf = tile.children.is_empty();
    let (class, colour) = look;
    // Groups are tinted, so that the leaves within stand out.
    let opacity = match (is_leaf, place.depth) {
        (true, 0) => 0.42,
        (true, _) => 0.30,
        (false, _) => 0.22,
    };
    let attributes: Attributes<'_> = &[
        ("x", &Px(area.left + 1.0)),
        ("y", &Px(area.top + 1.0)),
        ("width", &Px((area.width - 2.0).max(0.5))),
        ("height", &Px((area.height - 2.0).max(0.5))),
        ("rx", &3),
        ("class", &format_args!("f tile {class}")),
        ("fill", colour),
        ("fill-opacity", &opacity),
    ];
    canvas.markup.shape("rect", attributes, &tooltip);
    let header = 20.0;
    let room = area.width - 14.0;
    let fits_name = room > 22.0 && area.height > header;
    if fits_name {
        canvas.fitted(&tile.name, (area.left + 7.0, area.top + 16.0), room, Anchor::Start, "");
    }
    let value = number::short(tile.value);
    if is_leaf && area.height > 38.0 && text::width(&value, SIZE) <= room {
        canvas.label(&value, (area.left + 7.0, area.top + 32.0), SIZE, Anchor::Start, "m");
    }
    if is_leaf || area.height < header + 14.0 || area.width < 24.0 {
        return;
    }
    let inner = Area {
        left: area.left + 4.0,
        top: area.top + header + 2.0,
        width: area.width - 8.0,
        height: area.height - header - 6.0,
    };
    for (child, rect) in tile.children.iter().zip(squarify(&tile.children, inner)) {
        draw_tile(
            canvas,
            child,
            rect,
            look,
            &Place { path: &path, total: place.total, depth: place.depth + 1 },
        );
    }
}

/// Divides an area among tiles by value, in rows whose tiles are as square as they can be (Bruls, Huizing, van Wijk,
/// "Squarified treemaps", 2000). The tiles come in falling order.
fn squarify(tiles: &[Tile], area: Area) -> Vec<Area> {
    let total: f64 = tiles.iter().map(|tile| tile.value).sum();
    let unit = if total > 0.0 { area.width.max(1.0) * area.height.max(1.0) / total } else { 0.0 };
    let sizes: Vec<f64> = tiles.iter().map(|tile| tile.value * unit).collect();
    let mut rest = Area { width: area.width.max(1.0), height: area.height.max(1.0), ..area };
    let mut placed = Vec::with_capacity(sizes.len());
    let mut start = 0;
    while start < sizes.len() {
        let side = rest.width.min(rest.height).max(0.01);
        let worst = |row: &[f64]| {
            let sum: f64 = row.iter().sum();
            let depth = (sum / side).max(1e-9);
            row.iter()
                .map(|size| (size / depth / depth).max(depth * depth / size.max(1e-9)))
                .fold(0.0, f64::max)
        };
        let mut end = start + 1;
        while end < sizes.len() && worst(&sizes[start..=end]) <= worst(&sizes[start..end]) {
            end += 1;
        }
        let sum: f64 = sizes[start..end].iter().sum();
        let depth = sum / side;
        let mut along = 0.0;
        for size in &sizes[start..end] {
            let length = if sum > 0.0 { size / sum * side } else { 0.0 };
            placed.push(if rest.width >= rest.height {
                Area { left: rest.left, top: rest.top + along, width: depth, height: length }
            } else {
                Area { left: rest.left + along, top: rest.top, width: length, height: depth }
            });
            along += length;
        }
        if rest.width >= rest.height {
            rest.left += depth;
            rest.width = (rest.width - depth).max(0.0);
        } else {
            rest.top += depth;
            rest.height = (rest.height - depth).max(0.0);
        }
        start = end;
    }
    placed
}

pub(super) fn draw_cards(canvas: &mut Canvas, cards: &[Card]) {
    const GAP: f64 = 12.0;
    const HEIGHT: f64 = 96.0;
    let most = if canvas.is_narrow() { 2 } else { 4 };
    let columns = cards.len().clamp(1, most);
    let width = (canvas.inner_width() - GAP * (columns - 1) as f64) / columns as f64;
    for row in cards.chunks(columns) {
        let area = canvas.take(HEIGHT + GAP);
        for (index, card) in row.iter().enumerate() {
            let left = area.left + (width + GAP) * index as f64;
            canvas.markup.empty(
                "rect",
                &[
                    ("x", &Px(left)),
                    ("y", &Px(area.top)),
                    ("width", &Px(width)),
                    ("height", &Px(HEIGHT)),
                    ("rx", &8),
                    ("class", &"grid"),
                    ("fill", &"none"),
                    ("stroke", &"#e3e3e8"),
                ],
            );
            let room = width - 28.0;
            // Bold digits are wider than those the estimate is made for.
            let natural = text::width(&card.value, 1.22).max(0.1);
            let size = (room / natural).clamp(10.0, 34.0).floor();
            let value = text::fit(&card.value, size * 1.22, room);
            canvas.markup.open("g", &[]);
            canvas.markup.element("title", &[], &format!("{}: {}", card.name, card.value));
            canvas.markup.element(
                "text",
                &[
                    ("x", &Px(left + 14.0)),
                    ("y", &Px(area.top + 52.0)),
                    ("font-size", &size),
                    ("font-weight", &600),
                ],
                &value,
            );
            canvas.fitted(&card.name, (left + 14.0, area.top + 78.0), room, Anchor::Start, "m");
            canvas.markup.close();
        }
    }
}

pub(super) fn draw_grid(canvas: &mut Canvas, grid: &Grid) {
    const ROW: f64 = 24.0;
    let shown = grid.rows.len().min(MOST_ROWS);
    let natural = |column: usize| {
        let cells = grid.rows.iter().take(shown).map(|row| text::width(&row[column], SIZE));
        cells.fold(text::width(&grid.header[column], SIZE) * 1.08, f64::max).min(260.0) + 24.0
    };
    let mut widths: Vec<f64> = (0..grid.header.len()).map(natural).collect();
    let total: f64 = widths.iter().sum();
    if total > canvas.inner_width() && total > 0.0 {
        let factor = canvas.inner_width() / total;
        widths.iter_mut().for_each(|width| *width *= factor);
    }
    let area = canvas.take(ROW * (shown + 1) as f64 + 8.0);
    for line in 0..=shown {
        let y = area.top + ROW * line as f64;
        let mut x = MARGIN;
        for (column, width) in widths.iter().enumerate() {
            let (text, class) = match line {
                0 => (&grid.header[column], "m"),
                line => (&grid.rows[line - 1][column], ""),
            };
            let room = width - 16.0;
            if room > 10.0 {
                let at = if grid.numeric[column] { x + width - 12.0 } else { x + 4.0 };
                let anchor = if grid.numeric[column] { Anchor::End } else { Anchor::Start };
                canvas.fitted(text, (at, y + 16.0), room, anchor, class);
            }
            x += width;
        }
        canvas.line((MARGIN, y + ROW - 1.0), (x, y + ROW - 1.0), if line == 0 { "axis" } else { "grid" });
    }
    if grid.rows.len() > shown {
        canvas.notes(&[format!("the first {shown} of {} rows drawn", number::count(grid.rows.len()))]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_fill_their_area_in_proportion() {
        let tiles: Vec<Tile> = [6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0]
            .into_iter()
            .map(|value| Tile { name: String::new(), value, children: Vec::new() })
            .collect();
        let area = Area { left: 0.0, top: 0.0, width: 600.0, height: 400.0 };
        let placed = squarify(&tiles, area);
        for (tile, rect) in tiles.iter().zip(&placed) {
            assert!((rect.width * rect.height - tile.value * 10_000.0).abs() < 1.0, "{rect:?}");
            assert!(rect.left >= -0.01 && rect.right() <= 600.01 && rect.bottom() <= 400.01, "{rect:?}");
            let aspect = (rect.width / rect.height).max(rect.height / rect.width);
            assert!(aspect < 3.0, "{rect:?}");
        }
    }
}
