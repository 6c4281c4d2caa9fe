//! The generated files from outside: what a reader of the export sees.

#![expect(clippy::unwrap_used, reason = "a file that is not as expected fails the test")]

mod checker;
mod estate;
mod files;
mod integrity;
mod planted;
