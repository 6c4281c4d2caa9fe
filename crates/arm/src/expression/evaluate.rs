//! Evaluation, partial where something is known only at run time.
//!
//! A call whose arguments are symbolic becomes itself symbolic: the same call with everything knowable resolved.
//! Nothing is ever guessed.

use std::sync::Arc;

use super::access::{item_of, may_be_cut_short, member_of};
use super::given::has_fixed_members;
use super::{Budget, Call, Expression, ExpressionError, ExpressionKind, Fault, Host, HostCall};
use crate::functions::{self, Arguments, Function, Parts, Run};
use crate::json::Span;
use crate::suggest::did_you_mean;
use crate::value::{Kind, MAX_DEPTH, Reason, Symbolic, Value, symbolic_limit};

/// The value of `expression`; parts that only the running deployment knows stay symbolic.
///
/// # Errors
/// The first fault, at the part of the expression that caused it.
pub fn evaluate(expression: &Expression, host: &dyn Host, budget: &Budget) -> Result<Value, ExpressionError> {
    evaluate_noting(expression, host, budget).0
}

/// As [`evaluate`], and whether the value, or else the part at fault, depends on values given from outside.
pub(crate) fn evaluate_noting(
    expression: &Expression,
    host: &dyn Host,
    budget: &Budget,
) -> (Result<Value, ExpressionError>, bool) {
    let mut evaluator = Evaluator {
        host,
        budget,
        lambdas: Vec::new(),
        is_given: false,
        is_conditional: false,
        is_tentative: false,
    };
    let outcome = evaluator.value(expression);
    (outcome, evaluator.is_given)
}

pub(crate) struct Evaluator<'a> {
    pub(crate) host: &'a dyn Host,
    pub(crate) budget: &'a Budget,
    /// Variables of the lambda functions being evaluated, innermost last.
    pub(crate) lambdas: Vec<(Arc<str>, Value)>,
    /// Whether what was read so far depends on values given from outside; after a fault, whether its cause does.
    pub(super) is_given: bool,
    /// Whether a condition that depends on values given from outside led here.
    pub(super) is_conditional: bool,
    /// Whether the outcome may be thrown away: then no fault is taken note of.
    pub(super) is_tentative: bool,
}

