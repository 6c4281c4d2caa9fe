//! Policy verdicts about ARM templates before they are deployed.
//!
//! ```text
//!   template text ─┐                      ┌─▶ findings: rule, place in the template, value seen, value wanted
//!   parameters ────┼─▶ expand ─▶ decide ──┼─▶ unknown: what only the deployment can know
//!   pack of rules ─┘   (arm)    (policy)  └─▶ passed, suppressed, diagnostics
//! ```
//!
//! - [`Pack`]: rules, each an Azure Policy definition with parameter values, compiled once: [`Pack::built_in`], or
//!   [`PackBuilder`] for the user's own definitions and initiatives.
//! - [`check`]: a template with parameters against a pack → [`Report`].
//! - [`Finding`]: what a rule says about a resource, with the comparisons that decided ([`Evidence`]) and the place of
//!   each in the template's own text, through loops, variables, parameter files and nested templates.
//!
//! # The built-in pack
//!
//! `rules/*.json` hold one policy definition each, as Azure exports it. `name` is the id of the rule; `metadata` holds
//! `severity` (`high`, `medium`, `low`), `category`, `fix` (what to do, one sentence) and, where they apply:
//!
//! - `helpUrl`; `benchmarks`: controls of benchmarks that ask for it;
//! - `field`: the alias whose place is shown first;
//! - `related: "template"`: what an IfNotExists effect does not find in the template counts as missing, wherever it could
//!   stand;
//! - `equivalents`: ids of the same check in other tools. Where such a check is narrower than the rule, `equivalentWhere`
//!   has the condition by its id; `equivalentSubject` names the type above about which the check speaks,
//!   `equivalentParent` our rule that must speak about the resource above, and `equivalentShortTypes` says that the check
//!   looks for nested resources under their short type.
//!
//! The first part of `policyRule.if.allOf` says what a rule is about, the parts after it what is wrong. Conditions are
//! written without `not`, so that every comparison that holds is a reason, with a place in the template.
//!
//! `src/rules.rs` lists the files, because there are no build scripts here; a test compares the list with the folder and,
//! with `AZIMUTH_UPDATE=1`, writes it.
//!
//! Architecture invariant: this crate reads no file, clock or randomness.

mod rule;
mod rules;

mod assigned;
mod pack;
mod ruleset;
mod settings;

mod check;
mod conclude;
mod finding;
mod options;

mod judge;
mod locate;
mod probe;
mod reads;
mod related;

mod place;
mod report;
mod suppress;
mod wording;

pub use assigned::Assigned;
pub use check::check;
pub use options::Options;
pub use pack::{Pack, PackBuilder};
pub use place::{Place, Spot};
pub use report::{Change, Denial, Evidence, Finding, Report, ResourceName, Verdict, VerdictKind};
pub use rule::{RuleInfo, Severity};
pub use rules::built_in_definitions;
