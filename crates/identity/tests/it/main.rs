//! Integration tests of identity.

#![expect(clippy::print_stderr, reason = "a skipped test says so")]
#![expect(clippy::unwrap_used, reason = "a test whose documents are wrong has to fail")]

mod claims;
mod corpus;
mod policy_sets;
mod risk;
