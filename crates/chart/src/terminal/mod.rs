//! Charts as text for a terminal: braille lines, block bars, with or without colour.
//!
//! Text from the data is stripped of control characters before it gets here, so a name in a log cannot steer the
//! reader's terminal.

mod bars;
mod canvas;
mod lists;
mod plot;
mod spans;

use anstyle::{AnsiColor, Color, Style};

use crate::model::{Chart, Drawing, Key};
use crate::text;

/// How a chart is written for a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminalOptions {
    /// Columns that may be used; at least 20 are.
    pub width: usize,
    /// Lines that a plot takes with its axes, without title, legend and notes; at least 6. Lists such as bars take a
    /// line for each entry, up to four times this.
    pub height: usize,
    /// Whether series are coloured with ANSI sequences. Without, they are told apart by their marks.
    pub colour: bool,
    /// Whether braille, blocks and box drawing may be used. Without, everything of ours is ASCII.
    pub unicode: bool,
}

impl Default for TerminalOptions {
    /// 80 columns, 20 lines, coloured, Unicode.
    fn default() -> Self {
        Self { width: 80, height: 20, colour: true, unicode: true }
    }
}

/// Colours of series, in an order that keeps neighbours apart on dark and light terminals.
const COLOURS: [AnsiColor; 10] = [
    AnsiColor::Blue,
    AnsiColor::Yellow,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::Cyan,
    AnsiColor::Red,
    AnsiColor::BrightBlue,
    AnsiColor::BrightYellow,
    AnsiColor::BrightGreen,
    AnsiColor::BrightMagenta,
];
/// Marks of series where there is no colour.
const MARKS: [char; 10] = ['*', '+', 'o', 'x', '#', '@', '%', '=', '&', '~'];

/// Draws a chart as lines of text, each ending in a line feed and none wider than the width given.
pub fn terminal(chart: &Chart, options: &TerminalOptions) -> String {
    let mut sheet = Sheet {
        out: String::new(),
        line: Vec::new(),
        width: options.width.clamp(20, 1_000),
        height: options.height.clamp(6, 500),
        colour: options.colour,
        unicode: options.unicode,
        keys: &chart.keys,
    };
    if let Some(title) = &chart.title {
        let title = text::fit_cells(title, sheet.width);
        sheet.styled(&title, Style::new().bold());
        sheet.end_line();
    }
    match &chart.drawing {
        Drawing::Plot(plot) => {
            sheet.legend(chart);
            plot::draw(&mut sheet, plot);
        }
        Drawing::Bars(bars) => {
            sheet.legend(chart);
            bars::draw(&mut sheet, bars);
        }
        Drawing::Pie(pie) => lists::pie(&mut sheet, &pie.slices),
        Drawing::Treemap(tiles) => lists::treemap(&mut sheet, tiles),
        Drawing::Cards(cards) => lists::cards(&mut sheet, cards),
        Drawing::Grid(grid) => lists::grid(&mut sheet, grid),
        Drawing::Spans(spans) => {
            sheet.legend(chart);
            spans::draw(&mut sheet, spans);
        }
        Drawing::Map(map) => {
            sheet.legend(chart);
            plot::draw_map(&mut sheet, map);
        }
        Drawing::Empty(reason) => sheet.dim_line(&format!("({reason})")),
    }
    for note in &chart.notes {
        let width = sheet.width;
        sheet.dim_line(&text::fit_cells(&format!("note: {note}"), width));
    }
    sheet.out
}

/// The text under construction.
struct Sheet<'a> {
    out: String,
    /// The line under construction: texts and their styles.
    line: Vec<(Style, String)>,
    width: usize,
    height: usize,
    colour: bool,
    unicode: bool,
    keys: &'a [Key],
}

