//! `function-cases.jsonl`: one function and its arguments → a value.

use azimuth_arm::Value as ArmValue;
use azimuth_policy::{Catalogue, Step, call_function, field_path};
use serde_json::Value;

use super::document::{json_of, same};

pub(super) fn run(case: &Value) -> Result<(), String> {
    let name = case["function"].as_str().unwrap_or_default();
    let arguments: Vec<Value> = case["args"].as_array().cloned().unwrap_or_default();
    let outcome = match name {
        "logic_all" => Ok(Some(Value::Bool(arguments.iter().all(|item| *item == Value::Bool(true))))),
        "logic_any" => Ok(Some(Value::Bool(arguments.contains(&Value::Bool(true))))),
        "resolve_field" => Ok(field(&arguments)),
        "get_parameter" => Ok(parameter(&arguments)),
        _ => {
            let arguments: Vec<ArmValue> = arguments.iter().map(ArmValue::from_json).collect();
            call_function(&language_name(name), &arguments).map(|value| Some(json_of(&value)))
        }
    };
    let expect = &case["expect"];
    let is_right = match (&outcome, expect.get("value")) {
        (Ok(Some(found)), Some(wanted)) => same(found, wanted),
        (Ok(None) | Err(_), None) => true,
        _ => false,
    };
    if is_right { Ok(()) } else { Err(format!("expected {expect}, got {outcome:?}")) }
}

/// The name in the language: `index_of` → `indexOf`, `int_div` → `div`.
fn language_name(name: &str) -> String {
    match name {
        "int_div" => return "div".to_owned(),
        "int_mod" => return "mod".to_owned(),
        _ => {}
    }
    let mut parts = name.split('_');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        out.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

/// The value of a parameter: the given one, else the default.
fn parameter(arguments: &[Value]) -> Option<Value> {
    let name = arguments.get(2)?.as_str()?;
    arguments.first()?.get(name).or_else(|| arguments.get(1)?.get(name)).cloned()
}

/// The field of a resource.
fn field(arguments: &[Value]) -> Option<Value> {
    let path = field_path(arguments.get(1)?.as_str()?, &Catalogue::plain(), None, None)?;
    let mut value = arguments.first()?;
    for step in path.steps() {
        value = match step {
            Step::Key(key) => {
                let members = value.as_object()?;
                members.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)?
            }
            Step::Index(at) => value.as_array()?.get(*at)?,
            Step::Each | Step::Nowhere => return None,
        };
    }
    Some(value.clone())
}
