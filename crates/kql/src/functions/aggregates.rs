//! Aggregates.

use super::{
    Accepts as A, Form, Function, FunctionKind, Naming, Parameter, Returns as R, Signature, aggregate, alias,
    p, sig,
};
use crate::types::ScalarType as T;

pub(super) const TABLES: &[&[Function]] = &[FUNCTIONS];

const VALUE: Parameter = p("expr", A::Any);
const SUMMED: Parameter = p("expr", A::Summable);
const ORDERED: Parameter = p("expr", ORDERABLE);
const BAG: Parameter = p("expr", A::Bag);
const IF: Parameter = p("predicate", A::Type(T::Bool));
const WEIGHT: Parameter = p("weight", A::Integer);
const MOST: Parameter = p("maxSize", A::Integer).optional();
const ACCURACY: Parameter = p("accuracy", A::Integer).constant().optional();
const STAR: Parameter = p("expr", A::Any).form(Form::ColumnOrStar).repeated(1);
const ORDERABLE: A =
    A::OneOf(&[T::Int, T::Long, T::Real, T::Decimal, T::Timespan, T::Datetime, T::String, T::Bool]);
/// `real` and `bool` have no sketch of distinct values.
const COUNTED: Parameter = p(
    "expr",
    A::OneOf(&[T::Int, T::Long, T::Decimal, T::Timespan, T::Datetime, T::Guid, T::String, T::Dynamic]),
);

/// The engine counts the rows where any argument is there; the reference binder asks for a predicate.
const COUNT: &[Signature] = &[sig(&[VALUE.optional()], R::Type(T::Long))];
const MEAN: &[Signature] = &[sig(&[SUMMED], R::Computed(mean))];
const MEAN_IF: &[Signature] = &[sig(&[SUMMED, IF], R::Computed(mean))];
const MOMENT: &[Signature] = &[sig(&[SUMMED], R::Type(T::Real))];
const MOMENT_IF: &[Signature] = &[sig(&[SUMMED, IF], R::Type(T::Real))];
const COVARIANCE: &[Signature] =
    &[sig(&[p("expr1", A::Summable), p("expr2", A::Summable)], R::Type(T::Real))];
const COVARIANCE_IF: &[Signature] =
    &[sig(&[p("expr1", A::Summable), p("expr2", A::Summable), IF], R::Type(T::Real))];
const BITS: &[Signature] = &[sig(&[SUMMED], R::Argument(0))];
const LIST: &[Signature] = &[sig(&[VALUE, MOST], R::ArrayOf(0))];
const LIST_IF: &[Signature] = &[sig(&[VALUE, IF, MOST], R::ArrayOf(0))];
const BAGS: &[Signature] = &[sig(&[BAG, MOST], R::Bag)];
const EXTREMUM: &[Signature] = &[sig(&[ORDERED], R::Argument(0))];
const EXTREMUM_IF: &[Signature] = &[sig(&[ORDERED, IF], R::Argument(0))];
const ARG: &[Signature] =
    &[sig(&[p("sought", ORDERABLE), p("returned", A::Any).form(Form::ColumnOrStar).repeated(0)], R::Special)];
const DIGESTS: &[Signature] = &[sig(&[p("tdigest", A::Array)], R::Array)];
const PERCENTILE: Parameter = p("percentile", A::Number);

const fn prefixed(name: &'static str, signatures: &'static [Signature], prefix: &'static str) -> Function {
    aggregate(name, signatures).named(Naming::Prefix(prefix))
}

/// An aggregate whose result is called as its argument.
const fn of(name: &'static str, signatures: &'static [Signature]) -> Function {
    aggregate(name, signatures).named(Naming::FirstArgument)
}

const fn also(name: &'static str, target: &'static str) -> Function {
    alias(name, FunctionKind::Aggregate, target)
}

