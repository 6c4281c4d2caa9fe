//! Comparisons: what was seen in a resource against what a policy wants.
//!
//! A [`Test`] is prepared once: text folded and hashed, lists indexed, patterns split. Testing allocates nothing for
//! text, numbers and booleans.

mod order;
mod pattern;
mod prepare;
mod seen;
mod set;

pub(crate) use order::{OrderKind, number_of, parse_moment};
pub(crate) use prepare::{Operand, Test, prepare, steps, steps_once, test, test_once};
pub(crate) use seen::{Complex, Seen, number_value};
