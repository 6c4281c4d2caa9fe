//! Indexes asked while a scan is planned: predicates as conditions on terms, files as ranges of rows.

use std::sync::Arc;

use async_trait::async_trait;
use azimuth_kql::ast::{BinaryOp, InOp};
use azimuth_kql::bound::{Expr as Bound, ExprKind};
use azimuth_kql::types::ScalarType;
use azimuth_values::{Value, text};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Statistics;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::ParquetRowSelection;
use datafusion::datasource::physical_plan::{
    FileGroup, FileScanConfig, FileScanConfigBuilder, ParquetSource,
};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;

use crate::index::terms::{Edge, of_needle};
use crate::index::{Condition, FileId, FileIndex, RowRanges};
use crate::lower::scalar::Scalars;

/// What an index, or the log of a table, left out of a scan. It travels with the files that remain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ProbeOutcome {
    /// Files of which no row is read
    pub(crate) files_left_out: u64,
    /// Rows of the files that the index knew
    pub(crate) rows: u64,
    /// Rows of them that are not read
    pub(crate) rows_left_out: u64,
}

/// What predicates that all have to hold ask of terms; `None` if nothing that an index knows. `column` names a column of the
/// table as its files do.
pub(crate) fn condition<'p>(
    predicates: impl IntoIterator<Item = &'p Bound>,
    scalars: &Scalars<'_>,
    column: &dyn Fn(usize) -> Option<String>,
) -> Option<Condition> {
    all(predicates.into_iter().filter_map(|predicate| of(predicate, scalars, column)).collect())
}

fn all(mut parts: Vec<Condition>) -> Option<Condition> {
    match parts.len() {
        0 => None,
        1 => parts.pop(),
        _ => Some(Condition::All(parts)),
    }
}

fn of(
    predicate: &Bound,
    scalars: &Scalars<'_>,
    column: &dyn Fn(usize) -> Option<String>,
) -> Option<Condition> {
    match &predicate.kind {
        ExprKind::Named(named) => of(&named.expr, scalars, column),
        ExprKind::And(parts) => condition(parts, scalars, column),
        ExprKind::Or(parts) => {
            let parts = parts.iter().map(|part| of(part, scalars, column));
            parts.collect::<Option<Vec<_>>>().filter(|parts| !parts.is_empty()).map(Condition::Any)
        }
        ExprKind::Binary { op, left, right } => {
            let (text, constant) = match (of_column(left, column), of_column(right, column)) {
                (Some(text), None) => (text, right),
                // Of the symmetric ones only.
                (None, Some(text)) if matches!(op, BinaryOp::Equal | BinaryOp::EqualTilde) => (text, left),
                _ => return None,
            };
            let Value::String(needle) = scalars.constant(constant)? else { return None };
            terms(text, *op, &needle)
        }
        // `search`: one of the columns.
        ExprKind::AnyColumn { op, columns, term } => {
            let Value::String(needle) = scalars.constant(term)? else { return None };
            let parts = columns.iter().map(|each| terms(of_column(each, column)?, *op, &needle));
            parts.collect::<Option<Vec<_>>>().filter(|parts| !parts.is_empty()).map(Condition::Any)
        }
        ExprKind::In { op, left, list } => {
            let column = of_column(left, column)?;
            let (one, is_any) = match op {
                InOp::In => (BinaryOp::Equal, true),
                InOp::InTilde => (BinaryOp::EqualTilde, true),
                InOp::HasAny => (BinaryOp::Has, true),
                InOp::HasAll => (BinaryOp::Has, false),
                InOp::NotIn | InOp::NotInTilde => return None,
            };
            let members = scalars.members(list).ok()??;
            let parts = members.iter().map(|member| match (op, member) {
                (InOp::In | InOp::InTilde, Value::String(member)) => terms(column.clone(), one, member),
                (InOp::In | InOp::InTilde, _) => None,
                (_, member) => terms(column.clone(), one, &text::to_string(member)),
            });
            if is_any {
                let parts: Vec<Condition> = parts.collect::<Option<_>>()?;
                (!parts.is_empty()).then_some(Condition::Any(parts))
            } else {
                all(parts.flatten().collect())
            }
        }
        _ => None,
    }
}

/// The column of texts that an expression is.
fn of_column(expr: &Bound, column: &dyn Fn(usize) -> Option<String>) -> Option<String> {
    match &expr.kind {
        ExprKind::Column(place) if expr.ty == ScalarType::String => column(*place),
        ExprKind::Named(named) => of_column(&named.expr, column),
        ExprKind::Call(call) if call.function.name == "tostring" => match call.arguments.as_slice() {
            [inner] => of_column(inner, column),
            _ => None,
        },
        _ => None,
    }
}

/// The terms that a text has for which `text op needle` holds.
fn terms(column: String, op: BinaryOp, needle: &str) -> Option<Condition> {
    use BinaryOp as B;
    use Edge::{Border, Open};
    let (start, end) = match op {
        B::Has | B::HasCs | B::Equal | B::EqualTilde => (Border, Border),
        B::HasPrefix | B::HasPrefixCs | B::StartsWith | B::StartsWithCs => (Border, Open),
        B::HasSuffix | B::HasSuffixCs | B::EndsWith | B::EndsWithCs => (Open, Border),
        B::Contains | B::ContainsCs => (Open, Open),
        _ => return None,
    };
    let terms = of_needle(needle, start, end);
    (!terms.is_empty()).then_some(Condition::Terms { column, terms })
}

