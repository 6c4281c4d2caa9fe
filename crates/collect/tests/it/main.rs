//! Integration tests of `azimuth-collect`.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod tables;
