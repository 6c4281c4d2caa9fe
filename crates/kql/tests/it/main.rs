//! Integration tests: one binary.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests")]

mod binding;
mod corpus;
mod hostile;
mod parsing;
