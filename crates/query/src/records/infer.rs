//! The columns of files, from all of their records.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_values::text;
use datafusion::error::{DataFusionError, Result};

use super::columns::Raw;
use super::json::Objects;
use super::separated::Rows;
use super::{Fault, Layout, open};

/// Files with more columns are refused: a member's name is then a value.
const MAX_COLUMNS: usize = 10_000;

/// The columns of the files, in the order in which they first appear. A column is a number, truth, time or object only if all
/// of its values are; otherwise it is `dynamic` where an object is among them, and `string` where none is. ColumnBuilders of
/// `known` keep their type and stand first.
pub(crate) fn infer(paths: &[PathBuf], layout: Layout, known: Option<&Schema>) -> Result<Schema> {
    let mut found = Found { known, ..Found::default() };
    for path in paths {
        found.file(path, layout).map_err(|fault| fault.at(path))?;
    }
    if found.columns.len() > MAX_COLUMNS {
        return Err(DataFusionError::Plan(format!(
            "the files have more than {MAX_COLUMNS} columns; give the table a schema with those that matter"
        )));
    }
    let mut columns = known.map(|schema| schema.columns.clone()).unwrap_or_default();
    let others =
        found.columns.into_iter().filter(|(name, _)| known.is_none_or(|known| known.column(name).is_none()));
    columns.extend(others.map(|(name, seen)| Column::new(name, seen.ty())));
    Ok(Schema::new(columns))
}

#[derive(Default)]
struct Found<'k> {
    known: Option<&'k Schema>,
    places: HashMap<String, usize>,
    columns: Vec<(String, Seen)>,
}

impl Found<'_> {
    fn file(&mut self, path: &Path, layout: Layout) -> Result<(), Fault> {
        let reader = open(path)?;
        match layout {
            Layout::Json => {
                let mut objects = Objects::of(reader)?;
                while let Some((_, members)) = objects.next_object()? {
                    for (name, value) in &members.0 {
                        self.see(name, Raw::Json(value.get()));
                    }
                }
            }
            Layout::Separated(separator) => {
                let mut rows = Rows::of(reader, separator)?;
                let header = rows.header().clone();
                for name in &header {
                    self.see(name, Raw::Text(""));
                }
                while let Some(row) = rows.next_row()? {
                    for (name, field) in header.iter().zip(row) {
                        self.see(name, Raw::Text(field));
                    }
                }
            }
        }
        Ok(())
    }

    fn see(&mut self, name: &str, value: Raw<'_>) {
        if self.known.is_some_and(|known| known.index_of(name).is_some()) {
            return;
        }
        let place = match self.places.get(name) {
            Some(place) => *place,
            None => {
                let place = self.columns.len();
                if place > MAX_COLUMNS {
                    return;
                }
                self.places.insert(name.to_owned(), place);
                self.columns.push((name.to_owned(), Seen::default()));
                place
            }
        };
        self.columns[place].1.see(value);
    }
}

/// The kinds of values that a column had.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    truth: bool,
    whole: bool,
    real: bool,
    time: bool,
    nested: bool,
    text: bool,
}

impl Seen {
    fn see(&mut self, value: Raw<'_>) {
        match value {
            Raw::Json("null") | Raw::Text("" | "null") => {}
            Raw::Json("true" | "false") => self.truth = true,
            Raw::Json(json) if json.starts_with(['{', '[']) => self.nested = true,
            Raw::Json(json) if json.starts_with('"') => self.text_of(&value.text()),
            Raw::Json(json) => self.number(json),
            Raw::Text(text) => match text {
                "true" | "false" | "True" | "False" => self.truth = true,
                text if text.starts_with(|first: char| first.is_ascii_digit() || first == '-') => {
                    // A zero in front makes a text of digits: it would be lost.
                    let digits = text.trim_start_matches('-');
                    let is_padded = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
                    if !is_padded && text::read_real(text).is_some() {
                        self.number(text);
                    } else {
                        self.text_of(text);
                    }
                }
                text => self.text_of(text),
            },
        }
    }

    fn number(&mut self, text: &str) {
        if text.parse::<i64>().is_ok() {
            self.whole = true;
        } else {
            self.real = true;
        }
    }

    fn text_of(&mut self, text: &str) {
        // A date with a time of day; a bare year or a version is a text.
        let is_time = text.len() >= 19
            && text.as_bytes()[4] == b'-'
            && matches!(text.as_bytes()[10], b'T' | b' ')
            && text::read_datetime(text).is_some();
        if is_time {
            self.time = true;
        } else if !text.is_empty() {
            self.text = true;
        }
    }

    fn ty(self) -> ScalarType {
        let Self { truth, whole, real, time, nested, text } = self;
        match (truth, whole || real, time, nested, text) {
            (true, false, false, false, false) => ScalarType::Bool,
            (false, true, false, false, false) if real => ScalarType::Real,
            (false, true, false, false, false) => ScalarType::Long,
            (false, false, true, false, false) => ScalarType::Datetime,
            (_, _, _, true, _) => ScalarType::Dynamic,
            _ => ScalarType::String,
        }
    }
}
