//! Cases about changes to requests, and about several assignments at once.

use std::sync::Arc;

use azimuth_arm::Source;
use azimuth_policy::{
    AFTER_SUCCESS, Applied, Assignment, CompileOptions, ConflictEffect, ConflictOutcome, Governance,
    NoRelated, PolicyId, REQUEST_ORDER, Resource, Selected, Slots, apply, parse_assignment, parse_definition,
    resolve_conflict,
};
use serde_json::{Map, Value, json};

use super::super::document::{catalogue, context, program};
use super::check;

pub(super) fn mutate(case: &Value) -> Result<(), String> {
    let mut wrapped = case.clone();
    wrapped["rule"] = json!({
        "if": {"value": true, "equals": true},
        "then": {"effect": case["effect"], "details": case["details"]},
    });
    wrapped["resource"] = case["request"].clone();
    let expect = &case["expect"];
    let program = program(&wrapped).map_err(|refusal| format!("{refusal:?}"))?;
    let text = case["request"].to_string();
    let resource = Resource::new(&text);
    let mut slots = Slots::default();
    let mutation = program
        .mutation(PolicyId(0), &mut slots, &resource, &context(&wrapped))
        .map_err(|fault| fault.message.to_string())?
        .ok_or("the effect changes nothing")?;
    let resource_type = case["request"]["type"].as_str().unwrap_or_default();
    let version = case["request_context"]["apiVersion"].as_str().or(case["api_version"].as_str());
    // An evaluation cycle changes nothing; a resource that would be changed does not comply.
    let applied = apply(&mutation, &case["request"], program.catalogue(), resource_type, version);
    if case["trigger"].as_str().is_some_and(|trigger| trigger.contains("cycle")) {
        let state = if matches!(applied, Applied::NotApplicable) { "NotApplicable" } else { "NonCompliant" };
        return check(&json!({"resource": case["request"], "state": state}), expect);
    }
    let found = match applied {
        Applied::Changed(resource) => json!({"resource": resource}),
        Applied::Unchanged => json!({"resource": case["request"]}),
        Applied::Denied(_) => json!({"outcome": "deny"}),
        Applied::NotApplicable => json!({"applicable": false}),
    };
    check(&found, expect)
}

pub(super) fn conflict(case: &Value) -> Result<(), String> {
    let names = case["conflict_effects"].as_array().cloned().unwrap_or_default();
    let effects: Vec<ConflictEffect> =
        names.iter().filter_map(|name| ConflictEffect::from_name(name.as_str()?)).collect();
    let outcome = resolve_conflict(&effects, case["resource_state"] == "existing");
    let found = match outcome {
        ConflictOutcome::Operations(_) => json!({"outcome": "operations of the deny policy"}),
        ConflictOutcome::Denied => json!({"outcome": "deny"}),
        ConflictOutcome::NoOperations => json!({"outcome": "no operations"}),
        ConflictOutcome::State(state) => json!({"state": state.name()}),
    };
    check(&found, &case["expect"])
}

pub(super) fn order(case: &Value) -> Result<(), String> {
    let sequence: Vec<String> = REQUEST_ORDER
        .iter()
        .map(|step| step.iter().map(|effect| effect.name()).collect::<Vec<_>>().join(", "))
        .collect();
    let after: Vec<&str> = AFTER_SUCCESS.iter().map(|effect| effect.name()).collect();
    check(&json!({"sequence": sequence, "after_provider_success": after}), &case["expect"])
}

/// Assignments of the rules that a case gives.
fn governance(case: &Value, entries: &[Value]) -> Result<Governance, String> {
    let mut definitions = Vec::new();
    let mut assignments: Vec<Assignment> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let id = format!("/providers/Microsoft.Authorization/policyDefinitions/d{index}");
        let definition = json!({"id": id, "properties": {"mode": "All", "policyRule": entry["rule"]}});
        let source = Source::parse("case", &definition.to_string()).map_err(|error| error.to_string())?;
        let parsed = parse_definition(&source, source.root(), "$").into_result();
        definitions.push(Arc::new(parsed.map_err(|found| format!("{found:?}"))?));
        let scope = entry["scope"].as_str().unwrap_or_default();
        let name = entry["name"].as_str().unwrap_or("a");
        let mut properties = entry.clone();
        properties["policyDefinitionId"] = json!(id);
        let assignment = json!({
            "id": format!("{scope}/providers/Microsoft.Authorization/policyAssignments/{name}"),
            "name": name,
            "properties": properties,
        });
        let source = Source::parse("case", &assignment.to_string()).map_err(|error| error.to_string())?;
        let parsed = parse_assignment(&source, source.root(), "$").into_result();
        assignments.push(parsed.map_err(|found| format!("{found:?}"))?);
    }
    let options = CompileOptions::default();
    let (governance, errors) =
        Governance::new(catalogue(case), &definitions, Vec::new(), assignments, Vec::new(), &options);
    if errors.is_empty() { Ok(governance) } else { Err(format!("{errors:?}")) }
}

