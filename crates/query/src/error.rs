//! Why a query has no result.

use std::fmt;

use azimuth_diag::Diagnostic;
use azimuth_rows::Failure;
use datafusion::error::DataFusionError;

use crate::limits::Limits;
use crate::records::BadRecord;
use crate::task::BadTask;

/// Why a query has no result, or ended before all of it was given.
#[derive(Debug)]
pub enum QueryError {
    /// What is wrong with its text
    Invalid(Vec<Diagnostic>),
    /// A request option (`set …`) that is not understood
    Option {
        /// The option
        name: String,
        /// What is wrong with it
        why: String,
    },
    /// A task that cannot be the same query here
    Task(BadTask),
    /// A function refused, or something is not supported
    Failed(Failure),
    /// More rows in the result than the limit
    TooManyRows(u64),
    /// More bytes in the result than the limit
    TooManyBytes(u64),
    /// More memory needed than the limit
    OutOfMemory(OverBudget),
    /// Longer than the limit
    TimedOut(std::time::Duration),
    /// Whoever asked does not want the answer any more
    Cancelled,
    /// A record of a file that cannot be read
    Record(BadRecord),
    /// Files or the engine below
    Engine(DataFusionError),
}

/// An operator that needs more memory than a query may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverBudget {
    /// The operator, in the service's words: `HashJoin`, `Sort`, `Summarize` …
    pub operator: String,
    /// The limit of the query, bytes
    pub limit: usize,
}

/// A failure in the service's own words, for those who speak its protocol ("Errors in native code", "Query limits",
/// "Runaway queries" in the documentation of Kusto).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceError {
    /// The name of the error, as `E_RUNAWAY_QUERY`
    pub code: &'static str,
    /// The number of the error, as `0x80DA0001`
    pub number: u32,
    /// The sentence
    pub message: String,
}

impl QueryError {
    /// What an error of the engine below means.
    pub(crate) fn from_engine(error: DataFusionError, limits: &Limits) -> Self {
        match error.find_root() {
            DataFusionError::External(inner) => {
                if let Some(failure) = inner.downcast_ref::<Failure>() {
                    return Self::Failed(failure.clone());
                }
                if let Some(record) = inner.downcast_ref::<BadRecord>() {
                    return Self::Record(record.clone());
                }
            }
            DataFusionError::ResourcesExhausted(message) => {
                let operator = operator_of(message).to_owned();
                return Self::OutOfMemory(OverBudget { operator, limit: limits.memory });
            }
            _ => {}
        }
        Self::Engine(error)
    }

    /// The failure in the service's words, where it has any: the limits of queries, and the end of a query from outside.
    pub fn service(&self) -> Option<ServiceError> {
        let (code, number, message) = match self {
            Self::TooManyRows(limit) => (
                "E_QUERY_RESULT_SET_TOO_LARGE",
                0x80DA_0003,
                format!(
                    "Query result set has exceeded the internal record count limit {limit} (E_QUERY_RESULT_SET_TOO_LARGE)."
                ),
            ),
            Self::TooManyBytes(limit) => (
                "E_QUERY_RESULT_SET_TOO_LARGE",
                0x80DA_0003,
                format!(
                    "Query result set has exceeded the internal data size limit {limit} (E_QUERY_RESULT_SET_TOO_LARGE)."
                ),
            ),
            Self::OutOfMemory(OverBudget { operator, .. }) => (
                "E_RUNAWAY_QUERY",
                0x80DA_0001,
                format!(
                    "The {operator} operator has exceeded the memory budget during evaluation. Results may be incorrect or incomplete (E_RUNAWAY_QUERY)."
                ),
            ),
            Self::Failed(Failure::TooManyRows(_) | Failure::TooManyCells(_)) => (
                "E_RUNAWAY_QUERY",
                0x80DA_0001,
                format!("Runaway query (E_RUNAWAY_QUERY). (message: '{self}')"),
            ),
            Self::TimedOut(_) => (
                "E_QUERY_CANCELLED",
                0x80DA_0006,
                "Query execution has resulted in error (0x80DA0006): Query is expired.".to_owned(),
            ),
            Self::Cancelled => (
                "E_QUERY_CANCELLED",
                0x80DA_0006,
                "Query execution has resulted in error (0x80DA0006): Query was cancelled.".to_owned(),
            ),
            Self::Invalid(_)
            | Self::Option { .. }
            | Self::Task(_)
            | Self::Failed(_)
            | Self::Record(_)
            | Self::Engine(_) => {
                return None;
            }
        };
        Some(ServiceError { code, number, message })
    }
}

/// The operator that a message of the memory pool is about, as the service calls its own.
fn operator_of(message: &str) -> &'static str {
    [
        ("HashJoin", "HashJoin"),
        ("NestedLoopJoin", "CrossJoin"),
        ("CrossJoin", "CrossJoin"),
        ("ExternalSorter", "Sort"),
        ("TopK", "TopK"),
        ("Aggregate", "Summarize"),
        ("Repartition", "Shuffle"),
        ("rows", "Rows"),
    ]
    .into_iter()
    .find(|(word, _)| message.contains(word))
    .map_or("Query", |(_, operator)| operator)
}

impl fmt::Display for QueryError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(found) => match found.first() {
                Some(first) => write!(out, "{}", first.message),
                None => out.write_str("the query is not valid"),
            },
            Self::Option { name, why } => write!(out, "the request option `{name}`: {why}"),
            Self::Task(bad) => bad.fmt(out),
            Self::Failed(failure) => failure.fmt(out),
            Self::TooManyRows(limit) => write!(
                out,
                "the result has more than {limit} rows (E_QUERY_RESULT_SET_TOO_LARGE); end the query with `take`, or aggregate"
            ),
            Self::TooManyBytes(limit) => write!(
                out,
                "the result has more than {limit} bytes (E_QUERY_RESULT_SET_TOO_LARGE); keep fewer columns with `project`, or aggregate"
            ),
            Self::OutOfMemory(OverBudget { operator, limit }) => write!(
                out,
                "the query needs more than {} MB of memory at a time, in its {operator} operator (E_RUNAWAY_QUERY); filter earlier, or aggregate by fewer groups",
                limit >> 20
            ),
            Self::TimedOut(limit) => {
                write!(out, "the query took longer than {} s; filter by time first", limit.as_secs_f64())
            }
            Self::Cancelled => out.write_str("the query was cancelled"),
            Self::Record(record) => record.fmt(out),
            Self::Engine(error) => write!(out, "{}", error.strip_backtrace()),
        }
    }
}

impl std::error::Error for QueryError {}

impl From<BadTask> for QueryError {
    fn from(bad: BadTask) -> Self {
        Self::Task(bad)
    }
}

impl From<Failure> for QueryError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Without the limits of a query: files that are made a table.
impl From<DataFusionError> for QueryError {
    fn from(error: DataFusionError) -> Self {
        Self::from_engine(error, &Limits::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_in_the_words_of_the_service() {
        let rows = QueryError::TooManyRows(500_000).service().unwrap();
        assert_eq!((rows.code, rows.number), ("E_QUERY_RESULT_SET_TOO_LARGE", 0x80DA_0003));
        assert!(
            rows.message.starts_with("Query result set has exceeded the internal record count limit 500000")
        );
        let memory = QueryError::OutOfMemory(OverBudget { operator: "HashJoin".to_owned(), limit: 1 });
        assert_eq!(memory.service().unwrap().number, 0x80DA_0001);
        assert!(QueryError::Invalid(Vec::new()).service().is_none());
    }
}
