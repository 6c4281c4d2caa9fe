//! Writing results: to standard output, or to a file that appears whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
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
    let result = write_file(path, |file| {
        let mut out = BufWriter::new(anstream::StripStream::new(file));
        write(&mut out)?;
        Ok(out.into_inner().map_err(io::IntoInnerError::into_error)?.into_inner())
    });
    result.with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(())
}

/// Like [`to`], for formats that programs read: bytes stay as they are, but on a terminal, which escapes could steer.
pub(crate) fn raw(
    path: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    match path {
        None if io::stdout().is_terminal() => to(None, write),
        None => {
            let mut out = BufWriter::new(io::stdout().lock());
            match write(&mut out).and_then(|()| out.flush()) {
                Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
                result => Ok(result.context("cannot write to standard output")?),
            }
        }
        Some(path) => file(path, |file| {
            let mut out = BufWriter::new(file);
            write(&mut out)?;
            out.into_inner().map_err(io::IntoInnerError::into_error)
        }),
    }
}

/// Hands a file to `write` that appears at `path` when it is whole.
pub(crate) fn file(path: &Path, write: impl FnOnce(File) -> io::Result<File>) -> Result<(), Failure> {
    write_file(path, write).with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(())
}

/// Writes a regular file whole or not at all. A link is followed; a device or pipe is written to, never replaced.
fn write_file(path: &Path, write: impl FnOnce(File) -> io::Result<File>) -> io::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    match fs::metadata(&target) {
        Ok(metadata) if metadata.is_dir() => return Err(io::Error::from(ErrorKind::IsADirectory)),
        Ok(metadata) if !metadata.is_file() => {
            return write(File::options().write(true).open(&target)?).map(drop);
        }
        _ => {}
    }
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{}.part", std::process::id()));
    let part = target.with_file_name(name);
    let finish = || write(File::create_new(&part)?)?.sync_all().and_then(|()| fs::rename(&part, &target));
    finish().inspect_err(|_| drop(fs::remove_file(&part)))
}

/// Text from the estate made safe for a terminal: control characters and overrides of the writing direction, with
/// which a name could redraw the screen, become U+FFFD.
pub(crate) fn safe(text: &str) -> std::borrow::Cow<'_, str> {
    let hostile = |character: char| {
        character.is_control()
            || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if text.contains(hostile) {
        text.chars().map(|character| if hostile(character) { '\u{fffd}' } else { character }).collect()
    } else {
        text.into()
    }
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
            write!(out, "{:<width$}", safe(cell))?;
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
