//! Results as Parquet files that other tools read.

use std::io::Write;
use std::sync::Arc;

use azimuth_kql::types::{ScalarType, Schema};
use azimuth_values::calendar;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, DurationNanosecondArray, RecordBatch, StringViewArray, TimestampNanosecondArray,
};
use datafusion::arrow::datatypes::{DataType, Field, Int64Type, Schema as ArrowSchema, SchemaRef, TimeUnit};
use datafusion::error::{DataFusionError, Result};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;

use crate::{cells, rows};

/// A Parquet file of a result under construction.
///
/// Datetimes and timespans are nanoseconds, GUIDs and decimals their texts, `dynamic` is JSON text.
pub struct ParquetFile<W: Write + Send> {
    schema: Schema,
    arrow: SchemaRef,
    writer: ArrowWriter<W>,
}

impl<W: Write + Send> ParquetFile<W> {
    /// A file with the columns of a result.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(out: W, schema: &Schema) -> Result<Self> {
        let fields = schema.columns.iter().map(|column| Field::new(&column.name, exported(column.ty), true));
        let arrow = Arc::new(ArrowSchema::new(fields.collect::<Vec<_>>()));
        let compression = Compression::ZSTD(ZstdLevel::default());
        let properties = WriterProperties::builder().set_compression(compression).build();
        let writer = ArrowWriter::try_new(out, arrow.clone(), Some(properties))?;
        Ok(Self { schema: schema.clone(), arrow, writer })
    }

    /// Writes a batch of the result.
    ///
    /// # Errors
    /// When it cannot be written, or a moment lies outside the years 1677 to 2262, which nanoseconds reach.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = self.schema.columns.iter().zip(batch.columns());
        let columns = columns.map(|(column, array)| {
            export(array, column.ty).ok_or_else(|| {
                DataFusionError::Execution(format!(
                    "a moment in the column `{}` lies outside the years 1677 to 2262; write `tostring({})`",
                    column.name, column.name
                ))
            })
        });
        let batch = RecordBatch::try_new(self.arrow.clone(), columns.collect::<Result<Vec<_>>>()?)?;
        Ok(self.writer.write(&batch)?)
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(self) -> Result<W> {
        Ok(self.writer.into_inner()?)
    }
}

fn exported(ty: ScalarType) -> DataType {
    match ty {
        ScalarType::Datetime => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
        ScalarType::Timespan => DataType::Duration(TimeUnit::Nanosecond),
        ScalarType::Guid => DataType::Utf8View,
        ty => rows::arrow_type(ty),
    }
}

/// The array as other tools know it; `None` when a value has no place in it.
fn export(array: &ArrayRef, ty: ScalarType) -> Option<ArrayRef> {
    let nanos = |base: i64| -> Option<Vec<Option<i64>>> {
        let ticks = array.as_primitive_opt::<Int64Type>()?;
        ticks
            .iter()
            .map(|ticks| match ticks {
                None => Some(None),
                Some(ticks) => ticks.checked_sub(base)?.checked_mul(100).map(Some),
            })
            .collect()
    };
    Some(match ty {
        ScalarType::Datetime => {
            Arc::new(TimestampNanosecondArray::from(nanos(calendar::UNIX_EPOCH)?).with_timezone("UTC"))
        }
        ScalarType::Timespan => Arc::new(DurationNanosecondArray::from(nanos(0)?)),
        ScalarType::Guid => {
            let texts = (0..array.len()).map(|row| {
                let value = cells::value(array, row, azimuth_values::Type::Guid);
                (!value.is_null()).then(|| azimuth_values::text::to_string(&value))
            });
            Arc::new(texts.collect::<StringViewArray>())
        }
        // Scalars that JSON has no spelling for travel behind a mark.
        ScalarType::Dynamic | ScalarType::Unknown => {
            let texts = (0..array.len()).map(|row| {
                let value = cells::value(array, row, azimuth_values::Type::Dynamic);
                (!value.is_null()).then(|| value.to_json().to_text())
            });
            Arc::new(texts.collect::<StringViewArray>())
        }
        _ => array.clone(),
    })
}
