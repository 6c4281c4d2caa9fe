//! Integration tests: one binary.

mod corpus;
mod delivery_cases;
mod dependencies;
mod diagnostics;
mod features;
mod function_cases;
mod given_values;
mod hostile;
mod other_host;
mod secrets;
mod state;
mod structure;
mod templates;
