//! The log of a Delta table: what files it has, and commits to it.
//!
//! A commit is a file of JSON that must not be there yet; whoever puts it first has that version. Every tenth version is
//! written whole, as a checkpoint. Decision 0005 says why this is ours.

pub(crate) mod action;
mod checkpoint;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::error::LakeError;
use crate::files::Files;
use crate::schema::{DAY, TableSchema};
use action::{Action, Add, Format, Metadata, Protocol, Remove, Txn};

/// Under what name the sequence of the log stands in the tables.
pub(crate) const APP: &str = "azimuth-lake";
/// Versions between checkpoints.
const CHECKPOINT_EVERY: i64 = 10;
/// How often a commit makes way for another one's.
const MAX_ATTEMPTS: usize = 20;

/// A table at a version.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// Its folder
    pub(crate) folder: String,
    /// −1 before the first commit
    pub(crate) version: i64,
    pub(crate) files: BTreeMap<String, Arc<Add>>,
    /// Files that are gone, and when
    pub(crate) removed: BTreeMap<String, Arc<Remove>>,
    pub(crate) metadata: Option<Metadata>,
    protocol: Option<Protocol>,
    txns: BTreeMap<String, Txn>,
}

/// Numbers of a commit's own.
pub(crate) struct Stamp {
    /// Milliseconds since 1970
    pub(crate) at: i64,
    /// What tells this commit from all others
    pub(crate) id: String,
    /// What was done, as `WRITE`
    pub(crate) operation: &'static str,
}

