//! Texts of known forms: URLs, paths, command lines, versions.

use crate::functions::{
    Accepts as A, Function, Known as K, Naming, Returns as R, TEXTS, also, p, scalar, sig,
};
use crate::types::ScalarType as T;

const TEXT: K = K::Scalar(T::String);
const URL: K = K::Bag(&[
    ("Scheme", TEXT),
    ("Host", TEXT),
    ("Port", TEXT),
    ("Path", TEXT),
    ("Username", TEXT),
    ("Password", TEXT),
    ("Query Parameters", K::Any),
    ("Fragment", TEXT),
]);
const PATH: K = K::Bag(&[
    ("Scheme", TEXT),
    ("RootPath", TEXT),
    ("DirectoryPath", TEXT),
    ("DirectoryName", TEXT),
    ("Filename", TEXT),
    ("Extension", TEXT),
    ("AlternateDataStreamName", TEXT),
]);
const AGENT: K = K::Bag(&[
    ("Browser", K::Bag(&[("Family", TEXT), ("MajorVersion", TEXT), ("MinorVersion", TEXT), ("Patch", TEXT)])),
    (
        "OperatingSystem",
        K::Bag(&[
            ("Family", TEXT),
            ("MajorVersion", TEXT),
            ("MinorVersion", TEXT),
            ("Patch", TEXT),
            ("PatchMinor", TEXT),
        ]),
    ),
    ("Device", K::Bag(&[("Family", TEXT), ("Brand", TEXT), ("Model", TEXT)])),
]);

pub(super) const FUNCTIONS: &[Function] = &[
    scalar("parse_command_line", &[sig(&[p("command", A::AnyText), p("parser", A::Text)], R::Known(TEXTS))]),
    scalar("parse_csv", &[sig(&[p("csv_text", A::TextOrDynamic)], R::Array)]).named(Naming::FirstArgument),
    scalar("parse_path", &[sig(&[p("path", A::Text)], R::Known(PATH))]),
    scalar("parse_url", &[sig(&[p("url", A::Text)], R::Known(URL))]),
    scalar("parse_urlquery", &[sig(&[p("query", A::Text)], R::Bag)]),
    scalar(
        "parse_user_agent",
        &[sig(&[p("user_agent", A::Text), p("look_for", A::TextOrArray).optional()], R::Known(AGENT))],
    ),
    scalar("parse_version", &[sig(&[p("version", A::Text)], R::Type(T::Decimal))]),
    also("parseurl", "parse_url"),
    also("parseurlquery", "parse_urlquery"),
];
