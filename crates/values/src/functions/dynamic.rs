//! Arrays and property bags.

use std::collections::HashSet;
use std::sync::Arc;

use crate::compare;
use crate::context::Context;
use crate::function::{Function, Refusal};
use crate::json::Json;
use crate::text;
use crate::value::Value;

/// Items that a function may make: the service's own limit of `range` and of `make_list`.
pub(crate) const MAX_ITEMS: usize = 1_048_576;

pub(crate) const TABLE: &[Function] = &[
    Function::pure(&["array_length", "arraylength"], |_, arguments| {
        Ok(arguments[0].as_array().map(|items| items.len() as i64).into())
    }),
    Function::pure(&["array_concat"], array_concat),
    Function::pure(&["array_slice"], array_slice),
    Function::pure(&["array_split"], array_split),
    Function::pure(&["array_reverse"], array_reverse),
    Function::pure(&["array_sum"], array_sum),
    Function::pure(&["array_index_of"], array_index_of),
    Function::pure(&["array_iff", "array_iif"], array_iff),
    Function::pure(&["array_rotate_left"], |_, arguments| Ok(rotated(arguments, 1))),
    Function::pure(&["array_rotate_right"], |_, arguments| Ok(rotated(arguments, -1))),
    Function::pure(&["array_shift_left"], |_, arguments| Ok(shifted(arguments, 1))),
    Function::pure(&["array_shift_right"], |_, arguments| Ok(shifted(arguments, -1))),
    Function::pure(&["pack_array"], pack_array),
    Function::pure(&["bag_pack", "bag_pack_columns", "pack", "pack_dictionary"], bag_pack),
    Function::pure(&["pack_all"], pack_all),
    Function::pure(&["bag_keys"], bag_keys),
    Function::pure(&["bag_has_key"], bag_has_key),
    Function::pure(&["bag_merge"], bag_merge),
    Function::pure(&["bag_remove_keys"], bag_remove_keys),
    Function::pure(&["bag_set_key"], bag_set_key),
    Function::pure(&["bag_zip"], bag_zip),
    Function::pure(&["repeat"], repeat),
    Function::pure(&["zip"], zip),
    Function::pure(&["treepath"], treepath),
];

/// `pack_array(a, b, …)`; a single array stands for itself.
fn pack_array(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    Ok(match arguments {
        [only] if only.as_array().is_some() => only.clone(),
        all => Value::array(all.iter().map(Value::to_json).collect()),
    })
}

/// `array_concat(a, b, …)`: what is no array is left out; null if nothing is one.
fn array_concat(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    if arguments.iter().all(|argument| argument.as_array().is_none()) {
        return Ok(Value::Null);
    }
    Ok(Value::array(arguments.iter().filter_map(Value::as_array).flatten().cloned().collect()))
}

/// A position counted from the end if negative, cut to the ends.
fn position(index: i64, length: usize) -> usize {
    let length = length as i64;
    let from_start = if index < 0 { index.saturating_add(length) } else { index };
    from_start.clamp(0, length) as usize
}

/// `array_slice(array, start, end)`: the end is part of the slice; negative positions count from the end.
fn array_slice(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let (Some(items), Some(start), Some(end)) =
        (arguments[0].as_array(), arguments[1].as_long(), arguments[2].as_long())
    else {
        return Ok(Value::Null);
    };
    let start = position(start, items.len());
    // -1 is the last item, which is inside the slice.
    let end = if end < 0 { end.saturating_add(items.len() as i64) } else { end };
    let end = end.saturating_add(1).clamp(0, items.len() as i64) as usize;
    Ok(Value::array(items.get(start..end).unwrap_or_default().to_vec()))
}

/// `array_split(array, index or indices)`: the parts before, between and after the positions.
fn array_split(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let Some(items) = arguments[0].as_array() else { return Ok(Value::Null) };
    let indices: Vec<i64> = match (&arguments[1], arguments[1].as_array()) {
        (_, Some(indices)) => indices.iter().filter_map(|index| index.to_value().as_long()).collect(),
        (index, None) => index.as_long().into_iter().collect(),
    };
    let mut parts = Vec::new();
    let mut from = 0;
    for index in indices {
        let at = position(index, items.len());
        parts.push(Json::Array(items.get(from..at).unwrap_or_default().to_vec()));
        from = at;
    }
    parts.push(Json::Array(items[from..].to_vec()));
    Ok(Value::array(parts))
}

fn array_reverse(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    Ok(arguments[0]
        .as_array()
        .map_or(Value::Null, |items| Value::array(items.iter().rev().cloned().collect())))
}

/// `array_sum(array)`: null if an item is no number.
fn array_sum(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let Some(items) = arguments[0].as_array() else { return Ok(Value::Null) };
    let sum: Option<f64> = items.iter().map(|item| item.to_value().as_real()).sum();
    Ok(sum.into())
}

