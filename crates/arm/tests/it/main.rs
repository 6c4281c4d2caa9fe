//! Integration tests: one binary.

mod corpus;
mod delivery_cases;
mod function_cases;
mod hostile;
mod templates;
