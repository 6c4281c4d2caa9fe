//! Numbers.

use crate::functions::{Accepts as A, Function, FunctionKind, Naming, Returns as R, alias, p, scalar, sig};
use crate::types::ScalarType as T;

pub(super) const FUNCTIONS: &[Function] = &[
    scalar(
        "abs",
        &[
            sig(&[p("value", A::Number)], R::Argument(0)),
            sig(&[p("value", A::Type(T::Timespan))], R::Type(T::Timespan)),
        ],
    )
    .named(Naming::FirstArgument),
    scalar(
        "bin",
        &[
            sig(&[p("value", A::Number), p("size", A::Number)], R::Computed(binned)),
            sig(
                &[p("value", A::Type(T::Datetime)), p("size", A::Type(T::Timespan))],
                R::Type(T::Datetime),
            ),
            sig(
                &[p("value", A::Type(T::Timespan)), p("size", A::Type(T::Timespan))],
                R::Type(T::Timespan),
            ),
        ],
    )
    .named(Naming::FirstArgument),
    alias("floor", FunctionKind::Scalar, "bin"),
];

/// `bin(int, long)` is `long`, with a real it is `real`.
fn binned(types: &[T]) -> T {
    match types {
        [value, size] => value.common(*size).unwrap_or(*value),
        _ => T::Unknown,
    }
}
