//! The governance model: initiatives, assignments, exemptions, compliance, remediation.

mod assignment;
mod compliance;
mod estate;
mod exemption;
mod initiative;
mod remediation;
mod scope;
mod selector;

pub use assignment::{
    Assignment, EnforcementMode, Message, Override, OverrideKind, check_assignment, effect_after_overrides,
    parse_assignment,
};
pub use compliance::{
    Attestation, ComplianceState, EXCLUDED, EXEMPT, Treatment, compliance_percent, manual_state, roll_up,
    state_of,
};
pub use estate::{Governance, GovernanceError, PolicyState, RequestOutcome, Selected};
pub use exemption::{
    Exemption, ExemptionCategory, Question as ExemptionQuestion, check_exemption, parse_exemption,
};
pub use initiative::{Group, Initiative, Reference, parse_initiative};
pub use remediation::{Remediation, check_remediation, parse_remediation};
pub use scope::{is_within, may_assign};
pub use selector::{ResourceSelector, Selector, SelectorKind, selects};