impl Table {
    /// A table without a log.
    pub(crate) fn new(folder: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            version: -1,
            files: BTreeMap::new(),
            removed: BTreeMap::new(),
            metadata: None,
            protocol: None,
            txns: BTreeMap::new(),
        }
    }

    fn name(&self) -> &str {
        self.folder.rsplit('/').next().unwrap_or(&self.folder)
    }

    fn bad(&self, why: impl Into<String>) -> LakeError {
        LakeError::delta(self.name(), why)
    }

    /// Reads the last version of a table: the last checkpoint, and the commits behind it.
    pub(crate) async fn open(files: &Files, folder: &str) -> Result<Self, LakeError> {
        let mut table = Self::new(folder);
        let (mut commits, mut checkpoint) = (BTreeMap::new(), None);
        for file in files.list(&format!("{folder}/_delta_log")).await? {
            let path = file.location.to_string();
            let Some((version, ending)) = path.rsplit('/').next().and_then(|name| name.split_once('.'))
            else {
                continue;
            };
            let Ok(version) = version.parse::<i64>() else { continue };
            match ending {
                "json" => drop(commits.insert(version, path)),
                "checkpoint.parquet" => checkpoint = checkpoint.max(Some((version, path))),
                _ => {}
            }
        }
        let mut next = 0;
        if let Some((version, path)) = checkpoint {
            let bytes = files.read(&path).await?.ok_or_else(|| table.bad("a checkpoint is missing"))?;
            for action in checkpoint::read(bytes).map_err(|why| table.bad(why))? {
                table.apply(action);
            }
            table.version = version;
            next = version + 1;
        }
        for (version, path) in commits.range(next..) {
            if *version != table.version + 1 {
                return Err(table.bad(format!("the commit of version {} is missing", table.version + 1)));
            }
            let bytes = files.read(path).await?.ok_or_else(|| table.bad("a commit is missing"))?;
            table.apply_commit(&bytes)?;
        }
        if let Some(protocol) = &table.protocol
            && (protocol.min_reader_version > 1 || protocol.min_writer_version > 2)
        {
            return Err(table.bad("another writer has given it features that the lake does not write"));
        }
        Ok(table)
    }

    fn apply_commit(&mut self, bytes: &[u8]) -> Result<(), LakeError> {
        for line in
            bytes.split(|byte| *byte == b'\n').filter(|line| !line.iter().all(u8::is_ascii_whitespace))
        {
            let action = serde_json::from_slice(line);
            let action = action.map_err(|error| {
                self.bad(format!("the commit of version {} is not JSON ({error})", self.version + 1))
            })?;
            self.apply(action);
        }
        self.version += 1;
        Ok(())
    }

    fn apply(&mut self, action: Action) {
        if let Some(add) = action.add {
            self.removed.remove(&add.path);
            self.files.insert(add.path.clone(), Arc::new(add));
        }
        if let Some(remove) = action.remove {
            self.files.remove(&remove.path);
            self.removed.insert(remove.path.clone(), Arc::new(remove));
        }
        if let Some(txn) = action.txn {
            self.txns.insert(txn.app_id.clone(), txn);
        }
        self.metadata = action.meta_data.or(self.metadata.take());
        self.protocol = action.protocol.or(self.protocol.take());
    }

    /// The sequence of the log up to which all rows are in files.
    pub(crate) fn flushed(&self) -> u64 {
        self.txns.get(APP).map_or(0, |txn| u64::try_from(txn.version).unwrap_or_default())
    }

    /// The columns of the table; `None` before the first commit.
    pub(crate) fn schema(&self) -> Result<Option<TableSchema>, LakeError> {
        let Some(metadata) = &self.metadata else { return Ok(None) };
        let schema = TableSchema::of_delta(self.name(), &metadata.schema_string);
        schema.map(Some).ok_or_else(|| self.bad("it has columns that the lake did not write"))
    }

    /// The entries that bring the log to a schema, if it has another.
    pub(crate) fn schema_actions(&self, schema: &TableSchema, stamp: &Stamp) -> Vec<Action> {
        let schema_string = schema.to_delta();
        if self.metadata.as_ref().is_some_and(|known| known.schema_string == schema_string) {
            return Vec::new();
        }
        let metadata = match &self.metadata {
            Some(known) => Metadata { schema_string, ..known.clone() },
            None => Metadata {
                id: stamp.id.clone(),
                name: Some(schema.table.clone()),
                format: Format { provider: "parquet".to_owned(), options: BTreeMap::new() },
                schema_string,
                partition_columns: vec![DAY.to_owned()],
                configuration: BTreeMap::new(),
                created_time: Some(stamp.at),
            },
        };
        let mut actions = vec![Action { meta_data: Some(metadata), ..Action::default() }];
        if self.protocol.is_none() {
            let protocol = Protocol { min_reader_version: 1, min_writer_version: 2 };
            actions.insert(0, Action { protocol: Some(protocol), ..Action::default() });
        }
        actions
    }

    /// The entry that tells how far files have the log.
    pub(crate) fn sequence_action(sequence: u64, at: i64) -> Action {
        let version = i64::try_from(sequence).unwrap_or(i64::MAX);
        let txn = Txn { app_id: APP.to_owned(), version, last_updated: Some(at) };
        Action { txn: Some(txn), ..Action::default() }
    }

    /// Commits entries as the next version, and returns the table as it is then. A version that another writer took is read,
    /// and the next one tried; a commit that was thought to have failed is found by its id.
    pub(crate) async fn commit(
        &self,
        files: &Files,
        actions: Vec<Action>,
        stamp: &Stamp,
    ) -> Result<Self, LakeError> {
        let mut table = self.clone();
        let info = json!({"timestamp": stamp.at, "operation": stamp.operation, "operationParameters": {},
                          "engineInfo": concat!("azimuth/", env!("CARGO_PKG_VERSION")), "txnId": stamp.id});
        let mut lines = serde_json::to_vec(&json!({ "commitInfo": info })).expect("a tree of JSON is JSON");
        lines.push(b'\n');
        for action in &actions {
            lines.extend(serde_json::to_vec(action).expect("texts and numbers are JSON"));
            lines.push(b'\n');
        }
        let lines = Bytes::from(lines);
        for _ in 0..MAX_ATTEMPTS {
            let path = format!("{}/_delta_log/{:020}.json", table.folder, table.version + 1);
            let failure = match files.create(&path, lines.clone()).await {
                Ok(()) => {
                    table.apply_commit(&lines)?;
                    table.checkpoint_now_and_then(files).await;
                    return Ok(table);
                }
                Err(failure) => failure,
            };
            // It may be there all the same, ours or another one's.
            let Some(found) = files.read(&path).await? else { return Err(failure) };
            let is_ours = is_of(&found, &stamp.id);
            if !is_ours && !matches!(failure, LakeError::Store(object_store::Error::AlreadyExists { .. })) {
                return Err(failure);
            }
            table.apply_commit(&found)?;
            if is_ours {
                // It has to be on the disk before anything relies on it.
                files.replace(&path, found).await?;
                return Ok(table);
            }
            let has_gone = |action: &Action| {
                action.remove.as_ref().is_some_and(|remove| !table.files.contains_key(&remove.path))
            };
            if actions.iter().any(has_gone) || table.flushed() > self.flushed() {
                return Err(table.bad("another writer changed what was to be changed"));
            }
        }
        Err(table.bad("other writers are always quicker"))
    }

    async fn checkpoint_now_and_then(&self, files: &Files) {
        if self.version > 0 && self.version % CHECKPOINT_EVERY == 0 {
            // Without it the table takes longer to open, and nothing else.
            drop(self.checkpoint(files).await);
        }
    }

    /// Writes the version whole.
    pub(crate) async fn checkpoint(&self, files: &Files) -> Result<(), LakeError> {
        let actions = self.actions();
        let bytes = checkpoint::write(&actions).map_err(|why| self.bad(why))?;
        let log = format!("{}/_delta_log", self.folder);
        files.replace(&format!("{log}/{:020}.checkpoint.parquet", self.version), bytes).await?;
        let last = json!({"version": self.version, "size": actions.len()}).to_string();
        files.replace(&format!("{log}/_last_checkpoint"), Bytes::from(last)).await
    }

    /// All entries that make the version.
    fn actions(&self) -> Vec<Action> {
        let one = Action::default;
        let mut actions = vec![
            Action { protocol: self.protocol.clone(), ..one() },
            Action { meta_data: self.metadata.clone(), ..one() },
        ];
        actions.extend(self.txns.values().map(|txn| Action { txn: Some(txn.clone()), ..one() }));
        actions.extend(self.files.values().map(|add| {
            let add = Add { data_change: false, ..Add::clone(add) };
            Action { add: Some(add), ..one() }
        }));
        actions.extend(
            self.removed.values().map(|remove| Action { remove: Some(Remove::clone(remove)), ..one() }),
        );
        actions
    }
}

/// Whether a commit bears an id.
fn is_of(commit: &[u8], id: &str) -> bool {
    let first = commit.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let info: Value = serde_json::from_slice(first).unwrap_or_default();
    info["commitInfo"]["txnId"] == id
}
