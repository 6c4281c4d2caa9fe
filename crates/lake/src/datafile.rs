//! Data files: rows sorted by time as Parquet, what is known of them, and the index of their terms.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use azimuth_kql::types::ScalarType;
use azimuth_query::index::file::{BLOCK_ROWS, Builder as TermsBuilder};
use bytes::Bytes;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, new_null_array};
use datafusion::arrow::compute::{cast, concat_batches, sort_to_indices, take_record_batch};
use datafusion::arrow::datatypes::{
    Float64Type, Int32Type, Int64Type, Schema, SchemaRef, TimestampMicrosecondType,
};
use datafusion::error::Result;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use datafusion::parquet::arrow::arrow_writer::ArrowWriterOptions;
use datafusion::parquet::arrow::{ArrowWriter, ProjectionMask};
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use serde_json::{Value, json};

use crate::moment;
use crate::schema::{BILLED, TIME, TableSchema};

/// Rows of a row group.
const GROUP_ROWS: usize = 32 * BLOCK_ROWS as usize;
/// Columns that have statistics in the log, beside the time.
const MAX_STATISTICS: usize = 32;
/// Longer texts have none: cut ones would be no bounds.
const MAX_BOUND: usize = 64;

/// A data file that was made.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) data: Bytes,
    /// The bytes of the side file; `None` if there are no texts to be found
    pub(crate) terms: Option<Bytes>,
    pub(crate) stats: String,
    pub(crate) rows: usize,
    pub(crate) billed_bytes: f64,
}

/// How files are made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) zstd_level: i32,
    pub(crate) has_terms: bool,
}

/// The columns of a batch in those of a schema; what it does not have is null.
pub(crate) fn adapted(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = schema.fields().iter().map(|field| match batch.column_by_name(field.name()) {
        Some(array) if array.data_type() == field.data_type() => Ok(array.clone()),
        Some(array) => cast(array, field.data_type()),
        None => Ok(new_null_array(field.data_type(), batch.num_rows())),
    });
    let columns = columns.collect::<std::result::Result<Vec<ArrayRef>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)
}

/// One batch of many, with the columns of the schema that one of them has.
pub(crate) fn united(batches: &[RecordBatch], schema: &TableSchema) -> Result<RecordBatch> {
    let is_there = |name: &str| batches.iter().any(|batch| batch.column_by_name(name).is_some());
    let fields = schema.arrow.fields().iter().filter(|field| is_there(field.name())).cloned();
    let narrow = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let adapted = batches.iter().map(|batch| adapted(batch, &narrow)).collect::<Result<Vec<_>>>()?;
    Ok(concat_batches(&narrow, &adapted)?)
}

/// The rows sorted by time and divided by day.
pub(crate) fn by_day(batch: &RecordBatch) -> Result<Vec<(i32, RecordBatch)>> {
    if batch.num_rows() == 0 {
        return Ok(Vec::new());
    }
    let time = |batch: &RecordBatch| batch.column_by_name(TIME).cloned();
    let Some(times) = time(batch) else { return Ok(Vec::new()) };
    let is_sorted = times.as_primitive::<TimestampMicrosecondType>().values().is_sorted();
    let sorted = match is_sorted {
        true => batch.clone(),
        false => take_record_batch(batch, &sort_to_indices(&times, None, None)?)?,
    };
    let times = time(&sorted).unwrap_or(times);
    let values = times.as_primitive::<TimestampMicrosecondType>().values().clone();
    let mut days = Vec::new();
    let mut start = 0;
    while start < values.len() {
        let day = moment::day_of(values[start]);
        let length = values[start..].partition_point(|micros| moment::day_of(*micros) == day);
        days.push((day, sorted.slice(start, length)));
        start += length;
    }
    Ok(days)
}

/// Makes a file of rows that are sorted.
pub(crate) fn make(rows: &RecordBatch, schema: &TableSchema, layout: Layout) -> Result<Made> {
    let kept: Vec<usize> =
        (0..rows.num_columns()).filter(|place| rows.column(*place).null_count() < rows.num_rows()).collect();
    let rows = rows.project(&kept)?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(layout.zstd_level)?))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_data_page_row_count_limit(BLOCK_ROWS as usize)
        .set_created_by("azimuth".to_owned())
        .build();
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), rows.schema(), options)?;
    writer.write(&rows)?;
    let data = Bytes::from(writer.into_inner()?);
    let terms = if layout.has_terms { terms(&rows, schema, data.len()) } else { None };
    let billed = rows.column_by_name(BILLED).and_then(|array| array.as_primitive_opt::<Float64Type>());
    Ok(Made {
        terms,
        stats: statistics(&rows, schema).to_string(),
        rows: rows.num_rows(),
        billed_bytes: billed.map_or(0.0, |bytes| bytes.iter().flatten().sum()),
        data,
    })
}

