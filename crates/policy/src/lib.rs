//! Azure Policy: definitions, aliases, decisions, effects, compliance.
//!
//! - [`parse_definition`], [`Definition`], [`Rule`], [`Condition`]: what Azure stores, with everything wrong about it.
//! - [`Catalogue`]: aliases; which place in a resource a name means, by type and API version.
//! - [`Policy`]: a definition with parameter values; [`Program`]: policies compiled for many resources.
//! - [`Program::decide`]: what every policy says about a resource.
//!
//! Architecture invariant: this crate reads no file, clock or randomness; related resources come through [`Related`],
//! the moment through [`Context`].

mod catalogue;
mod check;
mod compile;
mod definition;
mod document;
mod effect;
mod evaluate;
mod field;
pub mod fix;
mod fold;
mod governance;
mod impact;
mod inventory;
pub mod lint;
mod normalise;
mod operator;
mod path;
mod reason;
mod remediation;
mod scan;
mod suggest;
pub mod suite;
mod template;

pub use catalogue::{
    Alias, BundleError, Catalogue, Modifiable, Place, ProviderError, Source, TypeFacts, VersionPath,
};
pub use check::{check_compiles, check_definition};
pub use compile::{BindError, CompileOptions, Policy, PolicyContext, PolicyId, Program};
pub use definition::{
    AFTER_SUCCESS, Condition, Count, Definition, Details, Effect, LIMITS, Leaf, Left, Limit, Mode, Operator,
    Over, Parameter, ParameterError, ParameterType, Parameters, Parsed, PolicyType, REQUEST_ORDER, Rule,
    change_problems, limit, parse_condition, parse_definition, parse_rule,
};
pub use document::{ReadError, Slots};
pub use effect::{
    Action, Applied, ConflictEffect, ConflictOutcome, Mutation, Operation, OperationKind, Violation, apply,
    blocks, request_disallowed, resolve_conflict,
};
pub use evaluate::{
    Context, Decision, Fault, NoRelated, NotEvaluable, Outcome, Principal, Related, RelatedQuery, Resource,
    Verdict, call_function, evaluate_text,
};
pub use field::{Selection, field_path, select_field};
pub use governance::{
    Assignment, Attestation, ComplianceState, Component, Coverage, EXCLUDED, EXEMPT, EnforcementMode,
    Exemption, ExemptionCategory, ExemptionQuestion, Governance, GovernanceError, Group, Initiative, Message,
    Override, OverrideKind, PolicyState, Reference, Remediation, RequestOutcome, ResourceSelector, Selected,
    SelectionFacts, Selector, SelectorKind, Treatment, Version, VersionProblem, VersionRange, Versions,
    check_assignment, check_exemption, check_remediation, compliance_percent, components_state,
    effect_after_overrides, is_within, manual_state, may_assign, newest_version, parse_assignment,
    parse_components, parse_exemption, parse_initiative, parse_remediation, roll_up, select, selects,
    state_of,
};
pub use impact::{
    Around, Consequence, ConsequenceKind, Delta, Label, Proposal, RecordedWrite, World, deltas,
};
pub use inventory::{Inventory, ObjectKind, RecordedAttestation};
pub use normalise::{denormalize, normalize};
pub use path::{Path, Step};
pub use reason::{Evaluated, Explanation, reason};
pub use remediation::{
    Deployment, Lack, LeftOut, Needs, RemediationRun, RemediationStep, RemediationWorld, StepAction,
    remediate, remediation_needs,
};
pub use scan::{
    AssignmentTally, Counts, Each, Finding, PolicyTally, RelatedResources, Scan, Shelf, Sink, Standing,
    Surroundings, SurveyOptions, Tally, Undecided, ancestors, context_of, effect_name, survey,
};
pub use template::Template;
