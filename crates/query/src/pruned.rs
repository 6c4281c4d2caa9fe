//! Tables of files that leave files out by their statistics before the others are shared among threads.
//!
//! DataFusion shares the files first: where conditions leave one file of many, one thread would read it all. [`Newest`] does the
//! same for the first rows by a column, as `top 100 by TimeGenerated` wants them.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::pruning::PrunableStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{DFSchema, ScalarValue, Statistics};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfig, FileScanConfigBuilder};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;

/// A provider of files whose scans leave out the files in which no row can meet the conditions.
#[derive(Debug)]
pub(crate) struct Pruned(pub(crate) Arc<dyn TableProvider>);

#[async_trait]
impl TableProvider for Pruned {
    fn schema(&self) -> SchemaRef {
        self.0.schema()
    }

    fn table_type(&self) -> TableType {
        self.0.table_type()
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        self.0.supports_filters_pushdown(filters)
    }

    fn statistics(&self) -> Option<Statistics> {
        self.0.statistics()
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = self.0.scan(state, projection, filters, limit).await?;
        let Some(condition) = conjunction(filters.to_vec()) else { return Ok(plan) };
        let schema = self.schema();
        let condition = state.create_physical_expr(condition, &DFSchema::try_from(schema.clone())?)?;
        let condition =
            PruningPredicateBuilder::new().with_file_schema(schema.clone()).try_build(condition)?;
        if condition.always_true() {
            return Ok(plan);
        }
        narrowed(&plan, |file| {
            let Some(known) = file.statistics.clone() else { return true };
            let known = PrunableStatistics::new(vec![known], schema.clone());
            // What cannot be judged is read.
            condition.prune(&known).map_or(true, |verdicts| verdicts != [false])
        })
    }
}

/// A provider of which only the first rows by a column are wanted.
#[derive(Debug)]
pub(crate) struct Newest {
    pub(crate) inner: Arc<dyn TableProvider>,
    pub(crate) first: First,
}

/// The first rows by a column of the provider.
#[derive(Clone, Debug)]
pub(crate) struct First {
    pub(crate) column: String,
    pub(crate) count: usize,
    /// The greatest values come first
    pub(crate) is_descending: bool,
}

#[async_trait]
impl TableProvider for Newest {
    fn schema(&self) -> SchemaRef {
        self.inner.schema()
    }

    fn table_type(&self) -> TableType {
        self.inner.table_type()
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        self.inner.supports_filters_pushdown(filters)
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = self.inner.scan(state, projection, filters, limit).await?;
        let column = self.schema().index_of(&self.first.column)?;
        if !filters.is_empty() || limit.is_some() {
            return Ok(plan);
        }
        let files = scan_of(&plan).into_iter().flat_map(|config| &config.file_groups);
        // A file of which anything is unknown may have any rows.
        let ranges: Option<Vec<_>> =
            files.flat_map(FileGroup::iter).map(|file| range(file, column)).collect();
        let Some(last) = ranges.and_then(|ranges| last(ranges, &self.first)) else { return Ok(plan) };
        narrowed(&plan, |file| {
            range(file, column).is_none_or(|(_, least, greatest)| match self.first.is_descending {
                true => greatest >= last,
                false => least <= last,
            })
        })
    }
}

/// How many rows a file has, none of them null, and the ends of a column's values.
fn range(file: &PartitionedFile, column: usize) -> Option<(usize, ScalarValue, ScalarValue)> {
    let exact = |value: &Precision<ScalarValue>| match value {
        Precision::Exact(value) if !value.is_null() => Some(value.clone()),
        _ => None,
    };
    let known = file.statistics.as_ref()?;
    let values = known.column_statistics.get(column)?;
    match (known.num_rows, values.null_count) {
        (Precision::Exact(rows), Precision::Exact(0)) if file.range.is_none() => {
            Some((rows, exact(&values.min_value)?, exact(&values.max_value)?))
        }
        _ => None,
    }
}

/// A value that so many rows reach that no later one is among the first; `None` if there are not as many rows.
fn last(mut ranges: Vec<(usize, ScalarValue, ScalarValue)>, first: &First) -> Option<ScalarValue> {
    let far = |range: &(usize, ScalarValue, ScalarValue)| match first.is_descending {
        true => range.1.clone(),
        false => range.2.clone(),
    };
    ranges.sort_by(|left, right| {
        let order = far(left).partial_cmp(&far(right)).unwrap_or(std::cmp::Ordering::Equal);
        if first.is_descending { order.reverse() } else { order }
    });
    let mut rows = 0_usize;
    ranges.iter().find_map(|range| {
        rows = rows.saturating_add(range.0);
        (rows >= first.count).then(|| far(range))
    })
}

/// The scan of files that a plan is.
fn scan_of(plan: &Arc<dyn ExecutionPlan>) -> Option<&FileScanConfig> {
    plan.downcast_ref::<DataSourceExec>()?.data_source().downcast_ref::<FileScanConfig>()
}

/// The scan of those files that are kept.
fn narrowed(
    plan: &Arc<dyn ExecutionPlan>,
    keeps: impl Fn(&PartitionedFile) -> bool,
) -> Result<Arc<dyn ExecutionPlan>> {
    let Some(config) = scan_of(plan) else { return Ok(plan.clone()) };
    let kept = |group: &FileGroup| group.iter().filter(|file| keeps(file)).cloned().collect::<Vec<_>>();
    let groups: Vec<Vec<PartitionedFile>> =
        config.file_groups.iter().map(kept).filter(|group| !group.is_empty()).collect();
    let all: usize = config.file_groups.iter().map(FileGroup::len).sum();
    if groups.iter().map(Vec::len).sum::<usize>() == all {
        return Ok(plan.clone());
    }
    if groups.is_empty() {
        return Ok(Arc::new(EmptyExec::new(plan.schema())));
    }
    let config = FileScanConfigBuilder::from(config.clone())
        .with_file_groups(groups.into_iter().map(FileGroup::new).collect())
        .with_statistics(config.statistics().to_inexact())
        .build();
    Ok(DataSourceExec::from_data_source(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_hold_the_first_rows() {
        let value = |number: i64| ScalarValue::Int64(Some(number));
        let ranges = || vec![(10, value(0), value(9)), (10, value(5), value(30)), (10, value(20), value(29))];
        let last =
            |count, is_descending| last(ranges(), &First { column: "t".to_owned(), count, is_descending });
        // Ten rows are at least 20; ten more at least 5, which no file lies below of as a whole.
        assert_eq!(last(10, true), Some(value(20)));
        assert_eq!(last(11, true), Some(value(5)));
        assert_eq!(last(10, false), Some(value(9)));
        assert_eq!(last(30, false), Some(value(30)));
        assert_eq!(last(31, false), None);
    }
}
