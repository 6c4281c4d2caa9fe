//! Queries as they travel to another process, and back into plans there.
//!
//! The text is the contract: a [`Task`] carries it with everything else that planning depends on, and a worker plans it again.
//! Planning is a function of these, so the plan is the same; the fingerprint of the plan, taken where the task was made, is
//! compared before anything runs. Why not the plan itself: [decision 0004](../../../../docs/decisions/0004-plans-travel-as-text.md).

mod literal;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::time::Duration;

use azimuth_kql::bound::{Rel, RelKind};
use azimuth_kql::types::{ScalarType, Schema};
use azimuth_rows::tree;
use azimuth_values::{Value, text};
use literal::Sent;
use serde::{Deserialize, Serialize};
use twox_hash::XxHash64;

use crate::engine::{Config, Engine, QueryResult, Settings};
use crate::error::QueryError;
use crate::explain::{Explanation, PlanNode};
use crate::guard::Cancellation;
use crate::limits::Limits;

/// The form of tasks that this version writes and reads.
const FORMAT: u32 = 1;

/// A query with everything that its plan depends on, but for the rows of its tables and the stored functions of the catalogue,
/// which workers read from the same place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// The form of the task
    format: u32,
    /// The query
    pub text: String,
    /// Its moment, in ticks of 100 ns since 0001-01-01
    pub now: i64,
    /// What chance begins with
    pub seed: u64,
    /// How many parts run at a time
    pub parallelism: usize,
    /// Limits before the options
    limits: TaskLimits,
    /// Request options, as `set` statements have them
    pub options: Vec<(String, serde_json::Value)>,
    /// The values of query parameters
    parameters: BTreeMap<String, Sent>,
    /// The tables that are read, with their columns
    pub tables: BTreeMap<String, Vec<(String, String)>>,
    /// What the plan looks like
    plan: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskLimits {
    rows: u64,
    bytes: u64,
    memory: usize,
    time_ms: u64,
    row_engine: u64,
}

/// Why a task is not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadTask {
    /// Bytes that are no task
    Format(String),
    /// A task of another version of this program
    Version(u32),
    /// A table that is not here
    NoTable(String),
    /// A table that has other columns here
    OtherColumns(String),
    /// The plan comes out differently here
    OtherPlan,
}

impl fmt::Display for BadTask {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format(why) => write!(out, "not a task: {why}"),
            Self::Version(version) => {
                write!(out, "a task of the form {version}, and {FORMAT} is read here; run the same version everywhere")
            }
            Self::NoTable(table) => write!(out, "the task reads the table `{table}`, which is not registered here"),
            Self::OtherColumns(table) => {
                write!(out, "the table `{table}` has other columns here than where the task was made")
            }
            Self::OtherPlan => out.write_str(
                "the plan of the task comes out differently here; run the same version everywhere, with the same functions",
            ),
        }
    }
}

impl std::error::Error for BadTask {}

impl Task {
    /// The task as bytes: JSON, the same for the same task.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a task has texts and numbers only")
    }

    /// The task that bytes are.
    ///
    /// # Errors
    /// [`BadTask::Format`] and [`BadTask::Version`].
    pub fn decode(bytes: &[u8]) -> Result<Self, BadTask> {
        let format = |error: serde_json::Error| BadTask::Format(error.to_string());
        // The version first: another one may have other members.
        let value: serde_json::Value = serde_json::from_slice(bytes).map_err(format)?;
        match value["format"].as_u64() {
            Some(version) if version == u64::from(FORMAT) => serde_json::from_value(value).map_err(format),
            Some(version) => Err(BadTask::Version(u32::try_from(version).unwrap_or(u32::MAX))),
            None => Err(BadTask::Format("it tells no form".to_owned())),
        }
    }
}

impl Engine {
    /// A query as a task for another engine with the same tables and functions.
    ///
    /// # Errors
    /// See [`QueryError`]: the query is planned once.
    pub async fn task(&self, text: &str, now: i64, settings: &Settings) -> Result<Task, QueryError> {
        let (explanation, rels) = self.outline(text, now, settings).await?;
        let mut names = HashSet::new();
        for rel in &rels {
            tree::walk_deep(rel, &mut HashSet::new(), &mut |rel: &Rel| {
                if let RelKind::Table(name) = &rel.kind {
                    names.insert(name.table.clone());
                }
            });
        }
        let tables = names.into_iter().filter_map(|name| {
            let columns = columns(self.table_schema(&name)?);
            Some((name, columns))
        });
        let Config { limits, parallelism, seed } = self.config();
        Ok(Task {
            format: FORMAT,
            text: text.to_owned(),
            now,
            seed,
            parallelism,
            limits: TaskLimits::of(&limits),
            options: settings.options.iter().map(|(name, value)| (name.clone(), json(value))).collect(),
            parameters: self
                .parameters()
                .iter()
                .chain(settings.parameters.iter().map(|(name, value)| (name, value)))
                .map(|(name, value)| (name.clone(), literal::send(value)))
                .collect(),
            tables: tables.collect(),
            plan: fingerprint(&explanation),
        })
    }

