//! Which passwords may be chosen: the policy, the banned lists, and lists of breached passwords.
//!
//! ```text
//! password ─▶ policy::violations      length, characters, categories           (rules of the directory)
//!          ─▶ BannedPasswords::check  names, edit distance, points             (global and custom list)
//!          ─▶ breached::…             how often a leak holds it                (a local file of hashes)
//! ```
//!
//! Nothing of a password leaves the process and nothing of it is kept; errors and verdicts never quote it.

pub mod breached;
pub mod custom_list;
pub mod policy;

mod banned;
mod base_terms;
mod distance;
mod normalise;
mod score;

pub use banned::{Banned, BannedPasswords, Name, Names, Place, Reason, Verdict};
pub use base_terms::base_terms;
pub use normalise::normalised;
pub use score::{POINTS_NEEDED, Score};
