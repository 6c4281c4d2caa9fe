//! Tables of files of records: JSON in every common layout, comma- and tab-separated values, plain or compressed.
//!
//! Arrow's own readers want one type for every column; logs have objects of any shape, columns that appear late and times that
//! are texts. Here a column has a type of Kusto, and what it holds is brought to it: an object in a `dynamic` column stays the
//! JSON that it is. Only the columns that a query reads are decoded.

mod columns;
mod infer;
mod json;
mod separated;

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use azimuth_kql::types::Schema;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Field, Schema as ArrowSchema, SchemaRef};
use datafusion::catalog::streaming::StreamingTable;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream};

pub(crate) use infer::infer;

use crate::rows;
use columns::ColumnBuilders;

/// Rows of a batch.
const BATCH: usize = 8_192;
/// Longer records are refused.
const MAX_RECORD: usize = 64 << 20;
/// Larger files of one JSON value are refused; a record on every line has no such limit.
const MAX_WHOLE: u64 = 2 << 30;

/// How the records of a file are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Objects: one on every line, one after the other, or in an array
    Json,
    /// Fields between separators, with a header
    Separated(u8),
}

/// A record that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRecord {
    /// The file
    pub path: PathBuf,
    /// The line on which the record begins, from 1; in a file that is one array, the record's number
    pub place: u64,
    /// What is wrong
    pub message: String,
}

impl fmt::Display for BadRecord {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}", self.path.display(), self.place, self.message)
    }
}

impl std::error::Error for BadRecord {}

/// Why a file cannot be read on.
#[derive(Debug)]
enum Fault {
    /// The record
    Record(u64, String),
    /// The file
    Io(std::io::Error),
}

impl Fault {
    fn at(self, path: &Path) -> DataFusionError {
        let (place, message) = match self {
            Self::Record(place, message) => (place, message),
            Self::Io(error) => (0, error.to_string()),
        };
        DataFusionError::External(Box::new(BadRecord { path: path.to_owned(), place, message }))
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// A reader of records into columns.
trait Records: Send {
    /// Reads the next record into the columns; `false` at the end.
    fn next(&mut self, columns: &mut ColumnBuilders) -> Result<bool, Fault>;
}

/// Opens a file, through its compression; that of a name without such an ending is told by its first bytes.
fn open(path: &Path) -> std::io::Result<Box<dyn BufRead + Send>> {
    let mut file = BufReader::with_capacity(1 << 18, File::open(path)?);
    let magic = file.fill_buf()?;
    if magic.starts_with(&[0x1f, 0x8b]) {
        let inner = flate2::bufread::MultiGzDecoder::new(file);
        return Ok(Box::new(BufReader::with_capacity(1 << 18, inner)));
    }
    if magic.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let inner = zstd::stream::read::Decoder::with_buffer(file)?;
        return Ok(Box::new(BufReader::with_capacity(1 << 18, inner)));
    }
    if magic.starts_with(&[0xef, 0xbb, 0xbf]) {
        file.consume(3);
    }
    Ok(Box::new(file))
}

/// Reads a line without its end, at most [`MAX_RECORD`] bytes; `false` at the end of the file.
fn read_line(reader: &mut dyn BufRead, line: &mut Vec<u8>, number: u64) -> Result<bool, Fault> {
    line.clear();
    let read = reader.take(MAX_RECORD as u64 + 1).read_until(b'\n', line)?;
    if line.len() > MAX_RECORD {
        return Err(Fault::Record(number, format!("the record is longer than {} MB", MAX_RECORD >> 20)));
    }
    while line.last().is_some_and(u8::is_ascii_whitespace) {
        line.pop();
    }
    Ok(read > 0)
}

fn records(path: &Path, layout: Layout) -> Result<Box<dyn Records>, Fault> {
    let reader = open(path)?;
    Ok(match layout {
        Layout::Json => Box::new(json::Objects::of(reader)?),
        Layout::Separated(separator) => Box::new(separated::Rows::of(reader, separator)?),
    })
}

/// A table of files of records.
#[derive(Debug)]
pub(crate) struct RecordsTable {
    paths: Vec<PathBuf>,
    layout: Layout,
    schema: Arc<Schema>,
    cells: SchemaRef,
}

impl RecordsTable {
    pub(crate) fn new(paths: Vec<PathBuf>, layout: Layout, schema: Schema) -> Self {
        let fields =
            schema.columns.iter().map(|column| Field::new(&column.name, rows::arrow_type(column.ty), true));
        let cells = Arc::new(ArrowSchema::new(fields.collect::<Vec<_>>()));
        Self { paths, layout, schema: Arc::new(schema), cells }
    }
}

#[async_trait]
impl TableProvider for RecordsTable {
    fn schema(&self) -> SchemaRef {
        self.cells.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all: Vec<usize> = (0..self.schema.columns.len()).collect();
        let kept = projection.unwrap_or(&all);
        let schema =
            Arc::new(Schema::new(kept.iter().map(|place| self.schema.columns[*place].clone()).collect()));
        let cells = Arc::new(self.cells.project(kept)?);
        let files = self.paths.iter().map(|path| {
            let (path, layout) = (path.clone(), self.layout);
            let (schema, cells) = (schema.clone(), cells.clone());
            Arc::new(FileStream { path, layout, schema, cells }) as Arc<dyn PartitionStream>
        });
        StreamingTable::try_new(cells.clone(), files.collect())?.scan(state, None, filters, limit).await
    }
}

/// The records of one file.
#[derive(Debug)]
struct FileStream {
    path: PathBuf,
    layout: Layout,
    schema: Arc<Schema>,
    cells: SchemaRef,
}

impl PartitionStream for FileStream {
    fn schema(&self) -> &SchemaRef {
        &self.cells
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (path, layout) = (self.path.clone(), self.layout);
        let (schema, cells) = (self.schema.clone(), self.cells.clone());
        let mut source: Option<Box<dyn Records>> = None;
        let mut ended = false;
        let batches = std::iter::from_fn(move || {
            if ended {
                return None;
            }
            let batch = next_batch(&path, layout, &schema, &cells, &mut source);
            ended = !matches!(batch, Ok(Some(_)));
            batch.transpose()
        });
        Box::pin(RecordBatchStreamAdapter::new(self.cells.clone(), futures_util::stream::iter(batches)))
    }
}

fn next_batch(
    path: &Path,
    layout: Layout,
    schema: &Schema,
    cells: &SchemaRef,
    source: &mut Option<Box<dyn Records>>,
) -> Result<Option<RecordBatch>> {
    let source = match source {
        Some(source) => source,
        None => source.insert(records(path, layout).map_err(|fault| fault.at(path))?),
    };
    let mut columns = ColumnBuilders::new(schema);
    while columns.rows() < BATCH {
        if !source.next(&mut columns).map_err(|fault| fault.at(path))? {
            break;
        }
    }
    if columns.rows() == 0 {
        return Ok(None);
    }
    columns.finish(cells).map(Some)
}
