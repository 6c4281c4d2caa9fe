//! Queries of the corpora bind as Kusto's own binder has them: names, types, refusals.

use azimuth_diag::{Diagnostic, Severity};
use azimuth_kql::bind::{MemoryCatalog, Options, StoredFunction};
use azimuth_kql::bound::BoundQuery;
use azimuth_kql::types::{Column, ScalarType, Schema};
use azimuth_kql::{bind, parse_function};
use serde_json::Value;

use crate::corpus::{cases, json};

/// Tables and functions of the corpora; nothing where there are none.
pub(crate) fn catalog(with_tables: bool) -> MemoryCatalog {
    let mut catalog = MemoryCatalog::new();
    if with_tables && let Some(tables) = json("table-schemas.json") {
        for (name, table) in tables.as_object().unwrap() {
            catalog.add_table(name, schema(&table["columns"]));
        }
    }
    if let Some(functions) = json("workspace-functions.json") {
        for (name, function) in functions.as_object().unwrap() {
            let body = function["body"].as_str();
            let parameters = function["parameters"].as_str().unwrap();
            let declaration = parse_function(parameters, body.unwrap_or("{}")).unwrap();
            let host = body.is_none().then(|| Schema { columns: Vec::new(), is_open: true });
            let takes_columns = function["column_arguments"] == true;
            catalog.add(StoredFunction { name: name.clone(), declaration, host, takes_columns });
        }
    }
    catalog
}

fn schema(columns: &Value) -> Schema {
    let columns = columns.as_array().unwrap().iter().map(|column| {
        let ty = ScalarType::from_name(column["type"].as_str().unwrap()).unwrap_or(ScalarType::Unknown);
        Column::new(column["name"].as_str().unwrap(), ty)
    });
    Schema::new(columns.collect())
}

fn first_error(bound: &BoundQuery) -> Option<&Diagnostic> {
    bound.diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Error)
}

/// What differs between the columns wanted and those that are there.
fn difference(wanted: &Value, got: &Schema, with_types: bool) -> Option<String> {
    let wanted: Vec<String> = wanted
        .as_array()
        .unwrap()
        .iter()
        .map(|column| match with_types {
            true => format!("{}:{}", column["name"].as_str().unwrap(), column["type"].as_str().unwrap()),
            false => column.as_str().or(column["name"].as_str()).unwrap().to_owned(),
        })
        .collect();
    let got: Vec<String> = got
        .columns
        .iter()
        .map(|column| if with_types { format!("{}:{}", column.name, column.ty) } else { column.name.clone() })
        .collect();
    if wanted == got {
        return None;
    }
    let missing: Vec<_> = wanted.iter().filter(|column| !got.contains(column)).collect();
    let extra: Vec<_> = got.iter().filter(|column| !wanted.contains(column)).collect();
    Some(format!("missing {missing:?}, extra {extra:?}"))
}

/// How many of the cases `judge` accepts; at least `floor` of a thousand have to be.
#[must_use]
fn run(
    title: &str,
    floor: usize,
    cases: &[Value],
    judge: impl Fn(&Value) -> Option<Result<(), String>>,
) -> Option<String> {
    let (mut passed, mut failures) = (0usize, Vec::new());
    for case in cases {
        match judge(case) {
            None => {}
            Some(Ok(())) => passed += 1,
            Some(Err(text)) => failures.push(format!("{}: {text}", case["id"].as_str().unwrap())),
        }
    }
    let all = passed + failures.len();
    eprintln!("{title}: {passed} of {all}");
    if std::env::var_os("KQL_FAILURES").is_some() {
        for failure in &failures {
            eprintln!("  {failure}");
        }
    }
    (passed * 1000 < all * floor).then(|| format!("{title}: {passed} of {all}\n{}", failures.join("\n")))
}

#[test]
fn accepted_queries_bind_and_have_the_recorded_columns() {
    let catalog = catalog(true);
    let mut shortfalls = Vec::new();
    for file in ["real-queries.jsonl", "sentinel-rules.jsonl"] {
        let cases = cases(file);
        let bind = |case: &Value| bind(case["query"].as_str().unwrap(), &catalog, &Options::default());
        shortfalls.extend(run(&format!("{file} bind"), 1000, &cases, |case| {
            (case["ok"] == true).then(|| match first_error(&bind(case)) {
                None => Ok(()),
                Some(error) => Err(error.to_string()),
            })
        }));
        shortfalls.extend(run(&format!("{file} columns"), 990, &cases, |case| {
            if case["ok"] != true || case["result_schema_open"] == true || case["result_schema"].is_null() {
                return None;
            }
            let got = bind(case).schema().unwrap_or_default();
            Some(difference(&case["result_schema"], &got, true).map_or(Ok(()), Err))
        }));
        shortfalls.extend(run(&format!("{file} refused"), 940, &cases, |case| {
            if case["ok"] != false {
                return None;
            }
            let bound = bind(case);
            Some(
                first_error(&bound).map(|_| ()).ok_or_else(|| format!("{} not refused", case["diagnostics"])),
            )
        }));
    }
    assert!(shortfalls.is_empty(), "{}", shortfalls.join("\n"));
}

#[test]
fn examples_of_the_documentation_have_the_recorded_columns() {
    let catalog = catalog(false);
    let shortfall = run("docs-cases.jsonl columns", 975, &cases("docs-cases.jsonl"), |case| {
        let wanted =
            if case["expected"].is_null() { &case["result_schema"] } else { &case["expected"]["columns"] };
        let is_open = case["result_schema_open"] == true && case["expected"].is_null();
        if wanted.is_null()
            || is_open
            || case["self_contained"] != true
            || matches!(case["check"].as_str(), Some("none" | "parse"))
        {
            return None;
        }
        let bound = bind(case["query"].as_str().unwrap(), &catalog, &Options::default());
        if let Some(error) = first_error(&bound) {
            return Some(Err(error.to_string()));
        }
        let got = bound.schema().unwrap_or_default();
        if got.is_open {
            return None;
        }
        Some(difference(wanted, &got, true).map_or(Ok(()), Err))
    });
    assert_eq!(shortfall, None);
}

#[test]
fn measured_facts_have_the_measured_columns() {
    let catalog = catalog(false);
    let shortfall = run("engine-facts.jsonl", 995, &cases("engine-facts.jsonl"), |case| {
        let bound = bind(case["query"].as_str().unwrap(), &catalog, &Options::default());
        let error = first_error(&bound);
        if case["check"] == "error" {
            return Some(error.map(|_| ()).ok_or_else(|| "not refused".to_owned()));
        }
        if let Some(error) = error {
            return Some(Err(error.to_string()));
        }
        let got = bound.schema().unwrap_or_default();
        if got.is_open {
            return None;
        }
        let difference = match case["check"].as_str() {
            Some("columns") => difference(&case["expected_columns"], &got, false),
            _ => difference(&case["expected"]["columns"], &got, true),
        };
        Some(difference.map_or(Ok(()), Err))
    });
    assert_eq!(shortfall, None);
}

#[test]
fn values_of_render_properties_keep_their_sign() {
    let query = "print x = 1 | render linechart with (ymin = -5, ymax = 2.5, title = 'a', xcolumn = x)";
    let bound = bind(query, &MemoryCatalog::new(), &Options::default());
    let render = bound.results[0].render.as_ref().unwrap();
    let values: Vec<_> = render.properties.iter().map(|(_, values)| values.join(",")).collect();
    assert_eq!(values, ["-5", "2.5", "a", "x"]);
}