impl Evaluator<'_> {
    pub(crate) fn value(&mut self, expression: &Expression) -> Result<Value, ExpressionError> {
        if let ExpressionKind::Literal(value) = &expression.kind {
            return Ok(value.clone());
        }
        let span = expression.span;
        self.budget.enter().and_then(|()| self.budget.charge(1)).map_err(|fault| fault.at(span))?;
        let value = match &expression.kind {
            ExpressionKind::Literal(value) => Ok(value.clone()),
            ExpressionKind::Call(call) => self.call(call, span),
            ExpressionKind::Member { base, name, is_safe } => self.member(base, name, *is_safe, span),
            ExpressionKind::Index { base, index, is_safe } => self.index(base, index, *is_safe, span),
        };
        self.budget.leave();
        let value = value?;
        self.check_extent(&value).map_err(|fault| fault.at(span))?;
        Ok(value)
    }

    /// The value, or the expression itself if it cannot be evaluated: for branches that may never run.
    pub(crate) fn value_or_self(&mut self, expression: &Expression) -> Expression {
        match self.tentatively(|evaluator| evaluator.value(expression)) {
            Ok(value) => Expression::of(value),
            Err(_) => expression.clone(),
        }
    }

    fn check_extent(&self, value: &Value) -> Result<(), Fault> {
        let summary = value.summary();
        if summary.depth > MAX_DEPTH {
            return Err(Fault::limit(format!("a value is nested deeper than {MAX_DEPTH} levels")));
        }
        if matches!(value.kind(), Kind::Symbolic(_)) && summary.size > symbolic_limit() {
            return Err(Fault::limit("an expression that must stay unresolved grows too large"));
        }
        if summary.size > 1024 { self.budget.allow_bytes(summary.size) } else { Ok(()) }
    }

    fn call(&mut self, call: &Call, span: Span) -> Result<Value, ExpressionError> {
        match call.builtin {
            Some(function) if self.host.permits(function.name) => {
                check_count(function, call, span)?;
                match function.run {
                    Run::Lazy(run) => run(self, call, span),
                    Run::Pure(run) => self.pure(function, run, call, span),
                    Run::Host => self.hosted(call, span),
                }
            }
            _ => self.hosted(call, span),
        }
    }

    /// The arguments, with `is_given` telling of them alone; and what it told before.
    fn arguments(&mut self, call: &Call) -> Result<(Vec<Value>, bool), ExpressionError> {
        let before = self.is_given;
        let mut is_any_given = false;
        let mut values = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            self.is_given = false;
            values.push(self.value(argument)?);
            is_any_given |= self.is_given;
        }
        self.is_given = is_any_given;
        Ok((values, before))
    }

    fn pure(
        &mut self,
        function: &Function,
        run: fn(&Arguments<'_>) -> Result<Value, Fault>,
        call: &Call,
        span: Span,
    ) -> Result<Value, ExpressionError> {
        let (values, before) = self.arguments(call)?;
        let is_wrapper = function.parts == Parts::Wrapped;
        let stays_symbolic = |value: &Value| match function.parts {
            Parts::Read => value.has_symbolic(),
            Parts::Moved | Parts::Wrapped => value.as_symbolic().is_some() && !is_wrapper,
        };
        if values.iter().any(stays_symbolic) {
            self.is_given |= before;
            return Ok(unresolved_call(call, values));
        }
        let arguments = Arguments { function: &call.name, values: &values, budget: self.budget };
        let value = match run(&arguments) {
            Ok(value) => match function.parts {
                Parts::Read => tainted(value, &values),
                Parts::Moved => tainted_whole(value, &values),
                Parts::Wrapped => value,
            },
            Err(fault) => self.call_fault(fault, call, values, span)?,
        };
        self.is_given |= before || self.host.is_given(&value);
        Ok(value)
    }

    fn hosted(&mut self, call: &Call, span: Span) -> Result<Value, ExpressionError> {
        let (values, before) = self.arguments(call)?;
        let request = HostCall {
            namespace: call.namespace.as_deref(),
            name: &call.name,
            key: &call.key,
            arguments: &values,
            is_given: self.is_given,
            budget: self.budget,
        };
        if call.namespace.is_none()
            && !self.host.accepts_symbolic(&call.key)
            && values.iter().any(Value::has_symbolic)
        {
            self.is_given |= before;
            return Ok(unresolved_call(call, values));
        }
        let value = match self.host.call(&request) {
            Some(Ok(value)) => {
                self.is_given |= self.host.gives(&request, &value);
                value
            }
            Some(Err(fault)) => self.call_fault(fault, call, values, span)?,
            None => return Err(self.unknown_function(call)),
        };
        self.is_given |= before;
        Ok(value)
    }

    fn unknown_function(&self, call: &Call) -> ExpressionError {
        let name = full_name(call);
        if call.builtin.is_some() {
            let fault = Fault::new(format!("the function `{name}` is not available here"));
            return fault.with_code("arm-unavailable-function").at(call.name_span);
        }
        let known = functions::names().filter(|name| self.host.permits(&name.to_ascii_lowercase()));
        unknown_function(call, known.map(str::to_owned).chain(self.host.function_names()))
    }

    fn member(
        &mut self,
        base: &Expression,
        name: &Arc<str>,
        is_safe: bool,
        span: Span,
    ) -> Result<Value, ExpressionError> {
        let value = self.value(base)?;
        let is_safe = is_safe || may_be_cut_short(base);
        if let Kind::Symbolic(symbolic) = value.kind() {
            let (reason, secure) = (symbolic.reason().clone(), value.is_secure());
            let kind =
                ExpressionKind::Member { base: Box::new(Expression::of(value)), name: name.clone(), is_safe };
            let expression = Expression { kind, span: Span::default() };
            return Ok(Value::symbolic(Symbolic::new(expression, reason)).secured(secure));
        }
        match member_of(&value, name, is_safe) {
            Ok(member) => {
                self.is_given |= self.host.is_given(&member);
                Ok(member)
            }
            Err(fault) => {
                let error = fault.at(span);
                if !self.absorbs(&error, self.is_given && !has_fixed_members(base)) {
                    return Err(error);
                }
                let secure = value.is_secure();
                let base = Box::new(self.residue(base, value));
                let kind = ExpressionKind::Member { base, name: name.clone(), is_safe };
                let expression = Expression { kind, span: Span::default() };
                Ok(Value::symbolic(Symbolic::new(expression, Reason::Refused)).secured(secure))
            }
        }
    }

    fn index(
        &mut self,
        base: &Expression,
        index: &Expression,
        is_safe: bool,
        span: Span,
    ) -> Result<Value, ExpressionError> {
        let value = self.value(base)?;
        let at = self.value(index)?;
        let is_safe = is_safe || may_be_cut_short(base);
        if value.as_symbolic().is_some() || at.as_symbolic().is_some() {
            let reason = gravest([&value, &at].into_iter()).unwrap_or(Reason::Environment);
            let secure = value.is_secure();
            let kind = ExpressionKind::Index {
                base: Box::new(Expression::of(value)),
                index: Box::new(Expression::of(at)),
                is_safe,
            };
            let expression = Expression { kind, span: Span::default() };
            return Ok(Value::symbolic(Symbolic::new(expression, reason)).secured(secure));
        }
        match item_of(&value, &at, is_safe) {
            Ok(item) => {
                self.is_given |= self.host.is_given(&item);
                Ok(item)
            }
            Err(fault) => {
                let error = fault.at(span);
                if !self.absorbs(&error, self.is_given) {
                    return Err(error);
                }
                let secure = value.is_secure();
                let base = Box::new(self.residue(base, value));
                let kind = ExpressionKind::Index { base, index: Box::new(Expression::of(at)), is_safe };
                let expression = Expression { kind, span: Span::default() };
                Ok(Value::symbolic(Symbolic::new(expression, Reason::Refused)).secured(secure))
            }
        }
    }
}

