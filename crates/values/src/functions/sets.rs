//! Arrays as sets, arrays sorted, and series of numbers made: `set_*`, `array_sort_*`, `range`, `jaccard_index`.

use std::cmp::Ordering;
use std::collections::HashSet;

use crate::arithmetic;
use crate::compare;
use crate::context::Context;
use crate::function::{Function, Refusal};
use crate::functions::dynamic::MAX_ITEMS;
use crate::json::Json;
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    Function::pure(&["set_union"], set_union),
    Function::pure(&["set_intersect"], set_intersect),
    Function::pure(&["set_difference"], set_difference),
    Function::pure(&["set_has_element"], set_has_element),
    Function::pure(&["set_equals"], set_equals),
    Function::pure(&["jaccard_index"], jaccard_index),
    Function::pure(&["array_sort_asc"], |_, arguments| Ok(sorted(arguments, Ordering::Less))),
    Function::pure(&["array_sort_desc"], |_, arguments| Ok(sorted(arguments, Ordering::Greater))),
    Function::pure(&["range"], range),
];

/// What makes two items the same member: their text with their kind.
fn key(item: &Json) -> String {
    match item {
        // 1 and 1.0 are the same number.
        Json::Real(number) if number.fract() == 0.0 && number.abs() < 9e15 => (*number as i64).to_string(),
        item => item.to_text(),
    }
}

fn distinct<'a>(items: impl IntoIterator<Item = &'a Json>) -> Vec<Json> {
    let mut seen = HashSet::new();
    items.into_iter().filter(|item| seen.insert(key(item))).cloned().collect()
}

fn keys(items: &[Json]) -> HashSet<String> {
    items.iter().map(key).collect()
}

/// Every argument as an array; `None` if one is none.
fn arrays(arguments: &[Value]) -> Option<Vec<&[Json]>> {
    arguments.iter().map(Value::as_array).collect()
}

fn set_union(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    Ok(arrays(arguments).map_or(Value::Null, |arrays| Value::array(distinct(arrays.into_iter().flatten()))))
}

fn set_intersect(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let Some(arrays) = arrays(arguments) else { return Ok(Value::Null) };
    let Some((first, others)) = arrays.split_first() else { return Ok(Value::Null) };
    let others: Vec<HashSet<String>> = others.iter().map(|items| keys(items)).collect();
    let kept = first.iter().filter(|item| others.iter().all(|other| other.contains(&key(item))));
    Ok(Value::array(distinct(kept)))
}

/// `set_difference(a, b, …)`: members of the first that are in none of the others.
fn set_difference(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let Some(arrays) = arrays(arguments) else { return Ok(Value::Null) };
    let Some((first, others)) = arrays.split_first() else { return Ok(Value::Null) };
    let others: Vec<HashSet<String>> = others.iter().map(|items| keys(items)).collect();
    let kept = first.iter().filter(|item| !others.iter().any(|other| other.contains(&key(item))));
    Ok(Value::array(distinct(kept)))
}

fn set_has_element(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let Some(items) = arguments[0].as_array() else { return Ok(Value::Null) };
    let wanted = key(&arguments[1].to_json());
    Ok(Value::Bool(items.iter().any(|item| key(item) == wanted)))
}

fn set_equals(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let Some(arrays) = arrays(arguments) else { return Ok(Value::Null) };
    Ok(Value::Bool(arrays.windows(2).all(|pair| keys(pair[0]) == keys(pair[1]))))
}

/// `jaccard_index(a, b)`: members in both by members in either; NaN for two empty sets.
fn jaccard_index(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let Some(arrays) = arrays(arguments) else { return Ok(Value::Null) };
    let (left, right) = (keys(arrays[0]), keys(arrays[1]));
    let both = left.intersection(&right).count();
    Ok(Value::Real(both as f64 / (left.len() + right.len() - both) as f64))
}

