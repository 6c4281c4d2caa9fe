//! Object functions.

use std::sync::Arc;

use super::{Arguments, Function};
use crate::expression::Fault;
use crate::json;
use crate::value::{Kind, Object, Value, compare_text};

type Outcome = Result<Value, Fault>;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::building("createObject", 0, None, create_object),
    Function::keeping("items", 1, Some(1), items),
    Function::keeping("objectKeys", 1, Some(1), object_keys),
    Function::keeping("shallowMerge", 1, Some(1), shallow_merge),
    Function::pure("json", 1, Some(1), json),
];

fn create_object(arguments: &Arguments<'_>) -> Outcome {
    if !arguments.len().is_multiple_of(2) {
        return Err(Fault::new("`createObject` takes names and values in pairs")
            .with_code("arm-arguments")
            .with_hint("write `createObject('name', value, …)`"));
    }
    let mut out = Object::new();
    let mut has_secret_name = false;
    for index in (0..arguments.len()).step_by(2) {
        has_secret_name |= arguments.value(index).is_secure();
        if arguments.value(index).as_symbolic().is_some() {
            return Ok(arguments.unresolved());
        }
        out.set(arguments.text(index)?.into(), arguments.value(index + 1).clone());
    }
    Ok(Value::object(out).secured(has_secret_name))
}

/// Members sorted without regard to letter case; among equals lower case first.
fn sorted(object: &Object) -> Vec<(&Arc<str>, &Value)> {
    let mut members: Vec<_> = object.iter().collect();
    members.sort_by(|(a, _), (b, _)| compare_text(a, b));
    members
}

fn items(arguments: &Arguments<'_>) -> Outcome {
    let object = arguments.object(0)?;
    arguments.budget.charge(object.len() as u64)?;
    let entry = |(name, value): (&Arc<str>, &Value)| {
        let members = [
            ("key".into(), Value::string(name.clone())),
            ("value".into(), value.clone().secured(arguments.value(0).is_secure())),
        ];
        Value::object(members.into_iter().collect())
    };
    Ok(Value::array(sorted(object).into_iter().map(entry).collect()))
}

fn object_keys(arguments: &Arguments<'_>) -> Outcome {
    let object = arguments.object(0)?;
    arguments.budget.charge(object.len() as u64)?;
    Ok(Value::array(object.keys().map(|name| Value::string(name.clone())).collect()))
}

fn shallow_merge(arguments: &Arguments<'_>) -> Outcome {
    let mut out = Object::new();
    for part in arguments.array(0)?.iter() {
        match part.kind() {
            Kind::Object(object) => {
                arguments.budget.charge(object.len() as u64)?;
                for (name, value) in object.iter() {
                    out.set(name.clone(), value.clone().secured(part.is_secure()));
                }
            }
            Kind::Null => {}
            Kind::Symbolic(_) => return Ok(arguments.unresolved()),
            _ => {
                let found = part.type_name();
                return Err(Fault::new(format!(
                    "`shallowMerge` expects an array of objects, and finds {found} in it"
                ))
                .with_code("arm-argument-type")
                .about(0));
            }
        }
    }
    Ok(Value::object(out))
}

fn json(arguments: &Arguments<'_>) -> Outcome {
    let text = arguments.text(0)?;
    arguments.budget.allow_bytes(text.len() as u64)?;
    parse_json(text)
}

/// The value that a JSON text holds; single quotes are accepted.
pub(super) fn parse_json(text: &str) -> Outcome {
    json::parse(text).map(|node| Value::from_node(&node)).map_err(|fault| {
        Fault::new(format!("the text is not JSON: {}", fault.message))
            .with_hint(fault.hint.unwrap_or("make it valid JSON"))
            .about(0)
    })
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::check;

    #[test]
    fn objects() {
        check("createObject('a', 1, 'A', 2)", r#"{"a":2}"#);
        check("createObject('a')", "error: `createObject` takes names and values in pairs");
        check("items(json('{\"b\":1,\"a\":2}'))", r#"[{"key":"a","value":2},{"key":"b","value":1}]"#);
        check("objectKeys(createObject('b', 1, 'a', 2))", r#"["b","a"]"#);
        check("json(' null ')", "null");
        check("json('{''a'': 1}')", r#"{"a":1}"#);
        check("json('{')", "error: the text is not JSON: the object is not closed");
        check(
            "shallowMerge(createArray(1))",
            "error: `shallowMerge` expects an array of objects, and finds an integer in it",
        );
    }
}
