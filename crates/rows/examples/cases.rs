//! Runs recorded cases: `cargo run -p azimuth-rows --example cases -- FILE [PART-OF-ID]`.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use azimuth_kql::bind::{MemoryCatalog, Options};
use azimuth_kql::bound::TableName;
use azimuth_kql::types::Schema;
use azimuth_rows::expect::{self, Tolerance};
use azimuth_rows::{Limits, QueryError, Source, Table};
use azimuth_values::{Context, Refusal};

struct Nothing;

impl Source for Nothing {
    fn table(&self, name: &TableName, _: &Schema) -> Result<Table, Refusal> {
        Err(Refusal::new(format!("there is no table `{}`", name.table)))
    }
}

fn judge(case: &serde_json::Value) -> Option<Result<(), String>> {
    let query = case["query"].as_str().unwrap();
    let check = case["check"].as_str().unwrap();
    if !matches!(check, "rows" | "count" | "columns" | "error") {
        return None;
    }
    let catalog = MemoryCatalog::default();
    let context = Context::new(638_000_000_000_000_000, 7);
    if check == "columns" {
        let bound = azimuth_kql::bind(query, &catalog, &Options::default());
        let table = Table::new(bound.schema().unwrap(), Vec::new());
        let wanted = serde_json::json!({"columns": case["expected_columns"]});
        return Some(expect::columns(&table, &wanted, false));
    }
    let tables = match azimuth_rows::query(query, &catalog, &Nothing, &context, Limits::default()) {
        Err(QueryError::Invalid(_)) if check == "error" => return Some(Ok(())),
        _ if check == "error" => return Some(Err("is not refused".to_owned())),
        Err(QueryError::Invalid(found)) => return Some(Err(format!("bind: {}", found[0].message))),
        Err(QueryError::Failed(failure)) => return Some(Err(format!("run: {failure}"))),
        Ok((_, tables)) => tables,
    };
    let tolerance = Tolerance::of(case);
    let expected = case.get("expected")?.clone();
    let table = tables.last().cloned().unwrap_or_default();
    if check == "count" {
        let wanted = expected["rows"].as_array().map_or(0, Vec::len);
        return Some(if table.rows.len() == wanted { Ok(()) } else { Err("count".to_owned()) });
    }
    Some(expect::compare(&table, &expected, tolerance))
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().expect("a file");
    let part = arguments.next().unwrap_or_default();
    let (mut passed, mut total) = (0, 0);
    for line in std::fs::read_to_string(file).unwrap().lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let id = case["id"].as_str().unwrap();
        if !id.contains(&part) {
            continue;
        }
        match judge(&case) {
            None => {}
            Some(Ok(())) => {
                passed += 1;
                total += 1;
            }
            Some(Err(why)) => {
                total += 1;
                println!("{id}\t{}", why.chars().take(260).collect::<String>());
                if !part.is_empty() {
                    println!("{}", case["query"].as_str().unwrap());
                }
            }
        }
    }
    println!("passed {passed} of {total}");
}
