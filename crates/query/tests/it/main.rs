//! The planned engine held against recorded answers and against the row engine.

mod corpora;
mod differential;
mod files;
mod limits;
mod real;
mod support;
