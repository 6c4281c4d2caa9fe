//! Integration tests of access control: documents in, decisions out, and the laws that hold for all of them.

mod estate;

mod decisions;
mod language;
mod laws;
