//! ARM templates: functions, expansion, and the checks that read expanded templates.

use azimuth_arm::{Context, Expansion, NoEstate, NoLoader, Parameters, Source, Target, expand};
use serde_json::{Map, Value, json};

use super::{Suite, answered, arm_rules};
use crate::expect;

/// The folder `arm`.
pub(super) const SUITE: Suite = Suite {
    name: "arm",
    files: &[
        answered("function-cases.jsonl", functions),
        answered("templates/templates.jsonl", templates),
        answered("templates/analyzer-cases.jsonl", arm_rules::analyzer),
        answered("templates/scan-cases.jsonl", arm_rules::scan),
    ],
};

/// The context that a case describes; ids follow from its names.
fn context(case: &Value) -> Context {
    let given = &case["context"];
    let subscription = given["subscription"]["subscriptionId"].as_str().unwrap_or_default();
    let target = if let Some(group) = given["resourceGroup"]["name"].as_str() {
        Target::resource_group(subscription, group)
    } else if let Some(group) = given["managementGroup"]["name"].as_str() {
        Target::management_group(group)
    } else if subscription.is_empty() {
        Target::Tenant
    } else {
        Target::subscription(subscription)
    };
    let object =
        |name: &str| given.get(name).filter(|value| value.is_object()).map(azimuth_arm::Value::from_json);
    let mut context = Context::new(target);
    context.subscription = object("subscription");
    context.resource_group = object("resourceGroup");
    context.management_group = object("managementGroup");
    context.tenant = object("tenant");
    if let Some(name) = given["deployment"]["name"].as_str() {
        name.clone_into(&mut context.deployment_name);
    }
    context.deployment_location = given["deployment"]["location"].as_str().map(str::to_owned);
    context.now = case["now"].as_str().and_then(|now| now.parse().ok());
    context.seed = Some(1);
    // The values of a case are those that its expectation speaks of.
    context.is_strict = true;
    context
}

fn expanded(case: &Value, parameters: &Map<String, Value>, context: &Context) -> Result<Expansion, String> {
    let template = expect::value(case, "/template")?.to_string();
    let source = Source::parse("template.json", &template).map_err(|diagnostic| diagnostic.to_string())?;
    Ok(expand(&source, &Parameters::from_values(parameters), context, &NoLoader, &NoEstate))
}

/// Outputs, resources and errors of a template.
fn functions(case: &Value) -> Result<(), String> {
    let none = Map::new();
    let parameters = case["parameters"].as_object().unwrap_or(&none);
    let expansion = expanded(case, parameters, &context(case))?;
    let expected = expect::value(case, "/expect")?;
    match expected["one_of"].as_array() {
        Some(alternatives) => {
            let outcomes: Vec<_> = alternatives.iter().map(|one| compare(one, &expansion)).collect();
            let first_failure = outcomes.iter().find_map(|outcome| outcome.clone().err());
            if outcomes.iter().any(Result::is_ok) { Ok(()) } else { Err(first_failure.unwrap_or_default()) }
        }
        None => compare(expected, &expansion),
    }
}

fn compare(expected: &Value, expansion: &Expansion) -> Result<(), String> {
    let errors: Vec<String> = expansion
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == azimuth_diag::Severity::Error)
        .map(|diagnostic| diagnostic.message.to_lowercase())
        .collect();
    match &expected["error"] {
        Value::Bool(true) if errors.is_empty() => return Err("expected an error, got none".to_owned()),
        Value::Bool(true) => {}
        Value::String(text) if errors.iter().any(|error| error.contains(&text.to_lowercase())) => {}
        Value::String(text) => return Err(format!("expected an error with `{text}`, got {errors:?}")),
        _ if !errors.is_empty() => return Err(format!("errors: {}", errors.join("; "))),
        _ => {}
    }
    let members = |name: &str| expected[name].as_object().cloned().unwrap_or_default();
    for (name, value) in members("outputs") {
        let got = expansion.output(&name).map(|output| output.value.reveal()).unwrap_or_default();
        expect::equal(&format!("output `{name}`"), &value, &got)?;
    }
    for (name, value) in members("unresolved_outputs") {
        let got = expansion.output(&name).map(|output| output.value.to_json()).unwrap_or_default();
        expect::equal(&format!("unresolved output `{name}`"), &value, &got)?;
    }
    if let Some(names) = expected.get("resource_names") {
        let got = expansion.deployed().map(|resource| Value::from(resource.name.as_str())).collect();
        expect::equal("names of resources", names, &got)?;
    }
    if let Some(resources) = expected.get("resources") {
        let got = expansion.deployed().map(|resource| resource.body.reveal()).collect();
        expect::equal("resources", resources, &got)?;
    }
    Ok(())
}

/// A real template expands without an error. Its parameters are made up from their declarations, so they are not said
/// to be final ([`Context::is_strict`]), as with `azimuth arm expand`.
fn templates(case: &Value) -> Result<(), String> {
    const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000000";
    let mut context = Context::new(match expect::text(case, "/scope")? {
        "tenant" => Target::Tenant,
        "managementGroup" => Target::management_group("mg"),
        "subscription" => Target::subscription(SUBSCRIPTION),
        "resourceGroup" => Target::resource_group(SUBSCRIPTION, "rg"),
        other => return Err(format!("no such scope: `{other}`")),
    });
    context.resource_group =
        Some(azimuth_arm::Value::from_json(&json!({ "location": "eastus", "tags": {} })));
    if !matches!(context.target, Target::ResourceGroup(..)) {
        context.deployment_location = Some("eastus".to_owned());
    }
    context.now = "2024-05-31T12:00:00Z".parse().ok();
    context.seed = Some(1);
    let mut parameters = Map::new();
    for values in ["parameters_made_up", "parameters_given"] {
        parameters.extend(case[values].as_object().cloned().unwrap_or_default());
    }
    let expansion = expanded(case, &parameters, &context)?;
    let errors = expansion.diagnostics.iter().filter(|one| one.severity == azimuth_diag::Severity::Error);
    let errors: Vec<String> = errors.map(ToString::to_string).collect();
    if errors.is_empty() { Ok(()) } else { Err(errors.join("\n")) }
}
