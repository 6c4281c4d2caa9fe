//! Choosing between values, and asking about nulls.

use crate::functions::{Accepts as A, Function, Returns as R, Signature, also, p, scalar, sig};
use crate::types::ScalarType as T;

const ASKED: &[Signature] = &[sig(&[p("value", A::Any)], R::Type(T::Bool))];
const OF_SEVERAL: &[Signature] = &[sig(&[p("value", A::Common).times(2, 64)], R::Common)];
const CHOICE: &[Signature] =
    &[sig(&[p("if", A::Type(T::Bool)), p("then", A::Common), p("else", A::Common)], R::Common)];

pub(super) const FUNCTIONS: &[Function] = &[
    scalar("assert", &[sig(&[p("condition", A::Type(T::Bool)), p("message", A::Text)], R::Type(T::Bool))]),
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
    scalar("coalesce", OF_SEVERAL),
    scalar("iff", CHOICE),
    also("iif", "iff"),
    scalar("isempty", ASKED),
    scalar("isnotempty", ASKED),
    scalar("isnotnull", ASKED),
    scalar("isnull", ASKED),
    scalar("max_of", OF_SEVERAL),
    scalar("min_of", OF_SEVERAL),
    scalar("not", &[sig(&[p("expression", A::Type(T::Bool))], R::Type(T::Bool))]),
    also("notempty", "isnotempty"),
    also("notnull", "isnotnull"),
];
