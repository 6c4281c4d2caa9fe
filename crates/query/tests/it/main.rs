//! The planned engine held against recorded answers and against the row engine.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod aggregates;
mod corpora;
mod differential;
mod files;
mod generated;
mod limits;
mod operators;
mod real;
mod support;
mod wishes;
