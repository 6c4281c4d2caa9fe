//! The catalogue of functions holds what people use, and what is written about.

use std::collections::BTreeSet;

use azimuth_kql::functions::{FunctionKind, Use, all, lookup};
use serde_json::Value;

use crate::corpus::{cases, json};

/// Names that the binder knows without a table: they give tables or places, or depend on more than their arguments.
const SPECIAL: &[&str] = &[
    "cluster",
    "column_ifexists",
    "column_names_of",
    "columnifexists",
    "database",
    "external_table",
    "iscolumnexists",
    "materialize",
    "stored_query_result",
    "table",
    "toscalar",
    "view",
];

fn unknown<'a>(usage: Use, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let is_known = |name: &str| lookup(usage, name).is_some() || SPECIAL.contains(&name);
    names.filter(|name| !is_known(name)).collect()
}

/// The names under `uses.functions` and the like, written as a list or as a map of counts.
fn names<'a>(uses: &'a Value, key: &str) -> Vec<&'a str> {
    match &uses[key] {
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        Value::Object(names) => names.keys().map(String::as_str).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn what_real_queries_use_is_there() {
    let Some(usage) = json("usage-frequency.json") else { return };
    for (key, kind) in [("functions", Use::Scalar), ("aggregates", Use::Aggregate), ("plugins", Use::Plugin)]
    {
        assert_eq!(unknown(kind, names(&usage, key).into_iter()), [""; 0], "{key}");
    }
}

#[test]
fn what_the_documentation_shows_is_there() {
    let mut missing = BTreeSet::new();
    for case in cases("docs-cases.jsonl").iter().filter(|case| case["check"] != "none") {
        for (key, kind) in
            [("functions", Use::Scalar), ("aggregates", Use::Aggregate), ("plugins", Use::Plugin)]
        {
            let used = names(&case["uses"], key);
            missing.extend(unknown(kind, used.into_iter()).into_iter().map(|name| format!("{key} {name}")));
        }
    }
    assert_eq!(missing, BTreeSet::new());
}

#[test]
fn the_catalogue_does_not_shrink() {
    let count = |kind: FunctionKind| {
        let uses = [Use::Scalar, Use::Aggregate, Use::Plugin];
        uses.into_iter().flat_map(all).filter(|function| function.kind == kind).count()
    };
    let floors = [
        (FunctionKind::Scalar, 385),
        (FunctionKind::Window, 8),
        (FunctionKind::Graph, 8),
        (FunctionKind::Aggregate, 60),
        (FunctionKind::Plugin, 46),
    ];
    for (kind, floor) in floors {
        assert!(count(kind) >= floor, "{kind:?}: {}", count(kind));
    }
}