impl Sheet<'_> {
    fn plain(&mut self, text: &str) {
        self.styled(text, Style::new());
    }

    fn styled(&mut self, text: &str, style: Style) {
        self.line.push((style, text.to_owned()));
    }

    fn dim(&mut self, text: &str) {
        self.styled(text, Style::new().dimmed());
    }

    fn dim_line(&mut self, text: &str) {
        self.dim(text);
        self.end_line();
    }

    fn of_key(&mut self, text: &str, key: usize) {
        let style = self.style(key);
        self.styled(text, style);
    }

    fn style(&self, key: usize) -> Style {
        let is_rest = self.keys.get(key).is_some_and(|key| key.is_rest);
        let colour = if is_rest { AnsiColor::BrightBlack } else { COLOURS[key % COLOURS.len()] };
        Style::new().fg_color(Some(Color::Ansi(colour)))
    }

    /// Ends a line, without spaces at its end. What is wider than the sheet is cut: this is where the promise of
    /// [`terminal`] about widths is kept.
    fn end_line(&mut self) {
        while let Some((_, last)) = self.line.last_mut() {
            last.truncate(last.trim_end_matches(' ').len());
            if !last.is_empty() {
                break;
            }
            self.line.pop();
        }
        let mut left = self.width;
        for (style, text) in self.line.drain(..) {
            let text = text::fit_cells(&text, left);
            let text = if self.unicode { text } else { ascii(&text) };
            left -= text::cells(&text);
            if self.colour && style != Style::new() && !text.is_empty() {
                self.out.push_str(&format!("{style}{text}{style:#}"));
            } else {
                self.out.push_str(&text);
            }
        }
        self.out.push('\n');
    }

    /// The mark of a series in a plot, if colour does not tell the series apart.
    fn mark(&self, key: usize) -> Option<char> {
        (!self.unicode || (!self.colour && self.keys.len() > 1)).then_some(MARKS[key % MARKS.len()])
    }

    /// What fills a bar.
    fn fill(&self, key: usize) -> char {
        self.mark(key).unwrap_or('█')
    }

    fn legend(&mut self, chart: &Chart) {
        let mut used = 0;
        for (index, key) in chart.legend().iter().enumerate() {
            let name = text::fit_cells(&key.name, (self.width / 2).max(8));
            let width = text::cells(&name) + 2;
            if used > 0 && used + 2 + width > self.width {
                self.end_line();
                used = 0;
            }
            if used > 0 {
                self.plain("  ");
                used += 2;
            }
            let mark = self.mark(index).unwrap_or('■');
            self.of_key(&mark.to_string(), index);
            self.plain(&format!(" {name}"));
            used += width;
        }
        if used > 0 {
            self.end_line();
        }
    }
}

/// Signs of our own without those beyond ASCII, in no more cells; letters of names stay.
fn ascii(text: &str) -> String {
    let sign = |character| match character {
        '…' => '~',
        '·' => '/',
        '–' | '−' => '-',
        'µ' => 'u',
        other => other,
    };
    text.chars().map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Column, ColumnType, Request, Table, Value, Visualisation, chart};

    fn draw(visualisation: Visualisation, table: &Table, options: &TerminalOptions) -> String {
        terminal(&chart(&Request::new(visualisation), table).unwrap(), options)
    }

    fn plain(width: usize, height: usize) -> TerminalOptions {
        TerminalOptions { width, height, colour: false, unicode: true }
    }

    fn states() -> Table {
        let row = |name: &str, count| vec![Value::Text(name.into()), Value::Long(count)];
        Table {
            columns: vec![Column::new("State", ColumnType::Text), Column::new("count_", ColumnType::Number)],
            rows: vec![row("TEXAS", 40), row("KANSAS", 20), row("IOWA", 5)],
        }
    }

    #[test]
    fn bars_are_proportional() {
        assert_eq!(
            draw(Visualisation::Bar, &states(), &plain(40, 10)),
            "TEXAS  ██████████████████████████████ 40\n\
             KANSAS ███████████████ 20\n\
             IOWA   ███▊ 5\n"
        );
    }

    #[test]
    fn a_pie_is_a_list_of_shares() {
        let text = draw(Visualisation::Pie, &states(), &plain(50, 10));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("TEXAS ") && lines[0].ends_with("61.5 %"), "{text}");
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn a_line_rises_from_left_to_right() {
        let table = Table {
            columns: vec![Column::new("x", ColumnType::Number), Column::new("y", ColumnType::Number)],
            rows: (0..=10).map(|x| vec![Value::Long(x), Value::Long(x)]).collect(),
        };
        let options = TerminalOptions { width: 30, height: 8, colour: false, unicode: false };
        let text = draw(Visualisation::Line, &table, &options);
        let column = |line: &str| line.find('*').unwrap_or(usize::MAX);
        let marks: Vec<usize> = text.lines().map(column).filter(|column| *column != usize::MAX).collect();
        assert!(marks.len() >= 4 && marks.is_sorted_by(|above, below| above > below), "{text}");
        assert!(text.is_ascii(), "{text}");
    }

    #[test]
    fn no_colour_means_no_escapes() {
        for visualisation in
            [Visualisation::Bar, Visualisation::Pie, Visualisation::Card, Visualisation::Table]
        {
            assert!(!draw(visualisation, &states(), &plain(60, 10)).contains('\u{1b}'));
        }
        assert!(draw(Visualisation::Bar, &states(), &TerminalOptions::default()).contains('\u{1b}'));
    }
}
