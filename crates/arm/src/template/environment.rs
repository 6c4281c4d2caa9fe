//! What an expression sees: a template, loops around it, arguments of a user-defined function.

use std::sync::Arc;

use azimuth_diag::Diagnostic;

use crate::expression::{
    ExpressionError, Fault, evaluate_noting, is_expression, may_lie_in_values, unescape,
};
use crate::functions::function_arity;
use crate::json::{Node, NodeKind, Span};
use crate::origin::{FileId, FrameId, OriginId};
use crate::value::{Kind, Object, Reason, Symbolic, Value};

use super::copy::property_loops;
use super::declare::Scope;
use super::host::Site;

/// The surroundings of an expression.
#[derive(Clone)]
pub(crate) struct Env<'e> {
    pub(crate) scope: &'e Scope<'e>,
    pub(crate) loops: Option<Arc<Loop>>,
    pub(crate) frame: FrameId,
    pub(crate) mode: Mode<'e>,
}

/// One iteration of a copy loop, and the loops around it.
#[derive(Debug)]
pub(crate) struct Loop {
    pub(crate) name: Arc<str>,
    pub(crate) index: Index,
    /// Whether `copyIndex()` without a name means this loop.
    pub(crate) is_default: bool,
    /// Whether how often it runs depends on values given from outside.
    pub(crate) is_given: bool,
    pub(crate) parent: Option<Arc<Loop>>,
}

/// Which iteration of a loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Index {
    /// Counted from 0.
    Known(i64),
    /// Any: how often the loop runs is not known, and this is why.
    Any(Reason),
}

impl Index {
    pub(crate) fn known(&self) -> Option<i64> {
        match self {
            Self::Known(index) => Some(*index),
            Self::Any(_) => None,
        }
    }
}

/// Where an expression stands, which decides what it may call.
#[derive(Clone, Copy)]
pub(crate) enum Mode<'e> {
    /// Anywhere in a template.
    Plain,
    /// The default of the parameter named: `newGuid` and `utcNow` are allowed.
    ParameterDefault(&'e str),
    /// The body of a user-defined function, with its arguments.
    Function(Bound<'e>),
    /// A parameter file.
    ParameterFile,
}

/// The arguments of a user-defined function.
#[derive(Clone, Copy)]
pub(crate) struct Bound<'e> {
    pub(crate) arguments: &'e [(Arc<str>, Value)],
    /// Whether any depends on values given from outside.
    pub(crate) is_given: bool,
}

impl<'e> Env<'e> {
    pub(crate) fn new(scope: &'e Scope<'e>) -> Self {
        Self {
            scope,
            loops: scope.outer.as_ref().and_then(|env| env.loops.clone()),
            frame: scope.frame,
            mode: Mode::Plain,
        }
    }

    /// The same surroundings within one more loop iteration.
    pub(crate) fn within(&self, name: &Arc<str>, index: Index, is_default: bool, is_given: bool) -> Self {
        let shown = index.known().and_then(|index| u64::try_from(index).ok());
        let frame = self.scope.run.origins.borrow_mut().copy_frame(self.frame, name, shown);
        let inner = Loop { name: name.clone(), index, is_default, is_given, parent: self.loops.clone() };
        Self { loops: Some(Arc::new(inner)), frame, ..self.clone() }
    }

    /// Whether how often any loop around runs depends on values given from outside.
    pub(crate) fn is_in_given_loop(&self) -> bool {
        let mut current = self.loops.as_deref();
        while let Some(step) = current {
            if step.is_given {
                return true;
            }
            current = step.parent.as_deref();
        }
        false
    }

    pub(super) fn origin(&self, file: FileId, span: Span) -> OriginId {
        self.scope.run.origins.borrow_mut().add(file, span, self.frame, None)
    }

