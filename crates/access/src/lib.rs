//! Azure role-based access control: who may do what where, and on which condition.
//!
//! ```text
//! REST documents ─▶ RoleDefinition, RoleAssignment, DenyAssignment, Lock
//!                        └─▶ AccessModel  ◀─ Scopes (management groups), Membership (groups)
//!                              ├─ check     one request  → Decision: verdict, reason, what stays open
//!                              ├─ who_can   an action at a scope → every Grant that lets somebody do it
//!                              └─ what_can  a principal → all it holds
//! ```
//!
//! - [`condition`]: the language of conditions, with an evaluator that knows *unknown*;
//! - [`check_move`]: the rights that moving in the management group hierarchy asks for;
//! - [`built_in_role`]: Azure's own roles, for exports without definitions.
//!
//! ```
//! use azimuth_access::{AccessDocuments, AccessModel, Plane, Request, RoleAssignment, Scope, ScopeRoot, Verdict};
//! use azimuth_access::condition::Attributes;
//! use serde_json::json;
//!
//! let reader = RoleAssignment::from_json(&json!({
//!     "id": "/subscriptions/s1/providers/Microsoft.Authorization/roleAssignments/1",
//!     "properties": {
//!         "principalId": "ops",
//!         "roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7",
//!         "scope": "/subscriptions/s1",
//!     },
//! }))?;
//! let documents = AccessDocuments { assignments: vec![reader], ..AccessDocuments::default() };
//! let no_groups_above = |_: ScopeRoot<'_>| None;
//! let groups = |principal: &str| if principal == "alice" { vec!["ops".to_owned()] } else { Vec::new() };
//! let model = AccessModel::new(documents, no_groups_above, groups);
//!
//! let scope = Scope::parse("/subscriptions/s1/resourceGroups/web")?;
//! let request = Request {
//!     principal: "alice",
//!     action: "Microsoft.Web/sites/read",
//!     plane: Plane::Control,
//!     scope: &scope,
//!     attributes: &Attributes::unknown(),
//! };
//! let decision = model.check(&request);
//! assert_eq!(decision.verdict, Verdict::Allowed);
//! assert_eq!(decision.reason.by(), Some("Reader"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Architecture invariants: no file, socket or clock is touched; what depends on something unknown is answered
//! [`Verdict::Conditional`], never guessed.

pub mod condition;

mod assignment;
mod builtin;
mod check;
mod document;
mod explain;
mod lock;
mod model;
mod moving;
mod pattern;
mod query;
mod role;
mod scope;

pub use assignment::{ALL_PRINCIPALS, DenyAssignment, RoleAssignment};
pub use builtin::{built_in_role, built_in_role_named, built_in_roles};
pub use check::{Cause, Decision, Open, Reason, Request, Verdict};
pub use document::DocumentError;
pub use lock::{Lock, LockLevel};
pub use model::{AccessDocuments, AccessModel, Membership};
pub use moving::{CustomRole, Move, MoveError, Moved, Parent, Rights, check_move, custom_roles_within};
pub use pattern::ActionPattern;
pub use query::{EffectiveActions, Grant, Holdings, ScopeActions, Target};
pub use role::{Permission, Plane, RoleDefinition};
pub use scope::{Scope, ScopeError, ScopeRoot, Scopes};
