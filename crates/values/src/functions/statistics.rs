//! Functions of statistics: gamma and beta functions, the error function, Welch's test.

use statrs::distribution::{Beta, Continuous, ContinuousCDF, StudentsT};
use statrs::function::{erf, gamma};

use crate::function::Function;
use crate::functions::convert;
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    Function::pure(&["gamma"], |_, arguments| Ok(real(&arguments[0], gamma::gamma))),
    Function::pure(&["loggamma"], |_, arguments| Ok(real(&arguments[0], gamma::ln_gamma))),
    Function::pure(&["erf"], |_, arguments| Ok(real(&arguments[0], erf::erf))),
    Function::pure(&["erfc"], |_, arguments| Ok(real(&arguments[0], erf::erfc))),
    Function::pure(&["beta_cdf"], |_, arguments| Ok(beta(arguments, |x, beta| beta.cdf(x)))),
    Function::pure(&["beta_pdf"], |_, arguments| Ok(beta(arguments, |x, beta| beta.pdf(x)))),
    Function::pure(&["beta_inv"], |_, arguments| Ok(beta_inv(arguments))),
    Function::pure(&["welch_test"], |_, arguments| Ok(welch_test(arguments))),
];

fn number(value: &Value) -> Option<f64> {
    convert::to_real(value).as_real()
}

fn real(value: &Value, function: fn(f64) -> f64) -> Value {
    number(value).map(function).into()
}

/// NaN outside 0..=1, and for parameters that are not positive.
fn beta(arguments: &[Value], function: fn(f64, &Beta) -> f64) -> Value {
    let (Some(x), Some(a), Some(b)) = (number(&arguments[0]), number(&arguments[1]), number(&arguments[2]))
    else {
        return Value::Null;
    };
    match Beta::new(a, b) {
        Ok(beta) if (0.0..=1.0).contains(&x) => Value::Real(function(x, &beta)),
        _ => Value::Real(f64::NAN),
    }
}

/// The value that a share of the distribution does not exceed; null for what is no share.
fn beta_inv(arguments: &[Value]) -> Value {
    let (Some(p), Some(a), Some(b)) = (number(&arguments[0]), number(&arguments[1]), number(&arguments[2]))
    else {
        return Value::Null;
    };
    if !(0.0..=1.0).contains(&p) {
        return Value::Null;
    }
    let Ok(beta) = Beta::new(a, b) else { return Value::Real(f64::NAN) };
    // The distribution grows, so halving finds the place to the last bit.
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if beta.cdf(middle) < p { low = middle } else { high = middle }
    }
    Value::Real(f64::midpoint(low, high))
}

/// `welch_test(mean1, variance1, count1, mean2, variance2, count2)`: the p-value of Welch's unequal variances t-test.
fn welch_test(arguments: &[Value]) -> Value {
    let numbers: Option<Vec<f64>> = arguments.iter().map(number).collect();
    let Some([mean1, variance1, count1, mean2, variance2, count2]) =
        numbers.as_deref().and_then(|n| n.first_chunk::<6>())
    else {
        return Value::Null;
    };
    let (error1, error2) = (variance1 / count1, variance2 / count2);
    let t = (mean1 - mean2) / (error1 + error2).sqrt();
    let freedom =
        (error1 + error2).powi(2) / (error1.powi(2) / (count1 - 1.0) + error2.powi(2) / (count2 - 1.0));
    match StudentsT::new(0.0, 1.0, freedom) {
        Ok(student) if t.is_finite() => Value::Real(2.0 * student.cdf(-t.abs())),
        _ => Value::Real(f64::NAN),
    }
}
