//! `azimuth lake ingest`: files of any format, read record by record and appended table by table.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::Context;
use azimuth_collect::{DeadLetter, Reader, Row, Sink, Source};
use azimuth_lake::{Batch, Config, Lake, LakeError};
use jiff::Timestamp;

use super::{failed, opened};
use crate::args::LakeIngestArgs;
use crate::exit::{Exit, Failure};
use crate::report::count;
use crate::ui::Ui;

/// Bytes that are read at a time.
const READ: usize = 1 << 20;
/// Lines of a table are appended when they have so many bytes.
const BATCH: usize = 4 << 20;

/// Rows on their way to their tables.
#[derive(Default)]
struct Rows {
    tables: BTreeMap<String, Vec<u8>>,
    dead: Vec<(String, Vec<u8>)>,
    bytes: usize,
}

impl Sink for Rows {
    fn row(&mut self, table: &str, row: Row<'_>) {
        let lines = match self.tables.get_mut(table) {
            Some(lines) => lines,
            None => self.tables.entry(table.to_owned()).or_default(),
        };
        let before = lines.len();
        row.write(lines);
        lines.push(b'\n');
        self.bytes += lines.len() - before;
    }

    fn dead(&mut self, letter: DeadLetter<'_>) {
        self.bytes += letter.raw.len();
        self.dead.push((format!("{} (record {})", letter.reason, letter.place), letter.raw.to_vec()));
    }
}

/// What was taken in.
#[derive(Default)]
struct Taken {
    rows: u64,
    dead: u64,
    known: u64,
}

pub(super) async fn run(args: &LakeIngestArgs, ui: Ui) -> Result<Exit, Failure> {
    std::fs::create_dir_all(&args.lake.lake)
        .with_context(|| format!("cannot make `{}`", args.lake.lake.display()))?;
    let lake = opened(Config::new(&args.lake.lake), ui).await?;
    let spinner = ui.spinner("rows taken in:");
    let mut taken = Taken::default();
    for path in &args.files {
        file(&lake, path, args, &mut taken, &spinner).await?;
    }
    lake.flush_all().await.map_err(failed)?;
    spinner.finish_and_clear();
    ui.note(format_args!("{} taken in", count(usize::try_from(taken.rows).unwrap_or(usize::MAX), "row")));
    if taken.known > 0 {
        ui.note(format_args!("{} rows had been taken in before", taken.known));
    }
    if taken.dead > 0 {
        ui.note(format_args!(
            "{} could not be read: see the table `{}`",
            count(usize::try_from(taken.dead).unwrap_or(usize::MAX), "record"),
            azimuth_lake::DEAD_LETTERS
        ));
    }
    Ok(Exit::Done)
}

async fn file(
    lake: &Lake,
    path: &Path,
    args: &LakeIngestArgs,
    taken: &mut Taken,
    spinner: &indicatif::ProgressBar,
) -> Result<(), Failure> {
    let shown = path.display().to_string();
    let unreadable = |error: io::Error| {
        Failure::new(Exit::Input, anyhow::Error::new(error).context(format!("cannot read `{shown}`")))
    };
    let mut input: Box<dyn Read> = match path.to_str() {
        Some("-") => Box::new(io::stdin()),
        _ => Box::new(File::open(path).map_err(unreadable)?),
    };
    if shown.ends_with(".gz") {
        input = Box::new(flate2::read::MultiGzDecoder::new(input));
    }
    let source = Source {
        table: args.table.clone(),
        path: (shown != "-").then(|| shown.trim_end_matches(".gz").to_owned()),
        ..Source::new(Timestamp::now())
    };
    let (mut reader, mut rows, mut buffer) = (Reader::new(source), Rows::default(), vec![0; READ]);
    let mut number = 0;
    // A file that ends early is taken in as far as it goes.
    let damage = loop {
        match input.read(&mut buffer) {
            Ok(0) => break None,
            Ok(length) => reader.push(&buffer[..length], &mut rows),
            Err(error) => break Some(error.to_string()),
        }
        if rows.bytes >= BATCH {
            append(lake, &mut rows, args, &shown, &mut number, taken).await?;
            spinner.set_position(taken.rows);
        }
    };
    reader.finish(damage.as_deref(), &mut rows);
    append(lake, &mut rows, args, &shown, &mut number, taken).await
}

/// Appends what was gathered. The batches of a file have numbers, so that one of them is known again.
async fn append(
    lake: &Lake,
    rows: &mut Rows,
    args: &LakeIngestArgs,
    path: &str,
    number: &mut u64,
    taken: &mut Taken,
) -> Result<(), Failure> {
    let Rows { tables, dead, .. } = std::mem::take(rows);
    for (table, lines) in tables {
        let identity = args.once.as_ref().map(|name| format!("{name} {path} {number} {}", lines.len()));
        let batch = Batch { identity, ..Batch::new(lines) };
        let receipt = loop {
            match lake.append(&table, batch.clone()).await {
                Err(LakeError::Busy { .. }) => drop(lake.flush_all().await.map_err(failed)?),
                other => break other.map_err(failed)?,
            }
        };
        if receipt.is_duplicate {
            taken.known += receipt.rows;
        } else {
            taken.rows += receipt.rows;
            taken.dead += receipt.dead_lettered;
        }
    }
    if !dead.is_empty() {
        let table = args.table.as_deref().unwrap_or_default();
        let identity = args.once.as_ref().map(|name| format!("{name} {path} {number}"));
        let receipt = lake.append_dead_letters(table, &dead, identity).await.map_err(failed)?;
        if !receipt.is_duplicate {
            taken.dead += receipt.rows;
        }
    }
    *number += 1;
    lake.maintain().await.map_err(failed).map(drop)
}
