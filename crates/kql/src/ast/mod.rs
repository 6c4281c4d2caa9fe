//! The owned syntax tree.
//!
//! Everything carries its [`Span`](crate::syntax::Span). A tree exists for every text: what could not be read is
//! [`ExprKind::Missing`], [`OperatorKind::Unknown`] or left out, and the diagnostics say so. Names are as written,
//! quotes and brackets taken off.

mod expr;
mod graph;
mod operator;
mod statement;

pub use expr::*;
pub use graph::*;
pub use operator::*;
pub use statement::*;
