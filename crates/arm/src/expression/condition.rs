//! Conditions: `if`, `and`, `or`, `coalesce`, which evaluate only what they need.

use super::evaluate::Evaluator;
use super::given::may_vary_in_type;
use super::{Call, Expression, ExpressionError, ExpressionKind, Fault};
use crate::json::Span;
use crate::value::{Reason, Symbolic, Value};

type Outcome = Result<Value, ExpressionError>;

/// The call with the arguments given, as a symbolic value.
pub(super) fn unresolved(call: &Call, arguments: Vec<Expression>, reason: Reason, secure: bool) -> Value {
    let call = Call { arguments, name_span: Span::default(), ..call.clone() };
    let expression = Expression { kind: ExpressionKind::Call(Box::new(call)), span: Span::default() };
    Value::symbolic(Symbolic::new(expression, reason)).secured(secure)
}

/// The truth of `value`, which `what` names in the fault if it is none.
pub(super) fn expect_bool(value: &Value, span: Span, what: &str) -> Result<bool, ExpressionError> {
    value.as_bool().ok_or_else(|| {
        Fault::new(format!("{what} is a boolean, not {}", value.type_name()))
            .with_code("arm-argument-type")
            .at(span)
    })
}

/// The truth of the value of `expression`; if it is none, the expression is at fault unless its type may vary.
fn decided(
    evaluator: &mut Evaluator<'_>,
    value: &Value,
    expression: &Expression,
    what: &str,
) -> Result<bool, ExpressionError> {
    let outcome = expect_bool(value, expression.span, what);
    if outcome.is_err() {
        evaluator.is_given &= may_vary_in_type(expression);
    }
    outcome
}

pub(crate) fn run_if(evaluator: &mut Evaluator<'_>, call: &Call, _span: Span) -> Outcome {
    let [condition, yes, no] = &call.arguments[..] else {
        return Ok(Value::NULL);
    };
    let truth = evaluator.value(condition)?;
    if let Some(symbolic) = truth.as_symbolic() {
        let reason = symbolic.reason().clone();
        let branches = vec![Expression::of(truth), evaluator.value_or_self(yes), evaluator.value_or_self(no)];
        return Ok(unresolved(call, branches, reason, false));
    }
    if decided(evaluator, &truth, condition, "the condition of `if`")? {
        evaluator.conditionally(|evaluator| evaluator.value(yes))
    } else {
        evaluator.conditionally(|evaluator| evaluator.value(no))
    }
}

pub(crate) fn run_and(evaluator: &mut Evaluator<'_>, call: &Call, _span: Span) -> Outcome {
    connective(evaluator, call, false)
}

pub(crate) fn run_or(evaluator: &mut Evaluator<'_>, call: &Call, _span: Span) -> Outcome {
    connective(evaluator, call, true)
}

/// `and` and `or`: `deciding` is the truth that settles the whole.
fn connective(evaluator: &mut Evaluator<'_>, call: &Call, deciding: bool) -> Outcome {
    let mut open = Vec::new();
    let mut reason = None;
    for argument in &call.arguments {
        let value = evaluator.conditionally(|evaluator| evaluator.value(argument))?;
        if let Some(symbolic) = value.as_symbolic() {
            reason.get_or_insert_with(|| symbolic.reason().clone());
            open.push(Expression::of(value));
            continue;
        }
        let what = format!("each argument of `{}`", call.name);
        if decided(evaluator, &value, argument, &what)? == deciding {
            return Ok(Value::bool(deciding));
        }
    }
    match (reason, open.len()) {
        (None, _) => Ok(Value::bool(!deciding)),
        (Some(reason), 1) => {
            let only = open.remove(0);
            Ok(Value::symbolic(Symbolic::new(only, reason)))
        }
        (Some(reason), _) => Ok(unresolved(call, open, reason, false)),
    }
}

pub(crate) fn run_coalesce(evaluator: &mut Evaluator<'_>, call: &Call, _span: Span) -> Outcome {
    for (index, argument) in call.arguments.iter().enumerate() {
        let value = evaluator.value(argument)?;
        if let Some(symbolic) = value.as_symbolic() {
            if matches!(symbolic.reason(), Reason::KeyVaultSecret) {
                return Ok(value);
            }
            let (reason, secure) = (symbolic.reason().clone(), value.is_secure());
            let mut rest = vec![Expression::of(value)];
            rest.extend(call.arguments[index + 1..].iter().map(|later| evaluator.value_or_self(later)));
            return Ok(unresolved(call, rest, reason, secure));
        }
        if !value.is_null() {
            return Ok(value);
        }
    }
    Ok(Value::NULL)
}
