//! The scalar functions by name.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use crate::context::Context;
use crate::functions;
use crate::value::Value;

/// Why a function cannot answer at all, which ends the query: Kusto gives null for bad data, and an error only for what
/// no row could make right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    message: String,
}

impl Refusal {
    /// A refusal with its message: lower case, no full stop.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

/// Whether a call may be computed once for all rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Volatility {
    /// The same arguments always give the same value
    Immutable,
    /// The same within a query: reads the query's moment
    Stable,
    /// Another value for every row: `rand`, `new_guid`
    Volatile,
}

/// How a function answers: one value from the values of its arguments.
pub type Call = fn(&Context, &[Value]) -> Result<Value, Refusal>;

/// One scalar function.
#[derive(Clone, Copy)]
pub struct Function {
    /// Its name, and other names it goes by, in lower case
    pub names: &'static [&'static str],
    /// Whether calls may be folded
    pub volatility: Volatility,
    /// The function itself. The count of arguments has been checked by the binder; the types are those of the signature,
    /// where a `dynamic` may stand for any of them.
    pub call: Call,
}

impl fmt::Debug for Function {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Function").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Function {
    /// A function whose answer depends on its arguments alone.
    pub const fn pure(names: &'static [&'static str], call: Call) -> Self {
        Self { names, volatility: Volatility::Immutable, call }
    }

    /// A function that reads the query's moment.
    pub const fn stable(names: &'static [&'static str], call: Call) -> Self {
        Self { names, volatility: Volatility::Stable, call }
    }

    /// A function by chance.
    pub const fn volatile(names: &'static [&'static str], call: Call) -> Self {
        Self { names, volatility: Volatility::Volatile, call }
    }
}

static BY_NAME: LazyLock<HashMap<&'static str, &'static Function>> = LazyLock::new(|| {
    let all = functions::FAMILIES.iter().flat_map(|family| family.iter());
    all.flat_map(|function| function.names.iter().map(move |name| (*name, function))).collect()
});

/// The function of that name, compared exactly as Kusto does.
pub fn function(name: &str) -> Option<&'static Function> {
    BY_NAME.get(name).copied()
}

/// Every name, in no order.
pub fn names() -> impl Iterator<Item = &'static str> {
    BY_NAME.keys().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_given_twice() {
        let given: usize =
            functions::FAMILIES.iter().flat_map(|family| family.iter()).map(|f| f.names.len()).sum();
        assert_eq!(given, names().count());
    }
}
