//! What the store promises, tested from outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should end")]

mod backup;
mod concurrency;
mod contract;
mod crash;
mod files;
mod forks;
mod formats;
mod full;
mod import;
mod load;
mod model;
mod support;
