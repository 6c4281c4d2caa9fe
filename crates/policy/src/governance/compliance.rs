//! States and how they roll up.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::definition::Effect;
use crate::evaluate::Outcome;

/// The state of a resource under a policy, of a policy over resources, and of everything above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum ComplianceState {
    /// It complies.
    Compliant,
    /// It does not.
    NonCompliant,
    /// It does not have to.
    Exempt,
    /// Two policies contradict each other.
    Conflict,
    /// Nobody has attested anything yet.
    Unknown,
    /// The evaluation failed.
    Error,
    /// The evaluation has not begun.
    NotStarted,
    /// The policy is about the resource and cannot be decided offline. The service knows no such state.
    NotEvaluable,
}

impl ComplianceState {
    /// The name as documented.
    pub fn name(self) -> &'static str {
        match self {
            Self::Compliant => "Compliant",
            Self::NonCompliant => "NonCompliant",
            Self::Exempt => "Exempt",
            Self::Conflict => "Conflict",
            Self::Unknown => "Unknown",
            Self::Error => "Error",
            Self::NotStarted => "NotStarted",
            Self::NotEvaluable => "NotEvaluable",
        }
    }

    /// The state of this name, in any letter case, a hyphen aside (`Non-compliant`).
    pub fn from_name(name: &str) -> Option<Self> {
        let plain = name.replace(['-', ' '], "");
        let all = [
            Self::Compliant,
            Self::NonCompliant,
            Self::Exempt,
            Self::Conflict,
            Self::Unknown,
            Self::Error,
            Self::NotStarted,
            Self::NotEvaluable,
        ];
        all.into_iter().find(|state| state.name().eq_ignore_ascii_case(&plain))
    }

    /// The rank in a roll-up; the highest wins. Documented: non-compliant, compliant, conflict, exempt, unknown; an error
    /// is no better than non-compliance and ranks right below it, and what nobody could decide is no compliance either.
    fn rank(self) -> u8 {
        match self {
            Self::NonCompliant => 8,
            Self::Error => 7,
            Self::NotEvaluable => 6,
            Self::Compliant => 5,
            Self::Conflict => 4,
            Self::Exempt => 3,
            Self::Unknown => 2,
            Self::NotStarted => 1,
        }
    }
}

impl fmt::Display for ComplianceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The state of several together; `None` if there are none.
pub fn roll_up(states: impl IntoIterator<Item = ComplianceState>) -> Option<ComplianceState> {
    states.into_iter().max_by_key(|state| state.rank())
}

/// The share of resources that are compliant, exempt or unknown, in per cent of all; `None` without resources. Resources that
/// could not be decided count among all, so that the share is a lower bound.
pub fn compliance_percent(states: impl IntoIterator<Item = (ComplianceState, u64)>) -> Option<f64> {
    let (mut good, mut all) = (0, 0);
    for (state, count) in states {
        all += count;
        if matches!(state, ComplianceState::Compliant | ComplianceState::Exempt | ComplianceState::Unknown) {
            good += count;
        }
    }
    (all > 0).then(|| good as f64 * 100.0 / all as f64)
}

/// The state that an outcome means; `None` if the policy does not apply.
pub fn state_of(effect: Option<Effect>, outcome: &Outcome) -> Option<ComplianceState> {
    if let Outcome::NotEvaluable(_) = outcome {
        return (effect != Some(Effect::Disabled)).then_some(ComplianceState::NotEvaluable);
    }
    let Some(effect) = effect else { return Some(ComplianceState::Error) };
    if effect == Effect::Disabled || effect.is_provider_effect() || effect == Effect::DenyAction {
        return None;
    }
    if effect == Effect::Manual {
        return matches!(outcome, Outcome::Match).then_some(ComplianceState::Unknown);
    }
    match outcome {
        Outcome::NotApplicable => None,
        Outcome::NeedsRelated(_) | Outcome::NotEvaluable(_) => Some(ComplianceState::NotEvaluable),
        Outcome::NoMatch if effect.is_if_not_exists() => None,
        Outcome::NoMatch | Outcome::Exists => Some(ComplianceState::Compliant),
        Outcome::Match => Some(ComplianceState::NonCompliant),
        Outcome::Failed(_) => Some(ComplianceState::Error),
    }
}

/// What somebody attested about a resource under a manual policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// The attested state.
    pub state: ComplianceState,
    /// Until when it holds.
    pub expires_on: Option<Timestamp>,
}

/// The state under a manual policy: the attestation while it holds, else `details.defaultState`, else unknown.
pub fn manual_state(
    default: Option<&str>,
    attestation: Option<Attestation>,
    now: Timestamp,
) -> ComplianceState {
    let valid = attestation.filter(|attestation| attestation.expires_on.is_none_or(|end| now < end));
    match valid {
        Some(attestation) => attestation.state,
        None => default.and_then(ComplianceState::from_name).unwrap_or(ComplianceState::Unknown),
    }
}

/// How leaving resources out works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Treatment {
    /// Whether such resources are evaluated.
    pub is_evaluated: bool,
    /// Whether they count towards compliance.
    pub is_counted: bool,
    /// Whether there is an object of its own for it.
    pub has_own_object: bool,
    /// Whether the assignment itself is edited.
    pub edits_assignment: bool,
}

/// An exemption.
pub const EXEMPT: Treatment =
    Treatment { is_evaluated: true, is_counted: true, has_own_object: true, edits_assignment: false };

/// An exclusion (`notScopes`).
pub const EXCLUDED: Treatment =
    Treatment { is_evaluated: false, is_counted: false, has_own_object: false, edits_assignment: true };
