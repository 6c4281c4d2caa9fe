//! Functions over elements of a graph pattern.

use crate::functions::{Accepts as A, Function, FunctionKind, Returns as R, Signature, p, scalar, sig};
use crate::types::ScalarType as T;

const fn graph(name: &'static str, signatures: &'static [Signature]) -> Function {
    let mut function = scalar(name, signatures);
    function.kind = FunctionKind::Graph;
    function
}

const DEGREE: &[Signature] = &[sig(&[p("node", A::Any).optional()], R::Type(T::Long))];

pub(super) const FUNCTIONS: &[Function] = &[
    graph("all", &[sig(&[p("edge", A::Any), p("condition", A::Type(T::Bool))], R::Type(T::Bool))]),
    graph("any", &[sig(&[p("edge", A::Any), p("condition", A::Type(T::Bool))], R::Type(T::Bool))]),
    graph("inner_nodes", &[sig(&[p("edge", A::Any)], R::Type(T::Dynamic))]),
    graph("labels", &[sig(&[p("element", A::Any).optional()], R::Type(T::Dynamic))]),
    graph("map", &[sig(&[p("edge", A::Any), p("value", A::Any)], R::Type(T::Dynamic))]),
    graph("node_degree_in", DEGREE),
    graph("node_degree_out", DEGREE),
    graph("node_id", &[sig(&[p("node", A::Any).optional()], R::Type(T::String))]),
];
