//! Integration tests: a made-up tenant answers in memory in virtual time, or over a loopback socket.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking as tests do")]

mod docs;
mod faults;
mod import;
mod kill;
mod paging;
mod resume;
mod server;
mod socket;
mod tenant;
mod whole;
