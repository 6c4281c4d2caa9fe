//! Queries that people wrote run on rows of the tables they name, on both engines, with equal answers. The rows are made for
//! the query ([`Wishes`]), so that its filters let some of them through.
//!
//! By default every fourteenth query, as builds of tests plan slowly; `EVERY=1` runs all 2,347, `CASE=…` those whose id holds a
//! text.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use azimuth_kql::bound::TableName;
use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_query::{Config, Engine, Limits, QueryError};
use azimuth_rows::{Row, Source, Table, type_of};
use azimuth_values::{Context, Json, Refusal, Value, text};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Field, Schema as ArrowSchema};
use datafusion::catalog::MemTable;
use serde_json::Value as Recorded;

use crate::support::{NOW, deep, last, runtime, shared};
use crate::wishes::Wishes;

/// Queries whose rows are one choice of many: the first ten of equals, numbers by chance.
const ARBITRARY: &[&str] = &["TheArtOfKnowingYourData.md", "Vogon Poetry"];

/// The tables of the platform with their columns.
type Schemas = BTreeMap<String, Schema>;

fn schemas(recorded: &Recorded) -> Schemas {
    let schema = |table: &Recorded| {
        let columns = table["columns"].as_array().unwrap().iter().map(|column| {
            let ty = ScalarType::from_name(column["type"].as_str().unwrap()).unwrap();
            Column::new(column["name"].as_str().unwrap(), ty)
        });
        Schema::new(columns.collect())
    };
    recorded.as_object().unwrap().iter().map(|(name, table)| (name.clone(), schema(table))).collect()
}

/// Gives the engine a table of rows.
fn register(engine: &mut Engine, name: &str, schema: &Schema, rows: &[Row]) {
    let field = |column: &Column| {
        Field::new(&column.name, azimuth_query::cells::arrow_type(type_of(column.ty)), true)
    };
    let arrow = Arc::new(ArrowSchema::new(schema.columns.iter().map(field).collect::<Vec<_>>()));
    let arrays = schema.columns.iter().enumerate().map(|(place, column)| {
        azimuth_query::cells::array(rows.iter().map(|row| &row[place]), type_of(column.ty))
    });
    let batch = RecordBatch::try_new(arrow.clone(), arrays.collect()).unwrap();
    let provider = MemTable::try_new(arrow, vec![vec![batch]]).unwrap();
    engine.register_cells(name, Arc::new(provider), schema.clone()).unwrap();
}

/// The rows of the query under way, for the row engine.
struct Rows<'r> {
    tables: HashMap<&'r str, Vec<Row>>,
    watchlist: &'r Watchlist,
}

impl Source for Rows<'_> {
    fn table(&self, name: &TableName, schema: &Schema) -> Result<Table, Refusal> {
        let rows = self.tables.get(name.table.as_str());
        rows.map(|rows| Table::new(schema.clone(), rows.clone())).ok_or_else(|| Refusal::new("no such table"))
    }

    fn function(&self, _: &str, _: &[Value], _: &Schema) -> Result<Table, Refusal> {
        Ok(watched(self.watchlist))
    }

    fn document(&self, address: &str) -> Result<Vec<u8>, Refusal> {
        Ok(document(address))
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

/// The columns of the watchlist that the query under way asks for, beside `SearchKey`.
type Watchlist = Arc<Mutex<Vec<String>>>;

/// The watchlist: one row.
fn watched(columns: &Watchlist) -> Table {
    let columns = columns.lock().unwrap();
    let names = std::iter::once("SearchKey").chain(columns.iter().map(String::as_str));
    let schema = Schema::new(names.map(|name| Column::new(name, ScalarType::String)).collect());
    let row = schema.columns.iter().map(|_| Value::string("10.0.0.1")).collect();
    Table::new(schema, vec![row])
}

fn functions(engine: &mut Engine, known: &Recorded) -> Watchlist {
    let watchlist = Watchlist::default();
    for (name, function) in known.as_object().unwrap() {
        let parameters = function["parameters"].as_str().unwrap();
        match function["body"].as_str() {
            Some(body) => {
                let declaration = azimuth_kql::parse_function(parameters, body).unwrap();
                engine.catalog_mut().add(azimuth_kql::bind::StoredFunction {
                    name: name.clone(),
                    declaration,
                    host: None,
                    takes_columns: function["column_arguments"] == true,
                });
            }
            None => {
                let open = Schema { columns: Vec::new(), is_open: true };
                let columns = watchlist.clone();
                let function: azimuth_query::HostFunction = Arc::new(move |_| Ok(watched(&columns)));
                engine.register_function(name, parameters, open, function).unwrap();
            }
        }
    }
    watchlist
}

/// A result without what may come one way or another: the order of rows and of arrays, the last digits of reals.
fn summary(table: &Table) -> (Schema, Vec<String>) {
    fn plain(json: &Json) -> String {
        match json {
            Json::Array(items) => {
                let mut items: Vec<String> = items.iter().map(plain).collect();
                items.sort_unstable();
                format!("[{}]", items.join(","))
            }
            Json::Object(members) => {
                let mut members: Vec<String> =
                    members.iter().map(|(name, value)| format!("{name}:{}", plain(value))).collect();
                members.sort_unstable();
                format!("{{{}}}", members.join(","))
            }
            Json::Real(number) => format!("{number:.6e}"),
            other => other.to_text(),
        }
    }
    let cell = |value: &Value| match value {
        Value::Real(number) => format!("{number:.6e}"),
        Value::Dynamic(json) => plain(json),
        value => text::to_string(value),
    };
    let mut rows: Vec<String> =
        table.rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join("|")).collect();
    rows.sort_unstable();
    (table.schema.clone(), rows)
}