/// The fault of a call to a function that is none of `known`.
pub(crate) fn unknown_function(call: &Call, known: impl Iterator<Item = String>) -> ExpressionError {
    let name = full_name(call);
    let known: Vec<String> = known.collect();
    let fault = Fault::new(format!("there is no function `{name}`")).with_code("arm-unknown-function");
    match did_you_mean(&name, known.iter().map(String::as_str)) {
        Some(near) => fault.with_hint(format!("did you mean `{near}`?")),
        None => fault,
    }
    .at(call.name_span)
}

fn full_name(call: &Call) -> String {
    match &call.namespace {
        Some(namespace) => format!("{namespace}.{}", call.name),
        None => call.name.to_string(),
    }
}

fn check_count(function: &Function, call: &Call, span: Span) -> Result<(), ExpressionError> {
    let count = call.arguments.len();
    if count >= usize::from(function.least) && function.most.is_none_or(|most| count <= usize::from(most)) {
        return Ok(());
    }
    let wanted = match (function.least, function.most) {
        (0, Some(0)) => "no arguments".to_owned(),
        (least, Some(most)) if least == most => format!("{least} argument{}", plural(least)),
        (least, Some(most)) => format!("{least} to {most} arguments"),
        (least, None) => format!("at least {least} argument{}", plural(least)),
    };
    let fault = Fault::new(format!("`{}` takes {wanted}, not {count}", call.name));
    let hint =
        if count < usize::from(function.least) { "add what is missing" } else { "remove what is too much" };
    let hint = format!("{hint}; the arguments of `{}`: https://aka.ms/arm-functions", function.name);
    Err(fault.with_code("arm-arguments").with_hint(hint).at(span))
}

fn plural(count: u8) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// The call with its arguments resolved as far as possible.
pub(crate) fn unresolved_call(call: &Call, values: Vec<Value>) -> Value {
    let reason = gravest(values.iter()).unwrap_or(Reason::Environment);
    symbolic_call(call, values, reason)
}

pub(super) fn symbolic_call(call: &Call, values: Vec<Value>, reason: Reason) -> Value {
    let secure = values.iter().any(Value::has_secure);
    let call = Call {
        namespace: call.namespace.clone(),
        name: call.name.clone(),
        key: call.key.clone(),
        name_span: Span::default(),
        arguments: values.into_iter().map(Expression::of).collect(),
        builtin: call.builtin,
    };
    let expression = Expression { kind: ExpressionKind::Call(Box::new(call)), span: Span::default() };
    Value::symbolic(Symbolic::new(expression, reason)).secured(secure)
}

/// Why a value is not wholly known: of its symbolic parts' reasons the gravest, errors before missing parameters
/// before anything else, so that what follows from an error is not reported as something new.
pub(crate) fn reason_in(value: &Value) -> Option<Reason> {
    if !value.has_symbolic() {
        return None;
    }
    match value.kind() {
        Kind::Symbolic(symbolic) => Some(symbolic.reason().clone()),
        Kind::Array(items) => gravest(items.iter()),
        Kind::Object(object) => gravest(object.iter().map(|(_, member)| member)),
        _ => None,
    }
}

/// The gravest reason among several values.
pub(crate) fn gravest<'v>(values: impl Iterator<Item = &'v Value>) -> Option<Reason> {
    let weight = |reason: &Reason| match reason {
        Reason::Error => 3,
        Reason::Refused => 2,
        Reason::MissingParameter => 1,
        _ => 0,
    };
    let mut out: Option<Reason> = None;
    for reason in values.filter_map(reason_in) {
        if out.as_ref().is_none_or(|known| weight(&reason) > weight(known)) {
            out = Some(reason);
        }
    }
    out
}

/// Text and structures computed from a secret are secret; numbers and booleans tell too little to be.
fn tainted(value: Value, arguments: &[Value]) -> Value {
    let tells = matches!(value.kind(), Kind::String(_) | Kind::Array(_) | Kind::Object(_));
    let secure = tells && arguments.iter().any(Value::has_secure);
    value.secured(secure)
}

/// As [`tainted`], for functions that only move parts: secret parts keep their own mark.
fn tainted_whole(value: Value, arguments: &[Value]) -> Value {
    let tells = matches!(value.kind(), Kind::String(_) | Kind::Array(_) | Kind::Object(_));
    value.secured(tells && arguments.iter().any(Value::is_secure))
}
