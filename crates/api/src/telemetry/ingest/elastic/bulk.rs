//! The lines of a bulk request: an action, then its document.

use std::collections::BTreeMap;

use azimuth_collect::fit::{column_name, moment};
use azimuth_host::Record;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::super::super::streams::is_table_name;

/// A line longer than this is refused by itself, not with the request.
const MAX_LINE: usize = 8 << 20;

/// What a request holds.
pub(super) struct Bulk {
    /// Every action, in its order
    pub(super) items: Vec<Item>,
    /// Documents by their table, with the places of their items
    pub(super) tables: BTreeMap<String, (Vec<Record>, Vec<usize>)>,
}

/// An action and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    action: &'static str,
    index: String,
    id: String,
    pub(super) outcome: Outcome,
}

/// What came of an action.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    Created,
    Refused { status: u16, kind: &'static str, reason: String },
}

impl Outcome {
    pub(super) fn refused(status: u16, kind: &'static str, reason: impl Into<String>) -> Self {
        Self::Refused { status, kind, reason: reason.into() }
    }
}

impl Item {
    pub(super) fn report(&self) -> Value {
        let mut body = json!({"_index": self.index, "_id": self.id});
        match &self.outcome {
            Outcome::Created => {
                body["_version"] = 1.into();
                body["result"] = "created".into();
                body["_shards"] = json!({"total": 1, "successful": 1, "failed": 0});
                body["status"] = 201.into();
            }
            Outcome::Refused { status, kind, reason } => {
                body["status"] = (*status).into();
                body["error"] = json!({"type": kind, "reason": reason});
            }
        }
        let mut item = Map::new();
        item.insert(self.action.to_owned(), body);
        Value::Object(item)
    }
}

/// Reads a request. A document that cannot be read is refused by itself; actions that cannot be told apart from documents
/// refuse the request.
pub(super) fn read(bytes: &[u8], index: Option<&str>, now: Timestamp, limit: usize) -> Result<Bulk, String> {
    if bytes.last() != Some(&b'\n') {
        return Err("the bulk request must be terminated by a newline [\\n]".to_owned());
    }
    let mut lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let mut bulk = Bulk { items: Vec::new(), tables: BTreeMap::new() };
    let mut number = 0;
    while let Some(line) = lines.next() {
        number += 1;
        if line.is_empty() {
            continue;
        }
        if bulk.items.len() >= limit {
            return Err(format!("more than {limit} actions in one request; send fewer at a time"));
        }
        let mut item =
            action(line, index).map_err(|why| format!("malformed action on line {number}: {why}"))?;
        if item.action == "delete" {
            item.outcome = Outcome::refused(400, "illegal_argument_exception", "documents are never deleted");
            bulk.items.push(item);
            continue;
        }
        number += 1;
        let document = lines.next().filter(|document| !document.is_empty());
        let document =
            document.ok_or_else(|| format!("line {number}: a document was expected, found nothing"))?;
        match row(&item, document, now) {
            Ok((table, row)) => {
                let (rows, places) = bulk.tables.entry(table).or_default();
                rows.push(row);
                places.push(bulk.items.len());
            }
            Err(outcome) => item.outcome = outcome,
        }
        bulk.items.push(item);
    }
    Ok(bulk)
}

fn action(line: &[u8], index: Option<&str>) -> Result<Item, String> {
    let line: Value = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let mut members = line.as_object().into_iter().flatten();
    let (Some((name, metadata)), None) = (members.next(), members.next()) else {
        return Err("expected an object with one action".to_owned());
    };
    let action = ["index", "create", "update", "delete"]
        .into_iter()
        .find(|known| known == name)
        .ok_or_else(|| format!("unknown action [{name}]; expected index, create, update or delete"))?;
    let text = |member: &str| metadata.get(member).and_then(Value::as_str);
    let index = text("_index").or(index).ok_or("the action names no index")?;
    let id = text("_id").unwrap_or_default().to_owned();
    Ok(Item { action, index: index.to_owned(), id, outcome: Outcome::Created })
}

