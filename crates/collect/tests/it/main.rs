//! Integration tests of `azimuth-collect`.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod corpus;
mod hostile;
mod kept;
mod sources;
mod tables;
