//! The corpus of real templates: all of them expand.

use std::collections::BTreeMap;

use azimuth_arm::{Context, NoEstate, NoLoader, Parameters, Source, Target, Value, expand};
use azimuth_diag::Severity;
use serde_json::json;

use crate::corpus::cases;

const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000000";

pub(crate) fn context(scope: &str) -> Context {
    let mut context = Context::new(match scope {
        "tenant" => Target::Tenant,
        "managementGroup" => Target::management_group("mg"),
        "subscription" => Target::subscription(SUBSCRIPTION),
        _ => Target::resource_group(SUBSCRIPTION, "rg"),
    });
    context.subscription = Some(Value::from_json(
        &json!({ "tenantId": "00000000-0000-0000-0000-0000000000ff", "displayName": "sub" }),
    ));
    context.resource_group = Some(Value::from_json(&json!({ "location": "eastus", "tags": {} })));
    if !matches!(context.target, Target::ResourceGroup(..)) {
        context.deployment_location = Some("eastus".to_owned());
    }
    context.now = "2024-05-31T12:00:00Z".parse().ok();
    context.seed = Some(1);
    context
}

#[test]
fn templates_expand() {
    let mut failures = BTreeMap::new();
    let cases = cases("arm/templates/templates.jsonl");
    for case in &cases {
        let source =
            Source::parse("template.json", &case["template"].to_string()).expect("the corpus is JSON");
        let mut values = serde_json::Map::new();
        for given in ["parameters_made_up", "parameters_given"] {
            values.extend(case[given].as_object().cloned().unwrap_or_default());
        }
        let parameters = Parameters::from_values(&values);
        let context = context(case["scope"].as_str().unwrap_or_default());
        let expansion = expand(&source, &parameters, &context, &NoLoader, &NoEstate);
        if expansion.has_errors() {
            let errors = expansion.diagnostics.iter().filter(|d| d.severity == Severity::Error);
            let errors: Vec<String> =
                errors.map(|d| format!("{} {d} [{}]", d.code, d.hint.as_deref().unwrap_or(""))).collect();
            failures.insert(case["id"].to_string(), errors);
        }
    }
    let shown: Vec<String> =
        failures.iter().map(|(id, errors)| format!("{id}\n    {}", errors.join("\n    "))).collect();
    assert!(failures.len() * 100 <= cases.len() * 2, "{} fail:\n{}", failures.len(), shown.join("\n"));
}
