//! Aggregates.

use super::{
    Accepts as A, Form, Function, FunctionKind, Naming, Parameter, Returns as R, Signature, aggregate, alias,
    p, sig,
};
use crate::types::ScalarType as T;

pub(super) const TABLES: &[&[Function]] = &[FUNCTIONS];

const VALUE: Parameter = p("value", A::Any);
const IF: Parameter = p("predicate", A::Type(T::Bool));
const MOST: Parameter = p("most", A::Type(T::Long)).optional();
const ACCURACY: Parameter = p("accuracy", A::Type(T::Long)).constant().optional();
const MOMENT: &[Signature] = &[sig(&[p("value", A::Summable)], R::Type(T::Real))];
const MOMENT_IF: &[Signature] = &[sig(&[p("value", A::Summable), IF], R::Type(T::Real))];
const COVARIANCE: &[Signature] = &[sig(&[p("left", A::Summable), p("right", A::Summable)], R::Type(T::Real))];
const COVARIANCE_IF: &[Signature] =
    &[sig(&[p("left", A::Summable), p("right", A::Summable), IF], R::Type(T::Real))];
const BITS: &[Signature] = &[sig(&[p("value", A::Number)], R::ArgumentLong(0))];
const LIST: &[Signature] = &[sig(&[VALUE, MOST], R::Type(T::Dynamic))];
const LIST_IF: &[Signature] = &[sig(&[VALUE, IF, MOST], R::Type(T::Dynamic))];
const EXTREMUM: &[Signature] = &[sig(&[p("value", A::NotDynamic)], R::Argument(0))];
const EXTREMUM_IF: &[Signature] = &[sig(&[p("value", A::NotDynamic), IF], R::Argument(0))];
const ARG: &[Signature] =
    &[sig(&[VALUE, p("returned", A::Any).form(Form::ColumnOrStar).repeated(0)], R::Special)];
const SKETCH: &[Signature] = &[sig(&[VALUE, p("accuracy", A::Any).optional()], R::Type(T::Dynamic))];

const fn list(name: &'static str, signatures: &'static [Signature], prefix: &'static str) -> Function {
    aggregate(name, signatures).named(Naming::Prefix(prefix))
}

const fn other(name: &'static str, target: &'static str) -> Function {
    alias(name, FunctionKind::Aggregate, target)
}

