//! A result as a table for eyes.

use std::io::{self, Write};

use azimuth_rows::Table;
use unicode_width::UnicodeWidthStr;

use super::cells::{is_number, text};
use crate::command::output::safe;

/// No column is made narrower than this, as long as there are others.
const NARROW: usize = 8;

/// Writes a table; with a width, what does not fit is cut and ends in `…`.
pub(crate) fn table(out: &mut dyn Write, table: &Table, width: Option<usize>) -> io::Result<()> {
    let bold = anstyle::Style::new().bold();
    let columns = &table.schema.columns;
    let rows: Vec<Vec<String>> = table
        .rows
        .iter()
        .map(|row| {
            row.iter().map(|value| safe(&text(value).replace(['\n', '\t'], " ")).into_owned()).collect()
        })
        .collect();
    let mut widths: Vec<usize> = (0..columns.len())
        .map(|place| {
            let cells = rows.iter().map(|row| row[place].width());
            cells.chain([columns[place].name.width()]).max().unwrap_or(0)
        })
        .collect();
    if let Some(width) = width {
        fit(&mut widths, width);
    }
    for (place, column) in columns.iter().enumerate() {
        let cell = cell(&safe(&column.name), widths[place], is_number(column.ty), place + 1 == columns.len());
        write!(out, "{bold}{cell}{bold:#}")?;
        gap(out, place, columns.len())?;
    }
    writeln!(out)?;
    for row in &rows {
        for (place, column) in columns.iter().enumerate() {
            write!(
                out,
                "{}",
                cell(&row[place], widths[place], is_number(column.ty), place + 1 == columns.len())
            )?;
            gap(out, place, columns.len())?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn gap(out: &mut dyn Write, place: usize, columns: usize) -> io::Result<()> {
    if place + 1 < columns { write!(out, "  ") } else { Ok(()) }
}

/// Takes width from the widest columns until all fit.
fn fit(widths: &mut [usize], width: usize) {
    let gaps = 2 * widths.len().saturating_sub(1);
    let mut over = (widths.iter().sum::<usize>() + gaps).saturating_sub(width);
    while over > 0 {
        let widest = widths.iter().copied().max().unwrap_or(0);
        if widest <= NARROW {
            return;
        }
        let next = widths.iter().copied().filter(|width| *width < widest).max().unwrap_or(0).max(NARROW);
        let many = widths.iter().filter(|width| **width == widest).count();
        let each = (widest - next).min(over.div_ceil(many));
        for width in widths.iter_mut().filter(|width| **width == widest) {
            *width -= each;
        }
        over = over.saturating_sub(each * many);
    }
}

fn cell(text: &str, width: usize, to_the_right: bool, is_last: bool) -> String {
    let own = text.width();
    if own > width {
        let mut cut = String::new();
        for letter in text.chars() {
            if cut.width() + unicode_width::UnicodeWidthChar::width(letter).unwrap_or(0) + 1 > width {
                break;
            }
            cut.push(letter);
        }
        cut.push('…');
        return cut;
    }
    let blanks = " ".repeat(width - own);
    match (to_the_right, is_last) {
        (true, _) => blanks + text,
        (false, true) => text.to_owned(),
        (false, false) => text.to_owned() + &blanks,
    }
}

#[cfg(test)]
mod tests {
    use azimuth_kql::types::{Column, ScalarType, Schema};
    use azimuth_values::Value;

    use super::*;

    #[test]
    fn columns_are_aligned_and_fit() {
        let schema =
            Schema::new(vec![Column::new("Name", ScalarType::String), Column::new("n", ScalarType::Long)]);
        let rows = vec![
            vec![Value::string("a name that is long"), Value::Long(1)],
            vec![Value::string("\u{1b}[31mred"), Value::Null],
        ];
        let table_of = |width| {
            let mut out = Vec::new();
            table(&mut out, &Table::new(schema.clone(), rows.clone()), width).unwrap();
            let styled = String::from_utf8(out).unwrap();
            anstream::adapter::strip_str(&styled).to_string()
        };
        assert_eq!(
            table_of(None),
            "Name                 n\na name that is long  1\n\u{fffd}[31mred              \n"
        );
        assert!(table_of(Some(14)).contains("…  1"));
    }

    #[test]
    fn the_widest_give_first() {
        let mut widths = vec![40, 10, 20];
        fit(&mut widths, 50);
        assert_eq!(widths.iter().sum::<usize>() + 4, 50);
        assert_eq!(widths[1], 10);
        let mut widths = vec![9, 9];
        fit(&mut widths, 5);
        assert_eq!(widths, [8, 8]);
    }
}