    /// The value of a node: expressions evaluated, property loops unrolled. Faults are reported, and what they spoil
    /// becomes symbolic.
    pub(crate) fn value(&self, file: FileId, node: &Node) -> Value {
        let run = self.scope.run;
        if let NodeKind::String(text) = &node.kind {
            let skipped = self.brackets_gone(text);
            let text = &text[skipped..];
            if is_expression(text) {
                return self.expression(file, node.span, text, skipped);
            }
        }
        if run.budget.is_spent() {
            return failed("value");
        }
        if run.origins.borrow().len() >= run.context.limits.values {
            run.budget.exhaust();
            let limit = run.context.limits.values;
            run.report_fault(
                file,
                node.span,
                Fault::limit(format!("the template expands to more than {limit} values")),
            );
            return failed("value");
        }
        let origin = self.origin(file, node.span);
        let value = match &node.kind {
            NodeKind::Null => Value::NULL,
            NodeKind::Bool(truth) => Value::bool(*truth),
            NodeKind::Int(int) => Value::int(*int),
            NodeKind::Float(float) => Value::new(Kind::Float(*float)),
            NodeKind::String(text) => match &text[self.brackets_gone(text)..] {
                escaped if escaped.starts_with("[[") => Value::from(unescape(escaped)),
                open if is_unclosed(open) => {
                    let diagnostic =
                        Diagnostic::warning("arm-syntax", "this is text, as it has no `]` at its end")
                            .with_hint("add the missing `]`");
                    run.report(file, node.span, diagnostic);
                    Value::string(text.clone())
                }
                plain if plain.len() == text.len() => Value::string(text.clone()),
                plain => Value::from(plain),
            },
            NodeKind::Array(_) | NodeKind::Object(_) => {
                match run.budget.enter().and_then(|()| run.budget.charge(1)) {
                    Ok(()) => {
                        let value = self.structure(file, node);
                        run.budget.leave();
                        value
                    }
                    Err(fault) => {
                        run.report_fault(file, node.span, fault);
                        failed("value")
                    }
                }
            }
        };
        value.with_origin(origin)
    }

    #[inline(never)]
    fn structure(&self, file: FileId, node: &Node) -> Value {
        match &node.kind {
            NodeKind::Array(items) => Value::array(items.iter().map(|item| self.value(file, item)).collect()),
            NodeKind::Object(members) => {
                let mut out = Object::new();
                for member in members {
                    if let Some(loops) = property_loops(member) {
                        for entry in loops {
                            self.property_loop(file, entry, &mut out);
                        }
                        continue;
                    }
                    match self.member_name(file, &member.key, member.key_span) {
                        Some(name) => out.push(name, self.value(file, &member.value)),
                        None => continue,
                    }
                }
                Value::object(out)
            }
            _ => Value::NULL,
        }
    }

    /// The name of a member, which may itself be an expression.
    fn member_name(&self, file: FileId, key: &Arc<str>, span: Span) -> Option<Arc<str>> {
        if !is_expression(key) {
            return Some(if key.starts_with("[[") { unescape(key).into() } else { key.clone() });
        }
        let value = self.expression(file, span, key, 0);
        match value.kind() {
            Kind::String(_) if value.is_secure() => {
                let fault = Fault::new("a secret cannot be the name of a property: names are shown");
                self.scope.run.report_fault(file, span, fault);
                None
            }
            Kind::String(name) => Some(name.clone()),
            // A name that only the running deployment knows is kept as its expression.
            Kind::Symbolic(symbolic) => Some(symbolic.to_string().into()),
            _ => {
                let run = self.scope.run;
                let fault = Fault::new(format!("a property name is a string, not {}", value.type_name()));
                run.refuse(file, span, fault, run.is_given(&value));
                None
            }
        }
    }

    /// How many brackets of `[[` the templates around have taken for an escape.
    fn brackets_gone(&self, text: &str) -> usize {
        let escapes = text.bytes().take_while(|byte| *byte == b'[').count().saturating_sub(1);
        escapes.min(self.scope.unescaped)
    }

