//! The expression language: `[concat('a', parameters('b').c[0])]`.
//!
//! [`parse`] makes an [`Expression`] with the span of every part; [`evaluate`] yields its [`Value`], asking a
//! [`Host`] for everything that is not a pure function. Template expansion is one host; a policy engine is another.

mod access;
mod ast;
mod budget;
pub(crate) mod condition;
mod evaluate;
mod fault;
mod given;
mod host;
pub(crate) mod lambda;
mod lexer;
mod parser;
mod print;

pub use ast::{Call, Expression, ExpressionKind};
pub use budget::{Budget, Limits};
pub use evaluate::evaluate;
pub use fault::{ExpressionError, Fault};
pub use host::{Host, HostCall};
pub use parser::{is_expression, parse, unescape};

pub(crate) use access::{counted, member_of_path};
pub(crate) use evaluate::{Evaluator, evaluate_noting, gravest, reason_in, unknown_function};
pub(crate) use fault::may_lie_in_values;
pub(crate) use given::any_part;
