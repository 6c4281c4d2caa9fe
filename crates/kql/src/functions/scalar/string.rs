//! Texts.

use crate::functions::{Accepts as A, Function, Naming, Returns as R, p, scalar, sig};
use crate::types::ScalarType as T;

pub(super) const FUNCTIONS: &[Function] = &[
    scalar(
        "extract",
        &[sig(
            &[
                p("regex", A::Text),
                p("group", A::Type(T::Long)),
                p("source", A::TextOrDynamic),
                p("type", A::Any).optional(),
            ],
            R::Named(3, T::String),
        )],
    ),
    scalar(
        "split",
        &[sig(
            &[p("source", A::TextOrDynamic), p("delimiter", A::Text), p("index", A::Type(T::Long)).optional()],
            R::Type(T::Dynamic),
        )],
    ),
    scalar("strcat", &[sig(&[p("value", A::Any).times(1, 64)], R::Type(T::String))]),
    scalar("strlen", &[sig(&[p("source", A::TextOrDynamic)], R::Type(T::Long))]).named(Naming::FunctionAndArgument),
    scalar("tolower", &[sig(&[p("source", A::TextOrDynamic)], R::Type(T::String))]),
    scalar("toupper", &[sig(&[p("source", A::TextOrDynamic)], R::Type(T::String))]),
];
