//! Why a query has no result.

use std::fmt;

use azimuth_diag::Diagnostic;
use azimuth_rows::Failure;
use datafusion::error::DataFusionError;

use crate::limits::Limits;

/// Why a query has no result, or ended before all of it was given.
#[derive(Debug)]
pub enum QueryError {
    /// What is wrong with its text
    Invalid(Vec<Diagnostic>),
    /// A function refused, or something is not supported
    Failed(Failure),
    /// More rows in the result than the limit
    TooManyRows(u64),
    /// More bytes in the result than the limit
    TooManyBytes(u64),
    /// More memory needed than the limit
    OutOfMemory(usize),
    /// Longer than the limit
    TimedOut(std::time::Duration),
    /// Files or the engine below
    Engine(DataFusionError),
}

impl QueryError {
    pub(crate) fn from_engine(error: DataFusionError, limits: &Limits) -> Self {
        match error.find_root() {
            DataFusionError::External(inner) => {
                if let Some(failure) = inner.downcast_ref::<Failure>() {
                    return Self::Failed(failure.clone());
                }
            }
            DataFusionError::ResourcesExhausted(_) => return Self::OutOfMemory(limits.memory),
            _ => {}
        }
        Self::Engine(error)
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(found) => match found.first() {
                Some(first) => write!(out, "{}", first.message),
                None => out.write_str("the query is not valid"),
            },
            Self::Failed(failure) => failure.fmt(out),
            Self::TooManyRows(limit) => {
                write!(out, "the result has more than {limit} rows; end the query with `take`, or aggregate")
            }
            Self::TooManyBytes(limit) => write!(
                out,
                "the result has more than {} MB; keep fewer columns with `project`, or aggregate",
                limit >> 20
            ),
            Self::OutOfMemory(limit) => write!(
                out,
                "the query needs more than {} MB of memory at a time; filter earlier, or aggregate by fewer groups",
                limit >> 20
            ),
            Self::TimedOut(limit) => {
                write!(out, "the query took longer than {} s; filter by time first", limit.as_secs())
            }
            Self::Engine(error) => write!(out, "{}", error.strip_backtrace()),
        }
    }
}

impl std::error::Error for QueryError {}

impl From<Failure> for QueryError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}
