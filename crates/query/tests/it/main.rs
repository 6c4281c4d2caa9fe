//! The planned engine held against recorded answers and against the row engine.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod aggregates;
mod corpora;
mod delta;
mod differential;
mod explain;
mod files;
mod generated;
mod index;
mod kernels;
mod limits;
mod operators;
mod pruning;
mod real;
mod runaway;
mod support;
mod tasks;
mod wishes;
