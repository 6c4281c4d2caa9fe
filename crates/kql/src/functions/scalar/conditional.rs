//! Choosing between values, and asking about nulls.

use crate::functions::{Accepts as A, Function, FunctionKind, Naming, Returns as R, alias, p, scalar, sig};
use crate::types::ScalarType as T;

pub(super) const FUNCTIONS: &[Function] = &[
    scalar(
        "case",
        &[sig(
            &[
                p("predicate", A::Type(T::Bool)).repeated(1),
                p("then", A::Common).repeated(1),
                p("else", A::Common),
            ],
            R::Common,
        )],
    ),
    scalar("coalesce", &[sig(&[p("value", A::Common).times(2, 64)], R::Common)]),
    scalar(
        "iff",
        &[sig(&[p("if", A::Type(T::Bool)), p("then", A::Common), p("else", A::Common)], R::Common)],
    ),
    alias("iif", FunctionKind::Scalar, "iff"),
    scalar("isempty", &[sig(&[p("value", A::Any)], R::Type(T::Bool))]),
    scalar("isnotempty", &[sig(&[p("value", A::Any)], R::Type(T::Bool))]),
    scalar("isnotnull", &[sig(&[p("value", A::Any)], R::Type(T::Bool))]),
    scalar("isnull", &[sig(&[p("value", A::Any)], R::Type(T::Bool))]),
    scalar("max_of", &[sig(&[p("value", A::Common).times(2, 64)], R::Common)]).named(Naming::None),
    scalar("min_of", &[sig(&[p("value", A::Common).times(2, 64)], R::Common)]),
    scalar("not", &[sig(&[p("value", A::Type(T::Bool))], R::Type(T::Bool))]),
];
