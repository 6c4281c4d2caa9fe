//! Texts of known forms: URLs, paths, command lines, versions.

use crate::functions::{Accepts as A, Function, Naming, Returns as R, also, p, scalar, sig};
use crate::types::ScalarType as T;

pub(super) const FUNCTIONS: &[Function] = &[
    scalar("parse_command_line", &[sig(&[p("command", A::AnyText), p("parser", A::Text)], R::Array)]),
    scalar("parse_csv", &[sig(&[p("csv_text", A::TextOrDynamic)], R::Array)]).named(Naming::FirstArgument),
    scalar("parse_path", &[sig(&[p("path", A::Text)], R::Bag)]),
    scalar("parse_url", &[sig(&[p("url", A::Text)], R::Bag)]),
    scalar("parse_urlquery", &[sig(&[p("query", A::Text)], R::Bag)]),
    scalar(
        "parse_user_agent",
        &[sig(&[p("user_agent", A::Text), p("look_for", A::TextOrDynamic).optional()], R::Bag)],
    ),
    scalar("parse_version", &[sig(&[p("version", A::Text)], R::Type(T::Decimal))]),
    also("parseurl", "parse_url"),
    also("parseurlquery", "parse_urlquery"),
];
