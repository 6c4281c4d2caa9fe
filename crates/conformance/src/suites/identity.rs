//! Sign-in decisions, their proof, passwords, risk and registration.

mod coverage;
mod protection;
mod risk;
mod sign_ins;

use super::{Suite, answered};

/// The folder `identity`.
pub(super) const SUITE: Suite = Suite {
    name: "identity",
    files: &[
        answered("ca-decisions.jsonl", sign_ins::conditional_access),
        answered("coverage-claims.jsonl", coverage::claims),
        answered("device-filters.jsonl", sign_ins::device_filter),
        answered("log-rows.jsonl", protection::log_rows),
        answered("passwords.jsonl", protection::passwords),
        answered("per-user-mfa.jsonl", sign_ins::per_user_mfa),
        answered("policy-validation.jsonl", sign_ins::validation),
        answered("registration.jsonl", protection::registration),
        answered("risk.jsonl", risk::risk),
        answered("security-defaults.jsonl", sign_ins::security_defaults),
        answered("smart-lockout.jsonl", protection::smart_lockout),
    ],
};
