//! Every query of the corpora parses, and the tokens of each are its text.

use azimuth_kql::parse;
use serde_json::Value;

use crate::corpus::cases;

/// Parses what `wanted` chooses; the rest only has to be survived.
fn check(file: &str, wanted: impl Fn(&Value) -> bool) {
    let mut failures = Vec::new();
    let (mut passed, mut all) = (0, 0);
    for case in cases(file) {
        let query = case["query"].as_str().unwrap();
        let parsed = parse(query);
        let joined: String = parsed.tokens.iter().map(|token| token.span.text(query)).collect();
        assert_eq!(joined, query);
        if !wanted(&case) {
            continue;
        }
        all += 1;
        match parsed.diagnostics.iter().find(|found| found.severity == azimuth_diag::Severity::Error) {
            None => passed += 1,
            Some(diagnostic) => failures.push(format!("{}: {diagnostic}", case["id"])),
        }
    }
    eprintln!("{file}: {passed} of {all} parse");
    assert!(failures.is_empty(), "{}\n{}", failures.len(), failures.join("\n"));
}

/// `KS0..` are Kusto's syntax errors, 198 an unexpected fragment.
fn is_syntactic(case: &Value, member: &str) -> bool {
    case[member].as_array().is_some_and(|errors| {
        errors
            .iter()
            .filter_map(Value::as_str)
            .any(|error| error.starts_with("KS0") || error.starts_with("KS198"))
    })
}

#[test]
fn real_queries() {
    check("real-queries.jsonl", |case| !is_syntactic(case, "diagnostics"));
}

#[test]
fn sentinel_rules() {
    check("sentinel-rules.jsonl", |case| !is_syntactic(case, "diagnostics"));
}

#[test]
fn documentation() {
    check("docs-cases.jsonl", |case| case["check"] != "none" && !is_syntactic(case, "binder_errors"));
}

#[test]
fn engine_facts() {
    check("engine-facts.jsonl", |case| case["check"] != "error" && !is_syntactic(case, "binder_errors"));
}
