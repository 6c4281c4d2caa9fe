//! The functions of the template language, grouped as the public reference groups them.
//!
//! A function is *pure* (its arguments in, a value out), *lazy* (it decides which arguments to evaluate), or answered
//! by the *host* (it depends on what is deployed where).

mod arguments;
mod array;
mod cidr;
mod compare;
mod date;
mod date_format;
mod duration;
mod encoding;
mod format;
mod hash;
mod logical;
mod number_format;
mod number_pattern;
mod numeric;
mod object;
mod string;
mod uri;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::expression::{Call, Evaluator, ExpressionError, Fault};
use crate::json::Span;
use crate::value::Value;

pub(crate) use arguments::Arguments;
pub(crate) use date::{DEFAULT_UTC_NOW, format_timestamp};
pub(crate) use hash::seeded_guid;

/// A function that the language itself has.
pub(crate) struct Function {
    /// Its name as documented.
    pub(crate) name: &'static str,
    /// Fewest arguments.
    pub(crate) least: u8,
    /// Most arguments; `None` for any number.
    pub(crate) most: Option<u8>,
    /// What it does with the parts of its arguments.
    pub(crate) parts: Parts,
    pub(crate) run: Run,
}

/// What a function does with the parts of its arguments, which decides whether symbolic or secret ones matter to it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parts {
    /// It looks at them: a symbolic part makes the call symbolic, a secret one the result secret.
    Read,
    /// It takes arguments apart and moves the parts: what comes out of a secret whole is secret.
    Moved,
    /// It puts the arguments into something new.
    Wrapped,
}

pub(crate) type Lazy = fn(&mut Evaluator<'_>, &Call, Span) -> Result<Value, ExpressionError>;

#[derive(Clone, Copy)]
pub(crate) enum Run {
    Pure(fn(&Arguments<'_>) -> Result<Value, Fault>),
    Lazy(Lazy),
    Host,
}

impl Function {
    const fn pure(
        name: &'static str,
        least: u8,
        most: Option<u8>,
        run: fn(&Arguments<'_>) -> Result<Value, Fault>,
    ) -> Self {
        Self { name, least, most, parts: Parts::Read, run: Run::Pure(run) }
    }

    const fn keeping(
        name: &'static str,
        least: u8,
        most: Option<u8>,
        run: fn(&Arguments<'_>) -> Result<Value, Fault>,
    ) -> Self {
        Self { name, least, most, parts: Parts::Moved, run: Run::Pure(run) }
    }

    /// Builds a structure around its arguments: secret ones stay so by themselves.
    const fn building(
        name: &'static str,
        least: u8,
        most: Option<u8>,
        run: fn(&Arguments<'_>) -> Result<Value, Fault>,
    ) -> Self {
        Self { name, least, most, parts: Parts::Wrapped, run: Run::Pure(run) }
    }

    const fn lazy(name: &'static str, least: u8, most: Option<u8>, run: Lazy) -> Self {
        Self { name, least, most, parts: Parts::Read, run: Run::Lazy(run) }
    }

    const fn host(name: &'static str, least: u8, most: Option<u8>) -> Self {
        Self { name, least, most, parts: Parts::Read, run: Run::Host }
    }
}

/// Functions that the host answers: deployment, resource and scope functions.
const HOSTED: &[Function] = &[
    Function::host("parameters", 1, Some(1)),
    Function::host("variables", 1, Some(1)),
    Function::host("copyIndex", 0, Some(2)),
    Function::host("deployment", 0, Some(0)),
    Function::host("deployer", 0, Some(0)),
    Function::host("environment", 0, Some(0)),
    Function::host("subscription", 0, Some(0)),
    Function::host("resourceGroup", 0, Some(0)),
    Function::host("managementGroup", 0, Some(0)),
    Function::host("tenant", 0, Some(0)),
    Function::host("resourceId", 2, None),
    Function::host("subscriptionResourceId", 2, None),
    Function::host("managementGroupResourceId", 2, None),
    Function::host("tenantResourceId", 2, None),
    Function::host("extensionResourceId", 3, None),
    Function::host("reference", 1, Some(3)),
    Function::host("references", 1, Some(2)),
    Function::host("providers", 1, Some(2)),
    Function::host("pickZones", 3, Some(5)),
    Function::host("toLogicalZone", 3, Some(3)),
    Function::host("toLogicalZones", 3, Some(3)),
    Function::host("toPhysicalZone", 3, Some(3)),
    Function::host("toPhysicalZones", 3, Some(3)),
    // What these two make of ports, queries and percent signs is not documented, so they are not computed here.
    Function::host("parseUri", 1, Some(1)),
    Function::host("buildUri", 1, Some(1)),
    Function::host("newGuid", 0, Some(0)),
    Function::host("utcNow", 0, Some(1)),
    Function::host("externalInputs", 1, Some(1)),
];

static BY_KEY: LazyLock<HashMap<String, &'static Function>> = LazyLock::new(|| {
    let groups: [&'static [Function]; 12] = [
        array::FUNCTIONS,
        cidr::FUNCTIONS,
        compare::FUNCTIONS,
        date::FUNCTIONS,
        encoding::FUNCTIONS,
        format::FUNCTIONS,
        hash::FUNCTIONS,
        logical::FUNCTIONS,
        numeric::FUNCTIONS,
        object::FUNCTIONS,
        string::FUNCTIONS,
        HOSTED,
    ];
    let all = groups.into_iter().flatten().chain(uri::FUNCTIONS);
    all.map(|function| (function.name.to_ascii_lowercase(), function)).collect()
});

/// The function whose name in lower case is `key`.
pub(crate) fn find(key: &str) -> Option<&'static Function> {
    BY_KEY.get(key).copied()
}

/// Fewest and most arguments (`None`: any number) of the built-in function whose name in lower case is `key`.
pub fn function_arity(key: &str) -> Option<(usize, Option<usize>)> {
    find(key).map(|function| (usize::from(function.least), function.most.map(usize::from)))
}

/// All names as documented.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    BY_KEY.values().map(|function| function.name)
}

#[cfg(test)]
pub(crate) mod testing {
    //! One door for tests of functions: an expression in, its value or error as text out.

    use crate::expression::{Budget, Fault, Host, HostCall, Limits, evaluate, parse};
    use crate::value::Value;

    struct NoHost;

    impl Host for NoHost {
        fn call(&self, _: &HostCall<'_>) -> Option<Result<Value, Fault>> {
            None
        }
    }

    /// Checks that `expression` (without brackets) shows as `expected`: JSON, or `error: …`.
    #[track_caller]
    pub(crate) fn check(expression: &str, expected: &str) {
        let text = format!("[{expression}]");
        let outcome =
            parse(&text).and_then(|parsed| evaluate(&parsed, &NoHost, &Budget::new(&Limits::default())));
        let shown = match outcome {
            Ok(value) => value.to_string(),
            Err(error) => format!("error: {}", error.message),
        };
        assert_eq!(shown, expected, "{expression}");
    }
}