const FUNCTIONS: &[Function] = &[
    aggregate("any", &[sig(&[STAR], R::Special)]),
    aggregate("anyif", &[sig(&[VALUE, IF], R::Argument(0))]),
    aggregate("arg_max", ARG),
    aggregate("arg_min", ARG),
    aggregate("argmax", ARG),
    aggregate("argmin", ARG),
    aggregate("avg", MEAN),
    aggregate("avgif", MEAN_IF),
    of("binary_all_and", BITS),
    of("binary_all_or", BITS),
    of("binary_all_xor", BITS),
    prefixed("buildschema", &[sig(&[p("expr", A::Dynamic)], R::Bag)], "schema"),
    aggregate("count", COUNT)
        .reference(&[sig(&[p("predicate", A::Type(T::Bool)).optional()], R::Type(T::Long))]),
    aggregate("count_distinct", &[sig(&[VALUE], R::Type(T::Long))]),
    aggregate("count_distinctif", &[sig(&[VALUE, IF], R::Type(T::Long))]),
    aggregate("countif", &[sig(&[IF], R::Type(T::Long))]),
    aggregate("covariance", COVARIANCE),
    aggregate("covarianceif", COVARIANCE_IF),
    aggregate("covariancep", COVARIANCE),
    aggregate("covariancepif", COVARIANCE_IF),
    aggregate("dcount", &[sig(&[VALUE, ACCURACY], R::Type(T::Long))]),
    aggregate("dcountif", &[sig(&[VALUE, IF, ACCURACY], R::Type(T::Long))]),
    aggregate("hll", &[sig(&[COUNTED, ACCURACY], R::Array)]),
    aggregate("hll_if", &[sig(&[COUNTED, IF, ACCURACY], R::Array)]),
    aggregate("hll_merge", &[sig(&[p("hll", A::Array)], R::Array)]),
    prefixed("make_bag", BAGS, "bag"),
    prefixed("make_bag_if", &[sig(&[BAG, IF, MOST], R::Bag)], "bag"),
    prefixed("make_dictionary", BAGS, "dictionary"),
    prefixed("make_list", LIST, "list"),
    prefixed("make_list_if", LIST_IF, "list"),
    prefixed("make_list_with_nulls", &[sig(&[VALUE], R::ArrayOf(0))], "list"),
    prefixed("make_set", LIST, "set"),
    prefixed("make_set_if", LIST_IF, "set"),
    also("makelist", "make_list"),
    also("makeset", "make_set"),
    aggregate("max", EXTREMUM),
    aggregate("maxif", EXTREMUM_IF),
    also("merge_tdigest", "tdigest_merge"),
    aggregate("min", EXTREMUM),
    aggregate("minif", EXTREMUM_IF),
    aggregate("percentile", &[sig(&[VALUE, PERCENTILE], R::Computed(percentile))]),
    aggregate("percentiles", &[sig(&[VALUE, PERCENTILE.repeated(1)], R::Computed(percentile))]),
    prefixed(
        "percentiles_array",
        &[
            sig(&[VALUE, PERCENTILE.repeated(1)], R::Array),
            sig(&[VALUE, p("percentiles", A::Array)], R::Array),
        ],
        "percentiles",
    ),
    aggregate("percentilesw", &[sig(&[VALUE, WEIGHT, PERCENTILE.repeated(1)], R::Computed(percentile))]),
    prefixed(
        "percentilesw_array",
        &[
            sig(&[VALUE, WEIGHT, PERCENTILE.repeated(1)], R::Array),
            sig(&[VALUE, WEIGHT, p("percentiles", A::Array)], R::Array),
        ],
        "percentiles",
    ),
    aggregate("percentilew", &[sig(&[VALUE, WEIGHT, PERCENTILE], R::Computed(percentile))]),
    aggregate("stdev", MOMENT),
    aggregate("stdevif", MOMENT_IF),
    aggregate("stdevp", MOMENT),
    aggregate("stdevpif", MOMENT_IF),
    aggregate("sum", &[sig(&[SUMMED], R::ArgumentLong(0))]),
    aggregate("sumif", &[sig(&[SUMMED, IF], R::ArgumentLong(0))]),
    of("take_any", &[sig(&[STAR], R::Special)]),
    of("take_anyif", &[sig(&[VALUE, IF], R::Argument(0))]),
    aggregate("tdigest", &[sig(&[SUMMED, WEIGHT.optional()], R::Array)]),
    prefixed("tdigest_merge", DIGESTS, "merge_tdigests"),
    aggregate("variance", MOMENT),
    aggregate("varianceif", MOMENT_IF),
    aggregate("variancep", MOMENT),
    aggregate("variancepif", MOMENT_IF),
];

/// The mean of whole numbers is real, of decimals, spans and dates of their type.
fn mean(types: &[T]) -> T {
    match types.first() {
        Some(ty @ (T::Decimal | T::Timespan | T::Datetime | T::Unknown)) => *ty,
        _ => T::Real,
    }
}

/// Percentiles of `int` are `long`, those of `decimal` are `real`.
fn percentile(types: &[T]) -> T {
    match types.first() {
        Some(T::Int) => T::Long,
        Some(T::Decimal) => T::Real,
        Some(ty) => *ty,
        None => T::Unknown,
    }
}
