//! Arrays and sets.

use crate::functions::{
    Accepts as A, Function, Known, Naming, Parameter, Returns as R, Signature, also, p, scalar, sig,
};
use crate::types::ScalarType as T;

const ARRAY: Parameter = p("array", A::Array);
/// What only moves elements is known to be an array if its argument is.
const ONE: &[Signature] = &[sig(&[ARRAY], R::Argument(0))];
const SHIFT: &[Signature] =
    &[sig(&[ARRAY, p("shift_count", A::Integer), p("default_value", A::Any).optional()], R::Argument(0))];
const ROTATE: &[Signature] = &[sig(&[ARRAY, p("rotate_count", A::Integer)], R::Argument(0))];
/// Several arrays are sorted side by side: a column for each of them.
const SORT: &[Signature] = &[
    sig(&[p("array", A::Array).times(1, 64)], R::Type(T::Dynamic)),
    sig(&[p("array", A::Array).times(1, 64), p("nulls_last", A::Type(T::Bool))], R::Type(T::Dynamic)),
];
const SETS: &[Signature] = &[sig(&[p("set", A::Array).times(2, 64)], R::Array)];
const JOIN: &[Signature] = &[sig(&[ARRAY, p("delimiter", A::Any)], R::Type(T::String))];

pub(super) const FUNCTIONS: &[Function] = &[
    scalar("array_concat", &[sig(&[p("array", A::Array).times(1, 64)], R::Type(T::Dynamic))]),
    scalar(
        "array_iff",
        &[sig(
            &[p("condition_array", A::Array), p("when_true", A::Any), p("when_false", A::Any)],
            R::Type(T::Dynamic),
        )],
    ),
    also("array_iif", "array_iff"),
    scalar(
        "array_index_of",
        &[sig(
            &[
                ARRAY,
                p("value", A::Any),
                p("start", A::Integer).optional(),
                p("length", A::Integer).optional(),
                p("occurrence", A::Integer).constant().optional(),
            ],
            R::Type(T::Long),
        )],
    ),
    scalar("array_length", &[sig(&[ARRAY], R::Type(T::Long))]),
    scalar("array_reverse", ONE),
    scalar("array_rotate_left", ROTATE),
    scalar("array_rotate_right", ROTATE),
    scalar("array_shift_left", SHIFT),
    scalar("array_shift_right", SHIFT),
    scalar("array_slice", &[sig(&[ARRAY, p("start", A::Integer), p("end", A::Integer)], R::Argument(0))]),
    scalar("array_sort_asc", SORT),
    scalar("array_sort_desc", SORT),
    scalar(
        "array_split",
        &[
            sig(&[ARRAY, p("index", A::Integer)], R::Argument(0)),
            sig(&[ARRAY, p("indices", A::Array)], R::Argument(0)),
        ],
    ),
    also("array_strcat", "strcat_array"),
    scalar("array_sum", &[sig(&[ARRAY], R::Type(T::Real))]),
    also("arraylength", "array_length"),
    scalar(
        "has_any_index",
        &[sig(&[p("source", A::TextOrDynamic), p("values", A::Array)], R::Type(T::Long))],
    ),
    scalar("jaccard_index", &[sig(&[p("set1", A::Array), p("set2", A::Array)], R::Type(T::Real))])
        .reference(&[sig(&[p("set1", A::Array), p("set2", A::Array)], R::Array)]),
    scalar("pack_array", &[sig(&[p("value", A::Any).repeated(0)], R::Array)]),
    scalar(
        "range",
        &[sig(
            &[p("start", A::Summable), p("stop", A::Summable), p("step", A::Summable).optional()],
            R::ArrayOf(0),
        )],
    ),
    scalar("repeat", &[sig(&[p("value", A::Any), p("count", A::Type(T::Long))], R::ArrayOf(0))])
        .named(Naming::FunctionAndArgument),
    scalar("set_difference", SETS),
    scalar("set_equals", &[sig(&[p("set1", A::Array), p("set2", A::Array)], R::Type(T::Bool))]),
    scalar("set_has_element", &[sig(&[p("set", A::Array), p("value", A::Any)], R::Type(T::Bool))]),
    scalar("set_intersect", SETS),
    scalar("set_union", SETS),
    scalar("strcat_array", JOIN),
    scalar(
        "zip",
        &[sig(&[p("array", A::Array).times(2, 64)], R::Known(Known::Array(&Known::Array(&Known::Any))))],
    ),
];
