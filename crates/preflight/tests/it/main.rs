//! Templates against rules, end to end in memory.

mod assigned;
mod hostile;
mod places;
mod related;
mod support;
mod suppression;
mod unknown;
