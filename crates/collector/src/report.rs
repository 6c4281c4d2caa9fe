//! What a collection tells while it runs and when it ends.

use std::collections::BTreeMap;
use std::time::Duration;

/// Where a collection stands. `planned` grows while subjects are found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Calls that are over, well or not, those of earlier runs included.
    pub done: u64,
    /// Calls known so far.
    pub planned: u64,
    /// The name of the call that an answer came for last.
    pub area: String,
    /// Requests sent by this run.
    pub requests: u64,
    /// Time spent waiting because a service said so, added up over all requests.
    pub throttled_wait: Duration,
    /// Bytes received by this run, decompressed.
    pub bytes: u64,
}

/// A right that calls lacked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MissingRight {
    /// The Azure role or Graph application permission that would give it.
    pub right: String,
    /// The scope to give it at; `/` for Graph.
    pub scope: String,
    /// The licence that may be lacking instead.
    pub licence: Option<String>,
    /// The calls concerned, by name, with the number of refusals.
    pub calls: BTreeMap<String, u64>,
    /// The code and message of the first refusal.
    pub said: String,
}

/// A call that failed for another reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The call and its subject.
    pub call: String,
    /// What went wrong.
    pub message: String,
}

/// The outcome of a collection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Whether the collection was stopped before its end; the folder can be resumed.
    pub stopped: bool,
    /// Calls known.
    pub planned: u64,
    /// Calls answered to the end, those of earlier runs included.
    pub complete: u64,
    /// Of these, answered by an earlier run.
    pub resumed: u64,
    /// Calls refused or failed.
    pub failed: u64,
    /// Lines written by this run.
    pub lines: u64,
    /// Bytes written by this run.
    pub bytes_written: u64,
    /// Requests sent by this run.
    pub requests: u64,
    /// Requests that had to be repeated.
    pub retries: u64,
    /// Answers that said: slower.
    pub throttled: u64,
    /// Time waited for that reason, added up over all requests.
    pub throttled_wait: Duration,
    /// Bytes received, decompressed.
    pub bytes: u64,
    /// The rights that would have let refused calls succeed.
    pub missing_rights: Vec<MissingRight>,
    /// Other failures, at most [`MAX_PROBLEMS`].
    pub problems: Vec<Problem>,
}

/// Only so many problems are listed; `failed` counts all.
pub const MAX_PROBLEMS: usize = 100;
