//! Applying append and modify to a resource.

use serde_json::{Map, Value};

use super::{ConflictEffect, Mutation, Operation, OperationKind};
use crate::catalogue::{Catalogue, Modifiable, Source};
use crate::definition::Effect;
use crate::field::{self, Field};
use crate::fold::{eq, fold};
use crate::path::Step;

/// Types whose identity modify may change.
const IDENTITY_TYPES: &[&str] =
    &["Microsoft.Compute/virtualMachines", "Microsoft.Compute/virtualMachineScaleSets"];

/// What became of a resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Applied {
    /// It is different now.
    Changed(Value),
    /// It is as before.
    Unchanged,
    /// The request is denied, for this reason.
    Denied(String),
    /// The policy cannot be about such resources.
    NotApplicable,
}

/// Applies the operations to a resource of a type; `api_version` is that of the request, on which it may depend what can be
/// modified.
pub fn apply(
    mutation: &Mutation,
    resource: &Value,
    catalogue: &Catalogue,
    resource_type: &str,
    api_version: Option<&str>,
) -> Applied {
    let is_identity =
        |operation: &Operation| operation.field.trim().to_ascii_lowercase().starts_with("identity.");
    let may_have_identity = IDENTITY_TYPES.iter().any(|name| eq(name, resource_type));
    if mutation.effect == Effect::Modify && !may_have_identity && mutation.operations.iter().any(is_identity)
    {
        return Applied::NotApplicable;
    }
    let folded = fold(resource_type);
    let mut changed = resource.clone();
    for operation in &mutation.operations {
        let Some(field) = field::resolve(&operation.field, catalogue, Some(&folded), api_version) else {
            continue;
        };
        if mutation.effect == Effect::Modify
            && let Some(reason) = why_not(operation, &field)
        {
            match mutation.conflict {
                ConflictEffect::Deny => return Applied::Denied(reason),
                ConflictEffect::Audit | ConflictEffect::Disabled => return Applied::Unchanged,
            }
        }
        let value = json(&operation.value);
        if let Err(reason) = run(operation.kind, &mut changed, field.path.steps(), &value) {
            return Applied::Denied(format!("`{}` {reason}", operation.field));
        }
    }
    if changed == *resource { Applied::Unchanged } else { Applied::Changed(changed) }
}

fn json(value: &azimuth_arm::Value) -> Value {
    serde_json::from_str(&value.to_string()).unwrap_or(Value::Null)
}

/// Why modify may not touch a field, if it may not.
fn why_not(operation: &Operation, field: &Field) -> Option<String> {
    if field.source == Source::Catalogue && field.modifiable == Modifiable::No {
        return Some(format!("the alias `{}` is not modifiable in this API version", operation.field));
    }
    let wanted = field.value_type.as_deref()?;
    let is_member = field.path.ends_with_each();
    let fits = match wanted.to_ascii_lowercase().as_str() {
        "string" => operation.value.as_str().is_some(),
        "boolean" => operation.value.as_bool().is_some(),
        "integer" | "number" => operation.value.as_int().is_some(),
        "array" => operation.value.as_array().is_some() || is_member,
        "object" => operation.value.as_object().is_some(),
        _ => true,
    };
    (!fits && operation.kind != OperationKind::Remove).then(|| {
        format!("`{}` takes a value of type {wanted}, not {}", operation.field, operation.value.type_name())
    })
}