    /// Executes a task: what [`Engine::query_with`] would give where it was made. Memory and time stay within this engine's own
    /// limits.
    ///
    /// # Errors
    /// [`QueryError::Task`] if it cannot be the same query here; otherwise see [`QueryError`].
    pub async fn run_task(
        &self,
        task: &Task,
        cancellation: &Cancellation,
    ) -> Result<QueryResult, QueryError> {
        for (name, wanted) in &task.tables {
            let known = self.table_schema(name).ok_or_else(|| BadTask::NoTable(name.clone()))?;
            if columns(known) != *wanted {
                return Err(BadTask::OtherColumns(name.clone()).into());
            }
        }
        let own = self.config().limits;
        let limits = task.limits.limits();
        let limits =
            Limits { memory: limits.memory.min(own.memory), time: limits.time.min(own.time), ..limits };
        let mut worker = self.with_config(Config { limits, parallelism: task.parallelism, seed: task.seed });
        for (name, sent) in &task.parameters {
            let value = literal::receive(sent);
            let value =
                value.ok_or_else(|| BadTask::Format(format!("the value of the parameter `{name}`")))?;
            worker.set_parameter(name, value);
        }
        let options = task.options.iter().map(|(name, value)| (name.clone(), value_of(value)));
        let cancellation = cancellation.clone();
        let settings = Settings { options: options.collect(), cancellation, ..Settings::default() };
        let (explanation, result) = worker.query_explained(&task.text, task.now, &settings).await?;
        match fingerprint(&explanation) == task.plan {
            true => Ok(result),
            false => Err(BadTask::OtherPlan.into()),
        }
    }
}

fn columns(schema: &Schema) -> Vec<(String, String)> {
    schema
        .columns
        .iter()
        .map(|column| (column.name.clone(), ScalarType::name(column.ty).to_owned()))
        .collect()
}

impl TaskLimits {
    fn of(limits: &Limits) -> Self {
        Self {
            rows: limits.rows,
            bytes: limits.bytes,
            memory: limits.memory,
            time_ms: u64::try_from(limits.time.as_millis()).unwrap_or(u64::MAX),
            row_engine: limits.row_engine,
        }
    }

    fn limits(self) -> Limits {
        Limits {
            rows: self.rows,
            bytes: self.bytes,
            memory: self.memory,
            time: Duration::from_millis(self.time_ms),
            row_engine: self.row_engine,
        }
    }
}

/// The value of an option: of those that there are, texts mean what values mean.
fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Bool(truth) => (*truth).into(),
        Value::Int(number) => (*number).into(),
        Value::Long(number) => (*number).into(),
        other => text::to_string(other).into(),
    }
}

fn value_of(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Bool(truth) => Value::Bool(*truth),
        serde_json::Value::Number(number) => number.as_i64().map_or(Value::Null, Value::Long),
        serde_json::Value::String(text) => Value::string(text.as_str()),
        _ => Value::Null,
    }
}

/// A number of the shape of all plans: operators, where they come from, how they are nested.
fn fingerprint(explanation: &Explanation) -> u64 {
    fn write(node: &PlanNode, out: &mut String) {
        use fmt::Write;
        let _ = write!(out, "{}:{}:{:?}(", node.engine, node.operator, node.place);
        node.inputs.iter().for_each(|input| write(input, out));
        out.push(')');
    }
    let mut shape = String::new();
    for part in explanation.first.iter().chain(&explanation.results) {
        shape.push_str(part.name.as_deref().unwrap_or_default());
        write(&part.plan, &mut shape);
    }
    XxHash64::oneshot(0, shape.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_bytes_are_no_task() {
        assert!(matches!(Task::decode(b"select 1"), Err(BadTask::Format(_))));
        assert!(matches!(Task::decode(b"{}"), Err(BadTask::Format(_))));
        assert_eq!(Task::decode(b"{\"format\":2}"), Err(BadTask::Version(2)));
        assert!(matches!(Task::decode(b"{\"format\":1}"), Err(BadTask::Format(_))));
    }
}
