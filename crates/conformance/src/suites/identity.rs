//! Sign-in decisions, their proof, passwords, risk and registration.

use super::{Suite, waiting};

const IDENTITY: &str = "sign-in decisions and identity protection";

/// The folder `identity`.
pub(super) const SUITE: Suite = Suite {
    name: "identity",
    files: &[
        waiting("ca-decisions.jsonl", IDENTITY),
        waiting("coverage-claims.jsonl", IDENTITY),
        waiting("device-filters.jsonl", IDENTITY),
        waiting("log-rows.jsonl", IDENTITY),
        waiting("passwords.jsonl", IDENTITY),
        waiting("per-user-mfa.jsonl", IDENTITY),
        waiting("policy-validation.jsonl", IDENTITY),
        waiting("registration.jsonl", IDENTITY),
        waiting("risk.jsonl", IDENTITY),
        waiting("security-defaults.jsonl", IDENTITY),
        waiting("smart-lockout.jsonl", IDENTITY),
    ],
};
