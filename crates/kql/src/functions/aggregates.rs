//! Aggregates.

use super::{
    Accepts as A, Form, Function, FunctionKind, Naming, Returns as R, aggregate, alias, p, sig,
};
use crate::types::ScalarType as T;

pub(super) const TABLES: &[&[Function]] = &[FUNCTIONS];

const FUNCTIONS: &[Function] = &[
    aggregate(
        "arg_max",
        &[sig(
            &[p("maximise", A::Any), p("returned", A::Any).form(Form::ColumnOrStar).repeated(0)],
            R::Special,
        )],
    ),
    aggregate("count", &[sig(&[p("value", A::Any).optional()], R::Type(T::Long))]),
    aggregate("countif", &[sig(&[p("predicate", A::Type(T::Bool))], R::Type(T::Long))]),
    aggregate(
        "dcount",
        &[sig(
            &[p("value", A::NotDynamic), p("accuracy", A::Type(T::Long)).constant().optional()],
            R::Type(T::Long),
        )],
    ),
    aggregate(
        "make_set",
        &[sig(
            &[p("value", A::Any), p("most", A::Type(T::Long)).constant().optional()],
            R::Type(T::Dynamic),
        )],
    )
    .named(Naming::Prefix("set")),
    alias("makeset", FunctionKind::Aggregate, "make_set"),
    aggregate("max", &[sig(&[p("value", A::Any)], R::Argument(0))]),
    aggregate("sum", &[sig(&[p("value", A::Summable)], R::ArgumentLong(0))]),
];
