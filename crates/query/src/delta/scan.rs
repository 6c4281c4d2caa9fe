//! A version of a table as a provider of rows.

use std::path::{Component, Path};
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, UInt64Array};
use datafusion::arrow::datatypes::{Field, Schema as ArrowSchema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, DFSchema, ScalarValue, project_schema};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::{ListingTableUrl, PartitionedFile};
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchemaBuilder;
use datafusion::error::Result;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::object_store::path::Path as StorePath;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;

use super::DeltaError;
use super::action::Stats;
use super::log::Snapshot;
use super::types::{bound, partition};
use crate::probe::ProbeOutcome;

/// The files of a version.
#[derive(Debug)]
pub(super) struct DeltaTable {
    /// The columns of the files, then those of the partitions
    schema: SchemaRef,
    file_schema: SchemaRef,
    partitions: Vec<Arc<Field>>,
    store: ObjectStoreUrl,
    files: Vec<DataFile>,
}

#[derive(Debug)]
struct DataFile {
    file: PartitionedFile,
    stats: Stats,
}

impl DeltaTable {
    pub(super) fn new(table: &Path, snapshot: &Snapshot) -> Result<Self> {
        let is_partition = |field: &&Field| snapshot.partition_columns.contains(field.name());
        let of_files: Vec<Field> =
            snapshot.fields.iter().filter(|field| !is_partition(field)).cloned().collect();
        let partitions: Vec<Arc<Field>> =
            snapshot.fields.iter().filter(is_partition).cloned().map(Arc::new).collect();
        let file_schema = Arc::new(ArrowSchema::new(of_files));
        let all = file_schema.fields().iter().chain(&partitions).cloned().collect::<Vec<_>>();
        // Where the table lies, without links, so that nothing of it can lie elsewhere.
        let root = table.canonicalize().map_err(|error| DeltaError::Io(table.to_owned(), error))?;
        let mut files = Vec::with_capacity(snapshot.files.len());
        for add in &snapshot.files {
            let bad = |why: String| DeltaError::BadLog { file: root.join("_delta_log"), why };
            let inner = inside(&add.path).ok_or_else(|| {
                bad(format!("the file `{}` is not within the folder of the table", add.path))
            })?;
            let size = u64::try_from(add.size)
                .map_err(|_| bad(format!("the file `{}` has a negative size", add.path)))?;
            let location = StorePath::from_absolute_path(root.join(inner))
                .map_err(|error| bad(format!("the file `{}`: {error}", add.path)))?;
            let mut file = PartitionedFile::new(String::new(), size);
            file.object_meta.location = location;
            for field in &partitions {
                let text = add.partition_values.as_ref().and_then(|values| values.get(field.name()));
                let text = text.and_then(|text| text.as_deref());
                let value = partition(text, field.data_type()).ok_or_else(|| {
                    bad(format!(
                        "the partition value `{}` of `{}` is no {}",
                        text.unwrap_or_default(),
                        field.name(),
                        field.data_type()
                    ))
                })?;
                file.partition_values.push(value);
            }
            // Statistics that cannot be read say nothing; a scan is right without.
            let stats = add.stats.as_ref().and_then(|stats| serde_json::from_str(stats).ok());
            files.push(DataFile { file, stats: stats.unwrap_or_default() });
        }
        let store = ListingTableUrl::parse(root.to_string_lossy())?.object_store();
        Ok(Self { schema: Arc::new(ArrowSchema::new(all)), file_schema, partitions, store, files })
    }

