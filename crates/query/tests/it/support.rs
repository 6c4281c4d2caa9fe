//! What the tests share.

use std::path::PathBuf;

use azimuth_query::{Config, Engine, QueryError};
use azimuth_rows::Table;

/// A moment for queries that read the clock: 2022-09-29.
pub(crate) const NOW: i64 = 638_000_000_000_000_000;

/// A folder of the shared data; `None`, and a loud line, if it is not there.
///
/// # Panics
/// In CI, where the data has to be there.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("AZIMUTH_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
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
