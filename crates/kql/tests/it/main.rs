//! Integration tests: one binary.

mod binding;
mod corpus;
mod hostile;
mod parsing;
