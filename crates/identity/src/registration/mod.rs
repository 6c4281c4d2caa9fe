//! Who has registered which methods, what that makes them capable of, and how much of it is used.
//!
//! ```text
//! registered methods, methods policy, reset policy ─▶ registration_details ─▶ userRegistrationDetails
//!                                    userRegistrationDetails, sign-ins     ─▶ coverage ─▶ Coverage
//! ```

mod coverage;
mod details;
mod method;

pub use coverage::{Challenges, Coverage, CoverageCounts, CoverageReport, RegisteredUser, coverage};
pub use details::{Registration, RegistrationDetails, ResetPolicy, registration_details};
pub use method::{Strength, is_passwordless, is_phishing_resistant, is_strong, same_method, strength};
