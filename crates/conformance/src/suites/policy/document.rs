//! What the cases of policy have in common: rules, contexts, aliases, values.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use azimuth_arm::{Object, Source, Value as ArmValue};
use azimuth_policy::{
    Catalogue, CompileOptions, Context, Definition, Policy, PolicyContext, Program, Rule, parse_definition,
    parse_rule,
};
use serde_json::{Value, json};

/// Why a rule could not be made ready.
#[derive(Debug)]
pub(super) enum Refusal {
    Parse(String),
    Compile(String),
}

/// The aliases a case names; none: fields are plain paths.
pub(super) fn catalogue(case: &Value) -> Arc<Catalogue> {
    static KNOWN: OnceLock<Mutex<HashMap<String, Arc<Catalogue>>>> = OnceLock::new();
    let Some(name) = case["aliases"].as_str() else { return Arc::new(Catalogue::plain()) };
    let mut known = KNOWN.get_or_init(Mutex::default).lock().expect("no runner panics with the lock held");
    if let Some(catalogue) = known.get(name) {
        return catalogue.clone();
    }
    let mut catalogue = Catalogue::empty();
    let root = crate::corpora::root().unwrap_or_default();
    let path = root.join("policy").join("aliases").join(name);
    if let Ok(text) = std::fs::read_to_string(&path) {
        let _ = catalogue.add_providers(&text);
    }
    let catalogue = Arc::new(catalogue);
    known.insert(name.to_owned(), catalogue.clone());
    catalogue
}

fn messages(diagnostics: &[azimuth_diag::Diagnostic]) -> String {
    let shown: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    shown.join("; ")
}

/// The definition of a case, or a rule wrapped into one.
pub(super) fn definition(case: &Value) -> Result<Definition, Refusal> {
    let text = match case.get("definition_text").and_then(Value::as_str) {
        Some(text) => text.to_owned(),
        None if case.get("definition").is_some() => case["definition"].to_string(),
        None => {
            let rule = match case.get("rule_text").and_then(Value::as_str) {
                Some(text) => text.to_owned(),
                None => case["rule"].to_string(),
            };
            format!("{{\"mode\":\"All\",\"policyRule\":{rule}}}")
        }
    };
    let source = Source::parse("case", &text).map_err(|error| Refusal::Parse(error.to_string()))?;
    let parsed = parse_definition(&source, source.root(), "$");
    let shown = messages(&parsed.diagnostics);
    parsed.value.ok_or(Refusal::Parse(shown))
}

/// A rule on its own.
pub(super) fn rule(rule: &Value) -> Result<Rule, Refusal> {
    let source =
        Source::parse("case", &rule.to_string()).map_err(|error| Refusal::Parse(error.to_string()))?;
    let parsed = parse_rule(&source, source.root(), "$");
    let shown = messages(&parsed.diagnostics);
    parsed.value.ok_or(Refusal::Parse(shown))
}

/// An object of the template language.
pub(super) fn object(value: &Value) -> Object {
    ArmValue::from_json(value).as_object().cloned().unwrap_or_default()
}

/// The program of a case: one policy, compiled for the type of its resource.
pub(super) fn program(case: &Value) -> Result<Program, Refusal> {
    let definition = definition(case)?;
    let catalogue = catalogue(case);
    let faults = azimuth_policy::check_compiles(&definition, &catalogue);
    if !faults.is_empty() {
        return Err(Refusal::Compile(messages(&faults)));
    }
    let parameters = object(&case["parameters"]);
    let facts = case["context"]["policy"].clone();
    let mut policy = Policy::bind_unchecked(Arc::new(definition), &parameters, PolicyContext::default());
    if facts.is_object() {
        policy = policy.with_facts(ArmValue::from_json(&facts));
    }
    let resource_type = case["resource"]["type"].as_str().unwrap_or_default().to_owned();
    let options = CompileOptions { resource_types: vec![resource_type] };
    Ok(Program::compile(catalogue, vec![policy], &options))
}

/// The surroundings of a case: a default group and subscription, and what the case says about them.
pub(super) fn context(case: &Value) -> Context {
    let given = &case["context"];
    let part = |name: &str, default: Value| {
        let value = given.get(name).cloned().unwrap_or(default);
        ArmValue::from_json(&value)
    };
    let request = case.get("request_context").or_else(|| given.get("requestContext")).cloned();
    let request = request.unwrap_or_else(|| match case["api_version"].as_str() {
        Some(version) => json!({"apiVersion": version}),
        None => json!({}),
    });
    let now = given["utcNow"].as_str().unwrap_or("2024-06-15T12:00:00Z");
    let now = now.parse().unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    Context {
        now,
        request: ArmValue::from_json(&request),
        resource_group: part("resourceGroup", json!({"name": "myResourceGroup", "location": "eastus"})),
        subscription: part("subscription", json!({"subscriptionId": "00000000-0000-0000-0000-000000000000"})),
        principal: None,
    }
}

/// The value as plain JSON.
pub(super) fn json_of(value: &ArmValue) -> Value {
    serde_json::from_str(&value.to_string()).unwrap_or(Value::Null)
}

/// Whether two JSON values are the same, numbers compared by value.
pub(super) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => left == right,
    }
}
