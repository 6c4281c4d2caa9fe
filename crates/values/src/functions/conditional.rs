//! Functions that choose among their arguments.

use std::cmp::Ordering;

use crate::arithmetic;
use crate::compare;
use crate::context::Context;
use crate::function::{Function, Refusal};
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    Function::pure(&["iff", "iif"], iff),
    Function::pure(&["case"], case),
    Function::pure(&["coalesce"], coalesce),
    Function::pure(&["around"], around),
    Function::pure(&["assert"], assert),
    Function::pure(&["max_of"], max_of),
    Function::pure(&["min_of"], min_of),
    Function::pure(&["not"], |_, arguments| Ok(compare::negate(&arguments[0]))),
    Function::pure(&["isnull"], |_, arguments| Ok(Value::Bool(arguments[0].is_null()))),
    Function::pure(&["isnotnull", "notnull"], |_, arguments| Ok(Value::Bool(!arguments[0].is_null()))),
    Function::pure(&["isempty"], |_, arguments| Ok(Value::Bool(is_empty(&arguments[0])))),
    Function::pure(&["isnotempty", "notempty"], |_, arguments| Ok(Value::Bool(!is_empty(&arguments[0])))),
];

/// `iff(condition, then, else)`: a condition that is null counts as false.
fn iff(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let taken = if arguments[0].as_bool() == Some(true) { 1 } else { 2 };
    Ok(arguments[taken].clone())
}

/// `case(condition, then, …, else)`.
fn case(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let (branches, otherwise) = arguments.as_chunks::<2>();
    let taken = branches.iter().find(|[condition, _]| condition.as_bool() == Some(true));
    Ok(taken.map_or_else(|| otherwise.first().cloned().unwrap_or_default(), |[_, then]| then.clone()))
}

/// `coalesce(a, b, …)`: the first that is neither null nor, for texts, empty.
fn coalesce(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    Ok(arguments.iter().find(|value| !is_empty(value)).or(arguments.last()).cloned().unwrap_or_default())
}

/// `around(value, centre, distance)`: within the distance on either side.
fn around(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    let [value, centre, distance] = [&arguments[0], &arguments[1], &arguments[2]];
    let low = compare::ordered(value, &arithmetic::subtract(centre, distance), Ordering::is_ge);
    let high = compare::ordered(value, &arithmetic::add(centre, distance), Ordering::is_le);
    Ok(compare::and(&low, &high))
}

/// `assert(condition, message)`: a query whose condition does not hold ends with the message.
fn assert(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    if arguments[0].as_bool() == Some(true) {
        return Ok(Value::Bool(true));
    }
    Err(Refusal::new(format!(
        "assertion failed: {}",
        arguments.get(1).map(crate::text::to_string).unwrap_or_default()
    )))
}

/// `max_of(a, b, …)`: the largest; null if one is null.
fn max_of(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    Ok(extreme(arguments, Ordering::Greater))
}

/// `min_of(a, b, …)`: the smallest; null if one is null.
fn min_of(_: &Context, arguments: &[Value]) -> Result<Value, Refusal> {
    Ok(extreme(arguments, Ordering::Less))
}

fn extreme(arguments: &[Value], wanted: Ordering) -> Value {
    let mut best = &Value::Null;
    for value in arguments {
        if best.is_null() || (!value.is_null() && compare::total(value, best) == wanted) {
            best = value;
        }
    }
    best.clone()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        value => value.as_str().is_some_and(str::is_empty),
    }
}
