//! Cases about what the service accepts, and about its words and limits.

use azimuth_arm::Source;
use azimuth_diag::Severity;
use azimuth_policy::{
    Effect, Operator, Parameters, change_problems, check_assignment, check_definition, check_exemption,
    check_remediation, limit as known_limit, parse_exemption, parse_remediation, reason as phrase,
};
use serde_json::{Map, Value, json};

use super::super::document::{catalogue, definition, object};
use super::check;
use super::governance::read_assignment;

pub(super) fn authoring(case: &Value) -> Result<(), String> {
    let problems = problems(case)?;
    let is_valid = case["expect"]["valid"] == Value::Bool(true);
    match (is_valid, problems.is_empty()) {
        (true, true) | (false, false) => Ok(()),
        (true, false) => Err(format!("expected to be accepted: {problems:?}")),
        (false, true) => Err("expected a refusal, was accepted".to_owned()),
    }
}

fn problems(case: &Value) -> Result<Vec<String>, String> {
    if case.get("remediation").is_some() {
        let source =
            Source::parse("case", &case["remediation"].to_string()).map_err(|error| error.to_string())?;
        let task = parse_remediation(&source, source.root(), "$")
            .into_result()
            .map_err(|found| format!("{found:?}"))?;
        let effect = case["effect"].as_str().and_then(Effect::from_name);
        let is_set = case["initiative"].is_object();
        return Ok(check_remediation(&task, effect, is_set));
    }
    if case.get("exemption").is_some() {
        let source =
            Source::parse("case", &case["exemption"].to_string()).map_err(|error| error.to_string())?;
        let parsed = parse_exemption(&source, source.root(), "$");
        return Ok(match parsed.into_result() {
            Ok(exemption) => check_exemption(&exemption),
            Err(found) => found.iter().map(ToString::to_string).collect(),
        });
    }
    if let Some(existing) = case.get("existing_definition") {
        return Ok(change_problems(&parameters(existing)?, &parameters(&case["definition"])?));
    }
    if case.get("definition").is_some() && case.get("assignment").is_some() {
        let given: Map<String, Value> = case["assignment"]["parameters"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value["value"].clone()))
            .collect();
        let bound = parameters(&case["definition"])?.bind(&object(&Value::Object(given)));
        return Ok(bound.err().unwrap_or_default().iter().map(ToString::to_string).collect());
    }
    if case.get("definition").is_some() || case.get("rule").is_some() {
        return Ok(match definition(case) {
            Ok(definition) => check_definition(&definition, &catalogue(case))
                .iter()
                .filter(|finding| finding.severity == Severity::Error)
                .map(ToString::to_string)
                .collect(),
            Err(refusal) => vec![format!("{refusal:?}")],
        });
    }
    let assignment = read_assignment(case)?;
    let above = case["hierarchy"]["ancestors"].as_array().cloned().unwrap_or_default();
    let above: Vec<String> = above.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect();
    // The groups of a case stand above its subscription; those above a group are the ones after it.
    let above = match above.iter().position(|id| id.eq_ignore_ascii_case(&assignment.scope)) {
        Some(at) => above[at + 1..].to_vec(),
        None => above,
    };
    Ok(check_assignment(&assignment, &above))
}

/// The parameters of a definition that may have nothing else.
fn parameters(given: &Value) -> Result<Parameters, String> {
    let rule = json!({"if": {"value": true, "equals": true}, "then": {"effect": "audit"}});
    let mut whole = given.clone();
    if whole.get("policyRule").is_none() {
        whole["policyRule"] = rule;
    }
    let found = definition(&json!({"definition": whole})).map_err(|refusal| format!("{refusal:?}"))?;
    Ok(found.parameters)
}

pub(super) fn reason(case: &Value) -> Result<(), String> {
    let operator = case["operator"].as_str().and_then(Operator::from_name).ok_or("no such operator")?;
    let found = phrase(operator, case["negated"] == Value::Bool(true));
    check(&json!({"reason": found}), &case["expect"])
}

pub(super) fn limit(case: &Value) -> Result<(), String> {
    let place = case["where"].as_str().unwrap_or_default();
    let what = case["what"].as_str().unwrap_or_default();
    let found = known_limit(place, what).map(|limit| limit.maximum);
    check(&json!({"maximum": found}), &case["expect"])
}
