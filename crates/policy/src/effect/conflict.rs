//! Two modify policies on one property.

use crate::governance::ComplianceState;

/// What a modify policy wants to happen when it cannot act.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConflictEffect {
    /// The request passes unchanged.
    Audit,
    /// The request is denied. The default.
    #[default]
    Deny,
    /// As audit, and nothing is recorded.
    Disabled,
}

impl ConflictEffect {
    /// The conflict effect of this name, in any letter case.
    pub fn from_name(name: &str) -> Option<Self> {
        let known = [("audit", Self::Audit), ("deny", Self::Deny), ("disabled", Self::Disabled)];
        known.into_iter().find(|(word, _)| word.eq_ignore_ascii_case(name)).map(|(_, effect)| effect)
    }
}

/// What becomes of several modify policies on one property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConflictOutcome {
    /// The operations of this one run.
    Operations(usize),
    /// The request is denied.
    Denied,
    /// None run.
    NoOperations,
    /// The existing resource shows this state.
    State(ComplianceState),
}

/// For a new or updated resource: one policy with `deny` wins, several deny the request, none leaves it unchanged. For an
/// existing one: several with `deny` contradict each other, else the resource does not comply.
pub fn resolve_conflict(effects: &[ConflictEffect], is_existing: bool) -> ConflictOutcome {
    let mut denying = (0..effects.len()).filter(|index| effects[*index] == ConflictEffect::Deny);
    match (denying.next(), denying.next(), is_existing) {
        (_, Some(_), true) => ConflictOutcome::State(ComplianceState::Conflict),
        (_, _, true) => ConflictOutcome::State(ComplianceState::NonCompliant),
        (Some(_), Some(_), false) => ConflictOutcome::Denied,
        (Some(only), None, false) => ConflictOutcome::Operations(only),
        (None, _, false) => ConflictOutcome::NoOperations,
    }
}
