//! Sketches made by aggregates, and values out of them.

use crate::functions::{
    Accepts as A, Form, Function, Naming, Parameter, Returns as R, Signature, also, p, scalar, sig,
};
use crate::types::ScalarType as T;

const DIGEST: Parameter = p("tdigest", A::Array);
const MERGED: &[Signature] = &[sig(&[p("tdigest", A::Array).times(1, 64)], R::Array)];
const RANK: &[Signature] = &[sig(&[DIGEST, p("value", A::Any)], R::Type(T::Real))];

pub(super) const FUNCTIONS: &[Function] = &[
    scalar("dcount_hll", &[sig(&[p("hll", A::Array)], R::Type(T::Long))]).named(Naming::FunctionAndArgument),
    scalar("hll_merge", &[sig(&[p("hll", A::Array).times(2, 64)], R::Array)])
        .named(Naming::Fixed("hll_merged_result")),
    scalar("merge_tdigest", MERGED).named(Naming::Fixed("tdigests_merge_result")),
    scalar(
        "percentile_array_tdigest",
        &[
            sig(&[DIGEST, p("percentile", A::Type(T::Real)).repeated(1)], R::Array),
            sig(&[DIGEST, p("percentiles", A::Array)], R::Array),
        ],
    )
    .named(Naming::Prefix("percentile_tdigest")),
    // Without a type the value is what the sketch was made of, and only the data tell.
    scalar(
        "percentile_tdigest",
        &[sig(
            &[DIGEST, p("percentile", A::Type(T::Real)), p("type", A::Any).form(Form::Literal).optional()],
            R::Named(2, T::Dynamic),
        )],
    )
    .named(Naming::FunctionAndArgument),
    also("percentiles_array_tdigest", "percentile_array_tdigest"),
    scalar("percentrank_tdigest", RANK),
    scalar("rank_tdigest", RANK),
    scalar("tdigest_merge", MERGED).named(Naming::Fixed("tdigests_merge_result")),
];
