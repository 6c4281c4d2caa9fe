//! Arrays and property bags.

use crate::functions::{Accepts as A, Function, FunctionKind, Naming, Returns as R, alias, p, scalar, sig};
use crate::types::ScalarType as T;

pub(super) const FUNCTIONS: &[Function] = &[
    scalar("array_length", &[sig(&[p("array", A::Array)], R::Type(T::Long))]),
    scalar(
        "bag_pack",
        &[sig(&[p("key", A::Text).repeated(0), p("value", A::Any).repeated(0)], R::Type(T::Dynamic))],
    ),
    alias("pack", FunctionKind::Scalar, "bag_pack"),
    scalar("pack_array", &[sig(&[p("value", A::Any).repeated(0)], R::Type(T::Dynamic))]),
    scalar("parse_json", &[sig(&[p("json", A::Any)], R::Type(T::Dynamic))]).named(Naming::FirstArgument),
    alias("parsejson", FunctionKind::Scalar, "parse_json"),
    alias("todynamic", FunctionKind::Scalar, "parse_json"),
];
