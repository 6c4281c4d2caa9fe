//! A table at a moment as a provider of rows: what is in memory, and the files.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, BooleanArray, RecordBatch, UInt64Array};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, DFSchema, ScalarValue, project_schema};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchemaBuilder;
use datafusion::error::Result;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::union::UnionExec;
use object_store::path::Path;
use serde_json::Value;

use crate::datafile::adapted;
use crate::moment;
use crate::state::{DataFile, Fresh};

/// A table at a moment.
#[derive(Debug)]
pub(crate) struct LakeTable {
    pub(crate) schema: SchemaRef,
    pub(crate) fresh: Vec<Arc<Fresh>>,
    pub(crate) files: Arc<Vec<DataFile>>,
    pub(crate) store: ObjectStoreUrl,
}

impl LakeTable {
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

    fn of_files(
        &self,
        kept: &[&DataFile],
        parts: usize,
        projection: Option<&Vec<usize>>,
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let each = kept.len().div_ceil(parts.clamp(1, kept.len().max(1))).max(1);
        let groups = kept.chunks(each).map(|files| {
            let files = files.iter().map(|file| {
                let mut partitioned = PartitionedFile::new(String::new(), file.bytes);
                partitioned.object_meta.location = Path::from(file.path.as_str());
                partitioned
            });
            FileGroup::new(files.collect())
        });
        let schema = TableSchemaBuilder::new(self.schema.clone()).build();
        let config = FileScanConfigBuilder::new(self.store.clone(), Arc::new(ParquetSource::new(schema)))
            .with_file_groups(groups.collect())
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    fn of_memory(&self, parts: usize, projection: Option<&Vec<usize>>) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = project_schema(&self.schema, projection)?;
        let each = self.fresh.len().div_ceil(parts.max(1)).max(1);
        let parts = self.fresh.chunks(each).map(|part| {
            part.iter().map(|fresh| adapted(&fresh.rows, &schema)).collect::<Result<Vec<RecordBatch>>>()
        });
        Ok(MemorySourceConfig::try_new_exec(&parts.collect::<Result<Vec<_>>>()?, schema, None)?)
    }
}

#[async_trait]
impl TableProvider for LakeTable {
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
        let parts = state.config().target_partitions();
        let limit = limit.filter(|_| filters.is_empty());
        let kept = self.kept(state, filters)?;
        let files = (!kept.is_empty()).then(|| self.of_files(&kept, parts, projection, limit)).transpose()?;
        let memory = (!self.fresh.is_empty()).then(|| self.of_memory(parts, projection)).transpose()?;
        match (files, memory) {
            (Some(files), Some(memory)) => UnionExec::try_new(vec![files, memory]),
            (Some(one), None) | (None, Some(one)) => Ok(one),
            (None, None) => Ok(Arc::new(EmptyExec::new(project_schema(&self.schema, projection)?))),
        }
    }
}

/// What the log says of the values of the files.
struct Known<'t>(&'t LakeTable);

impl Known<'_> {
    fn bounds(&self, column: &Column, is_greatest: bool) -> Option<ArrayRef> {
        let field = self.0.schema.field_with_name(&column.name).ok()?;
        let nothing = ScalarValue::try_from(field.data_type()).ok()?;
        let values = self.0.files.iter().map(|file| {
            let of = if is_greatest { &file.known.greatest } else { &file.known.least };
            let value = of.get(&column.name).and_then(|value| bound(value, field.data_type()));
            value.unwrap_or_else(|| nothing.clone())
        });
        ScalarValue::iter_to_array(values).ok()
    }
}

/// A bound in the type of its column; `None` if it says nothing.
fn bound(value: &Value, ty: &DataType) -> Option<ScalarValue> {
    Some(match ty {
        DataType::Timestamp(_, zone) => {
            ScalarValue::TimestampMicrosecond(Some(moment::micros(value.as_str()?)?), zone.clone())
        }
        DataType::Int64 => ScalarValue::Int64(Some(value.as_i64()?)),
        DataType::Int32 => ScalarValue::Int32(Some(i32::try_from(value.as_i64()?).ok()?)),
        DataType::Float64 => ScalarValue::Float64(Some(value.as_f64()?)),
        DataType::Utf8View => ScalarValue::Utf8View(Some(value.as_str()?.to_owned())),
        _ => return None,
    })
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
        let counts = self.0.files.iter().map(|file| file.known.nulls.get(&column.name)?.as_u64());
        Some(Arc::new(counts.collect::<UInt64Array>()))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(self.0.files.iter().map(|file| Some(file.known.rows)).collect::<UInt64Array>()))
    }

    fn contained(&self, _: &Column, _: &std::collections::HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
