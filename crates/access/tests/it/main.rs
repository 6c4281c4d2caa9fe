//! Integration tests of access control: documents in, decisions out, and the laws that hold for all of them.

#![expect(clippy::unwrap_used, reason = "a test whose documents are wrong has to fail")]

mod estate;

mod decisions;
mod language;
mod laws;
