//! Array functions, several of which also take strings or objects.

use std::collections::HashSet;

use super::{Arguments, Function};
use crate::expression::{Fault, counted, member_of_path};
use crate::value::{Kind, Object, Value, equal};

type Outcome = Result<Value, Fault>;

/// Most items that `range` yields.
const MAX_RANGE: i64 = 10_000;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::keeping("array", 1, Some(1), array),
    Function::building("createArray", 0, None, create_array),
    Function::keeping("first", 1, Some(1), first),
    Function::keeping("last", 1, Some(1), last),
    Function::keeping("skip", 2, Some(2), skip),
    Function::keeping("take", 2, Some(2), take),
    Function::keeping("length", 1, Some(1), length),
    Function::keeping("empty", 1, Some(1), empty),
    Function::keeping("flatten", 1, Some(1), flatten),
    Function::pure("contains", 2, Some(2), contains),
    Function::pure("range", 2, Some(2), range),
    Function::keeping("union", 2, None, union),
    Function::pure("intersection", 2, None, intersection),
    Function::keeping("tryGet", 2, None, try_get),
    Function::keeping("indexFromEnd", 2, Some(2), index_from_end),
    Function::keeping("tryIndexFromEnd", 2, None, try_index_from_end),
];

fn array(arguments: &Arguments<'_>) -> Outcome {
    let value = arguments.value(0);
    Ok(match value.kind() {
        Kind::Array(_) => value.clone(),
        _ => Value::array(vec![value.clone()]),
    })
}

fn create_array(arguments: &Arguments<'_>) -> Outcome {
    Ok(Value::array(arguments.values.to_vec()))
}

fn first(arguments: &Arguments<'_>) -> Outcome {
    match arguments.value(0).kind() {
        Kind::Array(items) => Ok(items.first().cloned().unwrap_or(Value::NULL)),
        Kind::String(text) => Ok(Value::string(text.chars().next().map(String::from).unwrap_or_default())),
        _ => Err(arguments.mismatch(0, "an array or a string")),
    }
}

fn last(arguments: &Arguments<'_>) -> Outcome {
    match arguments.value(0).kind() {
        Kind::Array(items) => Ok(items.last().cloned().unwrap_or(Value::NULL)),
        Kind::String(text) => {
            Ok(Value::string(text.chars().next_back().map(String::from).unwrap_or_default()))
        }
        _ => Err(arguments.mismatch(0, "an array or a string")),
    }
}

/// How many of `length` a count asks for: below zero none, beyond the end all.
fn clamp(count: i64, length: usize) -> usize {
    usize::try_from(count.max(0)).unwrap_or(usize::MAX).min(length)
}

fn skip(arguments: &Arguments<'_>) -> Outcome {
    let count = arguments.int(1)?;
    match arguments.value(0).kind() {
        Kind::Array(items) => {
            arguments.budget.charge(items.len() as u64)?;
            Ok(Value::array(items[clamp(count, items.len())..].to_vec()))
        }
        Kind::String(text) => {
            let units: Vec<u16> = text.encode_utf16().collect();
            Ok(Value::string(String::from_utf16_lossy(&units[clamp(count, units.len())..])))
        }
        _ => Err(arguments.mismatch(0, "an array or a string")),
    }
}

fn take(arguments: &Arguments<'_>) -> Outcome {
    let count = arguments.int(1)?;
    match arguments.value(0).kind() {
        Kind::Array(items) => {
            arguments.budget.charge(items.len() as u64)?;
            Ok(Value::array(items[..clamp(count, items.len())].to_vec()))
        }
        Kind::String(text) => {
            let units: Vec<u16> = text.encode_utf16().collect();
            Ok(Value::string(String::from_utf16_lossy(&units[..clamp(count, units.len())])))
        }
        _ => Err(arguments.mismatch(0, "an array or a string")),
    }
}

fn length(arguments: &Arguments<'_>) -> Outcome {
    let length = match arguments.value(0).kind() {
        Kind::Array(items) => items.len(),
        Kind::Object(object) => object.len(),
        Kind::String(text) if text.is_ascii() => text.len(),
        Kind::String(text) => text.encode_utf16().count(),
        _ => return Err(arguments.mismatch(0, "an array, a string or an object")),
    };
    Ok(Value::int(length as i64))
}

fn empty(arguments: &Arguments<'_>) -> Outcome {
    let is_empty = match arguments.value(0).kind() {
        Kind::Null => true,
        Kind::Array(items) => items.is_empty(),
        Kind::Object(object) => object.is_empty(),
        Kind::String(text) => text.is_empty(),
        _ => return Err(arguments.mismatch(0, "an array, an object or a string")),
    };
    Ok(Value::bool(is_empty))
}

