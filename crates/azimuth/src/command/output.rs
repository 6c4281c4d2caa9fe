//! Writing results: to standard output, or to a file that appears whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;

use anyhow::Context;

use crate::exit::Failure;

/// Hands a buffered writer to `write`: a file beside `path` that is renamed at the end, or standard output. A
/// reader that closes the pipe early is no error.
pub(crate) fn to(
    path: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let Some(path) = path else {
        let mut out = BufWriter::new(anstream::stdout());
        return match write(&mut out).and_then(|()| out.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            result => Ok(result.context("cannot write to standard output")?),
        };
    };
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".part");
    let part = path.with_file_name(name);
    let finish = || -> io::Result<()> {
        let mut out = BufWriter::new(File::create(&part)?);
        write(&mut out)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&part, path)
    };
    finish()
        .inspect_err(|_| drop(fs::remove_file(&part)))
        .with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(())
}

/// Rows as a table with aligned columns; the last column is not padded.
pub(crate) fn table(out: &mut dyn Write, head: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    let bold = anstyle::Style::new().bold();
    let widths: Vec<usize> = (0..head.len())
        .map(|column| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([head[column].len()]).max().unwrap_or(0)
        })
        .collect();
    let last = head.len().saturating_sub(1);
    for (column, name) in head.iter().enumerate() {
        let width = if column == last { 0 } else { widths[column] + 2 };
        write!(out, "{bold}{name:<width$}{bold:#}")?;
    }
    writeln!(out)?;
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            let width = if column == last { 0 } else { widths[column] + 2 };
            write!(out, "{cell:<width$}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// A JSON value, indented, with a newline at the end.
pub(crate) fn json(out: &mut dyn Write, value: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}
