//! Arrays and property bags.

use crate::functions::{
    Accepts as A, Function, FunctionKind, Naming, Parameter, Returns as R, Signature, alias, p, scalar, sig,
};
use crate::types::ScalarType as T;

const ARRAY: Parameter = p("array", A::Array);
const BAG: Parameter = p("bag", A::Dynamic);
const SHIFT: &[Signature] =
    &[sig(&[ARRAY, p("count", A::Integer), p("fill", A::Any).optional()], R::Type(T::Dynamic))];
const ROTATE: &[Signature] = &[sig(&[ARRAY, p("count", A::Integer)], R::Type(T::Dynamic))];
/// Several arrays are sorted side by side.
const SORT: &[Signature] = &[sig(&[p("array", A::Any).times(1, 64)], R::Type(T::Dynamic))];
const SETS: &[Signature] = &[sig(&[p("set", A::Array).times(2, 64)], R::Type(T::Dynamic))];

pub(super) const FUNCTIONS: &[Function] = &[
    scalar("array_concat", &[sig(&[p("array", A::Array).times(1, 64)], R::Type(T::Dynamic))]),
    scalar(
        "array_iff",
        &[sig(&[p("conditions", A::Array), p("then", A::Any), p("else", A::Any)], R::Type(T::Dynamic))],
    ),
    alias("array_iif", FunctionKind::Scalar, "array_iff"),
    scalar(
        "array_index_of",
        &[sig(
            &[
                ARRAY,
                p("value", A::Any),
                p("start", A::Integer).optional(),
                p("length", A::Integer).optional(),
                p("occurrence", A::Integer).optional(),
            ],
            R::Type(T::Long),
        )],
    ),
    scalar("array_length", &[sig(&[ARRAY], R::Type(T::Long))]),
    scalar("array_reverse", &[sig(&[ARRAY], R::Type(T::Dynamic))]),
    scalar("array_rotate_left", ROTATE),
    scalar("array_rotate_right", ROTATE),
    scalar("array_shift_left", SHIFT),
    scalar("array_shift_right", SHIFT),
    scalar(
        "array_slice",
        &[sig(&[ARRAY, p("start", A::Integer), p("end", A::Integer)], R::Type(T::Dynamic))],
    ),
    scalar("array_sort_asc", SORT),
    scalar("array_sort_desc", SORT),
    scalar("array_split", &[sig(&[ARRAY, p("index", A::Any)], R::Type(T::Dynamic))]),
    scalar("array_sum", &[sig(&[ARRAY], R::Type(T::Real))]),
    alias("arraylength", FunctionKind::Scalar, "array_length"),
    scalar("bag_has_key", &[sig(&[BAG, p("key", A::Text)], R::Type(T::Bool))]),
    scalar("bag_keys", &[sig(&[BAG], R::Type(T::Dynamic))]),
    scalar("bag_merge", &[sig(&[p("bag", A::Dynamic).times(2, 64)], R::Type(T::Dynamic))]),
    scalar(
        "bag_pack",
        &[sig(&[p("key", A::Any).repeated(1), p("value", A::Any).repeated(1)], R::Type(T::Dynamic))],
    ),
    scalar("bag_pack_columns", &[sig(&[p("column", A::Any).repeated(1)], R::Type(T::Dynamic))]),
    scalar("bag_remove_keys", &[sig(&[BAG, p("keys", A::Array)], R::Type(T::Dynamic))]),
    scalar("bag_set_key", &[sig(&[BAG, p("key", A::Text), p("value", A::Any)], R::Type(T::Dynamic))]),
    scalar("bag_zip", &[sig(&[p("keys", A::Array), p("values", A::Array)], R::Type(T::Dynamic))]),
    scalar("dynamic_to_json", &[sig(&[p("value", A::Any)], R::Type(T::String))]),
    scalar(
        "extract_json",
        &[sig(
            &[p("path", A::Text), p("source", A::TextOrDynamic), p("type", A::Any).optional()],
            R::Named(2, T::String),
        )],
    ),
    alias("extractjson", FunctionKind::Scalar, "extract_json"),
    scalar("has_any_index", &[sig(&[p("source", A::Text), p("values", A::Array)], R::Type(T::Long))]),
    scalar("jaccard_index", &[sig(&[p("left", A::Array), p("right", A::Array)], R::Type(T::Real))]),
    alias("pack", FunctionKind::Scalar, "bag_pack"),
    scalar("pack_all", &[sig(&[p("ignore_empty", A::Type(T::Bool)).optional()], R::Type(T::Dynamic))]),
    scalar("pack_array", &[sig(&[p("value", A::Any).repeated(0)], R::Type(T::Dynamic))]),
    alias("pack_dictionary", FunctionKind::Scalar, "bag_pack"),
    scalar("parse_json", &[sig(&[p("json", A::TextOrDynamic)], R::Type(T::Dynamic))])
        .named(Naming::FirstArgument),
    scalar("parse_xml", &[sig(&[p("xml", A::Text)], R::Type(T::Dynamic))]).named(Naming::FirstArgument),
    alias("parsejson", FunctionKind::Scalar, "parse_json"),
    scalar(
        "range",
        &[sig(
            &[p("start", A::Summable), p("stop", A::Summable), p("step", A::Summable).optional()],
            R::Type(T::Dynamic),
        )],
    ),
    scalar("repeat", &[sig(&[p("value", A::Any), p("count", A::Integer)], R::Type(T::Dynamic))])
        .named(Naming::FunctionAndArgument),
    scalar("set_difference", SETS),
    scalar("set_equals", &[sig(&[p("left", A::Array), p("right", A::Array)], R::Type(T::Bool))]),
    scalar("set_has_element", &[sig(&[p("set", A::Array), p("value", A::Any)], R::Type(T::Bool))]),
    scalar("set_intersect", SETS),
    scalar("set_union", SETS),
    scalar("todynamic", &[sig(&[p("value", A::Any)], R::Type(T::Dynamic))]).named(Naming::FirstArgument),
    alias("toobject", FunctionKind::Scalar, "todynamic"),
    scalar("treepath", &[sig(&[p("value", A::Dynamic)], R::Type(T::Dynamic))]).named(Naming::Prefix("tree")),
    scalar("zip", &[sig(&[p("array", A::Array).times(2, 16)], R::Type(T::Dynamic))]),
];
