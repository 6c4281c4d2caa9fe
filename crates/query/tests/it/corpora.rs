//! Every recorded case that needs no table of the service, through the planned engine.

use azimuth_kql::bind::MemoryCatalog;
use azimuth_kql::bound::TableName;
use azimuth_kql::types::Schema;
use azimuth_query::{Engine, QueryError};
use azimuth_rows::expect::{self, Tolerance};
use azimuth_rows::{Limits, Source, Table};
use azimuth_values::{Context, Refusal};
use serde_json::Value;

use crate::support::{NOW, deep, engine, last, runtime, shared};

/// Cases that the row engine answers as recorded and the planned one does not. The list may only shrink.
const BEHIND: &[&str] = &[];

struct Nothing;

impl Source for Nothing {
    fn table(&self, name: &TableName, _: &Schema) -> Result<Table, Refusal> {
        Err(Refusal::new(format!("there is no table `{}`", name.table)))
    }
}

fn judge(case: &Value, answer: Result<Table, String>) -> Result<(), String> {
    let table = answer?;
    let expected = &case["expected"];
    if case["check"] == "count" {
        let wanted = expected["rows"].as_array().map_or(0, Vec::len);
        return if table.rows.len() == wanted {
            Ok(())
        } else {
            Err(format!("{} rows, {wanted} expected", table.rows.len()))
        };
    }
    expect::compare(&table, expected, Tolerance::of(case))
}

fn planned(engine: &Engine, text: &str) -> Result<Table, String> {
    runtime().block_on(last(engine, text)).map_err(|error| match error {
        QueryError::Invalid(found) => format!("bind: {}", found.first().map_or("", |first| &first.message)),
        other => format!("run: {other}"),
    })
}

fn by_rows(text: &str) -> Result<Table, String> {
    let context = Context::new(NOW, 7);
    azimuth_rows::query(text, &MemoryCatalog::default(), &Nothing, &context, Limits::default())
        .map(|(_, tables)| tables.last().cloned().unwrap_or_default())
        .map_err(|_| "the row engine refuses".to_owned())
}

fn run(file: &str) {
    let Some(path) = shared(&format!("corpora/kql/{file}")) else { return };
    let engine = engine();
    let filter = std::env::var("CASE").unwrap_or_default();
    let (mut passed, mut rows_passed, mut total, mut behind) = (0, 0, 0, Vec::new());
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let (id, text) = (case["id"].as_str().unwrap(), case["query"].as_str().unwrap());
        let wanted = matches!(case["check"].as_str(), Some("rows" | "count")) && !case["expected"].is_null();
        if !wanted || case["self_contained"] == false || !id.contains(&filter) {
            continue;
        }
        total += 1;
        let mine = judge(&case, planned(&engine, text));
        let theirs = judge(&case, by_rows(text));
        passed += usize::from(mine.is_ok());
        rows_passed += usize::from(theirs.is_ok());
        if let (Err(why), Ok(())) = (&mine, &theirs) {
            eprintln!("{id}\t{}", why.chars().take(300).collect::<String>());
            behind.push(id.to_owned());
        } else if let (Ok(()), Err(_)) = (&mine, &theirs) {
            eprintln!("{id}\tahead of the row engine");
        }
        if !filter.is_empty() {
            eprintln!("{text}\n{mine:?}");
        }
    }
    eprintln!("{file}: {passed} of {total} as recorded, by rows {rows_passed}");
    let new: Vec<&String> = behind.iter().filter(|id| !BEHIND.contains(&id.as_str())).collect();
    assert!(new.is_empty(), "behind the row engine: {new:?}");
}

#[test]
fn documentation() {
    deep(|| run("docs-cases.jsonl"));
}

#[test]
fn facts() {
    deep(|| run("engine-facts.jsonl"));
}
