//! Access to members and items.

use super::evaluate::reason_in;
use super::{Expression, ExpressionKind, Fault};
use crate::suggest::did_you_mean;
use crate::value::{Kind, Object, Reason, Symbolic, Value};

/// Whether a null base may come from an earlier safe access, which ends the whole chain.
pub(super) fn may_be_cut_short(base: &Expression) -> bool {
    match &base.kind {
        ExpressionKind::Member { base, is_safe, .. } | ExpressionKind::Index { base, is_safe, .. } => {
            *is_safe || may_be_cut_short(base)
        }
        _ => false,
    }
}

/// `value.name`
pub(crate) fn member_of(value: &Value, name: &str, is_safe: bool) -> Result<Value, Fault> {
    match value.kind() {
        Kind::Object(object) => match object.get(name) {
            Some(member) => Ok(member.clone().secured(value.is_secure())),
            None if is_safe => Ok(Value::NULL),
            None if value.is_secure() => {
                Err(Fault::new("the secret object has no such property").with_code("arm-missing-property"))
            }
            None => Err(missing_member(object, name)),
        },
        Kind::Null if is_safe => Ok(Value::NULL),
        _ => Err(Fault::new(format!("{} has no property `{name}`", value.type_name()))
            .with_code("arm-missing-property")),
    }
}

pub(super) fn missing_member(object: &Object, name: &str) -> Fault {
    let fault = Fault::new(format!("the object has no property `{name}`")).with_code("arm-missing-property");
    if let Some(near) = did_you_mean(name, object.keys().map(|key| &**key)) {
        return fault.with_hint(format!("did you mean `{near}`?"));
    }
    if object.is_empty() {
        return fault.with_hint("the object is empty");
    }
    let names: Vec<String> = object.keys().take(8).map(|key| format!("`{key}`")).collect();
    let more = if object.len() > names.len() { ", …" } else { "" };
    fault.with_hint(format!("it has {}{more}", names.join(", ")))
}

/// `value[at]`
pub(crate) fn item_of(value: &Value, at: &Value, is_safe: bool) -> Result<Value, Fault> {
    match (value.kind(), at.kind()) {
        (Kind::Array(items), Kind::Int(_) | Kind::Float(_)) => {
            let Some(position) = at.as_int() else {
                return Err(
                    Fault::new("an array index is a whole number").with_hint("write it without a fraction")
                );
            };
            match usize::try_from(position).ok().and_then(|position| items.get(position)) {
                Some(item) => Ok(item.clone().secured(value.is_secure())),
                None if is_safe => Ok(Value::NULL),
                None => Err(Fault::new(format!(
                    "the index {position} is outside the array, which has {}",
                    counted(items.len())
                ))
                .with_code("arm-index")
                .with_hint(match items.len() {
                    0 => "the array is empty; `.?` and `[?…]` allow that".to_owned(),
                    1 => "write `[0]`: positions count from 0".to_owned(),
                    length => format!("write `[0]` to `[{}]`: positions count from 0", length - 1),
                })),
            }
        }
        (Kind::Object(_), Kind::String(name)) => member_of(value, name, is_safe).map_err(|fault| {
            if at.is_secure() {
                Fault::new("the object has no property of that secret name")
                    .with_hint("check the secret and the names of the object")
            } else {
                fault
            }
        }),
        (Kind::Null, _) if is_safe => Ok(Value::NULL),
        (Kind::Array(_), _) => {
            Err(Fault::new(format!("an array index is an integer, not {}", at.type_name()))
                .with_hint("write `[0]` for the first item, or convert the index with `int(…)`"))
        }
        (Kind::Object(_), _) => {
            Err(Fault::new(format!("an object is indexed by a name, not {}", at.type_name()))
                .with_hint("name the property: `['name']`, or convert the index with `string(…)`"))
        }
        _ => Err(Fault::new(format!("{} cannot be indexed", value.type_name()))
            .with_hint("only arrays and objects can; of a text, `substring(…, position, 1)` is a character")),
    }
}

/// A number of items in words.
pub(crate) fn counted(items: usize) -> String {
    if items == 1 { "1 item".to_owned() } else { format!("{items} items") }
}

/// Follows `path` into `value`; null as soon as something is missing.
pub(crate) fn member_of_path(value: &Value, path: &[Value]) -> Result<Value, Fault> {
    let mut current = value.clone();
    for (index, step) in path.iter().enumerate() {
        if current.as_symbolic().is_some() {
            let secure = current.is_secure();
            let reason = reason_in(&current).unwrap_or(Reason::Environment);
            let arguments = std::iter::once(current).chain(path[index..].iter().cloned()).map(Expression::of);
            let call = Expression::call("tryGet", arguments.collect());
            return Ok(Value::symbolic(Symbolic::new(call, reason)).secured(secure));
        }
        // `{value, fromEnd}` counts from the end of an array, 1 being the last item.
        let from_end = step.get("fromEnd").and_then(|from_end| from_end.as_bool()) == Some(true);
        let step = match (step.get("value"), &current.kind()) {
            (Some(back), Kind::Array(items)) if from_end => {
                Value::int(back.as_int().map_or(-1, |back| items.len() as i64 - back))
            }
            (Some(value), _) if step.get("fromEnd").is_some() => value,
            _ => step.clone(),
        };
        current = item_of(&current, &step, true).map_err(|fault| fault.about(index + 1))?;
    }
    Ok(current)
}
