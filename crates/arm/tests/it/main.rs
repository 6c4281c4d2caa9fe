//! Integration tests: one binary.

mod corpus;
mod function_cases;
mod templates;
