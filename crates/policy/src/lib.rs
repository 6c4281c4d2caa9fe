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
mod evaluate;
mod field;
mod fold;
mod normalise;
mod operator;
mod path;
mod suggest;
mod template;

pub use catalogue::{Alias, BundleError, Catalogue, Modifiable, Place, ProviderError, Source, TypeFacts, VersionPath};
pub use check::{check_compiles, check_definition};
pub use compile::{BindError, CompileOptions, Policy, PolicyContext, PolicyId, Program};
pub use definition::{
    AFTER_SUCCESS, Condition, Count, Definition, Details, Effect, LIMITS, Leaf, Left, Limit, Mode, Operator, Over,
    Parameter, ParameterError, ParameterType, Parameters, Parsed, PolicyType, REQUEST_ORDER, Rule, change_problems,
    limit, parse_condition, parse_definition, parse_rule,
};
pub use document::{ReadError, Slots};
pub use evaluate::{
    Context, Decision, Fault, NoRelated, Outcome, Related, RelatedQuery, Resource, Verdict, call_function,
};
pub use field::field_path;
pub use normalise::{denormalize, normalize};
pub use path::{Path, Step};
pub use template::Template;
