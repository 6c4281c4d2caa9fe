//! `azimuth changes`: the change feed of a store, or the history of one document.

use azimuth_host::{Change, ChangeKind};
use azimuth_ids::DocumentKey;
use serde_json::{Value, json};

use super::output;
use crate::args::{ChangesArgs, ListFormat};
use crate::exit::{Exit, Failure};
use crate::source::Source;

pub(crate) fn run(args: &ChangesArgs) -> Result<Exit, Failure> {
    let source = Source::open(&args.store, true)?;
    let store = source.documents();
    let changes = match &args.of {
        Some(text) => {
            let key = DocumentKey::parse(text)
                .map_err(|error| Failure::usage(error).hint("write a resource id, or `graph:/users/{id}`"))?;
            let mut changes = store.history(&key, args.limit)?;
            changes.retain(|change| change.sequence > args.after);
            if changes.is_empty() {
                return Err(Failure::input(format_args!("`{key}` has no history in this store")));
            }
            changes
        }
        None => store.changes(args.after, args.limit)?,
    };
    let newest = store.last_sequence()?;
    output::to(None, |out| match args.output {
        ListFormat::Json => output::json(out, &changes.iter().map(to_json).collect::<Vec<_>>()),
        ListFormat::Table => {
            let rows: Vec<Vec<String>> = changes
                .iter()
                .map(|change| {
                    let kind = match change.kind {
                        ChangeKind::Created => "created",
                        ChangeKind::Updated => "updated",
                        ChangeKind::Deleted => "deleted",
                    };
                    vec![
                        change.sequence.to_string(),
                        change.time.to_string(),
                        change.actor.clone(),
                        kind.to_owned(),
                        change.key.to_string(),
                    ]
                })
                .collect();
            output::table(out, &["SEQUENCE", "TIME", "ACTOR", "CHANGE", "DOCUMENT"], &rows)?;
            match (changes.last(), newest) {
                (Some(last), newest) if args.of.is_none() && last.sequence < newest => {
                    writeln!(out, "… {} more: --after {}", newest - last.sequence, last.sequence)
                }
                _ => Ok(()),
            }
        }
    })?;
    Ok(Exit::Done)
}

fn to_json(change: &Change) -> Value {
    let body = |text: &Option<std::sync::Arc<str>>| {
        text.as_ref().map_or(Value::Null, |text| serde_json::from_str(text).unwrap_or(Value::Null))
    };
    json!({
        "sequence": change.sequence, "time": change.time, "actor": change.actor, "kind": change.kind,
        "key": change.key.as_str(), "before": body(&change.before), "after": body(&change.after),
    })
}
