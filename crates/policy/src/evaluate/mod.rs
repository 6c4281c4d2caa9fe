//! Deciding.

mod condition;
mod context;
mod decide;
mod functions;
mod host;
mod ip;

pub use context::{Context, Fault, NoRelated, Related, RelatedQuery, Resource};
pub use decide::{Decision, Outcome, Verdict};

pub(crate) use condition::{Env, count_members, find_bound, holds, special_text};
pub(crate) use host::{
    Frame, FrameKind, Known, bound_value, constant_template, constant_value, evaluate_expression,
    evaluate_template,
};
pub use host::{call_function, evaluate_text};
