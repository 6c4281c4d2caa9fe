//! Sketches made by aggregates, and values out of them.

use crate::functions::{Accepts as A, Function, Naming, Parameter, Returns as R, p, scalar, sig};
use crate::types::ScalarType as T;

const SKETCH: Parameter = p("sketch", A::Dynamic);

pub(super) const FUNCTIONS: &[Function] = &[
    scalar("dcount_hll", &[sig(&[SKETCH], R::Type(T::Long))]).named(Naming::FunctionAndArgument),
    scalar("hll_merge", &[sig(&[p("sketch", A::Dynamic).times(2, 64)], R::Type(T::Dynamic))])
        .named(Naming::Fixed("hll_merged_result")),
    scalar("merge_tdigest", &[sig(&[p("sketch", A::Dynamic).times(1, 64)], R::Type(T::Dynamic))])
        .named(Naming::Fixed("tdigests_merge_result")),
    scalar(
        "percentile_array_tdigest",
        &[sig(&[SKETCH, p("percentile", A::Any).repeated(1)], R::Type(T::Dynamic))],
    ),
    scalar(
        "percentile_tdigest",
        &[sig(&[SKETCH, p("percentile", A::Number), p("type", A::Any).optional()], R::Named(2, T::Real))],
    )
    .named(Naming::FunctionAndArgument),
    scalar("percentrank_tdigest", &[sig(&[SKETCH, p("value", A::Any)], R::Type(T::Real))]),
    scalar("rank_tdigest", &[sig(&[SKETCH, p("value", A::Any)], R::Type(T::Real))]),
    scalar("tdigest_merge", &[sig(&[p("sketch", A::Dynamic).times(1, 64)], R::Type(T::Dynamic))])
        .named(Naming::Fixed("tdigests_merge_result")),
];
