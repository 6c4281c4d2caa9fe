//! Texts.

use crate::functions::{
    Accepts as A, Function, FunctionKind, Naming, Parameter, Returns as R, Signature, alias, p, scalar, sig,
};
use crate::types::ScalarType as T;

const SOURCE: Parameter = p("source", A::Text);
const TEXT: &[Signature] = &[sig(&[SOURCE], R::Type(T::String))];
const CASE: &[Signature] = &[sig(&[p("source", A::TextOrDynamic)], R::Type(T::String))];
const PARSED: &[Signature] = &[sig(&[SOURCE], R::Type(T::Dynamic))];
const TRIM: &[Signature] = &[sig(&[p("regex", A::Text), p("source", A::Text)], R::Type(T::String))];
const INDEX: &[Signature] = &[sig(
    &[
        p("source", A::Any),
        p("lookup", A::Any),
        p("start", A::Integer).optional(),
        p("length", A::Integer).optional(),
        p("occurrence", A::Integer).optional(),
    ],
    R::Type(T::Long),
)];
const REPLACE: &[Signature] =
    &[sig(&[SOURCE, p("lookup", A::Text), p("rewrite", A::Text)], R::Type(T::String))];

pub(super) const FUNCTIONS: &[Function] = &[
    scalar(
        "countof",
        &[sig(&[SOURCE, p("search", A::Text), p("kind", A::Text).optional()], R::Type(T::Long))],
    ),
    scalar(
        "extract",
        &[sig(
            &[
                p("regex", A::Text).constant(),
                p("group", A::Type(T::Long)),
                p("source", A::Text),
                p("type", A::Any).optional(),
            ],
            R::Named(3, T::String),
        )],
    ),
    scalar(
        "extract_all",
        &[
            sig(&[p("regex", A::Text).constant(), p("source", A::Text)], R::Type(T::Dynamic)),
            sig(
                &[p("regex", A::Text).constant(), p("groups", A::Dynamic), p("source", A::TextOrDynamic)],
                R::Type(T::Dynamic),
            ),
        ],
    ),
    alias("extractall", FunctionKind::Scalar, "extract_all"),
    scalar("indexof", INDEX),
    scalar("indexof_regex", INDEX),
    scalar("isascii", &[sig(&[SOURCE], R::Type(T::Bool))]),
    scalar("isutf8", &[sig(&[SOURCE], R::Type(T::Bool))]),
    scalar("make_string", &[sig(&[p("codepoint", A::Any).repeated(1)], R::Type(T::String))]),
    scalar("parse_command_line", &[sig(&[SOURCE, p("kind", A::Text)], R::Type(T::Dynamic))]),
    scalar("parse_csv", PARSED).named(Naming::FirstArgument),
    scalar("parse_path", PARSED),
    scalar("parse_url", PARSED),
    scalar("parse_urlquery", PARSED),
    scalar("parse_user_agent", &[sig(&[SOURCE, p("look_for", A::TextOrDynamic)], R::Type(T::Dynamic))]),
    scalar("parse_version", &[sig(&[SOURCE], R::Type(T::Decimal))]),
    scalar("punycode_domain_from_string", TEXT),
    scalar("punycode_domain_to_string", TEXT),
    scalar("punycode_from_string", TEXT),
    scalar("punycode_to_string", TEXT),
    scalar("regex_quote", TEXT),
    scalar("replace", &[sig(&[p("regex", A::Text), p("rewrite", A::Text), SOURCE], R::Type(T::String))]),
    scalar("replace_regex", REPLACE),
    scalar("replace_string", REPLACE),
    scalar(
        "replace_strings",
        &[sig(&[SOURCE, p("lookups", A::Array), p("rewrites", A::Array)], R::Type(T::String))],
    ),
    scalar("reverse", &[sig(&[p("source", A::Any)], R::Type(T::String))]),
    scalar(
        "split",
        &[sig(
            &[p("source", A::Any), p("delimiter", A::Text), p("index", A::Integer).optional()],
            R::Type(T::Dynamic),
        )],
    )
    .named(Naming::FirstArgument),
    scalar("strcat", &[sig(&[p("value", A::Any).times(1, 64)], R::Type(T::String))]),
    scalar("strcat_array", &[sig(&[p("array", A::Array), p("delimiter", A::Any)], R::Type(T::String))]),
    alias("array_strcat", FunctionKind::Scalar, "strcat_array"),
    scalar(
        "strcat_delim",
        &[sig(&[p("delimiter", A::Text), p("value", A::Any).times(2, 64)], R::Type(T::String))],
    ),
    scalar("strcmp", &[sig(&[p("left", A::Text), p("right", A::Text)], R::Type(T::Long))]),
    scalar("string_size", &[sig(&[SOURCE], R::Type(T::Long))]).named(Naming::FunctionAndArgument),
    scalar("strlen", &[sig(&[p("source", A::TextOrDynamic)], R::Type(T::Long))])
        .named(Naming::FunctionAndArgument),
    scalar(
        "strrep",
        &[sig(
            &[p("value", A::Any), p("times", A::Integer), p("delimiter", A::Text).optional()],
            R::Type(T::String),
        )],
    ),
    scalar(
        "substring",
        &[sig(
            &[p("source", A::Any), p("start", A::Integer), p("length", A::Integer).optional()],
            R::Type(T::String),
        )],
    ),
    scalar("to_utf8", &[sig(&[SOURCE], R::Type(T::Dynamic))]),
    scalar("tolower", CASE),
    scalar("toupper", CASE),
    scalar(
        "translate",
        &[sig(&[p("search", A::Text), p("replacement", A::Text), SOURCE], R::Type(T::String))],
    ),
    scalar("trim", TRIM),
    scalar("trim_end", TRIM),
    scalar("trim_start", TRIM),
    scalar("unicode_codepoints_from_string", PARSED),
    scalar("unicode_codepoints_to_string", &[sig(&[p("codepoint", A::Any).repeated(1)], R::Type(T::String))]),
    scalar("url_decode", TEXT),
    scalar("url_encode", TEXT),
    scalar("url_encode_component", TEXT),
];
