//! Queries that people wrote run on generated rows of the tables they name.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use azimuth_kql::bound::{ExprKind, ResultValue};
use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_query::{Config, Engine, Limits, QueryError};
use azimuth_rows::{Table, tree, type_of};
use azimuth_values::{Json, Value};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Field, Schema as ArrowSchema};
use datafusion::catalog::MemTable;
use serde_json::Value as Recorded;

use crate::support::{NOW, deep, last, runtime, shared};

/// What is refused by intent: rules are templates, whose parameters the scheduler gives; columns of watchlists that the query
/// alone cannot tell.
const REFUSED: &[&str] = &["the query parameter", "which only the data could tell"];

/// Rows of each table.
const ROWS: usize = 5;

fn cell(ty: ScalarType, row: usize) -> Value {
    let number = row as i64;
    match ty {
        ScalarType::Bool => Value::Bool(row.is_multiple_of(2)),
        ScalarType::Int => Value::Int(row as i32),
        ScalarType::Long => Value::Long(number),
        ScalarType::Real => Value::Real(number as f64 / 2.0),
        ScalarType::Decimal => Value::Decimal(number.into()),
        ScalarType::Datetime => Value::DateTime(NOW - number * 3_000_000_000),
        ScalarType::Timespan => Value::TimeSpan(number * 10_000_000),
        ScalarType::Guid => Value::Guid(row as u128),
        ScalarType::Dynamic | ScalarType::Unknown => Value::dynamic(
            Json::parse(
                [
                    "{\"a\":1,\"name\":\"x\"}",
                    "[{\"key\":\"a\",\"value\":\"b\"}]",
                    "\"text\"",
                    "[1,2]",
                    "null",
                ][row % 5],
            )
            .unwrap(),
        ),
        ScalarType::String => Value::string(
            ["10.0.0.1", "user@contoso.com", "{\"a\":[1]}", "powershell.exe -enc AAAA", ""][row % 5],
        ),
    }
}

fn tables(engine: &mut Engine, schemas: &Recorded) {
    for (name, table) in schemas.as_object().unwrap() {
        let columns = table["columns"].as_array().unwrap().iter().map(|column| {
            let ty = ScalarType::from_name(column["type"].as_str().unwrap()).unwrap();
            Column::new(column["name"].as_str().unwrap(), ty)
        });
        let schema = Schema::new(columns.collect());
        let fields: Vec<Field> = schema
            .columns
            .iter()
            .map(|column| {
                Field::new(&column.name, azimuth_query::cells::arrow_type(type_of(column.ty)), true)
            })
            .collect();
        let arrays = schema.columns.iter().map(|column| {
            let values: Vec<Value> = (0..ROWS).map(|row| cell(column.ty, row)).collect();
            azimuth_query::cells::array(&values, type_of(column.ty))
        });
        let arrow = Arc::new(ArrowSchema::new(fields));
        let batch = RecordBatch::try_new(arrow.clone(), arrays.collect()).unwrap();
        let provider = MemTable::try_new(arrow, vec![vec![batch]]).unwrap();
        engine.register_cells(name, Arc::new(provider), schema).unwrap();
    }
}

/// What the host gives for any address: a few records of many columns, in the format that the address ends with.
fn document(address: &str) -> Vec<u8> {
    let words = [
        "10.0.0.1",
        "contoso.com",
        "2022-09-28T00:00:00Z",
        "7",
        "powershell.exe",
        "10.0.0.0/24",
        "true",
        "a b",
    ];
    if address.contains("json") || address.contains("api.") {
        let bag: Vec<String> =
            words.iter().enumerate().map(|(at, word)| format!("\"c{at}\": \"{word}\"")).collect();
        return format!("{{{}}}\n{{\"values\": [{{\"properties\": {{\"a\": 1}}}}]}}", bag.join(", ")).into();
    }
    let lines =
        (0..4).map(|line| (0..40).map(|at| words[(at + line) % words.len()]).collect::<Vec<_>>().join(","));
    lines.collect::<Vec<_>>().join("\n").into()
}

/// The columns that a query takes from rows that only the data tell, such as those of watchlists.
fn open_columns(engine: &mut Engine, text: &str) -> Vec<String> {
    let bound = azimuth_kql::bind(text, engine.catalog(), &azimuth_kql::bind::Options::default());
    let results = bound.results.iter().filter_map(|result| match &result.value {
        ResultValue::Table(rel) => Some(rel),
        ResultValue::Scalar(_) => None,
    });
    let (mut names, mut rels, mut seen) = (BTreeSet::new(), HashSet::new(), HashSet::new());
    for root in results.chain(bound.shared.iter().map(|shared| &shared.rel)) {
        tree::walk_deep(root, &mut rels, &mut |rel| {
            for expr in tree::exprs(rel) {
                tree::walk_expr(expr, &mut seen, &mut |inner| {
                    if let ExprKind::OpenColumn(name) = &inner.kind {
                        names.insert(name.clone());
                    }
                });
            }
        });
    }
    names.into_iter().filter(|name| name != "SearchKey").collect()
}

