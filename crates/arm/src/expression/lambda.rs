//! Lambda functions: `map`, `filter`, `reduce`, `sort` and others that call a `lambda(…)` argument.

use std::cmp::Ordering;
use std::sync::Arc;

use super::condition::{expect_bool, unresolved};
use super::evaluate::{Evaluator, gravest};
use super::{Call, Expression, ExpressionError, ExpressionKind, Fault};
use crate::json::Span;
use crate::value::{Kind, Object, Reason, Symbolic, Value};

type Outcome = Result<Value, ExpressionError>;

/// Most items that a lambda function works through.
const MAX_ITEMS: usize = 100_000;

pub(crate) fn run_lambda(_: &mut Evaluator<'_>, call: &Call, span: Span) -> Outcome {
    let fault =
        Fault::new(format!("`{}` can only be an argument of `map`, `filter` and the like", call.name));
    Err(fault.at(span))
}

pub(crate) fn run_lambda_variables(evaluator: &mut Evaluator<'_>, call: &Call, span: Span) -> Outcome {
    let value = evaluator.value(&call.arguments[0])?;
    let Some(name) = value.as_str() else {
        return Err(Fault::new("the name of a lambda variable is a string").at(span));
    };
    let bound = evaluator.lambdas.iter().rev().find(|(known, _)| azimuth_ids::eq_fold(known, name));
    bound.map(|(_, value)| value.clone()).ok_or_else(|| {
        let names = evaluator.lambdas.iter().map(|(known, _)| &**known);
        let fault = Fault::new(format!("there is no lambda variable `{name}` here"));
        let fault = fault.with_code("arm-unknown-variable");
        match crate::suggest::did_you_mean(name, names) {
            Some(near) => fault.with_hint(format!("did you mean `{near}`?")),
            None => fault,
        }
        .at(call.arguments[0].span)
    })
}

/// A lambda function argument, ready to be called.
struct Lambda<'a> {
    names: Vec<Arc<str>>,
    body: &'a Expression,
}

impl<'a> Lambda<'a> {
    fn of(argument: &'a Expression, least: usize, most: usize) -> Result<Self, ExpressionError> {
        let wrong = |message: String| Fault::new(message).with_code("arm-arguments").at(argument.span);
        let ExpressionKind::Call(call) = &argument.kind else {
            return Err(wrong("expected a `lambda(…)` here".to_owned()));
        };
        if &*call.key != "lambda" || call.namespace.is_some() {
            return Err(wrong("expected a `lambda(…)` here".to_owned()));
        }
        let Some((body, names)) = call.arguments.split_last() else {
            return Err(wrong("a lambda needs a body".to_owned()));
        };
        if names.len() < least || names.len() > most {
            let wanted = if least == most { least.to_string() } else { format!("{least} or {most}") };
            return Err(wrong(format!("the lambda takes {wanted} variables here, and has {}", names.len())));
        }
        let names = names.iter().map(|name| match &name.kind {
            ExpressionKind::Literal(value) if value.as_str().is_some() => {
                Ok(value.as_str().unwrap_or_default().into())
            }
            _ => Err(Fault::new("the name of a lambda variable is a literal string").at(name.span)),
        });
        Ok(Self { names: names.collect::<Result<_, _>>()?, body })
    }

    fn call(&self, evaluator: &mut Evaluator<'_>, values: &[Value]) -> Outcome {
        let depth = evaluator.lambdas.len();
        for (name, value) in self.names.iter().zip(values) {
            evaluator.lambdas.push((name.clone(), value.clone()));
        }
        let value = evaluator.value(self.body);
        evaluator.lambdas.truncate(depth);
        value
    }

    /// The lambda with everything but its own variables resolved.
    fn residue(&self, evaluator: &mut Evaluator<'_>) -> Expression {
        let placeholders: Vec<Value> = self
            .names
            .iter()
            .map(|name| {
                let argument = Expression::literal(Value::string(name.clone()));
                let call = Expression::call("lambdaVariables", vec![argument]);
                Value::symbolic(Symbolic::new(call, Reason::Environment))
            })
            .collect();
        let body = match evaluator.tentatively(|evaluator| self.call(evaluator, &placeholders)) {
            Ok(value) => Expression::of(value),
            Err(_) => self.body.clone(),
        };
        let names = self.names.iter().map(|name| Expression::literal(Value::string(name.clone())));
        Expression::call("lambda", names.chain([body]).collect())
    }
}

/// The items of the first argument, or the call as a symbolic value.
enum Items {
    Known(Value),
    Unknown(Value),
}

