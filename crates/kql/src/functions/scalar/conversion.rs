//! From one type to another.

use crate::functions::{Accepts as A, Function, FunctionKind, Naming, Returns as R, alias, p, scalar, sig};
use crate::types::ScalarType as T;

pub(super) const FUNCTIONS: &[Function] = &[
    scalar("tobool", &[sig(&[p("value", A::Any)], R::Type(T::Bool))]).named(Naming::FirstArgument),
    alias("toboolean", FunctionKind::Scalar, "tobool"),
    scalar("todatetime", &[sig(&[p("value", A::Any)], R::Type(T::Datetime))]).named(Naming::FirstArgument),
    alias("todouble", FunctionKind::Scalar, "toreal"),
    scalar("toint", &[sig(&[p("value", A::Any)], R::Type(T::Int))]).named(Naming::FirstArgument),
    scalar("tolong", &[sig(&[p("value", A::Any)], R::Type(T::Long))]).named(Naming::FirstArgument),
    scalar("toreal", &[sig(&[p("value", A::Any)], R::Type(T::Real))]).named(Naming::FirstArgument),
    scalar("tostring", &[sig(&[p("value", A::Any)], R::Type(T::String))]).named(Naming::FirstArgument),
    scalar("totimespan", &[sig(&[p("value", A::Any)], R::Type(T::Timespan))]).named(Naming::FirstArgument),
];
