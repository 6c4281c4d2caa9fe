//! Cases about states, assignments, initiatives and exemptions.

use azimuth_arm::Source;
use azimuth_policy::{
    Attestation, ComplianceState, EXCLUDED, EXEMPT, Effect, ExemptionQuestion, Initiative, Outcome,
    Treatment, compliance_percent, effect_after_overrides, is_within, manual_state, parse_assignment,
    parse_exemption, parse_initiative, parse_remediation, roll_up, selects, state_of,
};
use serde_json::{Map, Value, json};

use super::super::document::{json_of, object};
use super::check;

fn now(case: &Value) -> jiff::Timestamp {
    case["now"].as_str().and_then(|now| now.parse().ok()).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

pub(super) fn compliance(case: &Value) -> Result<(), String> {
    let effect = case["effect"].as_str().and_then(Effect::from_name).ok_or("no such effect")?;
    if effect == Effect::Manual {
        let attestation = case["attestation"].as_object().and_then(|given| {
            let state = given.get("complianceState")?.as_str().and_then(ComplianceState::from_name)?;
            let expires_on = given.get("expiresOn").and_then(|end| end.as_str()?.parse().ok());
            Some(Attestation { state, expires_on })
        });
        let state = manual_state(case["default_state"].as_str(), attestation, now(case));
        return check(&json!({"state": state.name()}), &case["expect"]);
    }
    let outcome = match (case["if_result"].as_bool(), case["existence_result"].as_bool()) {
        (Some(true), Some(true)) => Outcome::Exists,
        (Some(true), _) => Outcome::Match,
        _ => Outcome::NoMatch,
    };
    let found = match state_of(Some(effect), &outcome) {
        Some(state) => json!({"state": state.name()}),
        None => json!({"applicable": false}),
    };
    check(&found, &case["expect"])
}

pub(super) fn rollup(case: &Value) -> Result<(), String> {
    let names = case["states"].as_array().cloned().unwrap_or_default();
    let states = names.iter().filter_map(|name| ComplianceState::from_name(name.as_str()?));
    check(&json!({"state": roll_up(states).map(ComplianceState::name)}), &case["expect"])
}

pub(super) fn percentage(case: &Value) -> Result<(), String> {
    let counts = case["resources"].as_object().cloned().unwrap_or_default();
    let states = counts.iter().filter_map(|(name, count)| {
        Some((ComplianceState::from_name(name)?, count.as_u64().unwrap_or_default()))
    });
    let percent = compliance_percent(states).unwrap_or_default();
    let wanted = case["expect"]["percent"].as_f64().unwrap_or(-1.0);
    if (percent - wanted).abs() <= 0.5 { Ok(()) } else { Err(format!("expected {wanted}, got {percent}")) }
}

fn ancestors(case: &Value) -> Vec<String> {
    let list = case["hierarchy"]["ancestors"].as_array().cloned().unwrap_or_default();
    list.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect()
}

/// The assignment of a case; what it lacks does not matter to it.
pub(super) fn read_assignment(case: &Value) -> Result<azimuth_policy::Assignment, String> {
    let mut given = case["assignment"].clone();
    if given.get("policyDefinitionId").is_none() {
        given["policyDefinitionId"] = json!("/providers/Microsoft.Authorization/policyDefinitions/d");
    }
    let source = Source::parse("case", &given.to_string()).map_err(|error| error.to_string())?;
    parse_assignment(&source, source.root(), "$").into_result().map_err(|found| format!("{found:?}"))
}

pub(super) fn assignment(case: &Value) -> Result<(), String> {
    let assignment = read_assignment(case)?;
    let (resource, ancestors) = (&case["resource"], ancestors(case));
    let id = resource["id"].as_str().unwrap_or_default();
    let resource_type = resource["type"].as_str().unwrap_or_default();
    let is_covered = is_within(id, &assignment.scope, &ancestors)
        && !assignment.not_scopes.iter().any(|scope| is_within(id, scope, &ancestors))
        && selects(&assignment.resource_selectors, resource_type, resource["location"].as_str());
    let mut found = json!({"evaluated": is_covered});
    if case["expect"].get("counted").is_some() {
        found["counted"] = json!(is_covered);
    }
    check(&found, &case["expect"])
}

pub(super) fn overrides(case: &Value) -> Result<(), String> {
    let assignment = read_assignment(case)?;
    let mut effects = Map::new();
    for reference in case["initiative"]["policyDefinitions"].as_array().into_iter().flatten() {
        let id = reference["policyDefinitionReferenceId"].as_str().unwrap_or_default();
        let effect = reference["effect"].as_str().and_then(Effect::from_name).ok_or("no such effect")?;
        let location = case["resource"]["location"].as_str();
        let effect = effect_after_overrides(&assignment.overrides, id, location, effect);
        effects.insert(id.to_owned(), json!(effect.name()));
    }
    check(&json!({"effects": effects}), &case["expect"])
}

pub(super) fn message(case: &Value) -> Result<(), String> {
    let assignment = read_assignment(case)?;
    let message = assignment.message(case["reference"].as_str().unwrap_or_default());
    check(&json!({"message": message}), &case["expect"])
}

fn read_initiative(case: &Value) -> Result<Initiative, String> {
    let source = Source::parse("case", &case["initiative"].to_string()).map_err(|error| error.to_string())?;
    parse_initiative(&source, source.root(), "$").into_result().map_err(|found| format!("{found:?}"))
}

pub(super) fn initiative(case: &Value) -> Result<(), String> {
    let initiative = read_initiative(case)?;
    let given: Map<String, Value> = case["assignment"]["parameters"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), value["value"].clone()))
        .collect();
    let values = initiative
        .reference_parameters(&object(&Value::Object(given)))
        .map_err(|errors| format!("{errors:?}"))?;
    let mut parameters = Map::new();
    for (reference, values) in initiative.references.iter().zip(values) {
        let values = values.map_err(|fault| fault.message)?;
        let values: Map<String, Value> =
            values.iter().map(|(name, value)| (name.to_string(), json_of(value))).collect();
        parameters.insert(reference.reference_id.clone(), Value::Object(values));
    }
    check(&json!({"parameters": parameters}), &case["expect"])
}

