//! Telemetry as a trait: tables of what happened, appended to and asked in KQL.
//!
//! Values travel as JSON in the spelling of Kusto's REST answers: a `datetime` is `2024-01-02T03:04:05.0000000Z`, a
//! `timespan` `1.02:03:04.5000000`, `guid` and `decimal` are texts, numbers that JSON cannot spell are `NaN`, `Infinity` and
//! `-Infinity`, and a `dynamic` is the JSON it holds.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use azimuth_diag::Diagnostic;
use futures_util::Stream;
use jiff::Timestamp;
use serde_json::{Map, Value};
use thiserror::Error;

/// Something that is being worked on.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A record to append: values by the name of their column.
pub type Record = Map<String, Value>;

/// A row of an answer: one value for each column.
pub type Cells = Vec<Value>;

/// The scalar types of Kusto.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `long`
    Long,
    /// `real`
    Real,
    /// `decimal`
    Decimal,
    /// `datetime`
    Datetime,
    /// `timespan`
    Timespan,
    /// `guid`
    Guid,
    /// `string`
    String,
    /// `dynamic`
    Dynamic,
}

impl ColumnType {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Bool,
        Self::Int,
        Self::Long,
        Self::Real,
        Self::Decimal,
        Self::Datetime,
        Self::Timespan,
        Self::Guid,
        Self::String,
        Self::Dynamic,
    ];

    /// Kusto's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Long => "long",
            Self::Real => "real",
            Self::Decimal => "decimal",
            Self::Datetime => "datetime",
            Self::Timespan => "timespan",
            Self::Guid => "guid",
            Self::String => "string",
            Self::Dynamic => "dynamic",
        }
    }

    /// The type of a name as Kusto and data collection rules write it, in any letter case.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase();
        let name = match name.as_str() {
            "boolean" => "bool",
            "double" => "real",
            "date" => "datetime",
            "time" => "timespan",
            "uuid" | "uniqueid" => "guid",
            "object" => "dynamic",
            name => name,
        };
        Self::ALL.into_iter().find(|ty| ty.name() == name)
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name; letter case counts
    pub name: String,
    /// Its type
    pub ty: ColumnType,
}

impl Column {
    /// A column.
    pub fn new(name: impl Into<String>, ty: ColumnType) -> Self {
        Self { name: name.into(), ty }
    }
}

/// A table: its name and columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSchema {
    /// Its name; letter case counts
    pub name: String,
    /// Its columns, in their order
    pub columns: Vec<Column>,
}

/// What is written to or asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A database of Kusto; the empty name is the default one
    Database(String),
    /// A Log Analytics workspace, by its customer id or name
    Workspace(String),
    /// What is known of one Azure resource, by its id
    Resource(String),
    /// The estate as Azure Resource Graph sees it, cut down to what is named; all of it where nothing is
    Estate {
        /// Subscriptions, by their ids
        subscriptions: Vec<String>,
        /// Management groups, by their names
        management_groups: Vec<String>,
    },
}

/// Records for one table.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Whose table
    pub scope: Scope,
    /// The table
    pub table: String,
    /// The records
    pub records: Vec<Record>,
    /// KQL over `source` that makes the rows of the table from the records, as data collection rules have it
    pub transform: Option<String>,
    /// What tells a batch that is sent again from a new one: only the first of an identity is kept
    pub identity: Option<String>,
    /// When they came
    pub received: Timestamp,
}

/// The answer to a batch: it is on disk, and no crash loses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Rows appended
    pub rows: u64,
    /// Whether the batch had been appended before, so that nothing was done
    pub is_duplicate: bool,
}

/// Why a batch was not appended. Nothing of it was.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AppendError {
    /// There is no such table, and it is not one that comes into being by itself
    #[error("there is no table `{0}`")]
    NoSuchTable(String),
    /// There is no such workspace or database
    #[error("there is no `{0}`")]
    NoSuchScope(String),
    /// The records or the transformation are wrong; the text says what to do
    #[error("{0}")]
    Refused(String),
    /// Too much is under way
    #[error("too much is under way; try again in {} s", .retry_after.as_secs().max(1))]
    Busy {
        /// When it is worth trying again
        retry_after: Duration,
    },
    /// The disk is full, or the store failed otherwise
    #[error("{0}")]
    Unavailable(String),
}

/// Times of a question: rows with a `TimeGenerated` outside of it are not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first moment
    pub from: Timestamp,
    /// The moment after the last
    pub to: Timestamp,
}