const FUNCTIONS: &[Function] = &[
    aggregate("any", &[sig(&[p("value", A::Any).form(Form::ColumnOrStar).repeated(1)], R::Special)]),
    aggregate("anyif", &[sig(&[VALUE, IF], R::Argument(0))]),
    aggregate("arg_max", ARG),
    aggregate("arg_min", ARG),
    aggregate("argmax", ARG),
    aggregate("argmin", ARG),
    aggregate("avg", &[sig(&[p("value", A::Summable)], R::Computed(mean))]),
    aggregate("avgif", &[sig(&[p("value", A::Summable), IF], R::Computed(mean))]),
    aggregate("binary_all_and", BITS).named(Naming::FirstArgument),
    aggregate("binary_all_or", BITS).named(Naming::FirstArgument),
    aggregate("binary_all_xor", BITS).named(Naming::FirstArgument),
    aggregate("buildschema", &[sig(&[p("value", A::Dynamic)], R::Type(T::Dynamic))])
        .named(Naming::Prefix("schema")),
    aggregate("count", &[sig(&[p("value", A::Any).optional()], R::Type(T::Long))])
        .named(Naming::Prefix("count")),
    aggregate("count_distinct", &[sig(&[VALUE], R::Type(T::Long))]),
    aggregate("count_distinctif", &[sig(&[VALUE, IF], R::Type(T::Long))]),
    aggregate("countif", &[sig(&[IF], R::Type(T::Long))]),
    aggregate("covariance", COVARIANCE),
    aggregate("covarianceif", COVARIANCE_IF),
    aggregate("covariancep", COVARIANCE),
    aggregate("covariancepif", COVARIANCE_IF),
    aggregate("dcount", &[sig(&[VALUE, ACCURACY], R::Type(T::Long))]),
    aggregate("dcountif", &[sig(&[VALUE, IF, ACCURACY], R::Type(T::Long))]),
    aggregate("hll", SKETCH),
    aggregate("hll_if", &[sig(&[VALUE, IF, ACCURACY], R::Type(T::Dynamic))]),
    aggregate("hll_merge", &[sig(&[p("sketch", A::Dynamic)], R::Type(T::Dynamic))]),
    list("make_bag", &[sig(&[p("bag", A::Dynamic), MOST], R::Type(T::Dynamic))], "bag"),
    list("make_bag_if", &[sig(&[p("bag", A::Dynamic), IF, MOST], R::Type(T::Dynamic))], "bag"),
    list("make_dictionary", &[sig(&[p("bag", A::Dynamic), MOST], R::Type(T::Dynamic))], "dictionary"),
    list("make_list", LIST, "list"),
    list("make_list_if", LIST_IF, "list"),
    list("make_list_with_nulls", &[sig(&[VALUE], R::Type(T::Dynamic))], "list"),
    list("make_set", LIST, "set"),
    list("make_set_if", LIST_IF, "set"),
    other("makelist", "make_list"),
    other("makeset", "make_set"),
    aggregate("max", EXTREMUM),
    aggregate("maxif", EXTREMUM_IF),
    aggregate("min", EXTREMUM),
    aggregate("minif", EXTREMUM_IF),
    aggregate("percentile", &[sig(&[p("value", A::Summable), p("percentile", A::Number)], R::Argument(0))]),
    aggregate(
        "percentiles",
        &[sig(&[p("value", A::Summable), p("percentile", A::Number).repeated(1)], R::Argument(0))],
    ),
    aggregate(
        "percentiles_array",
        &[sig(&[p("value", A::Summable), p("percentile", A::Any).repeated(1)], R::Type(T::Dynamic))],
    )
    .named(Naming::Prefix("percentiles")),
    aggregate(
        "percentilesw",
        &[sig(
            &[p("value", A::Summable), p("weight", A::Number), p("percentile", A::Number).repeated(1)],
            R::Argument(0),
        )],
    ),
    aggregate(
        "percentilesw_array",
        &[sig(
            &[p("value", A::Summable), p("weight", A::Number), p("percentile", A::Any).repeated(1)],
            R::Type(T::Dynamic),
        )],
    )
    .named(Naming::Prefix("percentiles")),
    aggregate(
        "percentilew",
        &[sig(
            &[p("value", A::Summable), p("weight", A::Number), p("percentile", A::Number)],
            R::Argument(0),
        )],
    ),
    aggregate("stdev", MOMENT),
    aggregate("stdevif", MOMENT_IF),
    aggregate("stdevp", MOMENT),
    aggregate("stdevpif", MOMENT_IF),
    aggregate("sum", &[sig(&[p("value", A::Summable)], R::ArgumentLong(0))]),
    aggregate("sumif", &[sig(&[p("value", A::Summable), IF], R::ArgumentLong(0))]),
    aggregate("take_any", &[sig(&[p("value", A::Any).form(Form::ColumnOrStar).repeated(1)], R::Special)])
        .named(Naming::FirstArgument),
    aggregate("take_anyif", &[sig(&[VALUE, IF], R::Argument(0))]).named(Naming::FirstArgument),
    aggregate(
        "tdigest",
        &[sig(&[p("value", A::Summable), p("weight", A::Number).optional()], R::Type(T::Dynamic))],
    ),
    aggregate("tdigest_merge", &[sig(&[p("sketch", A::Dynamic)], R::Type(T::Dynamic))])
        .named(Naming::Prefix("merge_tdigests")),
    other("merge_tdigest", "tdigest_merge"),
    aggregate("variance", MOMENT),
    aggregate("varianceif", MOMENT_IF),
    aggregate("variancep", MOMENT),
    aggregate("variancepif", MOMENT_IF),
];

/// The mean of whole numbers is real, of decimals, spans and dates of their type.
fn mean(types: &[T]) -> T {
    match types.first() {
        Some(ty @ (T::Decimal | T::Timespan | T::Datetime)) => *ty,
        _ => T::Real,
    }
}
