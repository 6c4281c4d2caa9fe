//! Every rule of the built-in pack on the smallest resources that break it, keep it, or are none of its business.
//!
//! `tests/data/rules.jsonl` holds one line a rule: `fails`, `passes` and, where there is something to say, `ignores`; each
//! a list of deployments, each a list of resources of which the first is judged.

use std::collections::BTreeMap;
use std::path::PathBuf;

use azimuth_preflight::{Pack, RuleInfo, VerdictKind, built_in_definitions};
use serde_json::{Value, json};

use crate::support::run;

const CASES: &str = include_str!("../data/rules.jsonl");

fn cases() -> Vec<Value> {
    CASES.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The definitions in order of their names.
fn definitions() -> Vec<Value> {
    let mut all: Vec<Value> =
        built_in_definitions().map(|text| serde_json::from_str(text).unwrap()).collect();
    all.sort_by_key(|definition| definition["name"].as_str().unwrap().to_owned());
    all
}

/// What a rule, by its position in the pack, says about the first resource; `None` if it says nothing.
fn verdict(pack: &Pack, rule: usize, deployment: &Value) -> Option<VerdictKind> {
    let template = json!({ "contentVersion": "1.0.0.0", "resources": deployment });
    let report = run(&template.to_string(), "", pack);
    assert!(
        report.diagnostics.iter().all(|finding| finding.severity != azimuth_diag::Severity::Error),
        "{:#?}",
        report.diagnostics
    );
    let mut verdicts = report.verdicts.iter();
    verdicts.find(|verdict| verdict.resource == 0 && verdict.rule == rule).map(|verdict| verdict.kind)
}

#[test]
fn every_rule_can_fail_and_can_be_kept() {
    let mut wrong = Vec::new();
    let pack = Pack::built_in();
    for case in cases() {
        let id = case["rule"].as_str().unwrap();
        let rule = pack.rules().iter().position(|rule| rule.id == id).expect(id);
        let speaks_of_something = case["passes"].as_array().is_some_and(|list| !list.is_empty());
        assert!(!case["fails"].as_array().unwrap().is_empty(), "`{id}` never fails");
        assert!(speaks_of_something || case["ignores"].is_array(), "`{id}` always fails");
        let expectations = [
            ("fails", Some(VerdictKind::Violated)),
            ("passes", Some(VerdictKind::Compliant)),
            ("ignores", None),
        ];
        for (member, expected) in expectations {
            for deployment in case[member].as_array().into_iter().flatten() {
                let got = verdict(&pack, rule, deployment);
                // What Azure counts for applicability differs between effects: what a rule does not complain of
                // complies, or is none of its business.
                let is_fine = match expected {
                    Some(VerdictKind::Violated) => got == expected,
                    _ => got.is_none() || got == Some(VerdictKind::Compliant),
                };
                if !is_fine {
                    wrong.push(format!("{id}: expected {expected:?}, got {got:?} for {deployment}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_a_case_and_every_case_a_rule() {
    let named: Vec<String> = cases().iter().map(|case| case["rule"].as_str().unwrap().to_owned()).collect();
    let rules: Vec<String> = Pack::built_in().rules().iter().map(|rule| rule.id.clone()).collect();
    assert_eq!(named, rules);
}

#[test]
fn rules_say_what_they_need_to_say() {
    for (definition, rule) in definitions().iter().zip(Pack::built_in().rules()) {
        let id = &rule.id;
        let properties = &definition["properties"];
        assert_eq!(definition["name"], id.as_str());
        assert!(
            id.starts_with("AZ-")
                && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-')
        );
        assert!(!rule.title.is_empty() && !rule.title.ends_with('.'), "title of `{id}`");
        assert!(rule.description.ends_with('.'), "description of `{id}`");
        assert!(rule.fix.as_ref().is_some_and(|fix| !fix.ends_with('.')), "fix of `{id}`");
        assert!(!rule.equivalents.is_empty(), "equivalents of `{id}`");
        assert!(properties["metadata"]["severity"].is_string(), "severity of `{id}`");
        // Azure takes no longer texts.
        assert!(rule.title.len() <= 128 && rule.description.len() <= 512, "length of the texts of `{id}`");
        // The first part of the condition says what the rule is about, the others what is wrong.
        let condition = &properties["policyRule"]["if"];
        let scope = condition["allOf"].get(0).unwrap_or(condition);
        let first = scope["allOf"].get(0).unwrap_or(scope);
        assert_eq!(first["field"], "type", "scope of `{id}`");
        for member in ["equivalentWhere", "equivalentSubject"] {
            for check in properties["metadata"][member].as_object().into_iter().flat_map(|map| map.keys()) {
                assert!(rule.equivalents.contains(check), "`{member}` of `{id}` names `{check}`");
            }
        }
    }
}

#[test]
fn the_table_of_rules_is_up_to_date() {
    let path = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets it"))
        .join("../../docs/check-rules.md");
    let page = page(Pack::built_in().rules(), &definitions());
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/check-rules.md is stale; run `BLESS=1 cargo test -p azimuth-preflight`");
}

/// The text of `docs/check-rules.md`.
fn page(rules: &[RuleInfo], definitions: &[Value]) -> String {
    let mut page = String::from(
        "# Rules of `azimuth check`\n\n\
         <!-- Made from `crates/preflight/rules`; renew with `BLESS=1 cargo test -p azimuth-preflight`. -->\n\n\
         Every rule is an Azure Policy definition, a file in `crates/preflight/rules` that Azure takes as it is. The last \
         column names the same check in checkov (`CKV…`) and in Template Analyzer (`TA-…`), and the controls of the \
         Microsoft cloud security benchmark that ask for it.\n",
    );
    let mut by_category: BTreeMap<&str, Vec<(&RuleInfo, &Value)>> = BTreeMap::new();
    for (rule, definition) in rules.iter().zip(definitions) {
        by_category.entry(&rule.category).or_default().push((rule, definition));
    }
    for (category, rules) in by_category {
        page.push_str(&format!("\n## {category}\n\n| rule | severity | what it asks for, and why | what to do | elsewhere |\n|---|---|---|---|---|\n"));
        for (rule, definition) in rules {
            let benchmarks = definition["properties"]["metadata"]["benchmarks"].as_array();
            let benchmarks = benchmarks.into_iter().flatten().filter_map(Value::as_str);
            let elsewhere: Vec<&str> =
                rule.equivalents.iter().map(String::as_str).chain(benchmarks).collect();
            page.push_str(&format!(
                "| `{}` | {} | {}. {} | {} | {} |\n",
                rule.id,
                rule.severity.name(),
                rule.title,
                rule.description,
                rule.fix.as_deref().unwrap_or_default(),
                elsewhere.join(", ")
            ));
        }
    }
    page
}
