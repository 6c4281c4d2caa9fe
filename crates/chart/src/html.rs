//! One self-contained HTML page with charts and their data.
//!
//! No script, no request to anywhere; a policy in the page forbids both. Each chart is there twice, for wide and for
//! narrow screens, and CSS shows one of them: text in a picture that is scaled down to a phone cannot be read.

use crate::build::texts;
use crate::markup::Markup;
use crate::model::{Chart, Drawing, Grid};
use crate::number;
use crate::svg::{SvgOptions, svg};
use crate::table::Table;
use crate::text::clean;

/// What a page holds.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    /// Its title.
    pub title: &'a str,
    /// Charts in their order, each with the table it was drawn from if that should be shown.
    pub charts: &'a [(Chart, Option<Table>)],
    /// The query, shown below the charts.
    pub query: Option<&'a str>,
}

/// Writes a page. Data tables are cut to 1,000 rows, and say so.
pub fn html(page: &Page<'_>) -> String {
    let mut out = Markup::default();
    out.trusted("<!doctype html>\n");
    out.open("html", &[("lang", &"en")]);
    out.open("head", &[]);
    out.trusted("<meta charset=\"utf-8\">\n");
    out.trusted("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.trusted("<meta name=\"color-scheme\" content=\"light dark\">\n");
    out.trusted(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
    );
    let title = clean(page.title);
    out.element("title", &[], &title);
    out.open("style", &[]);
    out.trusted(&SvgOptions::style_sheet());
    out.trusted(include_str!("page.css"));
    out.close();
    out.close();
    out.open("body", &[]);
    out.open("main", &[]);
    out.element("h1", &[], &title);
    for (index, (chart, table)) in page.charts.iter().enumerate() {
        figure(&mut out, index, chart, table.as_ref());
    }
    if let Some(query) = page.query {
        out.open("section", &[("class", &"query")]);
        out.element("h2", &[], "Query");
        out.element("pre", &[], query);
        out.close();
    }
    out.finish()
}

fn figure(out: &mut Markup, index: usize, chart: &Chart, table: Option<&Table>) {
    out.open("section", &[("class", &"chart")]);
    if let Drawing::Grid(grid) = &chart.drawing {
        if let Some(title) = chart.title() {
            out.element("h2", &[], title);
        }
        grid_table(out, grid, chart.notes());
        out.close();
        return;
    }
    out.open("figure", &[]);
    for (class, width, height) in [("wide", 960, 420), ("narrow", 380, 340)] {
        let options = SvgOptions { width, height, id: format!("c{index}{class}"), with_style: false };
        out.open("div", &[("class", &class)]);
        out.trusted(&svg(chart, &options));
        out.close();
    }
    out.close();
    if let Some(table) = table {
        let (grid, notes) = texts(table);
        let rows = match table.rows.len() {
            1 => "1 row".to_owned(),
            rows => format!("{} rows", number::count(rows)),
        };
        out.open("details", &[]);
        out.element("summary", &[], &format!("Data, {rows}"));
        grid_table(out, &grid, &notes);
        out.close();
    }
    out.close();
}

fn grid_table(out: &mut Markup, grid: &Grid, notes: &[String]) {
    for note in notes {
        out.element("p", &[("class", &"note")], note);
    }
    out.open("div", &[("class", &"scroll"), ("tabindex", &"0")]);
    out.open("table", &[]);
    out.open("thead", &[]);
    out.open("tr", &[]);
    let class = |column: usize| if grid.numeric[column] { "n" } else { "t" };
    for (column, name) in grid.header.iter().enumerate() {
        out.element("th", &[("scope", &"col"), ("class", &class(column))], name);
    }
    out.close();
    out.close();
    out.open("tbody", &[]);
    for row in &grid.rows {
        out.open("tr", &[]);
        for (column, cell) in row.iter().enumerate() {
            out.element("td", &[("class", &class(column))], cell);
        }
        out.close();
    }
    out.close();
    out.close();
    out.close();
}
