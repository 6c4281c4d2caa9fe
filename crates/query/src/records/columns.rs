//! ColumnBuilders under construction: what a record says, in the types of the columns.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use azimuth_kql::types::{ScalarType, Schema};
use azimuth_values::{Json, text};
use datafusion::arrow::array::{
    ArrayRef, BooleanBuilder, FixedSizeBinaryBuilder, Float64Builder, Int32Builder, Int64Builder,
    RecordBatch, RecordBatchOptions, StringViewBuilder,
};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::error::Result;

/// A value as a record has it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Raw<'r> {
    /// JSON text of one value
    Json(&'r str),
    /// A field of text
    Text(&'r str),
}

/// ColumnBuilders by name.
pub(super) struct ColumnBuilders {
    places: HashMap<Box<str>, usize>,
    builders: Vec<Builder>,
    rows: usize,
}

enum Builder {
    Bool(BooleanBuilder),
    Int(Int32Builder),
    Long(Int64Builder),
    Real(Float64Builder),
    Datetime(Int64Builder),
    Timespan(Int64Builder),
    Guid(FixedSizeBinaryBuilder),
    Decimal(StringViewBuilder),
    Text(StringViewBuilder),
    Dynamic(StringViewBuilder),
}

impl ColumnBuilders {
    pub(super) fn new(schema: &Schema) -> Self {
        let places =
            schema.columns.iter().enumerate().map(|(place, column)| (column.name.as_str().into(), place));
        let builders = schema.columns.iter().map(|column| Builder::new(column.ty));
        Self { places: places.collect(), builders: builders.collect(), rows: 0 }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn width(&self) -> usize {
        self.builders.len()
    }

    /// The column of a name.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    /// Ends a row: a value for each column, or nothing.
    pub(super) fn push(&mut self, row: &[Option<Raw<'_>>]) {
        for (builder, value) in self.builders.iter_mut().zip(row) {
            builder.push(*value);
        }
        self.rows += 1;
    }

    pub(super) fn finish(self, cells: &SchemaRef) -> Result<RecordBatch> {
        let arrays = self.builders.into_iter().map(Builder::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        Ok(RecordBatch::try_new_with_options(cells.clone(), arrays, &options)?)
    }
}

impl Builder {
    fn new(ty: ScalarType) -> Self {
        match ty {
            ScalarType::Bool => Self::Bool(BooleanBuilder::new()),
            ScalarType::Int => Self::Int(Int32Builder::new()),
            ScalarType::Long => Self::Long(Int64Builder::new()),
            ScalarType::Real => Self::Real(Float64Builder::new()),
            ScalarType::Datetime => Self::Datetime(Int64Builder::new()),
            ScalarType::Timespan => Self::Timespan(Int64Builder::new()),
            ScalarType::Guid => Self::Guid(FixedSizeBinaryBuilder::new(16)),
            ScalarType::Decimal => Self::Decimal(StringViewBuilder::new()),
            ScalarType::String => Self::Text(StringViewBuilder::new()),
            ScalarType::Dynamic | ScalarType::Unknown => Self::Dynamic(StringViewBuilder::new()),
        }
    }

    fn push(&mut self, value: Option<Raw<'_>>) {
        let value = value.filter(|value| !matches!(value, Raw::Json("null")));
        match self {
            Self::Text(texts) => texts.append_value(value.map_or(Cow::Borrowed(""), Raw::text)),
            Self::Dynamic(texts) => texts.append_option(value.and_then(Raw::dynamic)),
            Self::Bool(truths) => truths.append_option(value.and_then(|value| {
                let text = value.text();
                text::read_bool(&text)
            })),
            Self::Int(numbers) => {
                numbers.append_option(value.and_then(whole).and_then(|number| i32::try_from(number).ok()));
            }
            Self::Long(numbers) => numbers.append_option(value.and_then(whole)),
            Self::Real(numbers) => {
                numbers.append_option(value.and_then(|value| text::read_real(&value.text())));
            }
            Self::Datetime(ticks) => {
                ticks.append_option(value.and_then(|value| text::read_datetime(&value.text())));
            }
            Self::Timespan(ticks) => {
                ticks.append_option(value.and_then(|value| text::read_timespan(&value.text())));
            }
            Self::Decimal(texts) => texts.append_option(
                value
                    .and_then(|value| text::read_decimal(&value.text()))
                    .map(|number| number.normalize().to_string()),
            ),
            Self::Guid(guids) => match value.and_then(|value| text::read_guid(&value.text())) {
                // Sixteen bytes are what the builder was made for.
                Some(bits) => drop(guids.append_value(bits.to_be_bytes())),
                None => guids.append_null(),
            },
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Bool(mut built) => Arc::new(built.finish()),
            Self::Int(mut built) => Arc::new(built.finish()),
            Self::Long(mut built) | Self::Datetime(mut built) | Self::Timespan(mut built) => {
                Arc::new(built.finish())
            }
            Self::Real(mut built) => Arc::new(built.finish()),
            Self::Guid(mut built) => Arc::new(built.finish()),
            Self::Decimal(mut built) | Self::Text(mut built) | Self::Dynamic(mut built) => {
                Arc::new(built.finish())
            }
        }
    }
}

impl<'r> Raw<'r> {
    /// The value as text: a string's content, and JSON of anything else.
    pub(super) fn text(self) -> Cow<'r, str> {
        match self {
            Self::Text(text) => text.into(),
            Self::Json(json) => match json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
                Some(inner) if memchr::memchr(b'\\', inner.as_bytes()).is_none() => inner.into(),
                // What the record's reader took for a string is one.
                Some(_) => serde_json::from_str::<String>(json).unwrap_or_default().into(),
                None if json.starts_with(['{', '[']) => compact(json).into(),
                None => json.into(),
            },
        }
    }

    /// The value as `dynamic`. A text that is an object or an array is read as such: exports write `dynamic` columns so.
    fn dynamic(self) -> Option<String> {
        match self {
            Self::Json(json) if !json.starts_with('"') => Some(compact(json)),
            other => {
                let text = other.text();
                let inner = text.trim_start().starts_with(['{', '[']).then(|| Json::parse(&text)).flatten();
                match inner {
                    Some(json) => Some(json.to_kept_text()),
                    None if text.is_empty() => None,
                    None => Some(Json::string(&*text).to_kept_text()),
                }
            }
        }
    }
}

/// JSON in its one spelling.
fn compact(json: &str) -> String {
    Json::parse(json).map_or_else(|| json.to_owned(), |json| json.to_kept_text())
}

/// A whole number; a truth is 1 or 0, a fraction none.
fn whole(value: Raw<'_>) -> Option<i64> {
    let text = value.text();
    match text.as_ref() {
        "true" => Some(1),
        "false" => Some(0),
        text => text.parse().ok().or_else(|| {
            let real = text::read_real(text).filter(|real| real.fract() == 0.0 && real.abs() < 9.2e18)?;
            #[allow(clippy::cast_possible_truncation)]
            Some(real as i64)
        }),
    }
}
