//! The entries of the log, as far as reading needs them; members that are not known are passed over, as the protocol asks.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

/// A line of a commit, or a row of a checkpoint: one of its members is there.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Action {
    pub(super) add: Option<Add>,
    pub(super) remove: Option<Remove>,
    pub(super) meta_data: Option<Metadata>,
    pub(super) protocol: Option<Protocol>,
    pub(super) commit_info: Option<CommitInfo>,
}

/// A file that is part of the table from here on.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Add {
    pub(super) path: String,
    #[serde(default)]
    pub(super) partition_values: Option<HashMap<String, Option<String>>>,
    pub(super) size: i64,
    /// JSON of its own
    #[serde(default)]
    pub(super) stats: Option<String>,
    #[serde(default)]
    pub(super) deletion_vector: Option<Value>,
}

/// A file that is no part of it any more.
#[derive(Debug, Deserialize)]
pub(super) struct Remove {
    pub(super) path: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) schema_string: String,
    #[serde(default)]
    pub(super) partition_columns: Vec<String>,
    #[serde(default)]
    pub(super) configuration: Option<HashMap<String, Option<String>>>,
    #[serde(default)]
    pub(super) format: Option<Format>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Format {
    #[serde(default)]
    pub(super) provider: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Protocol {
    pub(super) min_reader_version: i64,
    #[serde(default)]
    pub(super) reader_features: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CommitInfo {
    #[serde(default)]
    pub(super) in_commit_timestamp: Option<i64>,
}

/// What the log says of the values of a file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Stats {
    pub(super) num_records: Option<i64>,
    pub(super) min_values: HashMap<String, Value>,
    pub(super) max_values: HashMap<String, Value>,
    pub(super) null_count: HashMap<String, Value>,
}
