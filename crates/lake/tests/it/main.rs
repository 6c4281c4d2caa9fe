//! Integration tests of the lake.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests fail as tests do, and tell their counts"
)]

mod crash;
mod faults;
mod keeping;
mod rows;
mod support;