/// Runs one operation. Append creates what is missing on the way; modify takes a missing parent below `properties` as left
/// out on purpose.
fn run(kind: OperationKind, target: &mut Value, steps: &[Step], value: &Value) -> Result<(), String> {
    match steps {
        [] => Ok(()),
        [Step::Key(name)] => set(kind, target, name, value),
        [Step::Key(name), Step::Each] => {
            if kind != OperationKind::Append
                && !has(target, name)
                && kind != OperationKind::Add
                && kind != OperationKind::AddOrReplace
            {
                return Ok(());
            }
            let Some(list) = child(target, name, || Value::Array(Vec::new())) else { return Ok(()) };
            let Value::Array(items) = list else { return Ok(()) };
            match kind {
                OperationKind::Append | OperationKind::Add => items.push(value.clone()),
                OperationKind::AddOrReplace => *items = vec![value.clone()],
                OperationKind::Remove => {}
            }
            Ok(())
        }
        [Step::Key(name), Step::Each, rest @ ..] => {
            let Some(Value::Array(items)) = look_mut(target, name) else { return Ok(()) };
            items.iter_mut().try_for_each(|item| run(kind, item, rest, value))
        }
        [Step::Key(name), rest @ ..] => {
            let is_envelope = name.eq_ignore_ascii_case("properties")
                || name.eq_ignore_ascii_case("tags")
                || name.eq_ignore_ascii_case("identity");
            if !has(target, name) && kind != OperationKind::Append && !is_envelope {
                return Ok(());
            }
            if kind == OperationKind::Remove && !has(target, name) {
                return Ok(());
            }
            match child(target, name, || Value::Object(Map::new())) {
                Some(inner) => run(kind, inner, rest, value),
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

fn set(kind: OperationKind, target: &mut Value, name: &str, value: &Value) -> Result<(), String> {
    let Value::Object(members) = target else { return Ok(()) };
    let known = members.keys().find(|known| eq(known, name)).cloned();
    match (kind, known) {
        (OperationKind::Remove, Some(known)) => {
            members.remove(&known);
        }
        (OperationKind::Remove, None) => {}
        (OperationKind::Append, Some(known)) => {
            if !is_same(&members[&known], value) {
                return Err("has another value already, which append does not overwrite".to_owned());
            }
        }
        (OperationKind::Add, Some(known)) if !members[&known].is_null() => {}
        (_, known) => {
            members.insert(known.unwrap_or_else(|| name.to_owned()), value.clone());
        }
    }
    Ok(())
}

fn is_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::String(left), Value::String(right)) => eq(left, right),
        _ => left == right,
    }
}

/// Whether a member is there; Resource Graph writes `null` for what is not, such as the tags of a resource without any.
fn has(value: &Value, name: &str) -> bool {
    let mut members = value.as_object().into_iter().flatten();
    members.any(|(known, value)| eq(known, name) && !value.is_null())
}

fn look_mut<'a>(value: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    value.as_object_mut()?.iter_mut().find(|(known, _)| eq(known, name)).map(|(_, value)| value)
}

/// The member `name`, made if it is missing or `null`.
fn child<'a>(value: &'a mut Value, name: &str, make: impl FnOnce() -> Value) -> Option<&'a mut Value> {
    let members = value.as_object_mut()?;
    let known = members.keys().find(|known| eq(known, name)).cloned().unwrap_or_else(|| name.to_owned());
    let member = members.entry(known).or_insert(Value::Null);
    if member.is_null() {
        *member = make();
    }
    Some(member)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(kind: OperationKind, before: &Value, path: &[&str], after: &Value) {
        let steps: Vec<Step> = path.iter().map(|name| Step::Key((*name).into())).collect();
        let mut changed = before.clone();
        run(kind, &mut changed, &steps, &json!("v")).unwrap();
        assert_eq!(changed, *after);
    }

    #[test]
    fn null_is_as_good_as_absent() {
        let (null, tagged) = (json!({"tags": null}), json!({"tags": {"a": "v"}}));
        for kind in [OperationKind::Add, OperationKind::AddOrReplace, OperationKind::Append] {
            check(kind, &null, &["tags", "a"], &tagged);
        }
        check(OperationKind::Remove, &null, &["tags", "a"], &null);
        // A missing parent below the envelope is left out on purpose.
        let inner = json!({"properties": {"acls": null}});
        check(OperationKind::AddOrReplace, &inner, &["properties", "acls", "a"], &inner);
    }
}
