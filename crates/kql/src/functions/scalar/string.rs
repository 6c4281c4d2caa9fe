//! Texts: finding, cutting, joining, replacing.

use crate::functions::{
    Accepts as A, Form, Function, Naming, Parameter, Returns as R, Signature, TEXTS, also, p, scalar, sig,
};
use crate::types::ScalarType as T;

const SOURCE: Parameter = p("source", A::Text);
const REGEX: Parameter = p("regex", A::Text).constant();
const ANY: Parameter = p("value", A::Any);
const TEXT_OF_ANY: &[Signature] = &[sig(&[p("value", A::AnyText)], R::Type(T::String))];
const ASKED: &[Signature] = &[sig(&[p("value", A::AnyText)], R::Type(T::Bool))];
const LENGTH: &[Signature] = &[sig(&[p("string", A::TextOrDynamic)], R::Type(T::Long))];
const TRIM: &[Signature] = &[sig(&[REGEX, SOURCE], R::Type(T::String))];
const REPLACE: &[Signature] =
    &[sig(&[SOURCE, p("lookup", A::Text), p("rewrite", A::Text)], R::Type(T::String))];
const START: Parameter = p("start", A::Integer).optional();
const LENGTH_FROM_THERE: Parameter = p("length", A::Integer).optional();
const OCCURRENCE: Parameter = p("occurrence", A::Integer).constant().optional();
/// Code points come one by one or in arrays.
const CODEPOINTS: &[Signature] =
    &[sig(&[p("value", A::OneOf(&[T::Int, T::Long, T::Dynamic])).repeated(1)], R::Type(T::String))];

pub(super) const FUNCTIONS: &[Function] = &[
    scalar(
        "countof",
        &[sig(
            &[
                SOURCE,
                p("search", A::Text),
                p("kind", A::Text).constant().one_of(&["normal", "regex"]).optional(),
            ],
            R::Type(T::Long),
        )],
    ),
    scalar(
        "extract",
        &[sig(
            &[
                REGEX,
                p("captureGroup", A::Type(T::Long)),
                SOURCE,
                p("typeLiteral", A::Any).form(Form::Literal).optional(),
            ],
            R::Named(3, T::String),
        )],
    ),
    scalar(
        "extract_all",
        &[sig(&[REGEX, SOURCE], R::Array), sig(&[REGEX, p("captureGroups", A::Array), SOURCE], R::Array)],
    ),
    also("extractall", "extract_all"),
    scalar(
        "indexof",
        &[sig(&[ANY, p("match", A::Any), START, LENGTH_FROM_THERE, OCCURRENCE], R::Type(T::Long))],
    ),
    scalar(
        "indexof_regex",
        &[sig(&[ANY, p("match", A::Any).constant(), START, LENGTH_FROM_THERE, OCCURRENCE], R::Type(T::Long))],
    ),
    scalar("isascii", ASKED),
    scalar("isutf8", ASKED),
    scalar("make_string", CODEPOINTS),
    scalar("regex_quote", TEXT_OF_ANY),
    scalar("replace", &[sig(&[REGEX, p("rewrite", A::Text).constant(), SOURCE], R::Type(T::String))]),
    scalar(
        "replace_regex",
        &[sig(
            &[SOURCE, p("lookup_regex", A::Text).constant(), p("rewrite_pattern", A::Text).constant()],
            R::Type(T::String),
        )],
    ),
    scalar("replace_string", REPLACE),
    scalar(
        "replace_strings",
        &[sig(&[SOURCE, p("lookups", A::Array), p("rewrites", A::Array)], R::Type(T::String))],
    ),
    scalar("reverse", TEXT_OF_ANY),
    scalar(
        "split",
        &[sig(
            &[p("source", A::Any), p("delimiter", A::Text), p("requestedIndex", A::Integer).optional()],
            R::Known(TEXTS),
        )],
    )
    .named(Naming::FirstArgument),
    scalar("strcat", &[sig(&[p("value", A::Any).times(1, 64)], R::Type(T::String))]),
    scalar(
        "strcat_delim",
        &[sig(&[p("delimiter", A::AnyText), p("value", A::Any).times(2, 64)], R::Type(T::String))],
    ),
    scalar("strcmp", &[sig(&[p("s1", A::AnyText), p("s2", A::AnyText)], R::Type(T::Long))]),
    scalar("string_size", LENGTH).named(Naming::FunctionAndArgument),
    scalar("strlen", LENGTH).named(Naming::FunctionAndArgument),
    scalar(
        "strrep",
        &[sig(
            &[ANY, p("multiplier", A::Type(T::Long)), p("delimiter", A::AnyText).optional()],
            R::Type(T::String),
        )],
    ),
    scalar(
        "substring",
        &[sig(&[p("source", A::Any), p("start", A::Integer), LENGTH_FROM_THERE], R::Type(T::String))],
    ),
    scalar("to_utf8", &[sig(&[p("value", A::AnyText)], R::Array)]),
    scalar("tolower", TEXT_OF_ANY),
    scalar("toupper", TEXT_OF_ANY),
    scalar(
        "translate",
        &[sig(&[p("searchList", A::Text), p("replacementList", A::Text), SOURCE], R::Type(T::String))],
    ),
    scalar("trim", TRIM),
    scalar("trim_end", TRIM),
    scalar("trim_start", TRIM),
    scalar("unicode_codepoints_from_string", &[sig(&[p("value", A::AnyText)], R::Array)]),
    scalar("unicode_codepoints_to_string", CODEPOINTS),
];
