//! Tables of files: Parquet, and files of records (JSON, separated values).

use std::path::PathBuf;
use std::sync::Arc;

use azimuth_kql::types::{ScalarType, Schema};
use datafusion::arrow::datatypes::{DataType, Field, Schema as ArrowSchema, TimeUnit};
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::{DataFusionError, Result};

use crate::engine::Engine;
use crate::pruned::Pruned;
use crate::records::{Layout, RecordsTable, infer};
use crate::rows;
use crate::table::schema_of;

/// How files are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet
    Parquet,
    /// JSON objects: one on every line, one after the other, in an array, or in the array of a wrapper (`records`, `value`)
    Json,
    /// Comma-separated values with a header
    Csv,
    /// Tab-separated values with a header
    Tsv,
}

impl Format {
    /// The format that a file's name tells, whatever it is compressed with; `None` for other names.
    pub fn of_path(path: &str) -> Option<Self> {
        let name = path.to_ascii_lowercase();
        let name =
            [".gz", ".zst", ".zstd"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
        match name.rsplit('.').next()? {
            "parquet" => Some(Self::Parquet),
            "ndjson" | "jsonl" | "json" => Some(Self::Json),
            "csv" => Some(Self::Csv),
            "tsv" | "tab" => Some(Self::Tsv),
            _ => None,
        }
    }
}

/// What a table's columns are.
#[derive(Clone, Debug, Default)]
pub enum Columns {
    /// Those of the files, in the types that the files tell
    #[default]
    OfFiles,
    /// These, and whatever else the files have; what the files do not have is null
    Known(Schema),
    /// Exactly these
    Exactly(Schema),
}

impl Engine {
    /// Adds or replaces a table of files; returns its columns. Values of another type than their column's are converted, as
    /// `todatetime` and the like do it; what cannot be is null. Files of records are read once to find their columns, unless
    /// they are given exactly.
    ///
    /// # Errors
    /// When there is no such file, a record cannot be read ([`crate::BadRecord`]), or a column has no type in Kusto.
    pub async fn register_files(
        &mut self,
        name: &str,
        paths: &[PathBuf],
        format: Format,
        columns: Columns,
    ) -> Result<Schema> {
        if paths.is_empty() {
            return Err(DataFusionError::Plan(format!("the table `{name}` has no files")));
        }
        let layout = match format {
            Format::Parquet => return self.register_parquet(name, paths, columns).await,
            Format::Json => Layout::Json,
            Format::Csv => Layout::Separated(b','),
            Format::Tsv => Layout::Separated(b'\t'),
        };
        let schema = match columns {
            Columns::Exactly(schema) => schema,
            Columns::Known(schema) => infer(paths, layout, Some(&schema))?,
            Columns::OfFiles => infer(paths, layout, None)?,
        };
        let table = RecordsTable::new(paths.to_vec(), layout, schema.clone());
        self.register_cells(name, Arc::new(table), schema.clone())?;
        Ok(schema)
    }

    async fn register_parquet(&mut self, name: &str, paths: &[PathBuf], columns: Columns) -> Result<Schema> {
        let urls = paths.iter().map(|path| ListingTableUrl::parse(path.to_string_lossy()));
        let urls = urls.collect::<Result<Vec<_>>>()?;
        let options = ListingOptions::new(Arc::new(ParquetFormat::default())).with_file_extension("");
        let mut fields: Vec<Field> = Vec::new();
        for url in &urls {
            for field in options.infer_schema(self.state(), url).await?.fields() {
                match fields.iter().find(|known| known.name() == field.name()) {
                    None => fields.push(as_read(field)),
                    Some(known) if known.data_type() == as_read(field).data_type() => {}
                    Some(known) => {
                        return Err(DataFusionError::Plan(format!(
                            "the column `{}` is {} in one file and {} in another",
                            field.name(),
                            known.data_type(),
                            field.data_type()
                        )));
                    }
                }
            }
        }
        let of_files = |fields: &[Field]| schema_of(&ArrowSchema::new(fields.to_vec()));
        let schema = match columns {
            Columns::OfFiles => of_files(&fields)?,
            Columns::Exactly(schema) => schema,
            Columns::Known(mut schema) => {
                let others = of_files(&fields)?.columns.into_iter();
                schema.columns.extend(
                    others.filter(|column| schema.index_of(&column.name).is_none()).collect::<Vec<_>>(),
                );
                schema
            }
        };
        // Columns that no file has are null in every row.
        for column in &schema.columns {
            if !fields.iter().any(|field| *field.name() == column.name) {
                fields.push(Field::new(&column.name, native_type(column.ty), true));
            }
        }
        let config = ListingTableConfig::new_with_multi_paths(urls)
            .with_listing_options(options)
            .with_schema(Arc::new(ArrowSchema::new(fields)));
        let table = Arc::new(ListingTable::try_new(config)?);
        // What footers tell is kept for the queries.
        let found = table.list_files_for_scan(self.state(), &[], None).await?;
        self.register_learned(name, Arc::new(Pruned(table)), schema.clone(), &found.statistics)?;
        Ok(schema)
    }
}

/// The type of a column that files could have for a type of Kusto.
fn native_type(ty: ScalarType) -> DataType {
    match ty {
        ScalarType::Datetime => DataType::Timestamp(TimeUnit::Microsecond, None),
        ScalarType::Timespan => DataType::Duration(TimeUnit::Microsecond),
        ty => rows::arrow_type(ty),
    }
}

/// The field as it is read: texts as views.
fn as_read(field: &Field) -> Field {
    let ty = match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        ty => ty.clone(),
    };
    Field::new(field.name(), ty, true)
}
