//! Integration tests: one binary.

mod corpus;
mod parsing;
