//! Evaluation, partial where something is known only at run time.
//!
//! A call whose arguments are symbolic becomes itself symbolic: the same call with everything knowable resolved.
//! Nothing is ever guessed.

use std::sync::Arc;

use super::{Budget, Call, Expression, ExpressionError, ExpressionKind, Fault, Host, HostCall};
use crate::functions::{self, Arguments, Function, Parts, Run};
use crate::json::Span;
use crate::suggest::did_you_mean;
use crate::value::{Kind, MAX_DEPTH, Object, Reason, Symbolic, Value, symbolic_limit};

/// The value of `expression`; parts that only the running deployment knows stay symbolic.
///
/// # Errors
/// The first fault, at the part of the expression that caused it.
pub fn evaluate(expression: &Expression, host: &dyn Host, budget: &Budget) -> Result<Value, ExpressionError> {
    Evaluator { host, budget, lambdas: Vec::new() }.value(expression)
}

pub(crate) struct Evaluator<'a> {
    pub(crate) host: &'a dyn Host,
    pub(crate) budget: &'a Budget,
    /// Variables of the lambda functions being evaluated, innermost last.
    pub(crate) lambdas: Vec<(Arc<str>, Value)>,
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
        match self.value(expression) {
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

    fn arguments(&mut self, call: &Call) -> Result<Vec<Value>, ExpressionError> {
        call.arguments.iter().map(|argument| self.value(argument)).collect()
    }

    fn pure(
        &mut self,
        function: &Function,
        run: fn(&Arguments<'_>) -> Result<Value, Fault>,
        call: &Call,
        span: Span,
    ) -> Result<Value, ExpressionError> {
        let values = self.arguments(call)?;
        let is_wrapper = function.parts == Parts::Wrapped;
        let stays_symbolic = |value: &Value| match function.parts {
            Parts::Read => value.has_symbolic(),
            Parts::Moved | Parts::Wrapped => value.as_symbolic().is_some() && !is_wrapper,
        };
        if values.iter().any(stays_symbolic) {
            return Ok(unresolved_call(call, values));
        }
        let arguments = Arguments { function: &call.name, values: &values, budget: self.budget };
        match run(&arguments) {
            Ok(value) => Ok(match function.parts {
                Parts::Read => tainted(value, &values),
                Parts::Moved => tainted_whole(value, &values),
                Parts::Wrapped => value,
            }),
            Err(fault) => Err(place_fault(without_secrets(fault, call, &values), call, span)),
        }
    }

    fn hosted(&mut self, call: &Call, span: Span) -> Result<Value, ExpressionError> {
        let values = self.arguments(call)?;
        let request = HostCall {
            namespace: call.namespace.as_deref(),
            name: &call.name,
            key: &call.key,
            arguments: &values,
            budget: self.budget,
        };
        if call.namespace.is_none()
            && !self.host.accepts_symbolic(&call.key)
            && values.iter().any(Value::has_symbolic)
        {
            return Ok(unresolved_call(call, values));
        }
        match self.host.call(&request) {
            Some(Ok(value)) => Ok(value),
            Some(Err(fault)) => Err(place_fault(without_secrets(fault, call, &values), call, span)),
            None => Err(self.unknown_function(call)),
        }
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
        member_of(&value, name, is_safe).map_err(|fault| fault.at(span))
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
        item_of(&value, &at, is_safe).map_err(|fault| fault.at(span))
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

/// Whether a null base may come from an earlier safe access, which ends the whole chain.
fn may_be_cut_short(base: &Expression) -> bool {
    match &base.kind {
        ExpressionKind::Member { base, is_safe, .. } | ExpressionKind::Index { base, is_safe, .. } => {
            *is_safe || may_be_cut_short(base)
        }
        _ => false,
    }
}

/// `value.name`
pub(crate) fn member_of(value: &Value, name: &str, is_safe: bool) -> Result<Value, Fault> {
    match value.kind() {
        Kind::Object(object) => match object.get(name) {
            Some(member) => Ok(member.clone().secured(value.is_secure())),
            None if is_safe => Ok(Value::NULL),
            None if value.is_secure() => {
                Err(Fault::new("the secret object has no such property").with_code("arm-missing-property"))
            }
            None => Err(missing_member(object, name)),
        },
        Kind::Null if is_safe => Ok(Value::NULL),
        _ => Err(Fault::new(format!("{} has no property `{name}`", value.type_name()))
            .with_code("arm-missing-property")),
    }
}

fn missing_member(object: &Object, name: &str) -> Fault {
    let fault = Fault::new(format!("the object has no property `{name}`")).with_code("arm-missing-property");
    if let Some(near) = did_you_mean(name, object.keys().map(|key| &**key)) {
        return fault.with_hint(format!("did you mean `{near}`?"));
    }
    if object.is_empty() {
        return fault.with_hint("the object is empty");
    }
    let names: Vec<String> = object.keys().take(8).map(|key| format!("`{key}`")).collect();
    let more = if object.len() > names.len() { ", …" } else { "" };
    fault.with_hint(format!("it has {}{more}", names.join(", ")))
}

/// `value[at]`
pub(crate) fn item_of(value: &Value, at: &Value, is_safe: bool) -> Result<Value, Fault> {
    match (value.kind(), at.kind()) {
        (Kind::Array(items), Kind::Int(_) | Kind::Float(_)) => {
            let Some(position) = at.as_int() else {
                return Err(Fault::new("an array index is a whole number"));
            };
            match usize::try_from(position).ok().and_then(|position| items.get(position)) {
                Some(item) => Ok(item.clone().secured(value.is_secure())),
                None if is_safe => Ok(Value::NULL),
                None => Err(Fault::new(format!(
                    "the index {position} is outside the array, which has {} items",
                    items.len()
                ))
                .with_code("arm-index")),
            }
        }
        (Kind::Object(_), Kind::String(name)) => member_of(value, name, is_safe).map_err(|fault| {
            if at.is_secure() { Fault::new("the object has no property of that secret name") } else { fault }
        }),
        (Kind::Null, _) if is_safe => Ok(Value::NULL),
        (Kind::Array(_), _) => {
            Err(Fault::new(format!("an array index is an integer, not {}", at.type_name())))
        }
        (Kind::Object(_), _) => {
            Err(Fault::new(format!("an object is indexed by a name, not {}", at.type_name())))
        }
        _ => Err(Fault::new(format!("{} cannot be indexed", value.type_name()))),
    }
}

/// Follows `path` into `value`; null as soon as something is missing.
pub(crate) fn member_of_path(value: &Value, path: &[Value]) -> Result<Value, Fault> {
    let mut current = value.clone();
    for (index, step) in path.iter().enumerate() {
        if current.as_symbolic().is_some() {
            let secure = current.is_secure();
            let reason = reason_in(&current).unwrap_or(Reason::Environment);
            let arguments = std::iter::once(current).chain(path[index..].iter().cloned()).map(Expression::of);
            let call = Expression::call("tryGet", arguments.collect());
            return Ok(Value::symbolic(Symbolic::new(call, reason)).secured(secure));
        }
        // `{value, fromEnd}` counts from the end of an array, 1 being the last item.
        let from_end = step.get("fromEnd").and_then(|from_end| from_end.as_bool()) == Some(true);
        let step = match (step.get("value"), &current.kind()) {
            (Some(back), Kind::Array(items)) if from_end => {
                Value::int(back.as_int().map_or(-1, |back| items.len() as i64 - back))
            }
            (Some(value), _) if step.get("fromEnd").is_some() => value,
            _ => step.clone(),
        };
        current = item_of(&current, &step, true).map_err(|fault| fault.about(index + 1))?;
    }
    Ok(current)
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
    Err(fault.with_code("arm-arguments").at(span))
}

fn plural(count: u8) -> &'static str {
    if count == 1 { "" } else { "s" }
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

/// The call with its arguments resolved as far as possible.
pub(crate) fn unresolved_call(call: &Call, values: Vec<Value>) -> Value {
    let reason = gravest(values.iter()).unwrap_or(Reason::Environment);
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
        Reason::Error => 2,
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
