//! `azimuth logs convert`: what services and devices wrote, as rows of tables.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use azimuth_collect::syslog::Arrival;
use azimuth_collect::{DeadLetter, Format, Reader, Row, Sink, Source};
use base64::Engine;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::output;
use crate::args::{ListFormat, LogFormat, LogsCommand, LogsConvertArgs};
use crate::exit::{Exit, Failure};
use crate::input;
use crate::report::{count, thousands};
use crate::ui::Ui;

/// Bytes that are read at once.
const PIECE: usize = 1 << 20;
/// Dead letters that the summary shows; the file has all of them.
const MAX_SHOWN: usize = 10;
/// Files that are open at a time, one for each table.
const MAX_OPEN: usize = 512;
/// Folders nested deeper are not entered.
const MAX_DEPTH: usize = 64;
/// The file of dead letters.
const DEAD: &str = "dead-letters";

pub(crate) fn run(command: LogsCommand, ui: Ui) -> Result<Exit, Failure> {
    match command {
        LogsCommand::Convert(args) => convert(&args, ui),
    }
}

/// What is in the logs.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    files: usize,
    bytes: u64,
    rows: u64,
    tables: BTreeMap<String, u64>,
    dead_letters: u64,
    /// The first of them
    examples: Vec<Example>,
}

/// A dead letter without its bytes.
#[derive(Debug, Serialize)]
struct Example {
    file: String,
    place: u64,
    reason: String,
}

/// Writes rows to one file for each table.
struct Files {
    folder: Option<PathBuf>,
    open: BTreeMap<String, BufWriter<File>>,
    /// The file that is being read
    source: String,
    line: Vec<u8>,
    summary: Summary,
    /// The first error in writing; then nothing more is written
    failure: Option<io::Error>,
}

impl Files {
    fn write(&mut self, name: &str) {
        let (Some(folder), None) = (&self.folder, &self.failure) else { return };
        if !self.open.contains_key(name) {
            let path = folder.join(format!("{name}.ndjson"));
            if self.open.len() >= MAX_OPEN {
                self.failure = Some(io::Error::other(format!("the logs have more than {MAX_OPEN} tables")));
                return;
            }
            match File::create(&path) {
                Ok(file) => drop(self.open.insert(name.to_owned(), BufWriter::with_capacity(1 << 18, file))),
                Err(error) => return self.failure = Some(error),
            }
        }
        self.line.push(b'\n');
        if let Some(file) = self.open.get_mut(name)
            && let Err(error) = file.write_all(&self.line)
        {
            self.failure = Some(error);
        }
    }
}

impl Sink for Files {
    fn row(&mut self, table: &str, row: Row<'_>) {
        match self.summary.tables.get_mut(table) {
            Some(rows) => *rows += 1,
            None => drop(self.summary.tables.insert(table.to_owned(), 1)),
        }
        if self.folder.is_some() {
            self.line.clear();
            row.write(&mut self.line);
            self.write(table);
        }
    }

    fn dead(&mut self, letter: DeadLetter<'_>) {
        let DeadLetter { reason, place, raw } = letter;
        // Bytes that are no text are kept as they are, too.
        let (text, encoded) = match std::str::from_utf8(raw) {
            Ok(text) => (Some(text), None),
            Err(_) => (None, Some(base64::engine::general_purpose::STANDARD.encode(raw))),
        };
        let value = serde_json::json!({
            "file": self.source, "place": place, "reason": reason, "raw": text, "rawBase64": encoded,
        });
        self.line.clear();
        self.line.extend_from_slice(value.to_string().as_bytes());
        self.write(DEAD);
        if self.summary.examples.len() < MAX_SHOWN {
            self.summary.examples.push(Example { file: self.source.clone(), place, reason });
        }
    }
}

fn convert(args: &LogsConvertArgs, ui: Ui) -> Result<Exit, Failure> {
    let at = args.received.as_deref().map_or_else(|| Ok(Timestamp::now()), input::parse_time)?;
    let zone = TimeZone::get(&args.zone).map_err(|_| {
        Failure::usage(format_args!("`{}` is no time zone", args.zone)).hint("write it as `Europe/Berlin`")
    })?;
    if let Some(table) = args.table.as_deref().filter(|table| !is_name(table)) {
        return Err(Failure::usage(format_args!("`{table}` is no name of a table"))
            .hint("use letters, digits and `_`, as in `Own_CL`"));
    }
    let mut paths = Vec::new();
    for path in &args.paths {
        find(path, 0, &mut paths)?;
    }
    if let Some(folder) = &args.out {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    }
    let mut files = Files {
        folder: args.out.clone(),
        open: BTreeMap::new(),
        source: String::new(),
        line: Vec::new(),
        summary: Summary::default(),
        failure: None,
    };
    let total = paths.iter().map(|(_, size)| size).sum();
    let bar = ui.bar("reading", total, true);
    for (path, size) in &paths {
        let source = Source {
            format: args.format.map(format),
            table: args.table.clone(),
            path: Some(path.display().to_string()),
            arrival: Arrival { at, from: None, zone: zone.clone() },
            azure_diagnostics: args.azure_diagnostics,
        };
        read(path, source, &mut files)?;
        if let Some(error) = files.failure.take() {
            return Err(anyhow::Error::from(error).context("cannot write the rows").into());
        }
        bar.inc(*size);
    }
    bar.finish_and_clear();
    for (name, file) in std::mem::take(&mut files.open) {
        file.into_inner()
            .map_err(io::IntoInnerError::into_error)
            .with_context(|| format!("cannot write the rows of `{name}`"))?;
    }
    let summary = files.summary;
    output::to(None, |out| match args.output {
        ListFormat::Json => output::json(out, &summary),
        ListFormat::Table => show(out, &summary),
    })?;
    if args.strict && summary.dead_letters > 0 {
        let dead = usize::try_from(summary.dead_letters).unwrap_or(usize::MAX);
        return Err(Failure::input(format_args!("{} could not be read", count(dead, "record"))));
    }
    Ok(Exit::Done)
}

