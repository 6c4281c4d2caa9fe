//! Strips as rows of blocks, also those that would stand: rows read better in a terminal.

use super::Sheet;
use crate::model::{Bar, Bars};
use crate::number;
use crate::scale::Quantity;
use crate::text;

/// Eighths of a block.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

pub(super) fn draw(sheet: &mut Sheet<'_>, bars: &Bars) {
    let mut places: Vec<f64> = bars.bars.iter().map(|bar| bar.x).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let names: Vec<String> = places.iter().map(|place| bars.x.quantity.exact(*place)).collect();
    let most_rows = sheet.height * 4;
    let room = names.iter().map(|name| text::cells(name)).max().unwrap_or(0).min(sheet.width * 2 / 5);
    let stacked = !bars.grouped && sheet.keys.len() > 1;
    let value_text = |bar: &Bar| match bars.y.quantity {
        Quantity::Share => number::percent((bar.high - bar.low).abs()),
        _ => bars.y.quantity.short(bar.value),
    };
    let total_text = |here: &[&Bar]| {
        let total: f64 = here.iter().map(|bar| bar.value).sum();
        bars.y.quantity.short(if bars.y.quantity == Quantity::Share { 1.0 } else { total })
    };
    let value_room = if stacked {
        places.iter().map(|place| total_text(&at(bars, *place)).chars().count()).max()
    } else {
        bars.bars.iter().map(|bar| text::cells(&value_text(bar))).max()
    };
    // The longest strip leaves its value just enough room.
    let width = sheet.width.saturating_sub(room + value_room.unwrap_or(0) + 2).max(3);
    let mut rows = 0;
    for (place, name) in places.iter().zip(&names) {
        if rows >= most_rows {
            let left = places.len() - places.iter().take_while(|other| *other < place).count();
            sheet.dim_line(&format!("and {} more", number::count(left)));
            return;
        }
        let here = at(bars, *place);
        if stacked {
            label(sheet, name, room);
            stack(sheet, bars, &here, width);
            sheet.dim(&format!(" {}", total_text(&here)));
            sheet.end_line();
            rows += 1;
            continue;
        }
        for (index, bar) in here.iter().enumerate() {
            label(sheet, if index == 0 { name } else { "" }, room);
            strip(sheet, bars, bar, width);
            sheet.dim(&format!(" {}", value_text(bar)));
            sheet.end_line();
            rows += 1;
        }
    }
}

fn at(bars: &Bars, place: f64) -> Vec<&Bar> {
    bars.bars.iter().filter(|bar| bar.x == place).collect()
}

fn label(sheet: &mut Sheet<'_>, name: &str, room: usize) {
    let name = text::pad_cells(name, room);
    sheet.plain(&format!("{name} "));
}

/// One strip from the base of the axis; below zero it lies to the left of it.
fn strip(sheet: &mut Sheet<'_>, bars: &Bars, bar: &Bar, width: usize) {
    let place = |value: f64| bars.y.place(value).unwrap_or(0.0).clamp(0.0, 1.0) * width as f64;
    // The axis ends at a round value; without negative strips the longest one may take all the room.
    let longest = bars.bars.iter().map(|bar| place(bar.high)).fold(0.0, f64::max);
    let stretch = if bars.y.min() >= 0.0 && longest > 0.0 { width as f64 / longest } else { 1.0 };
    let stretched = |value: f64| (place(value) * stretch).min(width as f64);
    let (base, end) = (stretched(bars.y.base()), stretched(bar.high));
    let (from, to) = (base.min(end), base.max(end));
    let mark = sheet.fill(bar.key);
    sheet.plain(&" ".repeat(from.round() as usize));
    let length = to - from.round().min(to);
    let (whole, eighths) = if mark == '█' {
        let eighths = (length * 8.0).round() as usize;
        (eighths / 8, EIGHTHS[eighths % 8])
    } else {
        (length.round() as usize, "")
    };
    let text = format!("{}{eighths}", mark.to_string().repeat(whole));
    // What is there is seen, however small.
    let text = if text.is_empty() && bar.value != 0.0 {
        if mark == '█' { "▏" } else { "" }.to_owned()
    } else {
        text
    };
    sheet.of_key(&text, bar.key);
}

/// Strips one after the other, their lengths rounded so that the sum is right.
fn stack(sheet: &mut Sheet<'_>, bars: &Bars, here: &[&Bar], width: usize) {
    let total_of = |place: f64| at(bars, place).iter().map(|bar| (bar.high - bar.low).abs()).sum::<f64>();
    let longest = bars.bars.iter().map(|bar| total_of(bar.x)).fold(0.0, f64::max);
    if longest <= 0.0 {
        return;
    }
    let (mut sum, mut used) = (0.0, 0);
    for bar in here {
        sum += (bar.high - bar.low).abs();
        let until = ((sum / longest * width as f64).round() as usize).min(width);
        let mark = sheet.fill(bar.key).to_string();
        sheet.of_key(&mark.repeat(until.saturating_sub(used)), bar.key);
        used = used.max(until);
    }
}
