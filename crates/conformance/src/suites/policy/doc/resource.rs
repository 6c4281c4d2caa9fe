//! Cases about one rule and one resource.

use azimuth_arm::Object;
use azimuth_policy::{
    Action, Outcome, Policy, PolicyContext, PolicyId, Resource, Slots, blocks, evaluate_text, select_field,
};
use serde_json::{Value, json};
use std::sync::Arc;

use super::super::document::{catalogue, context, definition, json_of, program};
use super::super::evaluate::verdict;
use super::check;

pub(super) fn select(case: &Value) -> Result<(), String> {
    let field = case["field"].as_str().unwrap_or_default();
    let selection = select_field(field, &catalogue(case), &case["resource"].to_string(), None);
    let values: Vec<Value> = selection.values.iter().map(json_of).collect();
    let kind = if selection.is_collection { "collection" } else { "value" };
    let selected = if selection.is_collection {
        Value::Array(values)
    } else {
        values.into_iter().next().unwrap_or_default()
    };
    check(&json!({"kind": kind, "selected": selected}), &case["expect"])
}

pub(super) fn function(case: &Value) -> Result<(), String> {
    let wrapped = json!({"rule": {"if": {"value": true, "equals": true}, "then": {"effect": "audit"}}});
    let definition = definition(&wrapped).map_err(|refusal| format!("{refusal:?}"))?;
    let mut policy = Policy::bind_unchecked(Arc::new(definition), &Object::new(), PolicyContext::default());
    if case["context"]["policy"].is_object() {
        policy = policy.with_facts(azimuth_arm::Value::from_json(&case["context"]["policy"]));
    }
    let text = case["resource"].to_string();
    let expression = case["expression"].as_str().unwrap_or_default();
    let outcome = evaluate_text(expression, &catalogue(case), &policy, &Resource::new(&text), &context(case));
    match (outcome, case["expect"].get("value")) {
        (Ok(value), Some(wanted)) => check(&json_of(&value), wanted),
        (Err(_), None) => Ok(()),
        (outcome, _) => Err(format!("expected {}, got {outcome:?}", case["expect"])),
    }
}

pub(super) fn count(case: &Value) -> Result<(), String> {
    let wanted = case["expect"]["count"].as_i64().unwrap_or(-1);
    for (number, is_right) in [(wanted, true), (wanted + 1, false)] {
        let mut evaluated = case.clone();
        evaluated["rule"] = json!({
            "if": {"count": case["expression"], "equals": number},
            "then": {"effect": "audit"},
        });
        let found = verdict(&evaluated).map_err(|refusal| format!("{refusal:?}"))?;
        if (found.outcome == Outcome::Match) != is_right {
            return Err(format!("expected {wanted}; comparing with {number} gave {:?}", found.outcome));
        }
    }
    Ok(())
}

pub(super) fn applicability(case: &Value) -> Result<(), String> {
    let mut wrapped = case.clone();
    if case.get("definition").is_none() {
        let mut definition = json!({"policyRule": case["rule"]});
        definition["mode"] = case.get("mode").cloned().unwrap_or_else(|| json!("All"));
        wrapped["definition"] = definition;
    }
    let program = program(&wrapped).map_err(|refusal| format!("{refusal:?}"))?;
    let text = case["resource"].to_string();
    let mut is_applicable = false;
    let mut slots = Slots::default();
    program
        .decide(
            &mut slots,
            &Resource::new(&text),
            &context(case),
            &azimuth_policy::NoRelated,
            &mut |decision| {
                let is_if_not_exists = decision.effect.is_some_and(azimuth_policy::Effect::is_if_not_exists);
                is_applicable |= match decision.outcome {
                    Outcome::NotApplicable => false,
                    Outcome::NoMatch => !is_if_not_exists,
                    _ => true,
                };
            },
        )
        .map_err(|error| error.to_string())?;
    check(&json!({"applicable": is_applicable}), &case["expect"])
}

pub(super) fn action(case: &Value) -> Result<(), String> {
    let definition = definition(case).map_err(|refusal| format!("{refusal:?}"))?;
    let program = program(case).map_err(|refusal| format!("{refusal:?}"))?;
    let text = case["resource"].to_string();
    let mut slots = Slots::default();
    let verdict = program
        .verdict(PolicyId(0), &mut slots, &Resource::new(&text), &context(case), &azimuth_policy::NoRelated)
        .map_err(|error| error.to_string())?;
    let word = case["action"].as_str().unwrap_or_default().to_lowercase();
    let action = if !word.starts_with("delete") {
        Action::Other
    } else if word.contains("group") {
        Action::DeleteResourceGroup
    } else if word.contains("subscription") {
        Action::DeleteSubscription
    } else if word.contains("parent") {
        Action::DeleteParent
    } else {
        Action::DeleteResource
    };
    let resource_type = case["resource"]["type"].as_str().unwrap_or_default();
    let is_blocked = verdict.outcome == Outcome::Match && blocks(&definition, resource_type, action);
    check(&json!({"status": if is_blocked { 403 } else { 200 }}), &case["expect"])
}
