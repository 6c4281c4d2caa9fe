//! `--record`: the run put on record, as the declaration that control MG-5 reads.
//!
//! The file is one document of the project's own kind, so that it is read with the exports beside which it lies. Runs are
//! appended; what the file held stays as it was.

use std::io::Write;
use std::path::Path;

use azimuth_ids::fold;
use azimuth_policy::ConsequenceKind;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::outcome::{History, Impact, kinds_json};
use crate::command::output;
use crate::exit::{Exit, Failure};

/// The key of the declaration.
const KEY: &str = "azimuth:/declaration/impact-runs";
/// The kind of the document.
const KIND: &str = "document/1";

/// The declaration in a file as it is: none without a file, else one with a list of runs.
///
/// # Errors
/// If the file holds anything else: it would be lost.
pub(in crate::command) fn open(path: &Path) -> Result<Option<Value>, Failure> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let context = format!("cannot read `{}`", path.display());
            return Err(Failure::new(Exit::Input, anyhow::Error::new(error).context(context)));
        }
    };
    let held: Option<Value> = serde_json::from_str(&text).ok();
    held.filter(|held| held["azimuth"] == KIND && held["key"] == KEY && held["body"]["impactRuns"].is_array())
        .map(Some)
        .ok_or_else(|| {
            Failure::input(format_args!("`{}` holds something else than impact runs", path.display()))
                .hint("name a file of its own among the exports, such as `exports/impact-runs.json`")
        })
}

/// Writes the runs of an impact behind those that the file held.
pub(super) fn write(
    path: &Path,
    held: Option<Value>,
    impact: &Impact<'_>,
    now: Timestamp,
) -> Result<(), Failure> {
    append(path, held, runs(impact, now))
}

/// Writes runs behind those that the file held.
pub(in crate::command) fn append(path: &Path, held: Option<Value>, runs: Vec<Value>) -> Result<(), Failure> {
    let mut declaration =
        held.unwrap_or_else(|| json!({"azimuth": KIND, "key": KEY, "body": {"impactRuns": []}}));
    if let Some(all) = declaration["body"]["impactRuns"].as_array_mut() {
        all.extend(runs);
    }
    let text = serde_json::to_string_pretty(&declaration)
        .map_err(|error| Failure::new(Exit::Outside, anyhow::Error::new(error)))?;
    output::file(path, |mut file| {
        writeln!(file, "{text}")?;
        Ok(file)
    })
}

/// A run for each assignment that was tried: what it would assign, when it was tried, on which estate, and what of the
/// consequences is its own.
fn runs(impact: &Impact<'_>, now: Timestamp) -> Vec<Value> {
    let run = |assignment: &azimuth_policy::Assignment| {
        let own = |part: &super::outcome::Part| {
            let mut sum = super::outcome::Kinds::default();
            for (policy, kinds) in &part.by_policy {
                let is_own = impact
                    .labels
                    .get(*policy)
                    .is_some_and(|label| fold(&label.assignment_id) == fold(&assignment.id));
                if is_own {
                    sum.iter_mut().zip(kinds).for_each(|(sum, kind)| *sum += kind);
                }
            }
            Value::from(found(&kinds_json(&sum)))
        };
        let mut run = json!({
            "assignment": assignment.id,
            "definition": assignment.definition_id,
            "time": now.to_string(),
            "asOf": impact.as_of.to_string(),
            "resources": impact.present.looked_at,
            "found": own(&impact.present),
        });
        if let History::Replayed(replayed) = &impact.history {
            run["writes"] = replayed.writes.into();
            run["foundInHistory"] = own(&replayed.part);
        }
        run
    };
    impact.assignments.iter().map(run).collect()
}

/// The kinds of consequences that there are, with how many.
fn found(kinds: &Value) -> Map<String, Value> {
    let known = ConsequenceKind::ALL.iter().map(|kind| kind.name());
    known.filter(|name| kinds[*name] != 0).map(|name| (name.to_owned(), kinds[name].clone())).collect()
}