/// The index of the terms of all columns of texts.
pub(crate) fn terms(rows: &RecordBatch, schema: &TableSchema, data_bytes: usize) -> Option<Bytes> {
    let is_text =
        |name: &str| schema.place(name).is_some_and(|place| schema.columns[place].ty == ScalarType::String);
    let columns: Vec<(String, ArrayRef)> = rows
        .schema()
        .fields()
        .iter()
        .zip(rows.columns())
        .filter(|(field, _)| is_text(field.name()))
        .map(|(field, array)| (field.name().clone(), array.clone()))
        .collect();
    if columns.is_empty() {
        return None;
    }
    let mut builder = TermsBuilder::new(columns.iter().map(|(name, _)| name.clone()), BLOCK_ROWS);
    for (place, (_, array)) in columns.iter().enumerate() {
        let texts = array.as_string_view_opt()?;
        let mut before = None;
        for (row, text) in texts.iter().enumerate() {
            // Runs of one value are frequent, and add nothing within a block.
            if text == before && row % BLOCK_ROWS as usize != 0 {
                continue;
            }
            before = text;
            if let Some(text) = text {
                builder.add(place, row as u64, text);
            }
        }
    }
    Some(Bytes::from(builder.finish(rows.num_rows() as u64, data_bytes as u64)))
}

/// The statistics of a file as the log has them ("Per-file statistics" of the protocol).
fn statistics(rows: &RecordBatch, schema: &TableSchema) -> Value {
    let (mut least, mut greatest, mut nulls) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (field, array) in rows.schema().fields().iter().zip(rows.columns()) {
        if nulls.len() > MAX_STATISTICS {
            break;
        }
        let Some(place) = schema.place(field.name()) else { continue };
        if schema.columns[place].ty == ScalarType::Dynamic {
            continue;
        }
        nulls.insert(field.name().clone(), Value::from(array.null_count()));
        if let Some((low, high)) = bounds(array) {
            least.insert(field.name().clone(), low);
            greatest.insert(field.name().clone(), high);
        }
    }
    json!({"numRecords": rows.num_rows(), "minValues": least, "maxValues": greatest, "nullCount": nulls})
}

fn bounds(array: &ArrayRef) -> Option<(Value, Value)> {
    use datafusion::arrow::compute::{max, min};
    if let Some(array) = array.as_primitive_opt::<TimestampMicrosecondType>() {
        return Some((moment::text(min(array)?).into(), moment::text(max(array)?).into()));
    }
    if let Some(array) = array.as_primitive_opt::<Int64Type>() {
        return Some((min(array)?.into(), max(array)?.into()));
    }
    if let Some(array) = array.as_primitive_opt::<Int32Type>() {
        return Some((min(array)?.into(), max(array)?.into()));
    }
    if let Some(array) = array.as_primitive_opt::<Float64Type>() {
        return Some((min(array)?.into(), max(array)?.into()));
    }
    let texts = array.as_string_view_opt()?;
    let (mut low, mut high) = (None, None);
    for text in texts.iter().flatten() {
        low = Some(low.map_or(text, |low: &str| low.min(text)));
        high = Some(high.map_or(text, |high: &str| high.max(text)));
    }
    let (low, high) = (low?, high?);
    (low.len() <= MAX_BOUND && high.len() <= MAX_BOUND).then(|| (low.into(), high.into()))
}

/// What the log says of the values of a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub(crate) rows: u64,
    pub(crate) least: HashMap<String, Value>,
    pub(crate) greatest: HashMap<String, Value>,
    pub(crate) nulls: HashMap<String, Value>,
}

impl Known {
    /// Statistics that cannot be read say nothing.
    pub(crate) fn read(stats: &str) -> Self {
        let mut stats: Value = serde_json::from_str(stats).unwrap_or_default();
        let mut members = |name: &str| match stats[name].take() {
            Value::Object(members) => members.into_iter().collect(),
            _ => HashMap::new(),
        };
        let (least, greatest, nulls) = (members("minValues"), members("maxValues"), members("nullCount"));
        Self { rows: stats["numRecords"].as_u64().unwrap_or_default(), least, greatest, nulls }
    }
}

/// The rows of a file, with the columns that it has; only those named, if some are.
pub(crate) fn read(data: Bytes, schema: &TableSchema, columns: Option<&[&str]>) -> Result<RecordBatch> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(data)?;
    let builder = match columns {
        None => builder,
        Some(columns) => {
            let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
            builder.with_projection(mask)
        }
    };
    let batches = builder.with_batch_size(GROUP_ROWS).build()?.collect::<std::result::Result<Vec<_>, _>>()?;
    united(&batches, schema)
}
