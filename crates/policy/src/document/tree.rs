//! Paths through a whole resource, for the few questions that have no slot.

use azimuth_arm::Value;

use crate::path::Step;

/// What stands at a path.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    /// One value, or nothing.
    One(Option<Value>),
    /// The collection behind `[*]`; members that lack the rest of the path are `None`.
    Many {
        members: Vec<Option<Value>>,
        /// Whether every array on the way is there.
        is_whole: bool,
    },
}

/// The value of a JSON text; null if it is none.
pub(crate) fn value_of_text(text: &str) -> Value {
    serde_json::from_str::<serde_json::Value>(text).map_or(Value::NULL, |json| Value::from_json(&json))
}

/// What stands at the end of `steps` in `value`.
pub(crate) fn find(value: &Value, steps: &[Step]) -> Found {
    if !steps.contains(&Step::Each) {
        return Found::One(follow(value, steps));
    }
    let mut members = Vec::new();
    let is_whole = collect(value, steps, &mut members);
    Found::Many { members, is_whole }
}

fn follow(value: &Value, steps: &[Step]) -> Option<Value> {
    let mut current = value.clone();
    for step in steps {
        current = match step {
            Step::Key(key) => member(&current, key)?,
            Step::Index(at) => current.as_array()?.get(*at)?.clone(),
            Step::Each | Step::Nowhere => return None,
        };
    }
    Some(current)
}

fn member(value: &Value, key: &str) -> Option<Value> {
    let object = value.as_object()?;
    let known = object.get(key).cloned();
    known.or_else(|| {
        object.iter().find(|(name, _)| crate::fold::eq(name, key)).map(|(_, value)| value.clone())
    })
}

fn collect(value: &Value, steps: &[Step], members: &mut Vec<Option<Value>>) -> bool {
    let Some(at) = steps.iter().position(|step| *step == Step::Each) else {
        members.push(follow(value, steps));
        return true;
    };
    let array = follow(value, &steps[..at]);
    let Some(items) = array.as_ref().and_then(Value::as_array) else { return false };
    let mut is_whole = true;
    for item in items {
        is_whole &= collect(item, &steps[at + 1..], members);
    }
    is_whole
}
