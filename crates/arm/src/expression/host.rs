//! What surrounds an expression.

use super::{Budget, ExpressionError, Fault};
use crate::value::Value;

/// Supplies everything that is not a pure function of its arguments: `parameters`, `resourceGroup`, `field` …
///
/// A host decides which functions exist. A policy engine, for example, permits the documented subset, and answers
/// `field`, `current`, `policy` and `requestContext` itself.
pub trait Host {
    /// Whether the built-in function `key` (lower case) may be called here.
    fn permits(&self, key: &str) -> bool {
        let _ = key;
        true
    }

    /// Answers a call that is not a pure built-in function, or `None` if the host knows no such function.
    fn call(&self, call: &HostCall<'_>) -> Option<Result<Value, Fault>>;

    /// Whether the host answers the function `key` (lower case) even when arguments are symbolic.
    fn accepts_symbolic(&self, key: &str) -> bool {
        let _ = key;
        false
    }

    /// Whether what a call to the host returned depends on values given from outside: parameters, the scope deployed
    /// to, stored state.
    fn gives(&self, call: &HostCall<'_>, value: &Value) -> bool {
        let _ = call;
        self.is_given(value)
    }

    /// Whether a value is known to depend on values given from outside.
    fn is_given(&self, value: &Value) -> bool {
        let _ = value;
        false
    }

    /// Whether other values given would keep a fault of this code from being met here, as the expression would not be
    /// evaluated.
    fn avoids(&self, code: &str) -> bool {
        let _ = code;
        false
    }

    /// Takes note of a fault that lies in values given from outside, and whether evaluation goes on with the faulty
    /// part as an expression that stays unresolved. By default it does not.
    fn absorbs(&self, error: &ExpressionError) -> bool {
        let _ = error;
        false
    }

    /// The host's own functions, for suggestions when a name is misspelt.
    fn function_names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A call that the host is asked to answer.
#[derive(Debug)]
pub struct HostCall<'a> {
    /// The namespace of a user-defined function.
    pub namespace: Option<&'a str>,
    /// The name as written.
    pub name: &'a str,
    /// The name in lower case.
    pub key: &'a str,
    /// The arguments; some may be symbolic.
    pub arguments: &'a [Value],
    /// Whether any argument depends on values given from outside.
    pub is_given: bool,
    /// What the evaluation may still cost.
    pub budget: &'a Budget,
}

impl<'a> HostCall<'a> {
    /// The argument `index` as text.
    ///
    /// # Errors
    /// A fault if it is missing or no string.
    pub fn text(&self, index: usize) -> Result<&'a str, Fault> {
        let argument = self
            .arguments
            .get(index)
            .ok_or_else(|| Fault::new(format!("`{}` needs at least {} arguments", self.name, index + 1)))?;
        argument.as_str().ok_or_else(|| {
            Fault::new(format!("`{}` expects a string here, not {}", self.name, argument.type_name()))
                .about(index)
        })
    }
}
