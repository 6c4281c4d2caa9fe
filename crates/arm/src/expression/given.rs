//! Faults that lie in values given from outside, and what evaluation makes of them.
//!
//! Such a fault is no fault of the expression: other values avoid it. If the host absorbs it, the faulty part stays
//! unresolved, and evaluation goes on.

use super::evaluate::{Evaluator, symbolic_call};
use super::fault::may_lie_in_values;
use super::{Call, Expression, ExpressionError, ExpressionKind, Fault};
use crate::json::Span;
use crate::value::{Kind, Reason, Value};

impl Evaluator<'_> {
    /// Does `work` without taking note of its faults.
    pub(super) fn tentatively<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let (was_tentative, was_given) = (self.is_tentative, self.is_given);
        self.is_tentative = true;
        let out = work(self);
        self.is_tentative = was_tentative;
        self.is_given |= was_given;
        out
    }

    /// Whether evaluation goes on after a fault whose cause depends on given values if `is_given`.
    pub(super) fn absorbs(&mut self, error: &ExpressionError, is_given: bool) -> bool {
        self.is_given = is_given;
        let is_avoidable = is_given && may_lie_in_values(error.code)
            || self.is_conditional && error.code == "arm-scope"
            || self.host.avoids(error.code);
        is_avoidable && !self.is_tentative && self.host.absorbs(error)
    }

    /// Does `work`, which is done or not depending on what was evaluated so far.
    pub(super) fn conditionally<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.is_conditional;
        self.is_conditional |= self.is_given;
        let out = work(self);
        self.is_conditional = before;
        out
    }

    /// What a fault of a call comes to: the call unresolved if the fault lies in given values, else the error.
    pub(super) fn call_fault(
        &mut self,
        fault: Fault,
        call: &Call,
        values: Vec<Value>,
        span: Span,
    ) -> Result<Value, ExpressionError> {
        // An argument of a type that its text decides is wrong with any value.
        let culprit = fault.argument.and_then(|index| call.arguments.get(index)).or(call.arguments.first());
        let is_typed = match fault.code {
            // What these want of one argument depends on the others.
            "arm-argument-type" if MIXING.contains(&&*call.key) => {
                !call.arguments.iter().any(may_vary_in_type)
            }
            "arm-argument-type" => culprit.is_some_and(|part| !may_vary_in_type(part)),
            "arm-resource-id" => culprit.is_some_and(|part| matches!(part.kind, ExpressionKind::Literal(_))),
            _ => false,
        };
        let is_given =
            self.is_given || values.iter().any(|value| any_part(value, |part| self.host.is_given(part)));
        let error = place_fault(without_secrets(fault, call, &values), call, span);
        if self.absorbs(&error, is_given && !is_typed) {
            Ok(symbolic_call(call, values, Reason::Refused))
        } else {
            Err(error)
        }
    }

    /// What stands for `base` in an access that stays unresolved: the parameter it is read from, or its value.
    pub(super) fn residue(&mut self, base: &Expression, value: Value) -> Expression {
        if is_in_parameter(base) { self.path(base) } else { Expression::of(value) }
    }

    pub(super) fn path(&mut self, base: &Expression) -> Expression {
        let kind = match &base.kind {
            ExpressionKind::Member { base, name, is_safe } => ExpressionKind::Member {
                base: Box::new(self.path(base)),
                name: name.clone(),
                is_safe: *is_safe,
            },
            ExpressionKind::Index { base, index, is_safe } => ExpressionKind::Index {
                base: Box::new(self.path(base)),
                index: Box::new(self.value_or_self(index)),
                is_safe: *is_safe,
            },
            other => other.clone(),
        };
        Expression { kind, span: Span::default() }
    }
}

/// Most parts of a value that are looked at for what is given from outside.
const MAX_PARTS: usize = 10_000;

/// Whether any part of a value, itself included, is as `is_meant` says; of large values not all parts are looked at.
pub(crate) fn any_part(value: &Value, is_meant: impl Fn(&Value) -> bool) -> bool {
    let mut open = vec![value];
    let mut seen = 0;
    while let Some(value) = open.pop().filter(|_| seen < MAX_PARTS) {
        seen += 1;
        if is_meant(value) {
            return true;
        }
        match value.kind() {
            Kind::Array(items) => open.extend(items.iter().take(MAX_PARTS)),
            Kind::Object(object) => open.extend(object.iter().take(MAX_PARTS).map(|(_, member)| member)),
            _ => {}
        }
    }
    false
}

/// Functions that want arguments of one type, whichever that is.
const MIXING: &[&str] = &["concat", "intersection", "max", "min", "union"];

/// Functions whose members are documented one by one: what they lack is misspelt.
const FIXED: &[&str] =
    &["deployer", "deployment", "environment", "managementgroup", "resourcegroup", "subscription", "tenant"];

pub(super) fn has_fixed_members(base: &Expression) -> bool {
    matches!(&base.kind, ExpressionKind::Call(call) if call.namespace.is_none() && FIXED.contains(&&*call.key))
}

/// Whether an expression is a parameter or an access into one.
pub(super) fn is_in_parameter(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Member { base, .. } | ExpressionKind::Index { base, .. } => is_in_parameter(base),
        ExpressionKind::Call(call) => call.namespace.is_none() && &*call.key == "parameters",
        ExpressionKind::Literal(_) => false,
    }
}

/// Whether the type of an expression's value depends on values: parameters have a declared type, and most functions
/// return one.
pub(super) fn may_vary_in_type(expression: &Expression) -> bool {
    const VARYING: &[&str] = &[
        "coalesce",
        "first",
        "if",
        "json",
        "lambdavariables",
        "last",
        "reduce",
        "tryget",
        "tryindexfromend",
        "variables",
    ];
    match &expression.kind {
        ExpressionKind::Literal(_) => false,
        ExpressionKind::Member { .. } | ExpressionKind::Index { .. } => true,
        ExpressionKind::Call(call) => call.namespace.is_some() || VARYING.contains(&&*call.key),
    }
}

fn place_fault(fault: Fault, call: &Call, span: Span) -> ExpressionError {
    let at = fault.argument.and_then(|index| call.arguments.get(index)).map_or(span, |part| part.span);
    fault.at(at)
}

/// A fault may quote the arguments; not if one of them is secret.
fn without_secrets(fault: Fault, call: &Call, values: &[Value]) -> Fault {
    if !values.iter().any(Value::has_secure) {
        return fault;
    }
    let message = format!("`{}` cannot work with the secret value it got", call.name);
    Fault { message, hint: None, ..fault }
}
