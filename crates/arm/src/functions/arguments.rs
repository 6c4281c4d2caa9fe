//! Reading the arguments of a function.

use std::borrow::Cow;

use crate::expression::{Budget, Expression, Fault, gravest};
use crate::value::{Array, Kind, Object, Reason, Symbolic, Value};

/// The evaluated arguments of a call.
pub(crate) struct Arguments<'a> {
    /// The function's name as written, for messages.
    pub(crate) function: &'a str,
    pub(crate) values: &'a [Value],
    pub(crate) budget: &'a Budget,
}

impl<'a> Arguments<'a> {
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// The argument, which the declared count guarantees; null if it does not.
    pub(crate) fn value(&self, index: usize) -> &'a Value {
        const NULL: &Value = &Value::NULL;
        self.values.get(index).unwrap_or(NULL)
    }

    pub(crate) fn get(&self, index: usize) -> Option<&'a Value> {
        self.values.get(index)
    }

    pub(crate) fn mismatch(&self, index: usize, wanted: &str) -> Fault {
        let given = self.value(index).type_name();
        let fault = Fault::new(format!("`{}` expects {wanted} here, not {given}", self.function))
            .with_code("arm-argument-type")
            .about(index);
        match crate::advice::conversion(wanted, given) {
            Some(hint) => fault.with_hint(hint),
            None => fault,
        }
    }

    pub(crate) fn text(&self, index: usize) -> Result<&'a str, Fault> {
        self.value(index).as_str().ok_or_else(|| self.mismatch(index, "a string"))
    }

    pub(crate) fn int(&self, index: usize) -> Result<i64, Fault> {
        self.value(index).as_int().ok_or_else(|| self.mismatch(index, "an integer"))
    }

    pub(crate) fn array(&self, index: usize) -> Result<&'a Array, Fault> {
        match self.value(index).kind() {
            Kind::Array(array) => Ok(array),
            _ => Err(self.mismatch(index, "an array")),
        }
    }

    pub(crate) fn object(&self, index: usize) -> Result<&'a Object, Fault> {
        self.value(index).as_object().ok_or_else(|| self.mismatch(index, "an object"))
    }

    /// The call itself as a symbolic value, for when a symbolic part turns out to matter.
    pub(crate) fn unresolved(&self) -> Value {
        let reason = gravest(self.values.iter()).unwrap_or(Reason::Environment);
        let arguments = self.values.iter().cloned().map(Expression::of).collect();
        let secure = self.values.iter().any(Value::has_secure);
        Value::symbolic(Symbolic::new(Expression::call(self.function, arguments), reason)).secured(secure)
    }

    /// The argument as text where the language converts by itself: strings, numbers, booleans.
    pub(crate) fn as_text(&self, index: usize) -> Result<Cow<'a, str>, Fault> {
        plain_text(self.value(index)).ok_or_else(|| self.mismatch(index, "a string"))
    }
}

/// Strings as they are, numbers in invariant form, booleans as `True` and `False`.
pub(crate) fn plain_text(value: &Value) -> Option<Cow<'_, str>> {
    match value.kind() {
        Kind::String(text) => Some(Cow::Borrowed(text)),
        Kind::Int(int) => Some(Cow::Owned(int.to_string())),
        Kind::Float(float) => Some(Cow::Owned(float.to_string())),
        Kind::Bool(truth) => Some(Cow::Borrowed(if *truth { "True" } else { "False" })),
        _ => None,
    }
}