/// A provider of files whose scans leave out what an index leaves out.
#[derive(Debug)]
pub(crate) struct Probed {
    pub(crate) inner: Arc<dyn TableProvider>,
    pub(crate) index: Arc<dyn FileIndex>,
    pub(crate) condition: Condition,
}

#[async_trait]
impl TableProvider for Probed {
    fn schema(&self) -> SchemaRef {
        self.inner.schema()
    }

    fn table_type(&self) -> TableType {
        self.inner.table_type()
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        self.inner.supports_filters_pushdown(filters)
    }

    fn statistics(&self) -> Option<Statistics> {
        self.inner.statistics().map(Statistics::to_inexact)
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        // The first rows of a file may be ones that the index leaves out.
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = self.inner.scan(state, projection, filters, None).await?;
        let mut files = Vec::new();
        plan.apply(|node| {
            if let Some(config) = parquet(node.as_ref()) {
                files.extend(config.file_groups.iter().flat_map(|group| group.iter().cloned()));
            }
            Ok(datafusion::common::tree_node::TreeNodeRecursion::Continue)
        })?;
        let mut answers = std::collections::HashMap::new();
        for file in files {
            let path = file.path().to_string();
            let id = FileId { path: &path, bytes: file.object_meta.size };
            if let Some(rows) = self.index.rows(id, &self.condition).await {
                answers.insert(path, rows);
            }
        }
        let rewritten = plan.transform_up(|node| {
            let Some(config) = parquet(node.as_ref()) else { return Ok(Transformed::no(node)) };
            Ok(Transformed::yes(narrowed(config, &answers)))
        });
        rewritten.data()
    }
}

/// The configuration of a scan of Parquet files.
fn parquet(plan: &dyn ExecutionPlan) -> Option<&FileScanConfig> {
    let config = plan.downcast_ref::<DataSourceExec>()?.data_source().downcast_ref::<FileScanConfig>()?;
    config.file_source().downcast_ref::<ParquetSource>()?;
    Some(config)
}

/// The scan of the rows that are left.
fn narrowed(
    config: &FileScanConfig,
    answers: &std::collections::HashMap<String, RowRanges>,
) -> Arc<dyn ExecutionPlan> {
    // What the provider left out itself, it told the same way.
    let known = config.file_groups.iter().flat_map(FileGroup::iter).find_map(PartitionedFile::extension);
    let mut outcome: ProbeOutcome = known.copied().unwrap_or_default();
    let mut groups: Vec<Vec<PartitionedFile>> = Vec::new();
    for group in &config.file_groups {
        let mut kept = Vec::new();
        for file in group.iter() {
            let Some(rows) = answers.get(&file.path().to_string()) else {
                kept.push(file.clone());
                continue;
            };
            outcome.rows += rows.total;
            outcome.rows_left_out += rows.total - rows.len();
            if rows.is_empty() {
                outcome.files_left_out += 1;
            } else if rows.len() < rows.total {
                let mut file = file.clone();
                // What was known of all rows is not known of some.
                file.statistics =
                    file.statistics.map(|known| Arc::new(Statistics::clone(&known).to_inexact()));
                kept.push(file.with_extension(ParquetRowSelection::new(selection(rows))));
            } else {
                kept.push(file.clone());
            }
        }
        if !kept.is_empty() {
            groups.push(kept);
        }
    }
    if groups.is_empty() {
        let schema = config.projected_schema().unwrap_or_else(|_| config.file_schema().clone());
        return Arc::new(EmptyExec::new(schema));
    }
    let groups = groups
        .into_iter()
        .map(|group| FileGroup::new(group.into_iter().map(|file| file.with_extension(outcome)).collect()));
    let config = FileScanConfigBuilder::from(config.clone())
        .with_file_groups(groups.collect())
        .with_statistics(config.statistics().to_inexact())
        .build();
    DataSourceExec::from_data_source(config)
}

fn selection(rows: &RowRanges) -> RowSelection {
    let mut selectors = Vec::new();
    let mut at = 0;
    let length = |from: u64, to: u64| usize::try_from(to - from).unwrap_or(usize::MAX);
    for range in &rows.ranges {
        if range.start > at {
            selectors.push(RowSelector::skip(length(at, range.start)));
        }
        selectors.push(RowSelector::select(length(range.start, range.end)));
        at = range.end;
    }
    if at < rows.total {
        selectors.push(RowSelector::skip(length(at, rows.total)));
    }
    RowSelection::from(selectors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_of_operators() {
        let found = |op, needle| match terms("c".to_owned(), op, needle) {
            Some(Condition::Terms { terms, .. }) => terms,
            _ => Vec::new(),
        };
        assert_eq!(found(BinaryOp::Has, "Accepted password"), ["accepted", "password"]);
        assert_eq!(found(BinaryOp::Contains, "Accepted password"), [""; 0]);
        assert_eq!(found(BinaryOp::Contains, "for root from"), ["root"]);
        assert_eq!(found(BinaryOp::StartsWith, "Accepted pass"), ["accepted"]);
        assert_eq!(found(BinaryOp::NotHas, "Accepted"), [""; 0]);
        assert_eq!(found(BinaryOp::Has, "ab"), [""; 0]);
    }

    #[test]
    fn selections_cover_the_file() {
        let rows = RowRanges { total: 10, ranges: vec![2..4, 8..10] };
        let selection = selection(&rows);
        assert_eq!(selection.row_count(), 4);
        assert_eq!(selection.iter().map(|selector| selector.row_count).sum::<usize>(), 10);
    }
}
