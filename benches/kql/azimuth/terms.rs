//! The index of terms that a lake keeps beside its files, here made when the tables are registered.

use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;

use async_trait::async_trait;
use azimuth_query::index::file::{BLOCK_ROWS, Builder, TermIndex};
use azimuth_query::index::{Condition, FileId, FileIndex, RowRanges};
use datafusion::arrow::array::AsArray as _;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::Failure;

/// The indexes of files, by the files' names.
#[derive(Debug)]
pub(crate) struct Terms(HashMap<String, TermIndex>);

impl Terms {
    /// Indexes of a text column of Parquet files.
    pub(crate) fn of(paths: &[PathBuf], column: &str) -> Result<Self, Failure> {
        let mut indexes = HashMap::new();
        for path in paths {
            let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?;
            let only = ProjectionMask::columns(reader.parquet_schema(), [column]);
            let (mut builder, mut rows) = (Builder::new([column.to_owned()], BLOCK_ROWS), 0);
            for batch in reader.with_projection(only).build()? {
                let texts = cast(batch?.column(0), &DataType::Utf8)?;
                for text in texts.as_string::<i32>() {
                    builder.add(0, rows, text.unwrap_or_default());
                    rows += 1;
                }
            }
            let index = TermIndex::read(builder.finish(rows, std::fs::metadata(path)?.len()))?;
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            indexes.insert(name.to_owned(), index);
        }
        Ok(Self(indexes))
    }
}

#[async_trait]
impl FileIndex for Terms {
    async fn rows(&self, file: FileId<'_>, condition: &Condition) -> Option<RowRanges> {
        let index = self.0.get(file.path.rsplit('/').next()?)?;
        (index.data_bytes() == file.bytes).then(|| index.matches(condition))?
    }
}