fn selected<'a>(case: &'a Value, text: &'a str) -> Selected<'a> {
    let resource = &case["resource"];
    Selected {
        resource: Resource::new(text),
        id: resource["id"].as_str().unwrap_or_default(),
        resource_type: resource["type"].as_str().unwrap_or_default(),
        location: resource["location"].as_str(),
        ancestors: &[],
    }
}

pub(super) fn layering(case: &Value) -> Result<(), String> {
    let entries = case["assignments"].as_array().cloned().unwrap_or_default();
    let governance = governance(case, &entries)?;
    let text = case["resource"].to_string();
    let selected = selected(case, &text);
    let mut slots = Slots::default();
    let context = context(case);
    let names: Vec<String> =
        governance.assignments().iter().map(|assignment| assignment.name.clone()).collect();
    if case["operation"] == "evaluate" {
        let mut states = Map::new();
        governance
            .states(&mut slots, &selected, &context, &NoRelated, &mut |state| {
                if let Some(found) = state.state {
                    states.insert(state.assignment.name.clone(), json!(found.name()));
                }
            })
            .map_err(|error| error.to_string())?;
        return check(&json!({"states": states}), &case["expect"]);
    }
    let outcome =
        governance.request(&mut slots, &selected, &context, &NoRelated).map_err(|error| error.to_string())?;
    let by: Vec<&str> = outcome.denied_by.iter().map(|policy| names[policy.0 as usize].as_str()).collect();
    let mut found = json!({"outcome": if by.is_empty() { "created" } else { "denied" }});
    if !by.is_empty() {
        found["by"] = json!(by);
    }
    if found["outcome"] == "created" && case["expect"]["outcome"] == "created" {
        // What else a case says about a created resource are its states.
        let mut states = Map::new();
        governance
            .states(&mut slots, &selected, &context, &NoRelated, &mut |state| {
                if let Some(found) = state.state {
                    states.insert(state.assignment.name.clone(), json!(found.name()));
                }
            })
            .map_err(|error| error.to_string())?;
        if let Some(wanted) = case["expect"].get("states") {
            return check(&Value::Object(states), wanted);
        }
        if let Some(wanted) = case["expect"]["audited_by"].as_array().or(case["expect"]["by"].as_array()) {
            let audited: Vec<&String> =
                states.iter().filter(|(_, state)| **state == "NonCompliant").map(|(name, _)| name).collect();
            return check(&json!(audited), &Value::Array(wanted.clone()));
        }
        return Ok(());
    }
    check(&found, &case["expect"])
}

pub(super) fn enforcement(case: &Value) -> Result<(), String> {
    let mut entry = case["assignment"].clone();
    entry["rule"] = case["rule"].clone();
    let governance = governance(case, &[entry])?;
    let text = case["resource"].to_string();
    let selected = selected(case, &text);
    let mut slots = Slots::default();
    let context = context(case);
    let outcome =
        governance.request(&mut slots, &selected, &context, &NoRelated).map_err(|error| error.to_string())?;
    let mut state_if_existing = Value::Null;
    governance
        .states(&mut slots, &selected, &context, &NoRelated, &mut |state| {
            state_if_existing = json!(state.state.map(azimuth_policy::ComplianceState::name));
        })
        .map_err(|error| error.to_string())?;
    let found = json!({
        "outcome": if outcome.denied_by.is_empty() { "created" } else { "denied" },
        "activity_log_entry": governance.assignments()[0].is_enforced(),
        "evaluated": !state_if_existing.is_null(),
        "state_if_existing": state_if_existing,
    });
    check(&found, &case["expect"])
}

/// What a deployIfNotExists deploys: the deployment with its parameters evaluated.
pub(super) fn deployment(case: &Value) -> Result<(), String> {
    let mut evaluated = case.clone();
    if case.get("related").is_none() {
        evaluated["related"] = json!([]);
    }
    let verdict = super::super::evaluate::verdict(&evaluated).map_err(|refusal| format!("{refusal:?}"))?;
    let found = verdict.deployment.as_ref().map(super::super::document::json_of).unwrap_or_default();
    let expect = &case["expect"];
    if let Some(parameters) = expect.get("parameters") {
        let values: Map<String, Value> = found["properties"]["parameters"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.get("value").cloned().unwrap_or_else(|| value.clone())))
            .collect();
        let wrapped = &found["properties"]["parameters"];
        return check(&Value::Object(values), parameters).or_else(|_| check(wrapped, parameters));
    }
    check(&found, expect.get("deployment").unwrap_or(expect))
}