fn run(files: &[&str]) {
    let (Some(tables), Some(known)) =
        (shared("corpora/kql/table-schemas.json"), shared("corpora/kql/workspace-functions.json"))
    else {
        return;
    };
    let read = |path: std::path::PathBuf| -> Recorded {
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let limits = Limits { time: Duration::from_secs(300), row_engine: 200_000, ..Limits::default() };
    let mut engine = Engine::new(Config { limits, ..Config::default() }).unwrap();
    let schemas = schemas(&read(tables));
    for (name, schema) in &schemas {
        register(&mut engine, name, schema, &[]);
    }
    let watchlist = functions(&mut engine, &read(known));
    engine.allow_documents(Arc::new(|address| Ok(document(address))));
    let (mut ran, mut unbound, mut total, mut answered, mut differ) = (0, 0, 0, 0, Vec::new());
    let mut why: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let filter = std::env::var("CASE").unwrap_or_default();
    // Builds of tests plan slowly: by default some of the queries, with `EVERY=1` all.
    let every = std::env::var("EVERY").ok().and_then(|every| every.parse().ok()).unwrap_or(14_usize);
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
            let mut wishes = Wishes::of(text, engine.catalog());
            let (outcome, by_rows) = loop {
                watchlist.lock().unwrap().clone_from(&wishes.open);
                let mut tables = HashMap::new();
                for name in &wishes.tables {
                    if let Some((name, schema)) = schemas.get_key_value(name) {
                        let rows = wishes.rows(schema);
                        register(&mut engine, name, schema, &rows);
                        tables.insert(name.as_str(), rows);
                    }
                }
                let outcome = runtime().block_on(last(&engine, text));
                // What the query makes itself must not come out of a bag too.
                let message = outcome.as_ref().map_or_else(ToString::to_string, |_| String::new());
                let own = message.split_once("a second column `").and_then(|(_, rest)| rest.split_once('`'));
                if let Some((own, _)) = own
                    && wishes.open.iter().any(|name| name == own)
                {
                    wishes.open.retain(|name| name != own);
                    continue;
                }
                let catalog = engine.catalog().clone();
                let context = Context::new(NOW, 7);
                let source = Rows { tables, watchlist: &watchlist };
                let limits = azimuth_rows::Limits::default();
                break (outcome, azimuth_rows::query(text, &catalog, &source, &context, limits));
            };
            if started.elapsed() > Duration::from_secs(20) {
                eprintln!("{id}\ttook {:?}", started.elapsed());
            }
            match outcome {
                Ok(table) => {
                    ran += 1;
                    answered += usize::from(!table.rows.is_empty());
                    match by_rows.map(|(_, tables)| tables.last().cloned().unwrap_or_default()) {
                        Ok(other) if summary(&other) == summary(&table) => {}
                        Ok(_) => differ.push(id.to_owned()),
                        Err(error) => {
                            why.entry(format!("by rows: {error:?}")).or_default().push(id.to_owned());
                        }
                    }
                }
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
    eprintln!(
        "{files:?}: {ran} of {total} ran on both engines, {answered} with rows, {} with other rows on the row engine, \
         {unbound} do not bind, in {:?}",
        differ.len(),
        began.elapsed()
    );
    eprintln!("{differ:#?}");
    assert_eq!(unbound, 0, "queries that Microsoft's binder takes do not bind");
    assert!(differ.iter().all(|id| ARBITRARY.iter().any(|known| id.contains(known))), "{differ:#?}");
    assert!(why.is_empty(), "{why:#?}");
}

#[test]
fn real_queries_run() {
    deep(|| run(&["real-queries.jsonl"]));
}

#[test]
fn rules_run() {
    deep(|| run(&["sentinel-rules.jsonl"]));
}
