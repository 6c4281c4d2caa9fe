//! Azure Policy.

mod doc;
mod document;
mod evaluate;
mod function;
mod normalization;
mod parse;

use super::{Suite, answered, data};

/// The folder `policy`.
pub(super) const SUITE: Suite = Suite {
    name: "policy",
    files: &[
        data("landing-zones/", "an estate to import, not cases"),
        data("alias-catalogue.jsonl", "facts: the published aliases"),
        data("definitions.jsonl", "input: the built-in definitions"),
        data("initiatives.jsonl", "input: the built-in initiatives"),
        data("patterns.jsonl", "input: the teaching patterns"),
        data("custom-definitions.jsonl", "input: definitions that people wrote"),
        data("custom-initiatives.jsonl", "input: initiatives that people wrote"),
        answered("doc-cases.jsonl", doc::run),
        answered("eval-cases.jsonl", evaluate::run),
        answered("function-cases.jsonl", function::run),
        answered("normalization-cases.jsonl", normalization::run),
        answered("parse-cases.jsonl", parse::run),
    ],
};
