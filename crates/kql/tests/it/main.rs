//! Integration tests: one binary.

mod binding;
mod corpus;
mod parsing;