    /// The files that may hold rows for which all filters are true.
    fn kept(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<&DataFile>> {
        let Some(filter) = conjunction(filters.iter().cloned()) else {
            return Ok(self.files.iter().collect());
        };
        let schema = DFSchema::try_from(self.schema.clone())?;
        let filter = state.create_physical_expr(filter, &schema)?;
        // What the statistics cannot judge keeps all files.
        let judged = PruningPredicateBuilder::new().with_file_schema(self.schema.clone()).try_build(filter);
        let Ok(predicate) = judged else {
            return Ok(self.files.iter().collect());
        };
        let verdicts = predicate.prune(&Known(self))?;
        Ok(self.files.iter().zip(verdicts).filter(|(_, kept)| *kept).map(|(file, _)| file).collect())
    }
}

/// The path of a file inside the folder, which the log has as an address: `a%20b.parquet` is `a b.parquet`. `None` if it would
/// lead out.
fn inside(path: &str) -> Option<String> {
    let decoded = percent_decoded(path)?;
    let is_inside = !decoded.is_empty()
        && Path::new(&decoded).components().all(|part| matches!(part, Component::Normal(_)))
        && !decoded.contains('\0')
        // An address of another place: `s3://…`, `file:…`.
        && !decoded.split('/').next()?.contains(':');
    is_inside.then_some(decoded)
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            out.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

#[async_trait]
impl TableProvider for DeltaTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let kept = self.kept(state, filters)?;
        if kept.is_empty() {
            return Ok(Arc::new(EmptyExec::new(project_schema(&self.schema, projection)?)));
        }
        let files_left_out = (self.files.len() - kept.len()) as u64;
        let outcome = ProbeOutcome { files_left_out, ..ProbeOutcome::default() };
        let parts = state.config().target_partitions().clamp(1, kept.len());
        let mut groups: Vec<Vec<PartitionedFile>> = vec![Vec::new(); parts];
        let each = kept.len().div_ceil(parts).max(1);
        for (place, file) in kept.iter().enumerate() {
            groups[place / each].push(file.file.clone().with_extension(outcome));
        }
        groups.retain(|group| !group.is_empty());
        let schema = TableSchemaBuilder::new(self.file_schema.clone())
            .with_table_partition_cols(self.partitions.clone())
            .build();
        let source = Arc::new(ParquetSource::new(schema));
        let config = FileScanConfigBuilder::new(self.store.clone(), source)
            .with_file_groups(groups.into_iter().map(FileGroup::new).collect())
            .with_projection_indices(projection.cloned())?
            .with_limit(limit.filter(|_| filters.is_empty()))
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

/// What is known of the values of the files: partitions exactly, other columns by the log.
struct Known<'t>(&'t DeltaTable);

impl Known<'_> {
    fn bounds(&self, column: &Column, is_greatest: bool) -> Option<ArrayRef> {
        let field = self.0.schema.field_with_name(&column.name).ok()?;
        let ty = field.data_type();
        let partition = self.partition(column);
        let nothing = ScalarValue::try_from(ty).ok()?;
        let values = self.0.files.iter().map(|file| match partition {
            Some(place) => file.file.partition_values[place].clone(),
            None => {
                let of = if is_greatest { &file.stats.max_values } else { &file.stats.min_values };
                let value = of.get(&column.name).and_then(|value| bound(value, ty, is_greatest));
                value.unwrap_or_else(|| nothing.clone())
            }
        });
        ScalarValue::iter_to_array(values).ok()
    }

    fn partition(&self, column: &Column) -> Option<usize> {
        self.0.partitions.iter().position(|field| *field.name() == column.name)
    }
}

impl PruningStatistics for Known<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(column, false)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(column, true)
    }

    fn num_containers(&self) -> usize {
        self.0.files.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let partition = self.partition(column);
        let counts = self.0.files.iter().map(|file| match partition {
            Some(place) if !file.file.partition_values[place].is_null() => Some(0),
            Some(_) => records(file),
            None => file.stats.null_count.get(&column.name)?.as_u64(),
        });
        Some(Arc::new(counts.collect::<UInt64Array>()))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(self.0.files.iter().map(records).collect::<UInt64Array>()))
    }

    fn contained(
        &self,
        _: &Column,
        _: &std::collections::HashSet<ScalarValue>,
    ) -> Option<datafusion::arrow::array::BooleanArray> {
        None
    }
}

fn records(file: &DataFile) -> Option<u64> {
    file.stats.num_records.and_then(|count| u64::try_from(count).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        assert_eq!(inside("a/b%20c.parquet").as_deref(), Some("a/b c.parquet"));
        assert_eq!(inside("day=2024-01-01/x.parquet").as_deref(), Some("day=2024-01-01/x.parquet"));
        for bad in [
            "",
            "../x",
            "a/../../x",
            "/etc/passwd",
            "%2e%2e/x",
            "file:///etc/passwd",
            "s3://b/x",
            "a%0",
            "a%zz",
            "a\0b",
        ] {
            assert_eq!(inside(bad), None, "{bad}");
        }
    }
}
