//! What the tests share.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use azimuth_query::{Config, Engine, QueryError};
use azimuth_rows::Table;
use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::file::properties::WriterProperties;

/// A moment for queries that read the clock: 2022-09-29.
pub(crate) const NOW: i64 = 638_000_000_000_000_000;

/// A folder of the shared data; `None`, and a loud line, if it is not there.
///
/// # Panics
/// In CI, where the data has to be there.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("AZIMUTH_SHARED").map_or_else(
        || {
            PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets it"))
                .join("../../../shared")
        },
        PathBuf::from,
    );
    let found = root.join(path);
    if found.exists() {
        return Some(found);
    }
    assert!(std::env::var_os("CI").is_none(), "{path} of the shared data is missing");
    eprintln!("SKIPPED: there is no {path} of the shared data; set AZIMUTH_SHARED");
    None
}

/// Runs on a thread with a large stack: the builds of tests do not save on frames.
pub(crate) fn deep<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(work);
    thread.unwrap().join().unwrap()
}

/// A runtime of one thread.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

/// An engine without tables.
pub(crate) fn engine() -> Engine {
    Engine::new(Config::default()).unwrap()
}

/// The last result of a query.
pub(crate) async fn last(engine: &Engine, text: &str) -> Result<Table, QueryError> {
    let mut result = engine.query(text, NOW).await?;
    let mut last = Table::default();
    for set in result.results.drain(..) {
        last = set.table().await?;
    }
    Ok(last)
}

/// A Parquet file of the rows, in row groups of so many; where it lies.
pub(crate) fn parquet(name: &str, rows: &RecordBatch, group: usize) -> String {
    // Tests run side by side, and must not write what another reads.
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("parquet").join(number);
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group)).build();
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = ArrowWriter::try_new(file, rows.schema(), Some(properties)).unwrap();
    writer.write(rows).unwrap();
    writer.close().unwrap();
    path.to_str().unwrap().to_owned()
}

/// A file of rows in the order of `At` (a second each) and `N` (from 0), with a `Word` of ten.
pub(crate) fn sorted_file(name: &str, rows: i64, group: usize) -> String {
    let at =
        TimestampMicrosecondArray::from_iter_values((0..rows).map(|row| (1_600_000_000 + row) * 1_000_000));
    let number = Int64Array::from_iter_values(0..rows);
    let word = StringArray::from_iter_values((0..rows).map(|row| format!("word{}", row % 10)));
    let columns: [(&str, ArrayRef); 3] =
        [("At", Arc::new(at)), ("N", Arc::new(number)), ("Word", Arc::new(word))];
    parquet(name, &RecordBatch::try_from_iter(columns).unwrap(), group)
}
