//! Integration tests: one binary.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests")]

mod binding;
mod catalogue;
mod commands;
mod corpus;
mod diagnostics;
mod dynamic;
mod editing;
mod formatting;
mod fuzz;
mod hostile;
mod open;
mod parsing;
mod places;
