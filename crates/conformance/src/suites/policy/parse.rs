//! `parse-cases.jsonl`: rules and definitions that must or must not be accepted.

use serde_json::Value;

use super::document::{Refusal, definition, rule};
use super::evaluate::verdict;

pub(super) fn run(case: &Value) -> Result<(), String> {
    let expect = &case["expect"];
    let outcome = match case["level"].as_str() {
        Some("policy_definition") => definition(case).map(|_| ()),
        _ => rule(&case["rule"]).map(|_| ()),
    };
    let is_valid = expect["valid"] == Value::Bool(true);
    match outcome {
        Err(Refusal::Parse(message) | Refusal::Compile(message)) => {
            return if is_valid { Err(format!("expected to be accepted: {message}")) } else { Ok(()) };
        }
        Ok(()) if !is_valid => return Err("expected a refusal, was accepted".to_owned()),
        Ok(()) => {}
    }
    if let Some(wanted) = expect.get("effect_if_evaluated") {
        let found = verdict(case).map_err(|refusal| format!("{refusal:?}"))?;
        let effect = found.effect.clone().unwrap_or_default();
        if !effect.eq_ignore_ascii_case(wanted.as_str().unwrap_or_default()) {
            return Err(format!("expected {wanted}, got {:?} `{effect}`", found.outcome));
        }
    }
    if expect.get("match_if_evaluated") == Some(&Value::Bool(false)) {
        let found = verdict(case).map_err(|refusal| format!("{refusal:?}"))?;
        if found.effect.is_some() {
            return Err(format!("expected no match, got {found:?}"));
        }
    }
    Ok(())
}
