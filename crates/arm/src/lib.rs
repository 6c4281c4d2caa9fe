//! The ARM template language: expressions, template expansion, dependency order, what-if.
//!
//! - [`Source`]: a JSON document with the place of every value; [`Parameters`]: a parameter file.
//! - [`expand`]: template + parameters + [`Context`] → [`Expansion`]: concrete resources, outputs, diagnostics, and
//!   for every value its [`Origin`].
//! - [`parse_expression`], [`evaluate`], [`Host`]: the expression language alone, for other hosts such as policy.
//!
//! What only the running deployment can know stays symbolic ([`Symbolic`]); nothing is guessed. Secrets are shown as
//! `***` by everything but [`Value::reveal`].
//!
//! Architecture invariant: this crate reads no file, clock or randomness. Time and seed come with [`Context`], linked
//! templates through [`Loader`], stored state through [`EstateView`].

mod expression;
mod functions;
mod json;
mod origin;
mod suggest;
mod template;
mod value;

pub use expression::{
    Budget, Call, Expression, ExpressionError, ExpressionKind, Fault, Host, HostCall, Limits, evaluate,
    is_expression, parse as parse_expression, unescape,
};
pub use functions::function_arity;
pub use json::{Member, Node, NodeKind, Source, Span};
pub use origin::{FilePlace, Origin, OriginId, Origins, Via};
pub use template::{
    Cloud, Context, Cycle, EstateView, ExpandedDeployment, ExpandedResource, Expansion, Link, LoadError, Loaded,
    Loader, MemoryEstate, NoEstate, NoLoader, Output, Parameters, Target, Unresolved, VALUE_CODES, blocked_by, expand, waves,
};
pub use value::{Array, Kind, Object, REDACTED, Reason, Symbolic, Value};
