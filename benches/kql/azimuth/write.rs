//! Columns, batches and Parquet files: one file a day, zstd, sorted by time.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, Int32Builder, Int64Builder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;

use crate::Failure;

/// The first moment of all tables, in microseconds since 1970: 2026-01-01.
pub(crate) const START: i64 = 1_767_225_600_000_000;
/// A day in microseconds.
pub(crate) const DAY: i64 = 86_400_000_000;
/// How many days there are.
pub(crate) const DAYS: i64 = 7;

const ROW_GROUP: usize = 262_144;
const BATCH: u64 = 65_536;

/// A column that is being filled.
pub(crate) enum Column {
    Time(TimestampMicrosecondBuilder),
    Text(StringBuilder),
    Int(Int32Builder),
    Long(Int64Builder),
}

impl Column {
    pub(crate) fn time() -> Self {
        Self::Time(TimestampMicrosecondBuilder::new())
    }

    pub(crate) fn text() -> Self {
        Self::Text(StringBuilder::new())
    }

    pub(crate) fn int() -> Self {
        Self::Int(Int32Builder::new())
    }

    pub(crate) fn long() -> Self {
        Self::Long(Int64Builder::new())
    }

    pub(crate) fn push_text(&mut self, text: &str) {
        match self {
            Self::Text(column) => column.append_value(text),
            _ => unreachable!("a text in a column of texts"),
        }
    }

    pub(crate) fn push(&mut self, number: i64) {
        match self {
            Self::Time(column) => column.append_value(number),
            Self::Int(column) => column.append_value(number as i32),
            Self::Long(column) => column.append_value(number),
            Self::Text(_) => unreachable!("a number in a column of numbers"),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Time(column) => Arc::new(column.finish()),
            Self::Text(column) => Arc::new(column.finish()),
            Self::Int(column) => Arc::new(column.finish()),
            Self::Long(column) => Arc::new(column.finish()),
        }
    }
}

/// Writes `rows` rows that `row` fills, evenly over the days; `row` is given the moment, which never comes twice.
pub(crate) fn table(
    folder: &Path,
    rows: u64,
    random: &mut crate::random::Random,
    mut columns: Vec<(&'static str, Column)>,
    mut row: impl FnMut(&mut crate::random::Random, i64, &mut [(&'static str, Column)]),
) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)?;
    let step = (DAYS * DAY) / rows.max(1) as i64;
    let mut writer: Option<(i64, ArrowWriter<File>)> = None;
    let mut filled = 0;
    for number in 0..rows as i64 {
        let time = START + number * step + random.below(step as u64) as i64;
        let day = (time - START) / DAY;
        let is_next_day = writer.as_ref().is_some_and(|(open, _)| *open != day);
        if filled == BATCH || is_next_day {
            flush(&mut writer, &mut columns)?;
            filled = 0;
        }
        if is_next_day && let Some((_, done)) = writer.take() {
            done.close()?;
        }
        row(random, time, &mut columns);
        filled += 1;
        if writer.is_none() {
            let schema = batch(&mut columns)?;
            let path: PathBuf = folder.join(format!("day-{}.parquet", day + 1));
            let properties = WriterProperties::builder()
                .set_compression(Compression::ZSTD(ZstdLevel::default()))
                .set_max_row_group_row_count(Some(ROW_GROUP))
                .build();
            let mut made = ArrowWriter::try_new(File::create(path)?, schema.schema(), Some(properties))?;
            made.write(&schema)?;
            writer = Some((day, made));
            filled = 0;
        }
    }
    flush(&mut writer, &mut columns)?;
    if let Some((_, done)) = writer {
        done.close()?;
    }
    Ok(())
}

/// A whole table in one file.
pub(crate) fn small_table(folder: &Path, mut columns: Vec<(&'static str, Column)>) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)?;
    let batch = batch(&mut columns)?;
    let mut writer = ArrowWriter::try_new(File::create(folder.join("all.parquet"))?, batch.schema(), None)?;
    writer.write(&batch)?;
    writer.close()?;
    Ok(())
}

fn flush(
    writer: &mut Option<(i64, ArrowWriter<File>)>,
    columns: &mut [(&'static str, Column)],
) -> Result<(), Failure> {
    if let Some((_, writer)) = writer {
        writer.write(&batch(columns)?)?;
    }
    Ok(())
}

fn batch(columns: &mut [(&'static str, Column)]) -> Result<RecordBatch, Failure> {
    let arrays = columns.iter_mut().map(|(name, column)| (*name, column.finish(), true));
    Ok(RecordBatch::try_from_iter_with_nullable(arrays)?)
}

/// A moment as queries write it.
pub(crate) fn moment(micros: i64) -> String {
    let seconds = (micros - START).div_euclid(1_000_000);
    let (day, second) = (seconds / 86_400, seconds % 86_400);
    format!("2026-01-{:02}T{:02}:{:02}:{:02}", day + 1, second / 3600, second / 60 % 60, second % 60)
}

/// A line for people.
pub(crate) fn tell(text: &str) {
    // Whoever reads may be gone.
    let _ = writeln!(std::io::stderr(), "{text}");
}
