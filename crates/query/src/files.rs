//! Tables of files: Parquet, NDJSON, CSV.

use std::sync::Arc;

use azimuth_kql::types::Schema;
use datafusion::arrow::datatypes::{DataType, Field, Schema as ArrowSchema};
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::file_format::json::JsonFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::{DataFusionError, Result};

use crate::engine::Engine;
use crate::table::schema_of;

/// How files are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet
    Parquet,
    /// A JSON object on every line
    Ndjson,
    /// Comma-separated values with a header
    Csv,
}

impl Format {
    /// The format that a file's name tells; `None` for other names.
    pub fn of_path(path: &str) -> Option<Self> {
        match path.rsplit('.').next()?.to_ascii_lowercase().as_str() {
            "parquet" => Some(Self::Parquet),
            "ndjson" | "jsonl" | "json" => Some(Self::Ndjson),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }
}

impl Engine {
    /// Adds or replaces a table of files. Without a schema the columns are those of the files; with one, columns that the
    /// files have otherwise are converted (a text to `datetime`, a nested value to `dynamic`).
    ///
    /// # Errors
    /// When there is no such file, or a column cannot be read.
    pub async fn register_files(
        &mut self,
        name: &str,
        paths: &[String],
        format: Format,
        schema: Option<Schema>,
    ) -> Result<()> {
        let urls = paths.iter().map(ListingTableUrl::parse).collect::<Result<Vec<_>>>()?;
        let first =
            urls.first().ok_or_else(|| DataFusionError::Plan(format!("the table `{name}` has no files")))?;
        let reader: Arc<dyn FileFormat> = match format {
            Format::Parquet => Arc::new(ParquetFormat::default()),
            Format::Ndjson => Arc::new(JsonFormat::default()),
            Format::Csv => Arc::new(CsvFormat::default().with_has_header(true)),
        };
        let options = ListingOptions::new(reader).with_file_extension("");
        let found = options.infer_schema(self.state(), first).await?;
        let fields = found.fields().iter().map(|field| as_read(field, schema.as_ref(), format));
        let config = ListingTableConfig::new_with_multi_paths(urls)
            .with_listing_options(options)
            .with_schema(Arc::new(ArrowSchema::new(fields.collect::<Vec<_>>())));
        let table = Arc::new(ListingTable::try_new(config)?);
        let schema = match schema {
            Some(schema) => schema,
            None => schema_of(table.as_ref())?,
        };
        match format {
            Format::Parquet => {
                // What footers tell is kept for the queries.
                let found = table.list_files_for_scan(self.state(), &[], None).await?;
                self.register_learned(name, table, schema, &found.statistics)
            }
            Format::Ndjson | Format::Csv => self.register_table(name, table, schema),
        }
    }
}

/// The field as it is read: texts as views, and of CSV whatever a schema types otherwise as text.
fn as_read(field: &Field, schema: Option<&Schema>, format: Format) -> Field {
    let wanted = schema.and_then(|schema| schema.column(field.name()));
    let ty = match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        ty if format == Format::Csv
            && wanted.is_some_and(|column| crate::native::kusto_type(ty) != Some(column.ty)) =>
        {
            DataType::Utf8View
        }
        ty => ty.clone(),
    };
    Field::new(field.name(), ty, true)
}
