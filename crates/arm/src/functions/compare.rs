//! Comparison functions.

use std::cmp::Ordering;

use super::{Arguments, Function};
use crate::expression::Fault;
use crate::expression::condition;
use crate::value::{Kind, Value, compare_text, equal};

type Outcome = Result<Value, Fault>;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::lazy("coalesce", 1, None, condition::run_coalesce),
    Function::pure("equals", 2, Some(2), equals),
    Function::pure("less", 2, Some(2), |arguments| compare(arguments, Ordering::is_lt)),
    Function::pure("lessOrEquals", 2, Some(2), |arguments| compare(arguments, Ordering::is_le)),
    Function::pure("greater", 2, Some(2), |arguments| compare(arguments, Ordering::is_gt)),
    Function::pure("greaterOrEquals", 2, Some(2), |arguments| compare(arguments, Ordering::is_ge)),
];

fn equals(arguments: &Arguments<'_>) -> Outcome {
    let summary = arguments.value(0).summary();
    arguments.budget.charge(summary.size / 16)?;
    Ok(Value::bool(equal(arguments.value(0), arguments.value(1))))
}

fn compare(arguments: &Arguments<'_>, holds: fn(Ordering) -> bool) -> Outcome {
    let (left, right) = (arguments.value(0), arguments.value(1));
    let order = match (left.kind(), right.kind()) {
        (Kind::Int(a), Kind::Int(b)) => a.cmp(b),
        (Kind::Int(_) | Kind::Float(_), Kind::Int(_) | Kind::Float(_)) => {
            number(left).partial_cmp(&number(right)).unwrap_or(Ordering::Equal)
        }
        (Kind::String(a), Kind::String(b)) => compare_text(a, b),
        (Kind::String(_), _) => return Err(arguments.mismatch(1, "a string, as the first argument is one")),
        (Kind::Int(_) | Kind::Float(_), _) => {
            return Err(arguments.mismatch(1, "an integer, as the first argument is one"));
        }
        _ => return Err(arguments.mismatch(0, "an integer or a string")),
    };
    Ok(Value::bool(holds(order)))
}

fn number(value: &Value) -> f64 {
    match value.kind() {
        Kind::Int(int) => *int as f64,
        Kind::Float(float) => *float,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::check;

    #[test]
    fn comparison() {
        check("equals('a', 'A')", "false");
        check("equals(json('{\"a\":1,\"b\":2}'), json('{\"b\":2,\"a\":1}'))", "true");
        check("less('a', 'A')", "true");
        check("greaterOrEquals(2, 2)", "true");
        check(
            "less(1, 'a')",
            "error: `less` expects an integer, as the first argument is one here, not a string",
        );
        check("coalesce(null(), null())", "null");
    }
}