/// The files of a path, each with its size: a folder's in order, but hidden ones and links to folders, which can lead in circles.
fn find(path: &Path, depth: usize, files: &mut Vec<(PathBuf, u64)>) -> Result<(), Failure> {
    let unreadable = || format!("cannot read `{}`", path.display());
    let metadata =
        fs::metadata(path).with_context(unreadable).map_err(|error| Failure::new(Exit::Input, error))?;
    if !metadata.is_dir() {
        files.push((path.to_owned(), metadata.len()));
        return Ok(());
    }
    if depth == MAX_DEPTH {
        return Ok(());
    }
    let entries = fs::read_dir(path).with_context(unreadable)?;
    let mut entries = entries.collect::<Result<Vec<_>, _>>().with_context(unreadable)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type().with_context(unreadable)?;
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        let is_circle = kind.is_symlink() && fs::metadata(entry.path()).is_ok_and(|target| target.is_dir());
        // A pipe or device in a folder never ends.
        if !is_hidden
            && !is_circle
            && (kind.is_dir() || fs::metadata(entry.path()).is_ok_and(|target| target.is_file()))
        {
            find(&entry.path(), depth + 1, files)?;
        }
    }
    Ok(())
}

/// Reads one file through its compression.
fn read(path: &Path, source: Source, files: &mut Files) -> Result<(), Failure> {
    let unreadable = || format!("cannot read `{}`", path.display());
    files.source = path.display().to_string();
    let mut file = BufReader::with_capacity(PIECE, File::open(path).with_context(unreadable)?);
    let magic = io::BufRead::fill_buf(&mut file).with_context(unreadable)?;
    let is_gzip = magic.starts_with(&[0x1f, 0x8b]);
    let is_zstd = magic.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
    let mut input: Box<dyn Read> = if is_gzip {
        Box::new(flate2::bufread::MultiGzDecoder::new(file))
    } else if is_zstd {
        Box::new(zstd::stream::read::Decoder::with_buffer(file).with_context(unreadable)?)
    } else {
        Box::new(file)
    };
    let mut reader = Reader::new(source);
    let mut piece = vec![0; PIECE];
    let damage = loop {
        match input.read(&mut piece) {
            Ok(0) => break None,
            Ok(length) => reader.push(&piece[..length], files),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if is_gzip || is_zstd => {
                break Some(format!("the compressed stream is damaged: {error}"));
            }
            Err(error) => return Err(anyhow::Error::from(error).context(unreadable()).into()),
        }
    };
    let counts = reader.finish(damage.as_deref(), files);
    files.summary.files += 1;
    files.summary.bytes += counts.bytes;
    files.summary.rows += counts.rows;
    files.summary.dead_letters += counts.dead;
    Ok(())
}

fn is_name(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && name.len() <= 63
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn format(format: LogFormat) -> Format {
    match format {
        LogFormat::Json => Format::Json,
        LogFormat::Csv => Format::Csv,
        LogFormat::Tsv => Format::Tsv,
        LogFormat::Syslog => Format::Syslog,
        LogFormat::Cef => Format::Cef,
        LogFormat::Xml => Format::Xml,
        LogFormat::Text => Format::Text,
    }
}

fn show(out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
    let number = |number: u64| thousands(usize::try_from(number).unwrap_or(usize::MAX));
    let rows: Vec<Vec<String>> =
        summary.tables.iter().map(|(table, rows)| vec![table.clone(), number(*rows)]).collect();
    if !rows.is_empty() {
        output::table(out, &["table", "rows"], &rows)?;
        writeln!(out)?;
    }
    writeln!(
        out,
        "{}: {} rows, {} dead letters",
        count(summary.files, "file"),
        number(summary.rows),
        number(summary.dead_letters)
    )?;
    for Example { file, place, reason } in &summary.examples {
        writeln!(out, "  {}:{place}: {}", output::safe(file), output::safe(reason))?;
    }
    let more = summary.dead_letters.saturating_sub(summary.examples.len() as u64);
    if more > 0 {
        writeln!(out, "  … and {} more", number(more))?;
    }
    Ok(())
}
