//! Sign-in decisions, their proof, passwords, risk and registration.

mod protection;
mod risk;

use super::{Suite, answered, waiting};

const IDENTITY: &str = "sign-in decisions and identity protection";

/// The folder `identity`.
pub(super) const SUITE: Suite = Suite {
    name: "identity",
    files: &[
        waiting("ca-decisions.jsonl", IDENTITY),
        waiting("coverage-claims.jsonl", IDENTITY),
        waiting("device-filters.jsonl", IDENTITY),
        answered("log-rows.jsonl", protection::log_rows),
        answered("passwords.jsonl", protection::passwords),
        waiting("per-user-mfa.jsonl", IDENTITY),
        waiting("policy-validation.jsonl", IDENTITY),
        answered("registration.jsonl", protection::registration),
        answered("risk.jsonl", risk::risk),
        waiting("security-defaults.jsonl", IDENTITY),
        answered("smart-lockout.jsonl", protection::smart_lockout),
    ],
};
