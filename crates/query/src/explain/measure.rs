//! What was measured of a node of a plan that ran.

use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfig};
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::{MetricValue, MetricsSet};
use serde::Serialize;

use crate::probe::ProbeOutcome;

/// What an operator did. Of what DataFusion does not measure there, there is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Measured {
    /// Rows given
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Bytes of the arrays given; buffers that batches share count for each
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Time that it computed, in nanoseconds: the sum over parts that run side by side, without its inputs
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_ns: Option<u64>,
    /// Bytes written to disk for want of memory
    #[serde(skip_serializing_if = "is_zero")]
    pub spilled_bytes: u64,
    /// What was read of files
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<Read>,
}

/// What was read of files, and what their statistics and indexes left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Read {
    /// Bytes read
    pub bytes: u64,
    /// Files that the plan names
    pub files: u64,
    /// Files that the log of a table or an index left out; the plan does not name them any more
    pub files_pruned: u64,
    /// Blocks of rows that an index was asked about
    pub index_rows: u64,
    /// Rows of them that it left out
    pub index_rows_pruned: u64,
    /// Ranges of files that statistics left out as a whole
    pub file_ranges_pruned: u64,
    /// Row groups that statistics were asked about
    pub row_groups: u64,
    /// Row groups that statistics, Bloom filters or a limit left out
    pub row_groups_pruned: u64,
    /// Rows that the indexes of pages left out
    pub page_rows_pruned: u64,
    /// Rows that conditions left out while reading
    pub rows_filtered: u64,
}

impl Read {
    pub(super) fn add(&mut self, other: &Self) {
        self.bytes += other.bytes;
        self.files += other.files;
        self.files_pruned += other.files_pruned;
        self.index_rows += other.index_rows;
        self.index_rows_pruned += other.index_rows_pruned;
        self.file_ranges_pruned += other.file_ranges_pruned;
        self.row_groups += other.row_groups;
        self.row_groups_pruned += other.row_groups_pruned;
        self.page_rows_pruned += other.page_rows_pruned;
        self.rows_filtered += other.rows_filtered;
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What a node did; `None` where it keeps no count.
pub(super) fn measured(plan: &dyn ExecutionPlan) -> Option<Measured> {
    let metrics = plan.metrics()?;
    let number = |value: Option<usize>| value.map(|value| value as u64);
    Some(Measured {
        rows: number(metrics.output_rows()),
        bytes: total(&metrics, |value| match value {
            MetricValue::OutputBytes(count) => Some(count.value()),
            _ => None,
        }),
        time_ns: number(metrics.elapsed_compute()).or_else(|| scanning(&metrics)),
        spilled_bytes: number(metrics.spilled_bytes()).unwrap_or_default(),
        read: read(plan, &metrics),
    })
}

/// The rows that a source gave, and the bytes that it read.
pub(crate) fn read_of(source: &dyn ExecutionPlan) -> (u64, u64) {
    source.metrics().map_or((0, 0), |metrics| {
        (metrics.output_rows().unwrap_or_default() as u64, named(&metrics, "bytes_scanned"))
    })
}

fn total(metrics: &MetricsSet, pick: impl Fn(&MetricValue) -> Option<usize>) -> Option<u64> {
    let found: Vec<usize> = metrics.iter().filter_map(|metric| pick(metric.value())).collect();
    (!found.is_empty()).then(|| found.iter().map(|number| *number as u64).sum())
}

fn named(metrics: &MetricsSet, name: &str) -> u64 {
    total(metrics, |value| match value {
        MetricValue::Count { name: known, count } if known == name => Some(count.value()),
        _ => None,
    })
    .unwrap_or_default()
}

/// Time of reading and decoding, which sources count in place of computing.
fn scanning(metrics: &MetricsSet) -> Option<u64> {
    total(metrics, |value| match value {
        MetricValue::Time { name, time } if name == "time_elapsed_processing" => Some(time.value()),
        _ => None,
    })
}

fn read(plan: &dyn ExecutionPlan, metrics: &MetricsSet) -> Option<Read> {
    let source = plan.downcast_ref::<DataSourceExec>()?;
    let config = source.data_source().downcast_ref::<FileScanConfig>()?;
    let pruned = |wanted: &str| {
        let pick = |is_pruned: bool| {
            total(metrics, |value| match value {
                MetricValue::PruningMetrics { name, pruning_metrics } if name == wanted => {
                    Some(if is_pruned { pruning_metrics.pruned() } else { pruning_metrics.matched() })
                }
                _ => None,
            })
            .unwrap_or_default()
        };
        (pick(true), pick(false))
    };
    let mut paths: Vec<_> =
        config.file_groups.iter().flat_map(FileGroup::iter).map(PartitionedFile::path).collect();
    paths.sort_unstable();
    paths.dedup();
    let index = config.file_groups.iter().flat_map(FileGroup::iter).find_map(PartitionedFile::extension);
    let index: ProbeOutcome = index.copied().unwrap_or_default();
    let statistics = pruned("row_groups_pruned_statistics");
    let blooms = pruned("row_groups_pruned_bloom_filter");
    let limit = pruned("limit_pruned_row_groups");
    Some(Read {
        bytes: named(metrics, "bytes_scanned"),
        files: paths.len() as u64,
        file_ranges_pruned: pruned("files_ranges_pruned_statistics").0,
        row_groups: statistics.0 + statistics.1,
        row_groups_pruned: statistics.0
            + blooms.0
            + limit.0
            + named(metrics, "row_groups_pruned_dynamic_filter"),
        page_rows_pruned: pruned("page_index_rows_pruned").0,
        rows_filtered: named(metrics, "pushdown_rows_pruned"),
        files_pruned: index.files_left_out,
        index_rows: index.rows,
        index_rows_pruned: index.rows_left_out,
    })
}
