//! From one type to another.

use crate::functions::{Accepts as A, Function, FunctionKind, Naming, Returns as R, alias, p, scalar, sig};
use crate::types::ScalarType as T;

macro_rules! to {
    ($name:literal, $ty:ident) => {
        scalar($name, &[sig(&[p("value", A::Any)], R::Type(T::$ty))]).named(Naming::FirstArgument)
    };
}

pub(super) const FUNCTIONS: &[Function] = &[
    to!("tobool", Bool),
    alias("toboolean", FunctionKind::Scalar, "tobool"),
    to!("todatetime", Datetime),
    to!("todecimal", Decimal),
    alias("todouble", FunctionKind::Scalar, "toreal"),
    to!("toguid", Guid),
    to!("toint", Int),
    to!("tolong", Long),
    to!("toreal", Real),
    to!("tostring", String),
    alias("totime", FunctionKind::Scalar, "totimespan"),
    to!("totimespan", Timespan),
    scalar(
        "tohex",
        &[sig(&[p("value", A::Integer), p("least_length", A::Integer).optional()], R::Type(T::String))],
    )
    .named(Naming::FirstArgument),
    scalar("gettype", &[sig(&[p("value", A::Any)], R::Type(T::String))]).named(Naming::Prefix("type")),
];
