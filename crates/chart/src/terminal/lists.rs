//! Pies, treemaps, cards and tables as lists.

use anstyle::Style;

use super::Sheet;
use crate::model::{Card, Grid, Slice, Tile};
use crate::number;
use crate::text;

pub(super) fn pie(sheet: &mut Sheet<'_>, slices: &[Slice]) {
    let names =
        slices.iter().map(|slice| text::cells(&slice.name)).max().unwrap_or(0).min(sheet.width * 2 / 5);
    let values = slices.iter().map(|slice| text::cells(&slice.value)).max().unwrap_or(0);
    let width = sheet.width.saturating_sub(names + values + 11).max(3);
    let largest = slices.iter().map(|slice| slice.share).fold(0.0, f64::max);
    for slice in slices {
        let name = text::pad_cells(&slice.name, names);
        sheet.plain(&format!("{name} "));
        let length = ((slice.share / largest * width as f64).round() as usize).clamp(1, width);
        let mark = if sheet.unicode { '█' } else { '#' }.to_string();
        sheet.of_key(&mark.repeat(length), slice.key);
        let percent = number::percent(slice.share);
        let line = format!("{} {:>values$} {percent:>8}", " ".repeat(width - length), slice.value);
        sheet.plain(&line);
        sheet.end_line();
    }
}

pub(super) fn treemap(sheet: &mut Sheet<'_>, tiles: &[Tile]) {
    let total: f64 = tiles.iter().map(|tile| tile.value).sum();
    let mut lines = Vec::new();
    for (key, tile) in tiles.iter().enumerate() {
        flatten(tile, key, 0, &mut lines);
    }
    let most = sheet.height * 4;
    let room = lines.iter().map(|(tile, _, depth)| text::cells(&tile.name) + depth * 2).max().unwrap_or(0);
    let room = room.min(sheet.width / 2);
    let width = sheet.width.saturating_sub(room + 20).max(3);
    let largest = tiles.iter().map(|tile| tile.value).fold(0.0, f64::max);
    for (tile, key, depth) in lines.iter().take(most) {
        let name = text::pad_cells(&format!("{}{}", "  ".repeat(*depth), tile.name), room);
        sheet.plain(&format!("{name} "));
        let length = ((tile.value / largest * width as f64).round() as usize).clamp(1, width);
        let mark = match (sheet.unicode, depth) {
            (true, 0) => '█',
            (true, _) => '▒',
            (false, 0) => '#',
            (false, _) => '-',
        };
        sheet.of_key(&mark.to_string().repeat(length), *key);
        sheet.dim(&format!(" {} ({})", number::short(tile.value), number::percent(tile.value / total)));
        sheet.end_line();
    }
    if lines.len() > most {
        sheet.dim_line(&format!("and {} more", number::count(lines.len() - most)));
    }
}

fn flatten<'t>(tile: &'t Tile, key: usize, depth: usize, lines: &mut Vec<(&'t Tile, usize, usize)>) {
    lines.push((tile, key, depth));
    for child in &tile.children {
        flatten(child, key, depth + 1, lines);
    }
}

pub(super) fn cards(sheet: &mut Sheet<'_>, cards: &[Card]) {
    for card in cards {
        let value = text::fit_cells(&card.value, sheet.width);
        sheet.styled(&value, Style::new().bold());
        sheet.end_line();
        let name = text::fit_cells(&card.name, sheet.width);
        sheet.dim_line(&name);
    }
}

pub(super) fn grid(sheet: &mut Sheet<'_>, grid: &Grid) {
    const WIDEST: usize = 40;
    let shown = grid.rows.len().min(sheet.height * 4);
    let natural = |column: usize| {
        let cells = grid.rows.iter().take(shown).map(|row| text::cells(&row[column]));
        cells.chain([text::cells(&grid.header[column])]).max().unwrap_or(0).min(WIDEST)
    };
    let mut widths = Vec::new();
    let mut left = sheet.width;
    for column in 0..grid.header.len() {
        let width = natural(column).min(left);
        if width < 3 && width < natural(column) {
            break;
        }
        widths.push(width);
        left = left.saturating_sub(width + 2);
    }
    let line = |cells: &[String]| {
        let cells = cells.iter().zip(&widths).zip(&grid.numeric).map(|((cell, width), numeric)| {
            let cell = text::fit_cells(cell, *width);
            let padding = " ".repeat(width - text::cells(&cell).min(*width));
            if *numeric { padding + &cell } else { cell + &padding }
        });
        cells.collect::<Vec<_>>().join("  ")
    };
    let header = line(&grid.header);
    sheet.styled(header.trim_end(), Style::new().bold());
    sheet.end_line();
    for row in grid.rows.iter().take(shown) {
        let row = line(row);
        sheet.plain(&row);
        sheet.end_line();
    }
    if grid.rows.len() > shown {
        sheet.dim_line(&format!("and {} more rows", number::count(grid.rows.len() - shown)));
    }
    if widths.len() < grid.header.len() {
        sheet.dim_line(&format!("and {} more columns", grid.header.len() - widths.len()));
    }
}
