//! Logical and lambda functions.

use super::{Arguments, Function};
use crate::expression::Fault;
use crate::expression::{condition, lambda as lazy};
use crate::value::{Kind, Value};

type Outcome = Result<Value, Fault>;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::lazy("if", 3, Some(3), condition::run_if),
    Function::lazy("and", 2, None, condition::run_and),
    Function::lazy("or", 2, None, condition::run_or),
    Function::pure("not", 1, Some(1), not),
    Function::pure("bool", 1, Some(1), bool),
    Function::pure("true", 0, Some(0), |_| Ok(Value::bool(true))),
    Function::pure("false", 0, Some(0), |_| Ok(Value::bool(false))),
    Function::pure("null", 0, Some(0), |_| Ok(Value::NULL)),
    Function::pure("fail", 1, Some(1), fail),
    Function::lazy("lambda", 1, None, lazy::run_lambda),
    Function::lazy("lambdaVariables", 1, Some(1), lazy::run_lambda_variables),
    Function::lazy("map", 2, Some(2), lazy::run_map),
    Function::lazy("filter", 2, Some(2), lazy::run_filter),
    Function::lazy("reduce", 3, Some(3), lazy::run_reduce),
    Function::lazy("sort", 2, Some(2), lazy::run_sort),
    Function::lazy("toObject", 2, Some(3), lazy::run_to_object),
    Function::lazy("groupBy", 2, Some(2), lazy::run_group_by),
    Function::lazy("mapValues", 2, Some(2), lazy::run_map_values),
];

fn not(arguments: &Arguments<'_>) -> Outcome {
    let truth = arguments.value(0).as_bool().ok_or_else(|| arguments.mismatch(0, "a boolean"))?;
    Ok(Value::bool(!truth))
}

fn bool(arguments: &Arguments<'_>) -> Outcome {
    match arguments.value(0).kind() {
        Kind::Bool(truth) => Ok(Value::bool(*truth)),
        Kind::Int(int) => Ok(Value::bool(*int != 0)),
        Kind::String(text) if text.trim().eq_ignore_ascii_case("true") || text.trim() == "1" => {
            Ok(Value::bool(true))
        }
        Kind::String(text) if text.trim().eq_ignore_ascii_case("false") || text.trim() == "0" => {
            Ok(Value::bool(false))
        }
        Kind::String(_) => Err(Fault::new("the text is neither `true` nor `false`")
            .with_hint("write one of these two")
            .about(0)),
        _ => Err(arguments.mismatch(0, "a string or an integer")),
    }
}

/// Ends the deployment with the template author's own message.
fn fail(arguments: &Arguments<'_>) -> Outcome {
    Err(Fault::new(format!("the template fails on purpose: {}", arguments.text(0)?)).with_code("arm-fail"))
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::check;

    #[test]
    fn logic() {
        check("if(true(), 'a', int('x'))", r#""a""#);
        check("if('yes', 1, 2)", "error: the condition of `if` is a boolean, not a string");
        check("and(true(), false(), true())", "false");
        check("or(false(), true())", "true");
        check("not(bool('TRUE'))", "false");
        check("bool('maybe')", "error: the text is neither `true` nor `false`");
    }

    #[test]
    fn lambdas() {
        check("map(range(0, 3), lambda('x', mul(lambdaVariables('X'), 2)))", "[0,2,4]");
        check(
            "sort(createArray(3,1,2), lambda('a','b', less(lambdaVariables('a'), lambdaVariables('b'))))",
            "[1,2,3]",
        );
        check("sort(createArray(3,1,2), lambda('a','b', true()))", "[2,1,3]");
        check("map(createArray(1), 'x')", "error: expected a `lambda(…)` here");
        check(
            "map(createArray(1), lambda('x', lambdaVariables('y')))",
            "error: there is no lambda variable `y` here",
        );
        check(
            "map(createArray(1, 2), lambda('x', map(createArray(10), lambda('y', add(lambdaVariables('x'), lambdaVariables('y'))))))",
            "[[11],[12]]",
        );
        check(
            "toObject(createArray('a','A'), lambda('k', lambdaVariables('k')), lambda('k', 1))",
            r#"{"a":1}"#,
        );
    }
}