fn items(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    lambdas: &[&Lambda<'_>],
    others: &[Value],
) -> Result<Items, ExpressionError> {
    let value = evaluator.value(&call.arguments[0])?;
    match value.kind() {
        Kind::Array(items) if items.len() <= MAX_ITEMS => Ok(Items::Known(value)),
        Kind::Symbolic(_) => Ok(Items::Unknown(residue(evaluator, call, value, None, others, lambdas))),
        Kind::Array(_) => {
            Err(Fault::limit(format!("more than {MAX_ITEMS} items")).at(call.arguments[0].span))
        }
        _ => {
            let fault =
                Fault::new(format!("`{}` expects an array here, not {}", call.name, value.type_name()));
            Err(fault.with_code("arm-argument-type").at(call.arguments[0].span))
        }
    }
}

/// The call as a symbolic value, as its first argument is one or the lambda's result `cause` is.
fn residue(
    evaluator: &mut Evaluator<'_>,
    call: &Call,
    first: Value,
    cause: Option<&Value>,
    others: &[Value],
    lambdas: &[&Lambda<'_>],
) -> Value {
    let reason = gravest(cause.into_iter().chain([&first])).unwrap_or(Reason::Environment);
    let secure = first.has_secure();
    let mut arguments = vec![Expression::of(first)];
    arguments.extend(others.iter().cloned().map(Expression::of));
    arguments.extend(lambdas.iter().map(|lambda| lambda.residue(evaluator)));
    unresolved(call, arguments, reason, secure)
}

/// The value of an item: secret if the array is.
fn item(array: &Value, at: usize) -> Value {
    let item = array.as_array().and_then(|items| items.get(at)).cloned().unwrap_or(Value::NULL);
    item.secured(array.is_secure())
}

fn count(array: &Value) -> usize {
    array.as_array().map_or(0, <[Value]>::len)
}

pub(crate) fn run_map(evaluator: &mut Evaluator<'_>, call: &Call, _span: Span) -> Outcome {
    let lambda = Lambda::of(&call.arguments[1], 1, 2)?;
    let array = match items(evaluator, call, &[&lambda], &[])? {
        Items::Known(array) => array,
        Items::Unknown(value) => return Ok(value),
    };
    let mut out = Vec::with_capacity(count(&array));
    for at in 0..count(&array) {
        out.push(lambda.call(evaluator, &[item(&array, at), Value::int(at as i64)])?);
    }
    Ok(Value::array(out))
}

pub(crate) fn run_filter(evaluator: &mut Evaluator<'_>, call: &Call, _span: Span) -> Outcome {
    let lambda = Lambda::of(&call.arguments[1], 1, 2)?;
    let array = match items(evaluator, call, &[&lambda], &[])? {
        Items::Known(array) => array,
        Items::Unknown(value) => return Ok(value),
    };
    let mut out = Vec::new();
    for at in 0..count(&array) {
        let value = item(&array, at);
        let keep = lambda.call(evaluator, &[value.clone(), Value::int(at as i64)])?;
        if keep.as_symbolic().is_some() {
            return Ok(residue(evaluator, call, array.clone(), Some(&keep), &[], &[&lambda]));
        }
        if expect_bool(&keep, lambda.body.span, "the result of this lambda")? {
            out.push(value);
        }
    }
    Ok(Value::array(out))
}

pub(crate) fn run_reduce(evaluator: &mut Evaluator<'_>, call: &Call, _span: Span) -> Outcome {
    let lambda = Lambda::of(&call.arguments[2], 2, 3)?;
    let mut accumulated = evaluator.value(&call.arguments[1])?;
    let array = match items(evaluator, call, &[&lambda], std::slice::from_ref(&accumulated))? {
        Items::Known(array) => array,
        Items::Unknown(value) => return Ok(value),
    };
    for at in 0..count(&array) {
        let values = [accumulated, item(&array, at), Value::int(at as i64)];
        accumulated = lambda.call(evaluator, &values)?;
    }
    Ok(accumulated)
}

pub(crate) fn run_sort(evaluator: &mut Evaluator<'_>, call: &Call, _span: Span) -> Outcome {
    let lambda = Lambda::of(&call.arguments[1], 2, 2)?;
    let array = match items(evaluator, call, &[&lambda], &[])? {
        Items::Known(array) => array,
        Items::Unknown(value) => return Ok(value),
    };
    let values: Vec<Value> = (0..count(&array)).map(|at| item(&array, at)).collect();
    let mut fault = None;
    let mut unknown = None;
    let sorted = merge_sort(values, &mut |left, right| {
        if fault.is_some() || unknown.is_some() {
            return Ordering::Less;
        }
        // `left` stays first unless `right` must precede it: a stable sort by "goes before".
        match lambda.call(evaluator, &[right.clone(), left.clone()]) {
            Ok(value) if value.as_symbolic().is_some() => {
                unknown = Some(value);
                Ordering::Less
            }
            Ok(value) => match expect_bool(&value, lambda.body.span, "the result of this lambda") {
                Ok(true) => Ordering::Greater,
                Ok(false) => Ordering::Less,
                Err(error) => {
                    fault = Some(error);
                    Ordering::Less
                }
            },
            Err(error) => {
                fault = Some(error);
                Ordering::Less
            }
        }
    });
    match (fault, unknown) {
        (Some(fault), _) => Err(fault),
        (None, Some(cause)) => Ok(residue(evaluator, call, array.clone(), Some(&cause), &[], &[&lambda])),
        (None, None) => Ok(Value::array(sorted)),
    }
}

/// A stable merge sort that any comparison leaves intact, even one that is no order.
fn merge_sort(mut values: Vec<Value>, order: &mut dyn FnMut(&Value, &Value) -> Ordering) -> Vec<Value> {
    if values.len() < 2 {
        return values;
    }
    let right = values.split_off(values.len() / 2);
    let left = merge_sort(values, order);
    let right = merge_sort(right, order);
    let mut out = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    loop {
        match (left.peek(), right.peek()) {
            (Some(a), Some(b)) => {
                let next = if order(a, b) == Ordering::Greater { right.next() } else { left.next() };
                out.extend(next);
            }
            (Some(_), None) => out.extend(left.next()),
            (None, _) => {
                out.extend(right);
                return out;
            }
        }
    }
}

pub(crate) fn run_to_object(evaluator: &mut Evaluator<'_>, call: &Call, _span: Span) -> Outcome {
    let key = Lambda::of(&call.arguments[1], 1, 1)?;
    let value = call.arguments.get(2).map(|argument| Lambda::of(argument, 1, 1)).transpose()?;
    let lambdas: Vec<&Lambda<'_>> = [Some(&key), value.as_ref()].into_iter().flatten().collect();
    let array = match items(evaluator, call, &lambdas, &[])? {
        Items::Known(array) => array,
        Items::Unknown(value) => return Ok(value),
    };
    let mut out = Object::new();
    let mut has_secret_name = false;
    for at in 0..count(&array) {
        let entry = item(&array, at);
        let name = key.call(evaluator, std::slice::from_ref(&entry))?;
        if name.as_symbolic().is_some() {
            return Ok(residue(evaluator, call, array.clone(), Some(&name), &[], &lambdas));
        }
        has_secret_name |= name.is_secure();
        let Some(name) = name.as_str() else {
            return Err(Fault::new(format!("a key is a string, not {}", name.type_name())).at(key.body.span));
        };
        let member = match &value {
            Some(lambda) => lambda.call(evaluator, &[entry])?,
            None => entry,
        };
        out.set(name.into(), member);
    }
    Ok(Value::object(out).secured(has_secret_name))
}

pub(crate) fn run_group_by(evaluator: &mut Evaluator<'_>, call: &Call, _span: Span) -> Outcome {
    let key = Lambda::of(&call.arguments[1], 1, 1)?;
    let array = match items(evaluator, call, &[&key], &[])? {
        Items::Known(array) => array,
        Items::Unknown(value) => return Ok(value),
    };
    let mut has_secret_name = false;
    let mut groups: Vec<(Arc<str>, Vec<Value>)> = Vec::new();
    let mut positions = std::collections::HashMap::new();
    for at in 0..count(&array) {
        let entry = item(&array, at);
        let name = key.call(evaluator, std::slice::from_ref(&entry))?;
        if name.as_symbolic().is_some() {
            return Ok(residue(evaluator, call, array.clone(), Some(&name), &[], &[&key]));
        }
        has_secret_name |= name.is_secure();
        let Some(name) = name.as_str() else {
            return Err(Fault::new(format!("a key is a string, not {}", name.type_name())).at(key.body.span));
        };
        let position = *positions.entry(azimuth_ids::fold(name).into_owned()).or_insert_with(|| {
            groups.push((name.into(), Vec::new()));
            groups.len() - 1
        });
        groups[position].1.push(entry);
    }
    let groups = groups.into_iter().map(|(name, values)| (name, Value::array(values)));
    Ok(Value::object(groups.collect()).secured(has_secret_name))
}

pub(crate) fn run_map_values(evaluator: &mut Evaluator<'_>, call: &Call, _span: Span) -> Outcome {
    let lambda = Lambda::of(&call.arguments[1], 1, 1)?;
    let value = evaluator.value(&call.arguments[0])?;
    let Some(object) = value.as_object() else {
        if value.as_symbolic().is_some() {
            return Ok(residue(evaluator, call, value.clone(), None, &[], &[&lambda]));
        }
        let fault = Fault::new(format!("`{}` expects an object here, not {}", call.name, value.type_name()));
        return Err(fault.with_code("arm-argument-type").at(call.arguments[0].span));
    };
    let mut out = Object::new();
    for (name, member) in object.iter() {
        let member = member.clone().secured(value.is_secure());
        out.push(name.clone(), lambda.call(evaluator, &[member])?);
    }
    Ok(Value::object(out))
}
