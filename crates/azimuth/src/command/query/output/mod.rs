//! Results as tables for eyes, JSON, separated values, Markdown and Parquet.

mod cells;
mod eyes;

use std::io::{self, Write};
use std::path::Path;

use azimuth_kql::types::Schema;
use azimuth_query::{ParquetFile, ResultSet};
use azimuth_rows::Table;
use futures_util::StreamExt;

use super::{Session, failed};
use crate::args::QueryFormat;
use crate::command::output::{file, raw, to};
use crate::exit::Failure;
use crate::report::count;

pub(super) use cells::text;
pub(super) use eyes::table;

/// Writes results as they come in; only a table for eyes waits for its last row.
pub(super) fn write(
    session: &Session<'_>,
    results: Vec<ResultSet>,
    query: &str,
    format: QueryFormat,
) -> Result<(), Failure> {
    let mut stopped = None;
    let write_all = |out: &mut dyn Write| {
        let mut sink =
            Sink { out, format, many: results.len() > 1, results: 0, name: String::new(), has_rows: false };
        sink.begin()?;
        for set in results {
            if let Err(failure) = one(session, set, query, &mut sink)? {
                stopped = Some(failure);
                // A file that is not whole must not appear.
                return Err(io::Error::other("the query did not end"));
            }
        }
        sink.end()
    };
    let path = session.args.out.as_deref();
    let done = if format == QueryFormat::Table { to(path, write_all) } else { raw(path, write_all) };
    stopped.map_or(done, Err)
}

/// Writes the one result of a query as a Parquet file.
pub(super) fn parquet(
    session: &Session<'_>,
    results: Vec<ResultSet>,
    query: &str,
    path: &Path,
) -> Result<(), Failure> {
    let Ok([set]) = <[ResultSet; 1]>::try_from(results) else {
        return Err(Failure::usage("a Parquet file holds one result, and the query has several"));
    };
    let mut stopped = None;
    let mut rows = 0;
    let done = file(path, |file| {
        let mut file = ParquetFile::new(file, &set.schema).map_err(io::Error::other)?;
        let ended = each(session, set, query, |batch| {
            rows += batch.num_rows();
            file.write(batch).map_err(io::Error::other)
        })?;
        if let Err(failure) = ended {
            stopped = Some(failure);
            return Err(io::Error::other("the query did not end"));
        }
        file.finish().map_err(io::Error::other)
    });
    stopped.map_or(done, Err)?;
    session.ui.note(format_args!("wrote {} to {}", count(rows, "row"), path.display()));
    Ok(())
}

/// Hands the batches of a result on as they come; the inner failure is the query's.
fn each(
    session: &Session<'_>,
    mut set: ResultSet,
    query: &str,
    mut take: impl FnMut(&azimuth_query::Batch) -> io::Result<()>,
) -> io::Result<Result<(), Failure>> {
    loop {
        match session.wait(set.batches.next()) {
            None => return Ok(Ok(())),
            Some(Ok(batch)) => take(&batch)?,
            Some(Err(error)) => return Ok(Err(failed(&error, query, session.ui))),
        }
    }
}

/// Writes one result; the inner failure is the query's.
fn one(
    session: &Session<'_>,
    mut set: ResultSet,
    query: &str,
    sink: &mut Sink<'_>,
) -> io::Result<Result<(), Failure>> {
    let schema = set.schema.clone();
    sink.open(set.name.take(), &schema)?;
    let mut held = Table::new(schema.clone(), Vec::new());
    let ended = each(session, set, query, |batch| {
        let mut table = azimuth_query::table(std::slice::from_ref(batch), &schema);
        if sink.format == QueryFormat::Table {
            held.rows.append(&mut table.rows);
            return Ok(());
        }
        sink.rows(&table)
    })?;
    if ended.is_ok() && sink.format == QueryFormat::Table {
        table(sink.out, &held, crate::ui::width())?;
        session.ui.note(count(held.rows.len(), "row"));
    }
    sink.close()?;
    Ok(ended)
}

/// Where results go.
struct Sink<'o> {
    out: &'o mut dyn Write,
    format: QueryFormat,
    /// Several results
    many: bool,
    /// Results begun
    results: usize,
    /// The name of the result under way
    name: String,
    /// A row of this result is written
    has_rows: bool,
}

impl Sink<'_> {
    fn begin(&mut self) -> io::Result<()> {
        if self.many && self.format == QueryFormat::Json { write!(self.out, "{{") } else { Ok(()) }
    }

    fn end(&mut self) -> io::Result<()> {
        match self.format {
            QueryFormat::Json if self.many => writeln!(self.out, "\n}}"),
            _ => Ok(()),
        }
    }

    fn open(&mut self, name: Option<String>, schema: &Schema) -> io::Result<()> {
        self.results += 1;
        let name = name.unwrap_or_else(|| format!("result_{}", self.results));
        let is_first = self.results == 1;
        match self.format {
            QueryFormat::Json if self.many => {
                let comma = if is_first { "" } else { "," };
                write!(self.out, "{comma}\n{}: [", serde_json::Value::from(name.as_str()))?;
            }
            QueryFormat::Json => write!(self.out, "[")?,
            QueryFormat::Ndjson | QueryFormat::Parquet => {}
            _ => {
                if !is_first {
                    writeln!(self.out)?;
                }
                match self.format {
                    QueryFormat::Table if self.many => writeln!(self.out, "{name}:")?,
                    QueryFormat::Markdown if self.many => writeln!(self.out, "**{name}**\n")?,
                    _ => {}
                }
            }
        }
        self.name = name;
        let separator = self.separator();
        match self.format {
            QueryFormat::Csv | QueryFormat::Tsv => {
                let names = schema.columns.iter().map(|column| column.name.clone());
                cells::separated(self.out, names, separator)
            }
            QueryFormat::Markdown => cells::markdown_head(self.out, schema),
            _ => Ok(()),
        }
    }

    fn separator(&self) -> u8 {
        if self.format == QueryFormat::Tsv { b'\t' } else { b',' }
    }

    fn rows(&mut self, table: &Table) -> io::Result<()> {
        let separator = self.separator();
        for row in &table.rows {
            match self.format {
                QueryFormat::Json => {
                    let comma = if std::mem::replace(&mut self.has_rows, true) { "," } else { "" };
                    write!(self.out, "{comma}\n  {}", cells::object(&table.schema, row))?;
                }
                QueryFormat::Ndjson if self.many => {
                    let name = serde_json::Value::from(self.name.as_str());
                    let row = cells::object(&table.schema, row);
                    writeln!(self.out, "{{\"result\":{name},\"row\":{row}}}")?;
                }
                QueryFormat::Ndjson => writeln!(self.out, "{}", cells::object(&table.schema, row))?,
                QueryFormat::Csv | QueryFormat::Tsv => {
                    cells::separated(self.out, row.iter().map(text), separator)?;
                }
                QueryFormat::Markdown => cells::markdown_row(self.out, row)?,
                QueryFormat::Table | QueryFormat::Parquet => {}
            }
        }
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        if self.format == QueryFormat::Json {
            let line = if std::mem::take(&mut self.has_rows) { "\n" } else { "" };
            let end = if self.many { "" } else { "\n" };
            write!(self.out, "{line}]{end}")?;
        }
        Ok(())
    }
}
