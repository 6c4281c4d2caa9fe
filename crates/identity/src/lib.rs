//! Who may sign in and how, decided as Microsoft Entra does, and proved.
//!
//! ```text
//! policies, directory ──> PolicySet ──┬─ decide(sign-in)  ──> Decision, the reason of each policy
//!                                     ├─ prove(claim)     ──> proven, vacuous, or the smallest counterexample
//!                                     └─ compare, findings ──> what changes, what is redundant, who is locked out
//! ```
//!
//! A policy set is compiled once against a directory ([`PolicySet`]): each fact of a sign-in then is a set of policies,
//! and both the decision and the proof work on these sets.
//!
//! - [`credentials`]: what is kept of an account that may sign in;
//! - [`tokens`]: what a token is asked for and what it says.
//!
//! Architecture invariant: pure. Directory, policies, a sign-in and the time come in; decisions with their reasons go out.

mod analysis;
mod controls;
pub mod credentials;
mod decision;
mod directory;
mod filter;
mod json;
pub mod lockout;
pub mod logs;
mod mask;
mod methods;
mod network;
mod options;
pub mod passwords;
mod per_user_mfa;
mod policy;
mod policy_set;
mod proof;
pub mod registration;
pub mod risk;
pub mod roles;
mod security_defaults;
mod session_controls;
mod sign_in;
pub mod tokens;
mod validation;
mod what_if;

pub use analysis::{
    Change, Fault, Findings, PasswordAlone, Replayed, Suggestion, analyse, compare, find_faults, lockout,
    named_questions, password_alone, replay, suggest,
};
pub use controls::{Control, Grant};
pub use decision::{Applied, Decision, Outcome, PolicyResult, Reason, Reasons, Status, decide};
pub use directory::{Application, Directory, ServicePrincipal, Tenant, Trust, User, UserKind};
pub use filter::{
    Attribute, Device, EXTENSION_ATTRIBUTES, Filter, FilterError, LONGEST_RULE,
    parse_custom_attribute_filter, parse_device_filter,
};
pub use mask::MOST_POLICIES;
pub use methods::{
    Authenticators, Capabilities, MULTIFACTOR, PASSWORDLESS, PHISHING_RESISTANT, Restriction, Strength,
};
pub use network::{LocationKind, NamedLocation, Network, Range, Ranges};
pub use options::{MfaOption, OptionsReport, options_report};
pub use per_user_mfa::{
    MfaServiceSettings, PerUserDecision, PerUserEvent, PerUserSignIn, PerUserState, decide_per_user_mfa,
};
pub use policy::{
    Applications, Conditions, ExternalUsers, FilterCondition, Policy, Selection, State, Users, Workloads,
};
pub use policy_set::{PolicySet, TooManyPolicies};
pub use proof::{
    Claim, Class, Counterexample, DeviceClass, TargetType, Verdict, prove, prove_by_sat, replays,
};
pub use security_defaults::{
    DefaultsDecision, DefaultsSignIn, DefaultsTenant, allows_registration, decide_security_defaults,
};
pub use session_controls::{CloudAppSecurity, Frequency, PersistentBrowser, SessionControls};
pub use sign_in::{
    ClientApp, Flow, Identity, InsiderRisk, Platform, Risk, Session, SignIn, Target, TokenRequest,
};
pub use validation::{
    MOST_IP_LOCATIONS, MOST_RANGES, MOST_TENANT_POLICIES, MOST_TRUSTED_RANGES, Problem, ValidationContext,
    validate_location_count, validate_location_deletion, validate_named_location, validate_policy,
    validate_range_count, validate_trusted_ranges,
};
pub use what_if::{sign_in_of_what_if, what_if, what_if_of};