/// The row of a document, and its table.
fn row(item: &Item, document: &[u8], now: Timestamp) -> Result<(String, Record), Outcome> {
    let unreadable = |reason: String| Outcome::refused(400, "document_parsing_exception", reason);
    if item.action == "update" {
        return Err(Outcome::refused(400, "illegal_argument_exception", "documents are never updated"));
    }
    if document.len() > MAX_LINE {
        return Err(unreadable(format!("the document has more than {MAX_LINE} bytes")));
    }
    let table = table(&item.index)
        .ok_or_else(|| Outcome::refused(400, "invalid_index_name_exception", "the index names no table"))?;
    let document: Value = serde_json::from_slice(document).map_err(|error| unreadable(error.to_string()))?;
    let Value::Object(document) = document else {
        return Err(unreadable("the document is no object".to_owned()));
    };
    let mut row = Record::new();
    let time = document.get("@timestamp").and_then(Value::as_str);
    let time = time.and_then(moment).unwrap_or(now);
    row.insert("TimeGenerated".to_owned(), time.to_string().into());
    if !item.id.is_empty() {
        row.insert("DocumentId".to_owned(), item.id.clone().into());
    }
    for (member, value) in document {
        if member != "@timestamp" && !value.is_null() {
            row.insert(column_name(&member).into_owned(), value);
        }
    }
    Ok((table, row))
}

/// The custom table of an index or data stream.
fn table(index: &str) -> Option<String> {
    let name = column_name(index);
    let name = name.trim_start_matches('_');
    is_table_name(name).then(|| if name.ends_with("_CL") { name.to_owned() } else { format!("{name}_CL") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reports(body: &str, index: Option<&str>) -> Vec<Value> {
        let bulk = read(body.as_bytes(), index, Timestamp::UNIX_EPOCH, 10).unwrap();
        bulk.items.iter().map(Item::report).collect()
    }

    #[test]
    fn documents_go_to_the_table_of_their_index() {
        let body = "{\"create\":{\"_index\":\"logs-app.x\",\"_id\":\"7\"}}\n{\"@timestamp\":\"2024-01-02T03:04:05Z\",\"log.level\":\"info\"}\n\
                    {\"index\":{}}\n{\"a\":1}\n";
        let bulk = read(body.as_bytes(), Some("Other"), Timestamp::UNIX_EPOCH, 10).unwrap();
        let row = &bulk.tables["logs_app_x_CL"].0[0];
        let wanted = json!({"TimeGenerated": "2024-01-02T03:04:05Z", "DocumentId": "7", "log_level": "info"});
        assert_eq!(Value::Object(row.clone()), wanted);
        assert_eq!(bulk.tables["Other_CL"].1, [1]);
        assert_eq!(bulk.items[0].report()["create"]["status"], 201);
    }

    #[test]
    fn a_bad_document_is_refused_by_itself() {
        let body = "{\"index\":{}}\nnonsense\n{\"index\":{}}\n{\"a\":1}\n{\"delete\":{\"_id\":\"1\"}}\n{\"update\":{\"_id\":\"1\"}}\n{}\n";
        let statuses: Vec<_> = reports(body, Some("t"))
            .iter()
            .map(|item| item.as_object().unwrap().values().next().unwrap()["status"].as_u64().unwrap())
            .collect();
        assert_eq!(statuses, [400, 201, 400, 400]);
    }

    #[test]
    fn actions_that_cannot_be_read_refuse_the_request() {
        for body in [
            "{\"index\":{}}\n{}",
            "{\"drop\":{}}\n{}\n",
            "{\"index\":{}}\n{}\n",
            "[]\n",
            "{\"index\":{\"_index\":\"a\"}}\n",
        ] {
            assert!(read(body.as_bytes(), None, Timestamp::UNIX_EPOCH, 10).is_err(), "{body}");
        }
    }
}