/// `array_index_of(array, value, start, length, occurrence)`: -1 if it is not there.
fn array_index_of(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let Some(items) = arguments[0].as_array() else { return Ok(Value::Null) };
    let given =
        |index: usize, otherwise: i64| arguments.get(index).and_then(Value::as_long).unwrap_or(otherwise);
    let start = position(given(2, 0), items.len());
    let length = given(3, -1);
    let end = if length < 0 { items.len() } else { start.saturating_add(length as usize).min(items.len()) };
    let occurrence = usize::try_from(given(4, 1).max(1)).unwrap_or(usize::MAX);
    let found = items[start..end]
        .iter()
        .enumerate()
        .filter(|(_, item)| compare::equal(&item.to_value(), &arguments[1]) == Value::Bool(true))
        .nth(occurrence - 1);
    Ok(Value::Long(found.map_or(-1, |(index, _)| (start + index) as i64)))
}

/// `array_iff(conditions, when_true, when_false)`: item by item; a branch may be one value for all.
fn array_iff(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let Some(conditions) = arguments[0].as_array() else { return Ok(Value::Null) };
    let chosen = |branch: &Value, index: usize| match branch.as_array() {
        Some(items) => items.get(index).cloned().unwrap_or_default(),
        None => branch.to_json(),
    };
    let items = conditions.iter().enumerate().map(|(index, condition)| match condition.to_value() {
        Value::Bool(truth) => chosen(&arguments[if truth { 1 } else { 2 }], index),
        Value::Long(number) => chosen(&arguments[if number != 0 { 1 } else { 2 }], index),
        Value::Real(number) => chosen(&arguments[if number != 0.0 { 1 } else { 2 }], index),
        _ => Json::Null,
    });
    Ok(Value::array(items.collect()))
}

fn rotated(arguments: &[Value], direction: i64) -> Value {
    let (Some(items), Some(by)) = (arguments[0].as_array(), arguments[1].as_long()) else {
        return Value::Null;
    };
    if items.is_empty() {
        return arguments[0].clone();
    }
    let by = (by.wrapping_mul(direction)).rem_euclid(items.len() as i64) as usize;
    let mut items = items.to_vec();
    items.rotate_left(by);
    Value::array(items)
}

fn shifted(arguments: &[Value], direction: i64) -> Value {
    let (Some(items), Some(by)) = (arguments[0].as_array(), arguments[1].as_long()) else {
        return Value::Null;
    };
    let fill = arguments.get(2).map(Value::to_json).unwrap_or_default();
    let by = by.wrapping_mul(direction);
    let taken = (0..items.len() as i64).map(|index| {
        let from = index.checked_add(by).and_then(|from| usize::try_from(from).ok());
        from.and_then(|from| items.get(from)).unwrap_or(&fill).clone()
    });
    Value::array(taken.collect())
}

/// `bag_pack(name, value, …)`; a name given twice keeps the last value.
fn bag_pack(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let mut members = Vec::new();
    for pair in arguments.as_chunks::<2>().0 {
        set_member(&mut members, text::to_string(&pair[0]).into(), pair[1].to_json());
    }
    Ok(Value::Dynamic(Arc::new(Json::Object(members))))
}

/// `pack_all(ignore_empty)`, which the binder calls with a name and a value for each column.
fn pack_all(context: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let Some((ignore, pairs)) = arguments.split_first() else { return Ok(Value::Null) };
    let empty = |value: &Value| value.is_null() || value.as_str() == Some("");
    let kept: Vec<Value> = pairs
        .as_chunks::<2>()
        .0
        .iter()
        .filter(|[_, value]| ignore.as_bool() != Some(true) || !empty(value))
        .flatten()
        .cloned()
        .collect();
    bag_pack(context, &kept)
}

/// Sets a member of a bag, in place if it is there.
pub(crate) fn set_member(members: &mut Vec<(Arc<str>, Json)>, name: Arc<str>, value: Json) {
    match members.iter_mut().find(|(known, _)| *known == name) {
        Some((_, known)) => *known = value,
        None => members.push((name, value)),
    }
}

fn bag_keys(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let keys = |members: &[(Arc<str>, Json)]| {
        Value::array(members.iter().map(|(name, _)| Json::String(name.clone())).collect())
    };
    Ok(arguments[0].as_bag().map_or(Value::Null, keys))
}

