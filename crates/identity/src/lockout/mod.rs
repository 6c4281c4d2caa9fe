//! Smart lockout: who guesses is locked out, who owns the account is not.
//!
//! ```text
//! Setting ──effective()─▶ Rules ─┐
//! time, Location, Attempt ───────┴─▶ Lockout::attempt ─▶ Outcome
//! ```
//!
//! One [`Lockout`] per account holds two counters, for familiar and for unfamiliar locations. It is a few dozen bytes and
//! knows no clock; every node that signs the account in has to share it.

mod setting;
mod state;

pub use setting::{Cloud, PassThroughProblem, Rules, Setting, pass_through_problems};
pub use state::{Attempt, Location, Lockout, Outcome, PasswordTag};
