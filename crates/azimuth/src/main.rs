//! The `azimuth` command.
fn main() {}
