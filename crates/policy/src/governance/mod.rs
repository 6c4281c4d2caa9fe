//! The governance model: initiatives, assignments, exemptions, compliance, remediation.

mod assignment;
mod bind;
mod compliance;
mod component;
mod estate;
mod exemption;
mod initiative;
mod remediation;
mod request;
mod scope;
mod selector;
mod version;

pub use assignment::{
    Assignment, EnforcementMode, Message, Override, OverrideKind, check_assignment, effect_after_overrides,
    parse_assignment,
};
pub use bind::Versions;
pub use compliance::{
    Attestation, ComplianceState, EXCLUDED, EXEMPT, Treatment, compliance_percent, manual_state, roll_up,
    state_of,
};
pub use component::{Component, components_state, parse_components};
pub use estate::{Governance, GovernanceError, PolicyState, Selected};
pub use exemption::{
    Exemption, ExemptionCategory, Question as ExemptionQuestion, check_exemption, parse_exemption,
};
pub use initiative::{Group, Initiative, Reference, parse_initiative};
pub use remediation::{Remediation, check_remediation, parse_remediation};
pub use request::RequestOutcome;
pub use scope::{is_within, may_assign};
pub use selector::{Coverage, ResourceSelector, SelectionFacts, Selector, SelectorKind, select, selects};
pub use version::{Version, VersionProblem, VersionRange, newest_version};