pub(super) fn exemption(case: &Value) -> Result<(), String> {
    let mut exemptions = Vec::new();
    for given in case["exemptions"].as_array().into_iter().flatten() {
        let source = Source::parse("case", &given.to_string()).map_err(|error| error.to_string())?;
        let parsed = parse_exemption(&source, source.root(), "$").into_result();
        exemptions.push(parsed.map_err(|found| format!("{found:?}"))?);
    }
    let (resource, ancestors) = (&case["resource"], ancestors(case));
    let mut states = Map::new();
    for (reference, state) in case["evaluation"].as_object().into_iter().flatten() {
        let question = ExemptionQuestion {
            assignment_id: case["assignment"]["id"].as_str().unwrap_or_default(),
            reference_id: reference,
            resource_id: resource["id"].as_str().unwrap_or_default(),
            resource_type: resource["type"].as_str().unwrap_or_default(),
            location: resource["location"].as_str(),
            ancestors: &ancestors,
            now: now(case),
        };
        let is_exempt = exemptions.iter().any(|exemption| exemption.covers(&question));
        let state = if is_exempt { json!(ComplianceState::Exempt.name()) } else { state.clone() };
        states.insert(reference.clone(), state);
    }
    check(&json!({"states": states}), &case["expect"])
}

pub(super) fn comparison(case: &Value) -> Result<(), String> {
    let shown = |treatment: Treatment, wanted: &Value| {
        let facts = json!({
            "evaluated": treatment.is_evaluated,
            "counted": treatment.is_counted,
            "own_object": treatment.has_own_object,
            "edits_assignment": treatment.edits_assignment,
        });
        let asked =
            wanted.as_object().into_iter().flatten().map(|(name, _)| (name.clone(), facts[name].clone()));
        Value::Object(asked.collect())
    };
    let expect = &case["expect"];
    let found =
        json!({"exempt": shown(EXEMPT, &expect["exempt"]), "excluded": shown(EXCLUDED, &expect["excluded"])});
    check(&found, expect)
}

pub(super) fn remediation(case: &Value) -> Result<(), String> {
    let source = Source::parse("case", &case["task"].to_string()).map_err(|error| error.to_string())?;
    let task =
        parse_remediation(&source, source.root(), "$").into_result().map_err(|found| format!("{found:?}"))?;
    let found = json!({
        "resourceCount": task.resource_count,
        "parallelDeployments": task.parallel_deployments,
        "failureThreshold": task.failure_threshold,
        "resourceDiscoveryMode": task.discovery_mode,
    });
    let asked = case["expect"].as_object().into_iter().flatten();
    let found: Map<String, Value> = asked.map(|(name, _)| (name.clone(), found[name].clone())).collect();
    check(&Value::Object(found), &case["expect"])
}
