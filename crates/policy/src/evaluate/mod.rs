//! Deciding.

mod condition;
mod context;
mod decide;
mod functions;
mod host;
mod ip;
mod not_evaluable;

pub use context::{Context, Fault, NoRelated, Principal, Related, RelatedQuery, Resource};
pub use decide::{Decision, Outcome, Verdict};
pub use not_evaluable::NotEvaluable;

pub(crate) use condition::{Env, count_members, find_bound, holds, special_text};
pub(crate) use host::{
    Frame, FrameKind, Known, bound_value, constant_template, constant_value, evaluate_expression,
    evaluate_template,
};
pub use host::{call_function, evaluate_text};
