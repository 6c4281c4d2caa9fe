//! What a query may use, and how it is told that it used too much.

use std::time::Duration;

/// The limits of a query. The defaults of rows, bytes and time are the service's own ("Query limits" in the documentation of
/// Kusto).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Rows of all results together
    pub rows: u64,
    /// Bytes of all results together, as arrays
    pub bytes: u64,
    /// Bytes that operators may hold at a time
    pub memory: usize,
    /// Time from the start of the query to the last row
    pub time: Duration,
    /// Rows that one operator of the row engine may be given or make
    pub row_engine: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rows: 500_000,
            bytes: 64 << 20,
            memory: 4 << 30,
            time: Duration::from_secs(240),
            row_engine: 10_000_000,
        }
    }
}
