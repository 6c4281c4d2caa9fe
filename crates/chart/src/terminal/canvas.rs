//! A grid of cells that lines are drawn on: two by four dots in each cell with braille, one mark without.

use super::Sheet;

/// Dots of a braille cell by row and column, as Unicode counts them.
const DOTS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

#[derive(Clone, Copy, Default)]
struct Cell {
    dots: u8,
    /// The series drawn last, and its mark, which covers dots.
    key: usize,
    mark: Option<char>,
}

/// The grid.
pub(super) struct Canvas {
    columns: usize,
    rows: usize,
    cells: Vec<Cell>,
}

impl Canvas {
    pub(super) fn new(columns: usize, rows: usize) -> Self {
        Self { columns, rows, cells: vec![Cell::default(); columns * rows] }
    }

    /// Sets the dot at a place, both coordinates 0 to 1 from the lower left; what lies outside is not seen.
    pub(super) fn dot(&mut self, (x, y): (f64, f64), key: usize, mark: Option<char>) {
        if !(0.0..=1.0).contains(&x) || !(0.0..=1.0).contains(&y) {
            return;
        }
        let column = (x * (self.columns * 2 - 1) as f64).round() as usize;
        let row = ((1.0 - y) * (self.rows * 4 - 1) as f64).round() as usize;
        let cell = &mut self.cells[row / 4 * self.columns + column / 2];
        cell.dots |= DOTS[row % 4][column % 2];
        cell.key = key;
        if mark.is_some() {
            cell.mark = mark;
        }
    }

    /// A line between two places.
    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), key: usize, mark: Option<char>) {
        let across = (to.0 - from.0).abs() * (self.columns * 2) as f64;
        let along = (to.1 - from.1).abs() * (self.rows * 4) as f64;
        let steps = across.max(along).ceil().clamp(1.0, 10_000.0) as usize;
        for step in 0..=steps {
            let part = step as f64 / steps as f64;
            self.dot((from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part), key, mark);
        }
    }

    /// A column of dots, for areas.
    pub(super) fn column(&mut self, x: f64, (low, high): (f64, f64), key: usize, mark: Option<char>) {
        let (low, high) = (low.min(high).clamp(0.0, 1.0), low.max(high).clamp(0.0, 1.0));
        self.line((x, low), (x, high), key, mark);
    }

    /// A mark that covers what is in its cell.
    pub(super) fn flag(&mut self, (x, y): (f64, f64), key: usize, mark: char) {
        self.dot((x, y), key, Some(mark));
    }

    /// Writes a row of cells.
    pub(super) fn write_row(&self, sheet: &mut Sheet<'_>, row: usize) {
        let cells = &self.cells[row * self.columns..(row + 1) * self.columns];
        let is_blank = |cell: &Cell| cell.dots == 0 && cell.mark.is_none();
        for run in cells.chunk_by(|left, right| {
            is_blank(left) == is_blank(right) && (is_blank(left) || left.key == right.key)
        }) {
            if is_blank(&run[0]) {
                sheet.plain(&" ".repeat(run.len()));
                continue;
            }
            let glyph = |cell: &Cell| {
                cell.mark.unwrap_or_else(|| char::from_u32(0x2800 + u32::from(cell.dots)).unwrap_or('*'))
            };
            let text: String = run.iter().map(glyph).collect();
            sheet.of_key(&text, run[0].key);
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }
}
