//! `eval-cases.jsonl`: a rule or definition and a resource → an effect, no match, or an error.

use azimuth_policy::{Outcome, PolicyId, Related, RelatedQuery, Resource, Slots, Verdict};
use serde_json::Value;

use super::document::{Refusal, context, json_of, program, same};

/// The related resources of a case.
struct Given<'a>(Option<&'a Value>);

impl Related for Given<'_> {
    fn related(&self, _: &Resource<'_>, query: &RelatedQuery) -> Option<Vec<String>> {
        let list = self.0?.as_array()?;
        let mut found = Vec::new();
        for entry in list {
            match entry.get("response") {
                Some(Value::Null) => {}
                Some(response) => found.push(response.to_string()),
                None => {
                    let is_wanted = entry["type"]
                        .as_str()
                        .is_none_or(|name| name.eq_ignore_ascii_case(&query.resource_type));
                    if is_wanted {
                        found.push(entry.to_string());
                    }
                }
            }
        }
        Some(found)
    }
}

pub(super) fn run(case: &Value) -> Result<(), String> {
    let expect = &case["expect"];
    let wanted = expect.to_string();
    let verdict = match verdict(case) {
        Ok(verdict) => verdict,
        Err(refusal) => {
            let (word, message) = match refusal {
                Refusal::Parse(message) => ("parse", message),
                Refusal::Compile(message) => ("compile", message),
            };
            return match expect["error"].as_str() {
                // When a fault is noticed is the engine's own affair.
                Some("parse" | "compile") => Ok(()),
                _ => Err(format!("expected {wanted}, refused at {word}: {message}")),
            };
        }
    };
    if let Some(error) = expect["error"].as_str() {
        return match (&verdict.outcome, error) {
            (Outcome::Failed(_), "evaluate") => Ok(()),
            (Outcome::NeedsRelated(_), "related resources not supplied") => Ok(()),
            (outcome, _) => Err(format!("expected {wanted}, got {outcome:?}")),
        };
    }
    let Some(effect) = expect["effect"].as_str() else {
        return match verdict.outcome {
            Outcome::NoMatch | Outcome::Exists | Outcome::NotApplicable => Ok(()),
            outcome => Err(format!("expected no match, got {outcome:?} {:?}", verdict.effect)),
        };
    };
    let found = verdict.effect.clone().unwrap_or_default();
    if !found.eq_ignore_ascii_case(effect) {
        return Err(format!("expected {effect}, got {:?} `{found}`", verdict.outcome));
    }
    let Some(details) = expect.get("details") else { return Ok(()) };
    let found = verdict.details.as_ref().map(json_of).unwrap_or_default();
    if includes(&found, details) { Ok(()) } else { Err(format!("expected details {details}, got {found}")) }
}

pub(super) fn verdict(case: &Value) -> Result<Verdict, Refusal> {
    let program = program(case)?;
    let json = case["resource"].to_string();
    let resource_type = case["resource"]["type"].as_str().unwrap_or_default();
    let resource = Resource {
        json: &json,
        resource_type: Some(resource_type),
        api_version: case["api_version"].as_str(),
    };
    let related = Given(case.get("related"));
    let mut slots = Slots::default();
    let verdict = program.verdict(PolicyId(0), &mut slots, &resource, &context(case), &related);
    verdict.map_err(|error| Refusal::Compile(error.to_string()))
}

/// Whether `found` has everything that `wanted` has.
fn includes(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            wanted.iter().all(|(name, wanted)| found.get(name).is_some_and(|found| includes(found, wanted)))
        }
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len()
                && found.iter().zip(wanted).all(|(found, wanted)| includes(found, wanted))
        }
        _ => same(found, wanted),
    }
}
