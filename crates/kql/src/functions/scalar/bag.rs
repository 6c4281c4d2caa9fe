//! Property bags, and dynamic values as such.

use crate::functions::{
    Accepts as A, Form, Function, Naming, Parameter, Returns as R, Signature, TEXTS, also, p, scalar, sig,
};
use crate::types::ScalarType as T;

const BAG: Parameter = p("bag", A::Bag);
/// What is dynamic already stays as it is.
const JSON: &[Signature] = &[sig(&[p("json", A::TextOrDynamic)], R::Type(T::Dynamic))];
const PATH: Parameter = p("path", A::Text).constant();

pub(super) const FUNCTIONS: &[Function] = &[
    scalar("bag_has_key", &[sig(&[BAG, p("key", A::Text)], R::Type(T::Bool))]),
    scalar("bag_keys", &[sig(&[p("object", A::Bag)], R::Known(TEXTS))]),
    scalar("bag_merge", &[sig(&[p("bag", A::Bag).times(2, 64)], R::Bag)]),
    scalar("bag_pack", &[sig(&[p("key", A::Text).repeated(1), p("value", A::Any).repeated(1)], R::Bag)]),
    scalar("bag_pack_columns", &[sig(&[p("column", A::Any).form(Form::Column).repeated(1)], R::Bag)]),
    scalar("bag_remove_keys", &[sig(&[BAG, p("keys", A::Array)], R::Bag)]),
    scalar("bag_set_key", &[sig(&[BAG, p("key", A::Text).constant(), p("value", A::Any)], R::Bag)]),
    scalar("bag_zip", &[sig(&[p("keys", A::Array), p("values", A::Array)], R::Bag)]),
    scalar("dynamic_to_json", &[sig(&[p("value", A::Any)], R::Type(T::String))]),
    scalar(
        "extract_json",
        &[sig(
            &[PATH, p("source", A::Text), p("type", A::Any).form(Form::Literal).optional()],
            R::Named(2, T::String),
        )],
    ),
    also("extractjson", "extract_json"),
    also("pack", "bag_pack"),
    scalar("pack_all", &[sig(&[p("ignore_null_empty", A::Type(T::Bool)).constant().optional()], R::Bag)]),
    also("pack_dictionary", "bag_pack"),
    scalar("parse_json", JSON).named(Naming::FirstArgument),
    scalar("parse_xml", &[sig(&[p("xml", A::TextOrDynamic)], R::Bag)]).named(Naming::FirstArgument),
    also("parsejson", "parse_json"),
    scalar("todynamic", &[sig(&[p("value", A::TextAsIs)], R::Type(T::Dynamic))]).named(Naming::FirstArgument),
    also("toobject", "todynamic"),
    scalar("treepath", &[sig(&[p("object", A::Dynamic)], R::Known(TEXTS))]).named(Naming::Prefix("tree")),
];