fn flatten(arguments: &Arguments<'_>) -> Outcome {
    let mut out = Vec::new();
    for part in arguments.array(0)?.iter() {
        match part.kind() {
            Kind::Array(items) => {
                arguments.budget.charge(items.len() as u64)?;
                out.extend(items.iter().map(|item| item.clone().secured(part.is_secure())));
            }
            Kind::Symbolic(_) => return Ok(arguments.unresolved()),
            _ => {
                let fault =
                    format!("`flatten` expects an array of arrays, and finds {} in it", part.type_name());
                return Err(Fault::new(fault).with_code("arm-argument-type").about(0));
            }
        }
    }
    Ok(Value::array(out))
}

fn contains(arguments: &Arguments<'_>) -> Outcome {
    let wanted = arguments.value(1);
    let found = match arguments.value(0).kind() {
        Kind::Array(items) => {
            arguments.budget.charge(items.len() as u64)?;
            items.iter().any(|item| equal(item, wanted))
        }
        Kind::Object(object) => object.get(&arguments.as_text(1)?).is_some(),
        Kind::String(text) => text.contains(&*arguments.as_text(1)?),
        _ => return Err(arguments.mismatch(0, "an array, an object or a string")),
    };
    Ok(Value::bool(found))
}

fn range(arguments: &Arguments<'_>) -> Outcome {
    let (start, count) = (arguments.int(0)?, arguments.int(1)?);
    if !(0..=MAX_RANGE).contains(&count) {
        return Err(Fault::new(format!("the count of `range` is 0 to {MAX_RANGE}, not {count}")).about(1));
    }
    if start.checked_add(count).is_none_or(|end| end > i64::from(i32::MAX)) {
        return Err(Fault::new("`range` ends beyond 2147483647").about(0));
    }
    arguments.budget.charge(count as u64)?;
    Ok(Value::array((start..start + count).map(Value::int).collect()))
}

fn union(arguments: &Arguments<'_>) -> Outcome {
    match arguments.value(0).kind() {
        Kind::Array(_) => {
            let mut out: Vec<Value> = Vec::new();
            let mut seen = Seen::default();
            for index in 0..arguments.len() {
                if arguments.value(index).is_null() {
                    continue;
                }
                let items = arguments.array(index)?;
                let secure = arguments.value(index).is_secure();
                for item in items.iter() {
                    if seen.is_new(item, &out, arguments)? {
                        out.push(item.clone().secured(secure));
                    }
                }
            }
            Ok(Value::array(out))
        }
        Kind::Object(first) => {
            let mut merged = (**first).clone();
            for index in 1..arguments.len() {
                if arguments.value(index).is_null() {
                    continue;
                }
                let object = arguments.object(index)?;
                merged = merge(&merged, object, arguments, 0)?;
            }
            Ok(Value::object(merged))
        }
        Kind::Null => {
            // The service passes over nulls between objects and arrays.
            let rest = Arguments { values: &arguments.values[1..], ..*arguments };
            if rest.values.is_empty() { Ok(Value::NULL) } else { union(&rest) }
        }
        _ => Err(arguments.mismatch(0, "arrays or objects")),
    }
}

/// `right` over `left`: nested objects merge, everything else is replaced.
fn merge(left: &Object, right: &Object, arguments: &Arguments<'_>, depth: u32) -> Result<Object, Fault> {
    arguments.budget.charge((left.len() + right.len()) as u64)?;
    let mut out = left.clone();
    for (name, value) in right.iter() {
        let value = match (out.get(name).map(Value::kind), value.kind()) {
            (Some(Kind::Object(below)), Kind::Object(above)) if depth < 250 => {
                let secure = value.is_secure();
                Value::object(merge(below, above, arguments, depth + 1)?)
                    .with_origin(value.origin())
                    .secured(secure)
            }
            _ => value.clone(),
        };
        out.set(name.clone(), value);
    }
    Ok(out)
}

/// Values seen so far; plain ones by hash, the rest by comparison.
#[derive(Default)]
struct Seen {
    plain: HashSet<String>,
}