/// `array_sort_asc(array, others …, nulls_last)`: sorts the first array and the others in step with it. Nulls come last
/// unless told otherwise. Several arrays give an array of arrays.
fn sorted(arguments: &[Value], first: Ordering) -> Value {
    let nulls_last = match arguments.last() {
        Some(Value::Bool(last)) => *last,
        _ => true,
    };
    let given: Vec<&Value> =
        arguments.iter().filter(|argument| !matches!(argument, Value::Bool(_))).collect();
    let Some(items) = given.first().and_then(|value| value.as_array()) else { return Value::Null };
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by(|&left, &right| {
        let (left, right) = (items[left].to_value(), items[right].to_value());
        match (left.is_null(), right.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) if nulls_last => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, true) if nulls_last => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) if first == Ordering::Less => compare::total(&left, &right),
            (false, false) => compare::total(&right, &left),
        }
    });
    let arranged = |value: &Value| match value.as_array() {
        // An array of another length cannot be in step.
        Some(array) if array.len() == items.len() => {
            Json::Array(order.iter().map(|&index| array[index].clone()).collect())
        }
        _ => Json::Null,
    };
    if given.len() == 1 {
        Value::dynamic(arranged(given[0]))
    } else {
        Value::array(given.into_iter().map(arranged).collect())
    }
}

/// `range(start, stop, step)`: of numbers, moments or spans; the stop is part of it. At most 1,048,576 items.
fn range(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let (start, stop) = (&arguments[0], &arguments[1]);
    let step = match arguments.get(2) {
        Some(step) => step.clone(),
        None => match start {
            Value::DateTime(_) | Value::TimeSpan(_) => Value::TimeSpan(crate::calendar::HOUR),
            _ => Value::Long(1),
        },
    };
    if start.is_null() || stop.is_null() || step.is_null() {
        return Ok(Value::Null);
    }
    let zero = arithmetic::subtract(&step, &step);
    let up = match compare::compare(&step, &zero) {
        Some(Ordering::Greater) => true,
        Some(Ordering::Less) => false,
        _ => return Ok(Value::Null),
    };
    let mut items = Vec::new();
    let mut at = start.clone();
    loop {
        let past = if up { Ordering::Greater } else { Ordering::Less };
        match compare::compare(&at, stop) {
            None => break,
            Some(order) if order == past => break,
            Some(_) => {}
        }
        if items.len() == MAX_ITEMS {
            break;
        }
        items.push(at.to_json());
        at = match (&step, start) {
            // Multiplying keeps a long range of reals from drifting.
            (Value::Real(_), Value::Real(_) | Value::Long(_) | Value::Int(_)) | (_, Value::Real(_)) => {
                arithmetic::add(start, &arithmetic::multiply(&step, &Value::Long(items.len() as i64)))
            }
            _ => arithmetic::add(&at, &step),
        };
        if at.is_null() {
            break;
        }
        if let (Value::Long(next), Some(Json::Long(last))) = (&at, items.last())
            && ((up && next < last) || (!up && next > last))
        {
            break;
        }
    }
    Ok(Value::array(items))
}

#[cfg(test)]
mod tests {
    use crate::function::function;
    use crate::{Context, Json, Value};

    fn call(name: &str, arguments: &[&str]) -> String {
        let arguments: Vec<Value> = arguments
            .iter()
            .map(|text| match Json::parse(text).unwrap() {
                json @ (Json::Array(_) | Json::Object(_)) => Value::dynamic(json),
                scalar => scalar.to_value(),
            })
            .collect();
        let value = (function(name).unwrap().call)(&Context::new(0, 0), &arguments).unwrap();
        crate::text::to_string(&value)
    }

    #[test]
    fn sets() {
        assert_eq!(call("set_union", &["[1,2,2]", "[3,1.0]"]), "[1,2,3]");
        assert_eq!(call("set_difference", &["[1,2,2,3]", "[3]", "[1]"]), "[2]");
        assert_eq!(call("set_intersect", &["[1,\"1\",2]", "[\"1\",2]"]), "[\"1\",2]");
        assert_eq!(call("jaccard_index", &["[1,2,3]", "[2,3,4,4]"]), "0.5");
    }

    #[test]
    fn sorting_and_ranges() {
        assert_eq!(call("array_sort_desc", &["[null,\"b\",3,1]"]), "[\"b\",3,1,null]");
        assert_eq!(call("array_sort_asc", &["[3,1]", "[\"x\",\"y\"]"]), "[[1,3],[\"y\",\"x\"]]");
        assert_eq!(call("range", &["1", "8", "3"]), "[1,4,7]");
        assert_eq!(call("range", &["3", "1", "-1"]), "[3,2,1]");
        assert_eq!(
            call("range", &["9223372036854775806", "9223372036854775807"]),
            "[9223372036854775806,9223372036854775807]"
        );
    }
}
