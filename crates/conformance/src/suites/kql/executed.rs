//! Queries with their results: the row-at-a-time engine answers them.
//!
//! A case says what may be asserted of it (`check`): the whole result, the number of rows, the columns, that it parses or is
//! refused. Of cases marked `none` nothing may be asserted, and they pass.

use azimuth_diag::Severity;
use azimuth_kql::Catalog;
use azimuth_kql::bind;
use azimuth_kql::bind::{MemoryCatalog, Options, Rules};
use azimuth_kql::bound::{ResultValue, TableName};
use azimuth_kql::types::{Column, ScalarType as T, Schema};
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
        "columns" => columns_are(text, &json!({ "columns": case["expected_columns"] }), Rules::Engine),
        check => executed(case, text, check),
    }
}

/// The sample database of Kusto's documentation, as far as its pages rely on it: without rows, but with the columns that
/// `getschema` shows.
fn samples() -> MemoryCatalog {
    let storms = [
        ("StartTime", T::Datetime),
        ("EndTime", T::Datetime),
        ("EpisodeId", T::Int),
        ("EventId", T::Int),
        ("State", T::String),
        ("EventType", T::String),
        ("InjuriesDirect", T::Int),
        ("InjuriesIndirect", T::Int),
        ("DeathsDirect", T::Int),
        ("DeathsIndirect", T::Int),
        ("DamageProperty", T::Int),
        ("DamageCrops", T::Int),
        ("Source", T::String),
        ("BeginLocation", T::String),
        ("EndLocation", T::String),
        ("BeginLat", T::Real),
        ("BeginLon", T::Real),
        ("EndLat", T::Real),
        ("EndLon", T::Real),
        ("EpisodeNarrative", T::String),
        ("EventNarrative", T::String),
        ("StormSummary", T::Dynamic),
    ];
    let population = [("State", T::String), ("Population", T::Long)];
    let schema = |columns: &[(&str, T)]| {
        Schema::new(columns.iter().map(|(name, ty)| Column::new(*name, *ty)).collect())
    };
    let mut catalog = MemoryCatalog::new();
    catalog.add_table("StormEvents", schema(&storms));
    catalog.add_table("PopulationData", schema(&population));
    catalog
}

/// The columns alone; a query over other tables than the samples cannot even have those.
fn columns(case: &Value, text: &str) -> Result<(), String> {
    let catalog = samples();
    let is_sample = |name: &Value| {
        let table = name.as_str().unwrap_or_default().to_owned();
        catalog.table(&TableName { table, ..TableName::default() }).is_some()
    };
    if !case["needs"].as_array().is_none_or(|needs| needs.iter().all(is_sample)) {
        let parsed = azimuth_kql::parse(text);
        let error = parsed.diagnostics.iter().find(|found| found.severity == Severity::Error);
        return error.map_or(Ok(()), |error| Err(error.to_string()));
    }
    if case["result_schema_open"] == true {
        return Ok(());
    }
    // The engine's answer counts before what Kusto's binder says of it.
    let (wanted, rules) = match &case["expected"] {
        Value::Null => (&case["result_schema"], Rules::ReferenceBinder),
        expected => (&expected["columns"], Rules::Engine),
    };
    if wanted.is_null() { Ok(()) } else { columns_are(text, &json!({ "columns": wanted }), rules) }
}

fn columns_are(text: &str, wanted: &Value, rules: Rules) -> Result<(), String> {
    let bound = bind(text, &samples(), &Options { rules, ..Options::default() });
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