    /// The value of an expression in the string at `span`, which begins after `skipped` bytes. Faults are reported.
    pub(crate) fn expression(&self, file: FileId, span: Span, text: &str, skipped: usize) -> Value {
        let run = self.scope.run;
        let ((outcome, is_given), reads) = run.reading(|| self.evaluated(file, span, text, skipped));
        let reads = (!reads.is_empty()).then(|| reads.into());
        let origin = run.origins.borrow_mut().add(file, span, self.frame, reads);
        if is_given {
            run.origins.borrow_mut().mark_given(origin);
        }
        match outcome {
            Ok(value) => value.with_origin(origin),
            Err(error) => {
                let error = error.moved(skipped);
                let is_given = is_given && may_lie_in_values(error.code);
                let reason = if is_given && run.refuse_in_string(file, span, &error) {
                    Reason::Refused
                } else {
                    run.report_in_string(file, span, &error);
                    Reason::Error
                };
                failed_expression(text, reason).with_origin(origin)
            }
        }
    }

    /// The value, and whether it (or the part at fault) depends on values given from outside.
    fn evaluated(
        &self,
        file: FileId,
        span: Span,
        text: &str,
        skipped: usize,
    ) -> (Result<Value, ExpressionError>, bool) {
        let run = self.scope.run;
        match run.expression(file, span, text) {
            Ok(expression) => {
                evaluate_noting(&expression, &Site { env: self, file, span, skipped }, &run.budget)
            }
            Err(error) => (Err(error), false),
        }
    }

    /// As [`Env::value`] for a node that must be text.
    pub(crate) fn text(&self, file: FileId, node: &Node, what: &str) -> Value {
        let value = self.value(file, node);
        match value.kind() {
            Kind::String(_) | Kind::Symbolic(_) => value,
            Kind::Int(int) => Value::string(int.to_string()).with_origin(value.origin()),
            _ => {
                let run = self.scope.run;
                let fault = Fault::new(format!("{what} is a string, not {}", value.type_name()));
                let reason = run.refuse(file, node.span, fault, run.is_given(&value));
                failed_because(what, reason)
            }
        }
    }

    /// The loop that `copyIndex` means: the one named, or the resource's.
    pub(crate) fn find_loop(&self, name: Option<&str>) -> Option<&Loop> {
        let mut current = self.loops.as_deref();
        let mut innermost = None;
        while let Some(step) = current {
            match name {
                Some(name) if azimuth_ids::eq_fold(name, &step.name) => return Some(step),
                None if step.is_default => return Some(step),
                _ => {}
            }
            innermost = innermost.or(Some(step));
            current = step.parent.as_deref();
        }
        // Without a resource loop around, the nearest loop can only be meant.
        if name.is_none() { innermost } else { None }
    }
}

/// Whether a text that is no expression begins like a call of a function.
fn is_unclosed(text: &str) -> bool {
    let Some((name, _)) = text.strip_prefix('[').and_then(|rest| rest.split_once('(')) else { return false };
    !text.ends_with(']') && function_arity(&name.trim().to_ascii_lowercase()).is_some()
}

/// The value in place of one that could not be computed.
pub(crate) fn failed(what: &str) -> Value {
    failed_because(what, Reason::Error)
}

/// As [`failed`], with why it is not known.
pub(crate) fn failed_because(what: &str, reason: Reason) -> Value {
    let call = crate::expression::Expression::call(
        "fail",
        vec![crate::expression::Expression::literal(what.into())],
    );
    Value::symbolic(Symbolic::new(call, reason))
}

/// The value of an expression that could not be evaluated: the expression itself.
fn failed_expression(text: &str, reason: Reason) -> Value {
    match crate::expression::parse(text) {
        Ok(expression) => Value::symbolic(Symbolic::new(expression, reason)),
        Err(_) => failed("an expression that cannot be read"),
    }
}

/// The template's own functions, for suggestions.
pub(crate) fn function_names(scope: &Scope<'_>) -> Vec<String> {
    scope.functions.values().map(|function| function.full_name.to_string()).collect()
}