/// The columns of the watchlist that the query under way asks for, beside `SearchKey`.
type Watchlist = Arc<Mutex<Vec<String>>>;

fn functions(engine: &mut Engine, known: &Recorded) -> Watchlist {
    let watchlist = Watchlist::default();
    for (name, function) in known.as_object().unwrap() {
        let parameters = function["parameters"].as_str().unwrap();
        match function["body"].as_str() {
            Some(body) => {
                let declaration = azimuth_kql::parse_function(parameters, body).unwrap();
                engine.catalog().add(azimuth_kql::bind::StoredFunction {
                    name: name.clone(),
                    declaration,
                    host: None,
                    takes_columns: function["column_arguments"] == true,
                });
            }
            None => {
                let open = Schema { columns: Vec::new(), is_open: true };
                let columns = watchlist.clone();
                let function: azimuth_query::HostFunction = Arc::new(move |_| {
                    let columns = columns.lock().unwrap();
                    let names = std::iter::once("SearchKey").chain(columns.iter().map(String::as_str));
                    let schema =
                        Schema::new(names.map(|name| Column::new(name, ScalarType::String)).collect());
                    let row = schema.columns.iter().map(|_| Value::string("10.0.0.1")).collect();
                    Ok(Table::new(schema, vec![row]))
                });
                engine.register_function(name, parameters, open, function).unwrap();
            }
        }
    }
    watchlist
}

fn run(files: &[&str]) {
    let (Some(schemas), Some(known)) =
        (shared("corpora/kql/table-schemas.json"), shared("corpora/kql/workspace-functions.json"))
    else {
        return;
    };
    let read = |path: std::path::PathBuf| -> Recorded {
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let limits = Limits { time: Duration::from_secs(300), row_engine: 200_000, ..Limits::default() };
    let mut engine = Engine::new(Config { limits, ..Config::default() }).unwrap();
    tables(&mut engine, &read(schemas));
    let watchlist = functions(&mut engine, &read(known));
    engine.allow_documents(Arc::new(|address| Ok(document(address))));
    let (mut ran, mut unbound, mut total) = (0, 0, 0);
    let mut why: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let filter = std::env::var("CASE").unwrap_or_default();
    // Builds of tests plan slowly: by default some of the queries, with `EVERY=1` all.
    let every = std::env::var("EVERY").ok().and_then(|every| every.parse().ok()).unwrap_or(12_usize);
    let is_traced = std::env::var_os("TRACE").is_some();
    let (began, mut line_number) = (Instant::now(), 0);
    for file in files {
        let Some(path) = shared(&format!("corpora/kql/{file}")) else { return };
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let case: Recorded = serde_json::from_str(line).unwrap();
            let id = case["id"].as_str().unwrap();
            if case["ok"] != true || !id.contains(&filter) {
                continue;
            }
            line_number += 1;
            if line_number % every != 0 {
                continue;
            }
            total += 1;
            if is_traced {
                eprintln!("{id}");
            }
            let started = Instant::now();
            let text = case["query"].as_str().unwrap();
            if text.contains("_GetWatchlist") {
                *watchlist.lock().unwrap() = open_columns(&mut engine, text);
            }
            let outcome = runtime().block_on(last(&engine, text));
            if started.elapsed() > Duration::from_secs(20) {
                eprintln!("{id}\ttook {:?}", started.elapsed());
            }
            match outcome {
                Ok(_) => ran += 1,
                Err(QueryError::Invalid(found)) => {
                    unbound += 1;
                    let first = found.first().map_or("", |first| &first.message);
                    eprintln!("{id}\tdoes not bind: {first}");
                }
                Err(error) => {
                    let message: String = error.to_string().chars().take(200).collect();
                    why.entry(message).or_default().push(id.to_owned());
                }
            }
        }
    }
    for (message, ids) in &why {
        eprintln!("{} × {message}\t{}", ids.len(), ids[0]);
    }
    eprintln!("{files:?}: {ran} of {total} ran, {unbound} do not bind, in {:?}", began.elapsed());
    let unexpected: Vec<_> =
        why.iter().filter(|(message, _)| !REFUSED.iter().any(|known| message.contains(known))).collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
}

#[test]
fn real_queries_run() {
    deep(|| run(&["real-queries.jsonl"]));
}

#[test]
fn rules_run() {
    deep(|| run(&["sentinel-rules.jsonl"]));
}
