//! Kusto's values: what a scalar is, how it is read, written, compared and computed with, and every scalar and
//! aggregate function, one row at a time.
//!
//! Read in this order:
//!
//! - [`Value`], [`Json`]: the ten scalar types, and what a `dynamic` holds.
//! - [`text`]: every value as text and back, by Kusto's spelling.
//! - [`compare`], [`arithmetic`], [`terms`]: the operators with Kusto's null rules.
//! - [`Function`], [`function`]: the scalar functions by name; [`functions`] has one module a family.
//! - [`Aggregate`], [`aggregate`]: the aggregate functions by name; [`aggregates`] has one module a family.
//!
//! The query engine calls these functions where it has no vectorised one of its own, and is tested against them; the
//! language folds constants with them. Architecture invariant: no Arrow, no DataFusion, no file, clock or randomness;
//! the moment and the seed come in with [`Context`].

mod aggregate;
pub mod aggregates;
pub mod arithmetic;
pub mod calendar;
pub mod compare;
mod context;
mod function;
pub mod functions;
mod json;
pub mod terms;
pub mod text;
mod value;

pub use aggregate::{Accumulator, Aggregate, Begin, aggregate, aggregate_names};
pub use context::Context;
pub use function::{Call, Function, Refusal, Volatility, function, names};
pub use json::{Json, scalar_of};
pub use value::{Type, Value};

pub use azimuth_series::patterns;
