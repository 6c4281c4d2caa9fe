//! Numeric functions: integers of 64 bits, checked.

use super::{Arguments, Function};
use crate::expression::Fault;
use crate::value::{Kind, Value};

type Outcome = Result<Value, Fault>;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::pure("add", 2, Some(2), |arguments| arithmetic(arguments, i64::checked_add)),
    Function::pure("sub", 2, Some(2), |arguments| arithmetic(arguments, i64::checked_sub)),
    Function::pure("mul", 2, Some(2), |arguments| arithmetic(arguments, i64::checked_mul)),
    Function::pure("div", 2, Some(2), |arguments| division(arguments, i64::checked_div)),
    Function::pure("mod", 2, Some(2), |arguments| division(arguments, i64::checked_rem)),
    Function::pure("min", 1, None, |arguments| extreme(arguments, i64::min)),
    Function::pure("max", 1, None, |arguments| extreme(arguments, i64::max)),
    Function::pure("int", 1, Some(1), int),
    Function::pure("float", 1, Some(1), float),
];

fn arithmetic(arguments: &Arguments<'_>, operation: fn(i64, i64) -> Option<i64>) -> Outcome {
    operation(arguments.int(0)?, arguments.int(1)?).map(Value::int).ok_or_else(|| {
        Fault::new(format!("the result of `{}` does not fit into 64 bits", arguments.function))
    })
}

fn division(arguments: &Arguments<'_>, operation: fn(i64, i64) -> Option<i64>) -> Outcome {
    if arguments.int(1)? == 0 {
        return Err(Fault::new("division by zero").with_hint("divide by something else than 0").about(1));
    }
    arithmetic(arguments, operation)
}

fn extreme(arguments: &Arguments<'_>, better: fn(i64, i64) -> i64) -> Outcome {
    let of_array;
    let values = match arguments.value(0).kind() {
        Kind::Array(items) if arguments.len() == 1 => {
            of_array = Arguments { values: items, ..*arguments };
            &of_array
        }
        _ => arguments,
    };
    if values.len() == 0 {
        return Err(Fault::new(format!("`{}` needs at least one integer", arguments.function)).about(0));
    }
    let mut best = values.int(0)?;
    for index in 1..values.len() {
        best = better(best, values.int(index)?);
    }
    Ok(Value::int(best))
}

fn int(arguments: &Arguments<'_>) -> Outcome {
    match arguments.value(0).kind() {
        Kind::Int(int) => Ok(Value::int(*int)),
        Kind::Float(float) if float.abs() < 9.2e18 => Ok(Value::int(float.trunc() as i64)),
        Kind::String(text) => {
            let digits = text.trim();
            digits.strip_prefix('+').unwrap_or(digits).parse().map(Value::int).map_err(|_| {
                Fault::new("the text is not a whole number of 64 bits")
                    .with_hint("write it like `42` or `-7`")
                    .about(0)
            })
        }
        _ => Err(arguments.mismatch(0, "a string or an integer")),
    }
}

fn float(arguments: &Arguments<'_>) -> Outcome {
    let number = match arguments.value(0).kind() {
        Kind::Int(int) => Some(*int as f64),
        Kind::Float(float) => Some(*float),
        Kind::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        _ => return Err(arguments.mismatch(0, "a string or a number")),
    };
    let number = number
        .ok_or_else(|| Fault::new("the text is not a number").with_hint("write it like `4.2`").about(0))?;
    Ok(Value::new(Kind::Float(number)))
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::check;

    #[test]
    fn numbers() {
        check("add(5, -3)", "2");
        check("div(-7, 2)", "-3");
        check("mod(-7, 3)", "-1");
        check("min(createArray(3, 1, 2))", "1");
        check("max(0, 3, 2)", "3");
        check("int('  42 ')", "42");
        check("int('4.2')", "error: the text is not a whole number of 64 bits");
        check("float('3.0')", "3.0");
        check("mul(9223372036854775807, 2)", "error: the result of `mul` does not fit into 64 bits");
        check("div(1, 0)", "error: division by zero");
        check("add(1)", "error: `add` takes 2 arguments, not 1");
        check("add(1, 'a')", "error: `add` expects an integer here, not a string");
    }
}
