//! Results drawn as their `render` says.

use std::io::IsTerminal;
use std::path::Path;

use azimuth_chart::{Chart, ColumnType, Page, Request, SvgOptions, TerminalOptions, html, svg, terminal};
use azimuth_kql::bound::Render;
use azimuth_kql::types::ScalarType;
use azimuth_query::ResultSet;
use azimuth_rows::Table;
use azimuth_values::Value;

use super::{Session, failed, output};
use crate::args::QueryFormat;
use crate::command::output::to;
use crate::exit::Failure;
use crate::report::count;

/// Draws the results that ask for it; the others, and all in other formats, are written as they would be without.
pub(super) fn show(
    session: &Session<'_>,
    results: Vec<ResultSet>,
    query: &str,
    format: QueryFormat,
) -> Result<(), Failure> {
    let mut tables = Vec::new();
    for set in results {
        let (name, render) = (set.name.clone(), set.render.clone());
        let table = session.wait(set.table()).map_err(|error| failed(&error, query, session.ui))?;
        tables.push((name, render, table));
    }
    if let Some(path) = &session.args.chart {
        file(&tables, query, path)?;
        session.ui.note(format_args!("wrote {}", path.display()));
        if format == QueryFormat::Table && session.args.out.is_none() && !std::io::stdout().is_terminal() {
            return Ok(());
        }
    }
    let (width, height) = size();
    let options = TerminalOptions {
        width,
        height,
        // Colour is taken away again where there is to be none.
        colour: true,
        unicode: true,
    };
    to(session.args.out.as_deref(), |out| {
        for (_, render, table) in &tables {
            let drawn = render
                .as_ref()
                .filter(|render| render.chart != "table")
                .map(|render| chart_of(render, table));
            match drawn {
                Some(Ok(chart)) => {
                    write!(out, "{}", terminal(&chart, &options))?;
                    for note in chart.notes() {
                        session.ui.note(format_args!("note: {note}"));
                    }
                }
                other => {
                    if let Some(Err(error)) = other {
                        session.ui.note(format_args!("note: no chart: {error}"));
                    }
                    output::table(out, table, crate::ui::width())?;
                }
            }
            session.ui.note(count(table.rows.len(), "row"));
        }
        Ok(())
    })
}

fn file(tables: &[(Option<String>, Option<Render>, Table)], query: &str, path: &Path) -> Result<(), Failure> {
    let mut charts: Vec<(Chart, Option<azimuth_chart::Table>)> = Vec::new();
    for (_, render, table) in tables {
        let asked =
            render.clone().unwrap_or_else(|| Render { chart: "table".to_owned(), properties: Vec::new() });
        let chart = chart_of(&asked, table).map_err(|error| {
            Failure::input(format_args!("no chart: {error}"))
                .hint("end the query with `render timechart`, `render barchart` …, over rows that fit it")
        })?;
        charts.push((chart, Some(drawable(table))));
    }
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    let text = match ending.as_str() {
        "svg" => match charts.as_slice() {
            [(chart, _)] => svg(chart, &SvgOptions::default()),
            _ => {
                return Err(Failure::usage("an SVG file holds one chart, and the query has several results")
                    .hint("write `.html`"));
            }
        },
        "html" | "htm" => {
            let title = charts.first().and_then(|(chart, _)| chart.title()).unwrap_or("Query").to_owned();
            html(&Page { title: &title, charts: &charts, query: Some(query) })
        }
        _ => {
            return Err(Failure::usage(format_args!(
                "`--chart {}` ends in neither `.svg` nor `.html`",
                path.display()
            )));
        }
    };
    to(Some(path), |out| out.write_all(text.as_bytes()))
}

fn chart_of(render: &Render, table: &Table) -> Result<Chart, azimuth_chart::ChartError> {
    azimuth_chart::chart(&Request::parse(&render.chart, &render.properties)?, &drawable(table))
}

/// A result as charts take it.
fn drawable(table: &Table) -> azimuth_chart::Table {
    let columns = table.schema.columns.iter().map(|column| {
        let kind = match column.ty {
            ScalarType::Bool => ColumnType::Bool,
            ScalarType::Int | ScalarType::Long | ScalarType::Real | ScalarType::Decimal => ColumnType::Number,
            ScalarType::Datetime => ColumnType::Datetime,
            ScalarType::Timespan => ColumnType::Timespan,
            ScalarType::Guid | ScalarType::String => ColumnType::Text,
            ScalarType::Dynamic | ScalarType::Unknown => ColumnType::Dynamic,
        };
        azimuth_chart::Column::new(&column.name, kind)
    });
    let rows = table.rows.iter().map(|row| row.iter().map(value).collect());
    azimuth_chart::Table { columns: columns.collect(), rows: rows.collect() }
}

fn value(value: &Value) -> azimuth_chart::Value {
    use azimuth_chart::Value as Drawn;
    match value {
        Value::Null => Drawn::Null,
        Value::Bool(truth) => Drawn::Bool(*truth),
        Value::Int(number) => Drawn::Long(i64::from(*number)),
        Value::Long(number) => Drawn::Long(*number),
        Value::Real(number) => Drawn::Real(*number),
        Value::Decimal(_) => value.as_real().map_or(Drawn::Null, Drawn::Real),
        Value::DateTime(ticks) => Drawn::Datetime(*ticks),
        Value::TimeSpan(ticks) => Drawn::Timespan(*ticks),
        Value::Dynamic(json) => Drawn::Dynamic(json.to_text()),
        other => Drawn::Text(output::text(other)),
    }
}

/// Columns and lines of the terminal.
fn size() -> (usize, usize) {
    let (columns, lines) = terminal_size::terminal_size_of(std::io::stdout())
        .map_or((80, 24), |(width, height)| (usize::from(width.0), usize::from(height.0)));
    (crate::ui::width().unwrap_or(columns), lines.saturating_sub(8).clamp(10, 30))
}