/// The steps of a path in JSONPath form (`$.a['b'][0]`); `None` if it is not written so.
pub(crate) fn json_path(path: &str) -> Option<Vec<PathStep>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            if end == 0 {
                return None;
            }
            steps.push(PathStep::Member(after[..end].into()));
            rest = &after[end..];
        } else {
            let after = rest.strip_prefix('[')?;
            let quote = after.chars().next().filter(|first| *first == '\'' || *first == '"');
            if let Some(quote) = quote {
                let end = after[1..].find(quote)? + 1;
                steps.push(PathStep::Member(after[1..end].into()));
                rest = after[end + 1..].strip_prefix(']')?;
            } else {
                let end = after.find(']')?;
                steps.push(PathStep::Item(after[..end].trim().parse().ok()?));
                rest = &after[end + 1..];
            }
        }
    }
    Some(steps)
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PathStep {
    /// Into a bag
    Member(Box<str>),
    /// Into an array
    Item(i64),
}

/// What lies at a path.
pub(crate) fn follow<'a>(json: &'a Json, steps: &[PathStep]) -> Option<&'a Json> {
    steps.iter().try_fold(json, |at, step| match step {
        PathStep::Member(name) => at.member(name),
        PathStep::Item(index) => at.item(*index),
    })
}

/// `bag_has_key(bag, key or path)`.
fn bag_has_key(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let (Some(Json::Object(members)), Some(key)) = (arguments[0].as_json(), arguments[1].as_str()) else {
        return Ok(Value::Null);
    };
    let bag = Json::Object(members.clone());
    let found = match key.starts_with('$').then(|| json_path(key)).flatten() {
        Some(steps) => follow(&bag, &steps).is_some(),
        None => bag.member(key).is_some(),
    };
    Ok(Value::Bool(found))
}

/// `bag_merge(a, b, …)`: of a member in several bags the first counts.
fn bag_merge(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let bags: Vec<_> = arguments.iter().filter_map(Value::as_bag).collect();
    if bags.is_empty() {
        return Ok(Value::Null);
    }
    let mut members: Vec<(Arc<str>, Json)> = Vec::new();
    for (name, value) in bags.into_iter().flatten() {
        if !members.iter().any(|(known, _)| known == name) {
            members.push((name.clone(), value.clone()));
        }
    }
    Ok(Value::Dynamic(Arc::new(Json::Object(members))))
}

/// `bag_remove_keys(bag, keys)`: keys are names or paths in JSONPath form.
fn bag_remove_keys(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let (Some(Json::Object(members)), Some(keys)) = (arguments[0].as_json(), arguments[1].as_array()) else {
        return Ok(Value::Null);
    };
    let mut bag = Json::Object(members.clone());
    for key in keys {
        let Json::String(key) = key else { continue };
        match key.starts_with('$').then(|| json_path(key)).flatten() {
            Some(steps) => remove(&mut bag, &steps),
            None => remove(&mut bag, &[PathStep::Member((&**key).into())]),
        }
    }
    Ok(Value::Dynamic(Arc::new(bag)))
}

fn remove(json: &mut Json, steps: &[PathStep]) {
    match (json, steps) {
        (Json::Object(members), [PathStep::Member(name)]) => members.retain(|(known, _)| **known != **name),
        (Json::Object(members), [PathStep::Member(name), rest @ ..]) => {
            if let Some((_, inner)) = members.iter_mut().find(|(known, _)| **known == **name) {
                remove(inner, rest);
            }
        }
        (Json::Array(items), [PathStep::Item(index), rest @ ..]) if !rest.is_empty() => {
            if let Some(inner) = usize::try_from(*index).ok().and_then(|index| items.get_mut(index)) {
                remove(inner, rest);
            }
        }
        _ => {}
    }
}

/// `bag_set_key(bag, key or path, value)`; bags on the way are made.
fn bag_set_key(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    fn set(json: &mut Json, steps: &[PathStep], value: Json) -> Option<()> {
        let Some((PathStep::Member(name), rest)) = steps.split_first() else {
            if steps.is_empty() {
                *json = value;
                return Some(());
            }
            return None;
        };
        if matches!(json, Json::Null) {
            *json = Json::Object(Vec::new());
        }
        let Json::Object(members) = json else { return None };
        let index = members.iter().position(|(known, _)| **known == **name).unwrap_or_else(|| {
            members.push(((&**name).into(), Json::Null));
            members.len() - 1
        });
        set(&mut members[index].1, rest, value)
    }
    let (Some(Json::Object(members)), Some(key)) = (arguments[0].as_json(), arguments[1].as_str()) else {
        return Ok(Value::Null);
    };
    let mut bag = Json::Object(members.clone());
    let steps = key.starts_with('$').then(|| json_path(key)).flatten();
    let steps = steps.unwrap_or_else(|| vec![PathStep::Member(key.into())]);
    Ok(set(&mut bag, &steps, arguments[2].to_json()).map_or(Value::Null, |()| Value::Dynamic(Arc::new(bag))))
}

