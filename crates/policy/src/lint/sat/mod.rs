//! Whether a condition can hold at all.
//!
//! A condition is a formula over comparisons, its atoms. What an atom compares, a field or a value, falls into finitely many
//! classes for the atoms at hand: the values that they name, the gaps between the numbers that they name, every other text,
//! nothing at all. For each class and atom the engine's own comparison says *true*, *false* or *fails*; where members of a
//! class may differ (patterns, order of texts) the atom is *free*. A formula that no choice of classes satisfies can be
//! satisfied by no resource; the reverse is not claimed. So what is called dead here is dead.
//!
//! Failing comparisons count as neither true nor false, for a failed evaluation is not a match.

mod class;
mod formula;
mod problem;
mod solve;

pub(super) use formula::{Tree, text_of};
pub(super) use problem::Problem;
pub(super) use solve::Solver;
