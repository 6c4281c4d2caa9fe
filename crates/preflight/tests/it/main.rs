//! Templates against rules, end to end in memory.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should end")]

mod assigned;
mod hostile;
mod places;
mod related;
mod rules;
mod support;
mod suppression;
mod unknown;
