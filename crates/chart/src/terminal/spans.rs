//! Spans on a time line.

use super::Sheet;
use super::plot::x_axis;
use crate::model::Spans;
use crate::text;

pub(super) fn draw(sheet: &mut Sheet<'_>, spans: &Spans) {
    let room = spans.rows.iter().map(|name| text::cells(name)).max().unwrap_or(1).min(sheet.width / 3);
    let columns = sheet.width.saturating_sub(room + 2).max(4);
    let (block, edge) = if sheet.unicode { ('█', '│') } else { ('=', '|') };
    for (index, name) in spans.rows.iter().enumerate() {
        let mut cells: Vec<Option<usize>> = vec![None; columns];
        for span in spans.spans.iter().filter(|span| span.row == index) {
            let cell = |value: f64| {
                let place = spans.x.place(value).unwrap_or(0.0).clamp(0.0, 1.0);
                (place * (columns - 1) as f64).round() as usize
            };
            cells[cell(span.start)..=cell(span.end)].fill(Some(span.key));
        }
        let name = text::pad_cells(name, room);
        sheet.plain(&format!("{name} "));
        sheet.dim(&edge.to_string());
        for run in cells.chunk_by(|left, right| left == right) {
            match run[0] {
                Some(key) => sheet.of_key(&block.to_string().repeat(run.len()), key),
                None => sheet.plain(&" ".repeat(run.len())),
            }
        }
        sheet.end_line();
    }
    x_axis(sheet, &spans.x, columns, room, true);
}
