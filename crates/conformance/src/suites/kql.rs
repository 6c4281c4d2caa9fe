//! The query language.
//!
//! Queries of people are answered by parser and binder alone: an accepted query has the recorded result columns, a
//! refused one is refused where Kusto's own binder refuses it. What is recorded are that binder's words, so they are
//! asked for by its rules; queries with results (`executed`) go by the engine's.

mod executed;

use std::sync::OnceLock;

use azimuth_diag::Severity;
use azimuth_kql::bind::{MemoryCatalog, Options, Rules, StoredFunction};
use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_kql::{bind, parse_function};
use serde_json::Value;

use super::{Suite, answered};
use crate::{corpora, expect};

/// The folder `kql`.
pub(super) const SUITE: Suite = Suite {
    name: "kql",
    files: &[
        answered("docs-cases.jsonl", executed::case),
        answered("engine-facts.jsonl", executed::case),
        answered("real-queries.jsonl", query),
        answered("sentinel-rules.jsonl", query),
    ],
};

/// The tables and functions of the workspace that the queries are written for.
fn catalog() -> Result<&'static MemoryCatalog, String> {
    static CATALOG: OnceLock<Result<MemoryCatalog, String>> = OnceLock::new();
    CATALOG.get_or_init(load).as_ref().map_err(Clone::clone)
}

fn load() -> Result<MemoryCatalog, String> {
    let root = corpora::root().ok_or("no corpora")?;
    let read = |name: &str| -> Result<Value, String> {
        let text = std::fs::read_to_string(root.join("kql").join(name))
            .map_err(|error| format!("{name}: {error}"))?;
        serde_json::from_str(&text).map_err(|error| format!("{name}: {error}"))
    };
    let mut catalog = MemoryCatalog::new();
    for (name, table) in read("table-schemas.json")?.as_object().ok_or("tables are an object")? {
        catalog.add_table(name, schema(&table["columns"])?);
    }
    for (name, function) in read("workspace-functions.json")?.as_object().ok_or("functions are an object")? {
        let body = function["body"].as_str();
        let parameters = expect::text(function, "/parameters")?;
        let declaration = parse_function(parameters, body.unwrap_or("{}")).map_err(|found| {
            format!("{name}: {}", found.first().map(ToString::to_string).unwrap_or_default())
        })?;
        let host = body.is_none().then(|| Schema { columns: Vec::new(), is_open: true });
        let takes_columns = function["column_arguments"] == true;
        catalog.add(StoredFunction { name: name.clone(), declaration, host, takes_columns });
    }
    Ok(catalog)
}

fn schema(columns: &Value) -> Result<Schema, String> {
    let columns = columns.as_array().ok_or("columns are an array")?.iter().map(|column| {
        let ty = expect::text(column, "/type")?;
        let ty = ScalarType::from_name(ty).ok_or_else(|| format!("no type `{ty}`"))?;
        Ok(Column::new(expect::text(column, "/name")?, ty))
    });
    Ok(Schema::new(columns.collect::<Result<_, String>>()?))
}

/// A query binds and has the recorded columns, or is refused as recorded.
fn query(case: &Value) -> Result<(), String> {
    let text = expect::text(case, "/query")?;
    let options = Options { rules: Rules::ReferenceBinder, ..Options::default() };
    let bound = bind(text, catalog()?, &options);
    let error = bound.diagnostics.iter().find(|found| found.severity == Severity::Error);
    match (case["ok"] == true, error) {
        (true, Some(error)) => return Err(error.to_string()),
        (false, None) => return Err(format!("not refused; expected {}", case["diagnostics"])),
        (false, Some(_)) => return refused(case, &bound),
        (true, None) => {}
    }
    if case["result_schema_open"] == true || case["result_schema"].is_null() {
        return Ok(());
    }
    let columns = bound.schema().unwrap_or_default().columns;
    let got = columns.iter().map(|column| serde_json::json!({"name": column.name, "type": column.ty.name()}));
    expect::equal("columns", &case["result_schema"], &got.collect())
}

/// Our errors speak of every name that could not be resolved, where names are what is recorded. Behind a call that
/// asks another service nothing more is known.
fn refused(case: &Value, bound: &azimuth_kql::bound::BoundQuery) -> Result<(), String> {
    let diagnostics = case["diagnostics"].as_array().cloned().unwrap_or_default();
    let named: Vec<&str> = diagnostics
        .iter()
        .filter_map(|text| text.as_str()?.split_once("The name '")?.1.split('\'').next())
        .collect();
    let errors = || bound.diagnostics.iter().filter(|found| found.severity == Severity::Error);
    let is_named = |name: &&str| errors().any(|found| found.message.contains(&format!("`{name}`")));
    let is_elsewhere = errors().any(|found| found.code == "kql-unsupported");
    if named.iter().all(is_named) || (is_elsewhere && named.iter().any(is_named)) {
        return Ok(());
    }
    let got: Vec<String> = errors().map(ToString::to_string).collect();
    Err(format!("expected {named:?}, got {}", got.join("; ")))
}