impl Seen {
    fn is_new(&mut self, value: &Value, known: &[Value], arguments: &Arguments<'_>) -> Result<bool, Fault> {
        let key = match value.kind() {
            Kind::String(text) => format!("s{text}"),
            Kind::Int(int) => format!("i{int}"),
            Kind::Bool(truth) => format!("b{truth}"),
            _ => {
                arguments.budget.charge(known.len() as u64)?;
                return Ok(!known.iter().any(|other| equal(other, value)));
            }
        };
        arguments.budget.charge(1)?;
        Ok(self.plain.insert(key))
    }
}

fn intersection(arguments: &Arguments<'_>) -> Outcome {
    match arguments.value(0).kind() {
        Kind::Array(first) => {
            let mut out: Vec<Value> = Vec::new();
            let mut seen = Seen::default();
            'items: for item in first.iter() {
                for index in 1..arguments.len() {
                    let other = arguments.array(index)?;
                    arguments.budget.charge(other.len() as u64)?;
                    if !other.iter().any(|candidate| equal(candidate, item)) {
                        continue 'items;
                    }
                }
                if seen.is_new(item, &out, arguments)? {
                    out.push(item.clone());
                }
            }
            Ok(Value::array(out))
        }
        Kind::Object(first) => {
            let mut out = Object::new();
            'members: for (name, value) in first.iter() {
                for index in 1..arguments.len() {
                    let other = arguments.object(index)?;
                    if !other.get(name).is_some_and(|candidate| equal(candidate, value)) {
                        continue 'members;
                    }
                }
                out.push(name.clone(), value.clone());
            }
            Ok(Value::object(out))
        }
        _ => Err(arguments.mismatch(0, "arrays or objects")),
    }
}

fn try_get(arguments: &Arguments<'_>) -> Outcome {
    member_of_path(arguments.value(0), &arguments.values[1..])
}

fn index_from_end(arguments: &Arguments<'_>) -> Outcome {
    let items = arguments.array(0)?;
    let back = arguments.int(1)?;
    from_end(items, back).ok_or_else(|| {
        Fault::new(format!(
            "the index {back} from the end is outside the array, which has {}",
            counted(items.len())
        ))
        .with_code("arm-index")
        .about(1)
    })
}

fn try_index_from_end(arguments: &Arguments<'_>) -> Outcome {
    if arguments.value(0).is_null() {
        return Ok(Value::NULL);
    }
    let found = from_end(arguments.array(0)?, arguments.int(1)?).unwrap_or(Value::NULL);
    member_of_path(&found, &arguments.values[2..])
}

/// The item `back` places before the end, 1 being the last.
fn from_end(items: &[Value], back: i64) -> Option<Value> {
    let at = items.len().checked_sub(usize::try_from(back).ok().filter(|back| *back > 0)?)?;
    items.get(at).cloned()
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::check;

    #[test]
    fn arrays() {
        check("array('a')", r#"["a"]"#);
        check("createArray()", "[]");
        check("first(createArray())", "null");
        check("last('abc')", r#""c""#);
        check("skip(createArray(1,2,3), 2)", "[3]");
        check("take('abc', -1)", r#""""#);
        check("length(createObject('a', 1))", "1");
        check("length('a😀')", "3");
        check("empty(null())", "true");
        check("range(5, 3)", "[5,6,7]");
        check("range(0, 10001)", "error: the count of `range` is 0 to 10000, not 10001");
        check(
            "flatten(createArray(1))",
            "error: `flatten` expects an array of arrays, and finds an integer in it",
        );
    }

    #[test]
    fn sets() {
        check("union(createArray(1,2,2), createArray(2,3))", "[1,2,3]");
        check(
            "union(json('{\"a\":{\"b\":1,\"x\":[1]}}'), json('{\"A\":{\"c\":2,\"x\":[2]}}'))",
            r#"{"a":{"b":1,"x":[2],"c":2}}"#,
        );
        check("intersection(createArray(1,2,3), createArray(3,2))", "[2,3]");
        check(
            "intersection(json('{\"one\":\"a\",\"two\":\"b\"}'), json('{\"one\":\"a\",\"two\":\"z\"}'))",
            r#"{"one":"a"}"#,
        );
    }

    #[test]
    fn access_that_may_fail() {
        check("tryGet(createObject('a', createArray(1)), 'a', 0)", "1");
        check("tryGet(createObject('a', 1), 'b', 'c', 0)", "null");
        check("tryGet(null(), 'b')", "null");
        check("indexFromEnd(createArray(1,2,3), 1)", "3");
        check("tryIndexFromEnd(createArray(1,2,3), 4)", "null");
        check(
            "indexFromEnd(createArray(1), 2)",
            "error: the index 2 from the end is outside the array, which has 1 item",
        );
    }
}
