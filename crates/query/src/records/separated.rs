//! Files of separated values with a header.

use std::io::BufRead;

use csv::{Reader, ReaderBuilder, StringRecord};

use super::columns::{ColumnBuilders, Raw};
use super::{Fault, Records};

/// The rows of a file.
pub(super) struct Rows {
    reader: Reader<Box<dyn BufRead + Send>>,
    header: StringRecord,
    row: StringRecord,
}

impl Rows {
    pub(super) fn of(reader: Box<dyn BufRead + Send>, separator: u8) -> Result<Self, Fault> {
        // A row with too few fields ends in nulls; one with too many is told.
        let mut reader = ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(reader);
        let header = reader.headers().map_err(|error| fault(&error))?.clone();
        Ok(Self { reader, header, row: StringRecord::new() })
    }

    pub(super) fn header(&self) -> &StringRecord {
        &self.header
    }

    /// The next row; `None` at the end.
    pub(super) fn next_row(&mut self) -> Result<Option<&StringRecord>, Fault> {
        if !self.reader.read_record(&mut self.row).map_err(|error| fault(&error))? {
            return Ok(None);
        }
        if self.row.len() > self.header.len() {
            let line = self.row.position().map_or(0, csv::Position::line);
            let message = format!("{} fields under a header of {}", self.row.len(), self.header.len());
            return Err(Fault::Record(line, message));
        }
        Ok(Some(&self.row))
    }
}

impl Records for Rows {
    fn next(&mut self, columns: &mut ColumnBuilders) -> Result<bool, Fault> {
        if self.next_row()?.is_none() {
            return Ok(false);
        }
        let mut row: Vec<Option<Raw<'_>>> = vec![None; columns.width()];
        for (name, field) in self.header.iter().zip(&self.row) {
            if let Some(column) = columns.place(name) {
                row[column] = Some(Raw::Text(field));
            }
        }
        columns.push(&row);
        Ok(true)
    }
}

fn fault(error: &csv::Error) -> Fault {
    let line = error.position().map_or(0, csv::Position::line);
    Fault::Record(line, error.to_string())
}