/// `bag_zip(keys, values)`: keys without a value get null; keys that are no texts are left out.
fn bag_zip(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let (Some(keys), Some(values)) = (arguments[0].as_array(), arguments[1].as_array()) else {
        return Ok(Value::Null);
    };
    let mut members = Vec::new();
    for (index, key) in keys.iter().enumerate() {
        if let Json::String(key) = key {
            set_member(&mut members, key.clone(), values.get(index).cloned().unwrap_or_default());
        }
    }
    Ok(Value::Dynamic(Arc::new(Json::Object(members))))
}

/// `repeat(value, count)`.
fn repeat(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let Some(count) = arguments[1].as_long() else { return Ok(Value::Null) };
    let Ok(count) = usize::try_from(count) else { return Ok(Value::Null) };
    if count > MAX_ITEMS {
        return Err(Refusal::new(format!("`repeat` of {count} items is beyond the limit of {MAX_ITEMS}")));
    }
    Ok(Value::array(vec![arguments[0].to_json(); count]))
}

/// `zip(a, b, …)`: arrays of the items at each position, short ones filled with null.
fn zip(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let arrays: Vec<Vec<Json>> = arguments
        .iter()
        .map(|argument| match argument.as_array() {
            Some(items) => items.to_vec(),
            None => vec![argument.to_json()],
        })
        .collect();
    let length = arrays.iter().map(Vec::len).max().unwrap_or(0);
    let rows = (0..length).map(|index| {
        Json::Array(arrays.iter().map(|items| items.get(index).cloned().unwrap_or_default()).collect())
    });
    Ok(Value::array(rows.collect()))
}

/// `treepath(object)`: the path of everything in it, `['a']`, `['b'][0]`.
fn treepath(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    fn walk(json: &Json, path: &str, paths: &mut Vec<String>, seen: &mut HashSet<String>) {
        let mut visit = |step: &str, inner: &Json| {
            let path = format!("{path}{step}");
            if seen.insert(path.clone()) {
                paths.push(path.clone());
            }
            walk(inner, &path, paths, seen);
        };
        match json {
            Json::Object(members) => {
                members.iter().for_each(|(name, inner)| visit(&format!("['{name}']"), inner));
            }
            // All items of an array share one path.
            Json::Array(items) => items.iter().for_each(|inner| visit("[0]", inner)),
            _ => {}
        }
    }
    let Some(json) = arguments[0].as_json() else { return Ok(Value::Null) };
    let mut paths = Vec::new();
    walk(json, "", &mut paths, &mut HashSet::new());
    Ok(Value::array(paths.into_iter().map(Json::string).collect()))
}

#[cfg(test)]
mod tests {
    use crate::function::function;
    use crate::{Context, Json, Value};

    fn call(name: &str, arguments: &[&str]) -> String {
        let arguments: Vec<Value> =
            arguments.iter().map(|text| Value::dynamic(Json::parse(text).unwrap())).collect();
        let value = (function(name).unwrap().call)(&Context::new(0, 0), &arguments).unwrap();
        crate::text::to_string(&value)
    }

    #[test]
    fn arrays() {
        assert_eq!(call("array_slice", &["[1,2,3,4]", "1", "2"]), "[2,3]");
        assert_eq!(call("array_slice", &["[1,2,3,4]", "-3", "-2"]), "[2,3]");
        assert_eq!(call("array_split", &["[1,2,3,4,5]", "[1,-2]"]), "[[1],[2,3],[4,5]]");
        assert_eq!(call("array_rotate_right", &["[1,2,3]", "1"]), "[3,1,2]");
        assert_eq!(call("array_shift_left", &["[1,2,3]", "2", "0"]), "[3,0,0]");
        assert_eq!(call("array_iff", &["[true,0,null]", "[1,2,3]", "9"]), "[1,9,null]");
        assert_eq!(call("array_index_of", &["[1,2,1]", "1", "1"]), "2");
        assert_eq!(call("zip", &["[1,2]", "[3]"]), "[[1,3],[2,null]]");
    }

    #[test]
    fn bags() {
        assert_eq!(
            call("bag_remove_keys", &[r#"{"a":1,"b":{"c":2,"d":3}}"#, r#"["a","$.b.c"]"#]),
            r#"{"b":{"d":3}}"#
        );
        assert_eq!(call("bag_set_key", &[r#"{"a":1}"#, r#""$.b.c""#, "2"]), r#"{"a":1,"b":{"c":2}}"#);
        assert_eq!(call("bag_zip", &[r#"["a","b"]"#, "[1]"]), r#"{"a":1,"b":null}"#);
        assert_eq!(call("bag_has_key", &[r#"{"a":{"b":1}}"#, r#""$['a'].b""#]), "true".replace('t', "T"));
        assert_eq!(call("bag_merge", &[r#"{"a":1}"#, r#"{"a":2,"b":3}"#]), r#"{"a":1,"b":3}"#);
    }
}
