//! Queries with their results: the row-at-a-time engine answers them.
//!
//! A case says what may be asserted of it (`check`): the whole result, the number of rows, the columns, that it parses or is
//! refused. Of cases marked `none` nothing may be asserted, and they pass.

use azimuth_diag::Severity;
use azimuth_kql::bind;
use azimuth_kql::bind::{MemoryCatalog, Options};
use azimuth_kql::bound::{ResultValue, TableName};
use azimuth_kql::types::Schema;
use azimuth_rows::expect::{self, Tolerance};
use azimuth_rows::{Limits, QueryError, Source, Table, query};
use azimuth_values::{Context, Refusal};
use serde_json::{Value, json};

/// 2026-01-01, later than all recorded rows: what queries take for now.
const NOW: i64 = 639_028_224_000_000_000;

/// Self-contained queries need no tables.
struct Nothing;

impl Source for Nothing {
    fn table(&self, name: &TableName, _: &Schema) -> Result<Table, Refusal> {
        Err(Refusal::new(format!("there is no table `{}`", name.table)))
    }
}

/// One case.
pub(super) fn case(case: &Value) -> Result<(), String> {
    let text = crate::expect::text(case, "/query")?;
    match case["check"].as_str().unwrap_or_default() {
        "none" => Ok(()),
        "parse" => {
            let parsed = azimuth_kql::parse(text);
            let error = parsed.diagnostics.iter().find(|found| found.severity == Severity::Error);
            error.map_or(Ok(()), |error| Err(error.to_string()))
        }
        "schema" => columns(case, text),
        "columns" => columns_are(text, &json!({ "columns": case["expected_columns"] })),
        check => executed(case, text, check),
    }
}

/// The columns alone; a query over tables that are not recorded cannot even have those.
fn columns(case: &Value, text: &str) -> Result<(), String> {
    if case["self_contained"] == false {
        let parsed = azimuth_kql::parse(text);
        let error = parsed.diagnostics.iter().find(|found| found.severity == Severity::Error);
        return error.map_or(Ok(()), |error| Err(error.to_string()));
    }
    if case["result_schema_open"] == true {
        return Ok(());
    }
    let wanted =
        if case["expected"].is_null() { &case["result_schema"] } else { &case["expected"]["columns"] };
    if wanted.is_null() { Ok(()) } else { columns_are(text, &json!({ "columns": wanted })) }
}

fn columns_are(text: &str, wanted: &Value) -> Result<(), String> {
    let bound = bind(text, &MemoryCatalog::new(), &Options::default());
    if let Some(error) = bound.diagnostics.iter().find(|found| found.severity == Severity::Error) {
        return Err(error.to_string());
    }
    // What is recorded of a query with several results is the first.
    let schema = match bound.results.first().map(|result| &result.value) {
        Some(ResultValue::Table(rel)) => rel.schema.clone(),
        _ => bound.schema().ok_or("the query has no result")?,
    };
    expect::columns(&Table::new(schema, Vec::new()), wanted, true)
}

fn executed(case: &Value, text: &str, check: &str) -> Result<(), String> {
    let context = Context::new(NOW, 7);
    let tables = match query(text, &MemoryCatalog::new(), &Nothing, &context, Limits::default()) {
        Ok(_) if check == "error" => return Err("not refused".to_owned()),
        Err(_) if check == "error" => return Ok(()),
        Ok((_, tables)) => tables,
        Err(QueryError::Invalid(found)) => {
            return Err(found.first().map_or_else(|| "refused".to_owned(), ToString::to_string));
        }
        Err(QueryError::Failed(failure)) => return Err(failure.to_string()),
    };
    let table = tables.first().ok_or("no result")?;
    match (&case["expected"], check) {
        (Value::Null, _) => expect::compare_printed(table, &case["printed"]),
        (expected, "count") => {
            expect::columns(table, expected, true)?;
            let wanted = expected["rows"].as_array().map_or(0, Vec::len);
            if table.rows.len() == wanted {
                Ok(())
            } else {
                Err(format!("{} rows, {wanted} expected", table.rows.len()))
            }
        }
        (expected, _) => expect::compare(table, expected, Tolerance::of(case)),
    }
}