/// A query and what comes with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The text, in KQL
    pub text: String,
    /// What is asked
    pub scope: Scope,
    /// Other workspaces whose tables are asked together with those of the scope
    pub further: Vec<Scope>,
    /// Times, where the question is limited beside its text
    pub window: Option<Window>,
    /// Values of declared parameters, as literals of KQL
    pub parameters: Vec<(String, String)>,
    /// Request options such as `truncationmaxrecords`
    pub options: Vec<(String, Value)>,
    /// How long it may take
    pub timeout: Duration,
    /// The moment of `now()`
    pub now: Timestamp,
}

/// Counts of a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Rows read from tables; 0 where nobody counted
    pub rows_read: u64,
    /// Rows given so far
    pub rows: u64,
    /// Bytes given so far
    pub bytes: u64,
}

/// Rows as they come, some at a time; dropping the stream ends the query.
pub type Pages = Pin<Box<dyn Stream<Item = Result<Vec<Cells>, AskError>> + Send>>;

/// One result of a query.
pub struct AnswerTable {
    /// The name that the query gave it, if it did
    pub name: Option<String>,
    /// Its columns
    pub columns: Vec<Column>,
    /// How it asks to be drawn: properties by Kusto's names (`Visualization`, `Title` …)
    pub render: Option<Map<String, Value>>,
    /// Its rows
    pub pages: Pages,
}

/// What a query answers with: its results, to be read one after the other.
pub struct Answer {
    /// The results, in the order of the query
    pub tables: Vec<AnswerTable>,
    /// What was counted so far
    pub statistics: Box<dyn Fn() -> Statistics + Send + Sync>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns: Vec<_> = self.tables.iter().map(|table| &table.columns).collect();
        out.debug_struct("Answer").field("columns", &columns).finish_non_exhaustive()
    }
}

/// Why a query has no answer, or ended before all of it was given.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AskError {
    /// What is wrong with its text
    #[error("{}", .0.first().map_or("the query is not valid", |first| &first.message))]
    Invalid(Vec<Diagnostic>),
    /// There is no such workspace or database
    #[error("there is no `{0}`")]
    NoSuchScope(String),
    /// A limit of queries ended it, in the service's own words
    #[error("{message}")]
    Limit {
        /// The name of the error, as `E_RUNAWAY_QUERY`
        code: String,
        /// The number of the error
        number: u32,
        /// The sentence
        message: String,
    },
    /// It took longer than it may
    #[error("the query took longer than {} s; filter by time first", .0.as_secs_f64())]
    TimedOut(Duration),
    /// Too much is under way
    #[error("too many queries are under way; try again in {} s", .retry_after.as_secs().max(1))]
    Busy {
        /// When it is worth trying again
        retry_after: Duration,
    },
    /// A request option or parameter that is not understood, or something that is not supported
    #[error("{0}")]
    Refused(String),
    /// A file or the engine failed
    #[error("{0}")]
    Failed(String),
}

/// Tables of what happened.
///
/// An append is all or nothing, and answered when it is durable; rows are seen by every question asked after the answer.
pub trait Telemetry: Send + Sync {
    /// The databases by name, the default one first.
    fn databases(&self) -> Vec<String>;

    /// The tables of a scope, by name.
    ///
    /// # Errors
    /// [`AskError::NoSuchScope`].
    fn tables<'a>(&'a self, scope: &'a Scope) -> Pending<'a, Result<Vec<TableSchema>, AskError>>;

    /// Makes a table, or adds the columns that it lacks.
    ///
    /// # Errors
    /// [`AppendError::Refused`] when a column is there with another type.
    fn create<'a>(&'a self, scope: &'a Scope, table: TableSchema) -> Pending<'a, Result<(), AppendError>>;

    /// Appends a batch.
    ///
    /// # Errors
    /// [`AppendError`]; then nothing of the batch was appended.
    fn append(&self, batch: Batch) -> Pending<'_, Result<Receipt, AppendError>>;

    /// Asks a question.
    ///
    /// # Errors
    /// [`AskError`]; pages may end with one, too.
    fn ask(&self, question: Question) -> Pending<'_, Result<Answer, AskError>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_they_are_written() {
        for ty in ColumnType::ALL {
            assert_eq!(ColumnType::from_name(ty.name()), Some(ty));
        }
        assert_eq!(ColumnType::from_name("Boolean"), Some(ColumnType::Bool));
        assert_eq!(ColumnType::from_name("number"), None);
    }

    #[test]
    fn busy_is_never_told_to_try_again_at_once() {
        let busy = AppendError::Busy { retry_after: Duration::ZERO };
        assert_eq!(busy.to_string(), "too much is under way; try again in 1 s");
    }
}
