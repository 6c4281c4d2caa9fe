//! From one type to another.

use crate::functions::{Accepts as A, Function, Naming, Returns as R, also, p, scalar, sig};
use crate::types::ScalarType as T;

macro_rules! to {
    ($name:literal, $ty:ident) => {
        scalar($name, &[sig(&[p("value", A::Any)], R::Type(T::$ty))]).named(Naming::FirstArgument)
    };
}

pub(super) const FUNCTIONS: &[Function] = &[
    scalar("gettype", &[sig(&[p("value", A::Any)], R::Type(T::String))]).named(Naming::Prefix("type")),
    to!("tobool", Bool),
    also("toboolean", "tobool"),
    to!("todatetime", Datetime),
    to!("todecimal", Decimal),
    also("todouble", "toreal"),
    scalar("toguid", &[sig(&[p("value", A::OneOf(&[T::String, T::Dynamic, T::Guid]))], R::Type(T::Guid))])
        .named(Naming::FirstArgument),
    scalar(
        "tohex",
        &[sig(&[p("value", A::Integer), p("min_length", A::Integer).optional()], R::Type(T::String))],
    )
    .named(Naming::FirstArgument),
    to!("toint", Int),
    to!("tolong", Long),
    to!("toreal", Real),
    to!("tostring", String),
    also("totime", "totimespan"),
    to!("totimespan", Timespan),
];
